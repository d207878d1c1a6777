//! `idv sandbox requests`.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::remote::{Place, Remote, number, text};
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::{self, Output};

/// The time between two looks at the sandbox.
const EVERY: Duration = Duration::from_millis(300);

/// Lists the requests to the vendors. For a refused one, it prints the rule of the vendor's document
/// that the request breaks.
#[derive(Args)]
pub(super) struct Requests {
    /// Print new requests until Ctrl-C; with --json, one on each line
    #[arg(long)]
    follow: bool,

    #[command(flatten)]
    place: Place,
}

impl Requests {
    pub(super) const fn follows(&self) -> bool {
        self.follow
    }

    pub(super) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let remote = self.place.connect()?;
        if !self.follow {
            let requests = after(&remote, 0).await?;
            output.answer(&requests, |requests| {
                let lines: Vec<String> = requests.iter().map(line).collect();
                lines.concat()
            })?;
            return Ok(Exit::Done);
        }
        let mut interrupt = Interrupt::listen();
        let mut last = 0;
        loop {
            let requests = tokio::select! {
                requests = after(&remote, last) => requests?,
                () = interrupt.wait() => return Ok(Exit::Done),
            };
            for request in &requests {
                last = number(request, "number");
                if output.is_json() {
                    output::json_line(request)?;
                } else {
                    output::text(&line(request))?;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = interrupt.wait() => return Ok(Exit::Done),
            }
        }
    }
}

/// Returns the requests after a number.
async fn after(remote: &Remote, last: u64) -> Result<Vec<Value>, Failure> {
    let known = remote
        .get(&["requests"], &[("after", last.to_string())])
        .await?;
    match known {
        Value::Array(requests) => Ok(requests),
        _ => Ok(Vec::new()),
    }
}

/// Describes a request in one line, and the rule that it breaks in another one.
fn line(request: &Value) -> String {
    let of = |name| text(request, name).unwrap_or_default();
    let status = match number(request, "status") {
        0 => "no response".to_owned(),
        status => status.to_string(),
    };
    let fault =
        text(request, "fault").map_or_else(String::new, |fault| format!(" (fault: {fault})"));
    let mut lines = format!(
        "{} {} {} {} {status}{fault}\n",
        of("at"),
        of("vendor"),
        of("method"),
        of("path")
    );
    if let Some(refusal) = request.get("refusal").filter(|refusal| !refusal.is_null()) {
        let of = |name| text(refusal, name).unwrap_or_default();
        let detail =
            text(refusal, "detail").map_or_else(String::new, |detail| format!("; {detail}"));
        lines += &format!(
            "    refused by {} ({}): {}{detail}\n",
            of("name"),
            of("section"),
            of("requires")
        );
    }
    if let Some(hint) = text(request, "hint") {
        lines += &format!("    {hint}\n");
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refused_request_is_explained() {
        let request = json!({
            "number": 1, "at": "2026-01-01T00:00:00Z", "vendor": "idnow", "method": "POST",
            "path": "/x", "status": 401,
            "refusal": { "name": "api-key", "section": "3.2.7", "requires": "The key is known.", "detail": "X-API-KEY" },
            "hint": "the path is not documented",
        });
        assert_eq!(
            line(&request),
            "2026-01-01T00:00:00Z idnow POST /x 401\n    \
             refused by api-key (3.2.7): The key is known.; X-API-KEY\n    \
             the path is not documented\n"
        );
        let cut = json!({ "number": 2, "status": 0, "fault": "cut_after" });
        assert!(line(&cut).ends_with("no response (fault: cut_after)\n"));
    }
}
