//! `idv flow start`.

use clap::Args;
use idv_flow::Engine;
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::output::{Output, plain, table};
use crate::request::RequestArgs;
use crate::words::{self, hand_off_json};

/// Stores the request, lets the vendor create the verification, and prints the link for the person.
/// A reference is started once. If the vendor does not respond, the command exits with 5, and `idv
/// flow run` continues the flow.
///
/// Every user of the machine can see the options of a running program; use --from for real people.
#[derive(Args)]
pub(crate) struct Start {
    #[command(flatten)]
    request: RequestArgs,

    /// The account at a vendor; the selected one if omitted
    #[arg(long, value_name = "ACCOUNT")]
    at: Option<String>,

    /// Your own key, such as an order number: a second start with the same key returns the first
    /// flow
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// The tenant that the flow belongs to
    #[arg(long, value_name = "LABEL")]
    tenant: Option<String>,

    /// The account that requests the verification, for the audit log
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Start {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let new = self.request.verification(|| flow.reference())?;
        let mut start = idv_flow::StartRequest::new(new);
        start.account = self.at;
        (start.key, start.tenant) = (self.key, self.tenant);
        start.by = self.by;
        let started = flow.start(start).await?;
        let hand_off = started.hand_off.as_ref().map(hand_off_json);
        let answer = json!({
            "id": started.id,
            "phase": started.phase,
            "hand_off": hand_off,
            "already_existed": started.already_existed,
            "unsupported_fields": started.unsupported_fields,
        });
        output.answer(&answer, |json| {
            let text = |pointer: &str| {
                json.pointer(pointer)
                    .and_then(|value| value.as_str())
                    .unwrap_or("-")
                    .to_owned()
            };
            let mut lines = table(&[]);
            lines.add_row(["flow".to_owned(), started.id.to_string()]);
            lines.add_row(["phase".to_owned(), started.phase.to_string()]);
            lines.add_row([
                "hand-off".to_owned(),
                started
                    .hand_off
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), words::hand_off),
            ]);
            lines.add_row(["open this link".to_owned(), text("/hand_off/url")]);
            lines.add_row([
                "already existed".to_owned(),
                if started.already_existed { "yes" } else { "no" }.to_owned(),
            ]);
            if !started.unsupported_fields.is_empty() {
                lines.add_row([
                    "not supported".to_owned(),
                    started.unsupported_fields.join(", "),
                ]);
            }
            plain(&lines)
        })?;
        Ok(if started.hand_off.is_some() {
            Exit::Done
        } else {
            Exit::Open
        })
    }
}
