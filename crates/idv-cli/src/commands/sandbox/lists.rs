//! `idv sandbox verifications` and `callbacks`.

use clap::Args;
use serde_json::{Value, json};

use super::remote::{Place, number, text};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output};

/// Lists the verifications of all vendors, the latest first.
#[derive(Args)]
pub(super) struct Verifications {
    /// The maximum number of verifications
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: usize,

    #[command(flatten)]
    place: Place,
}

impl Verifications {
    pub(super) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let known = self.place.connect()?.verifications(self.limit).await?;
        output.answer(&json!({ "verifications": known }), |_| {
            let mut table = output::table(&["ref", "reference", "state", "created"]);
            for one in &known {
                table.add_row(["ref", "reference", "state", "created_at"].map(|name| {
                    // An absent reference is an empty cell.
                    text(one, name).unwrap_or_default()
                }));
            }
            output::plain(&table)
        })?;
        Ok(Exit::Done)
    }
}

/// Lists the callbacks with their attempts.
#[derive(Args)]
pub(super) struct Callbacks {
    #[command(flatten)]
    place: Place,
}

impl Callbacks {
    pub(super) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let callbacks = self.place.connect()?.get(&["callbacks"], &[]).await?;
        output.answer(&callbacks, |callbacks| {
            let mut table =
                output::table(&["number", "vendor", "kind", "reference", "state", "replies"]);
            for callback in callbacks.as_array().into_iter().flatten() {
                let of = |name| text(callback, name).unwrap_or_default().to_owned();
                table.add_row([
                    number(callback, "number").to_string(),
                    of("vendor"),
                    of("kind"),
                    of("reference"),
                    of("state"),
                    attempts(callback),
                ]);
            }
            output::plain(&table)
        })?;
        Ok(Exit::Done)
    }
}

/// Lists the statuses of the replies to a callback.
pub(super) fn attempts(callback: &Value) -> String {
    let statuses: Vec<String> = callback
        .get("attempts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|attempt| match number(attempt, "status") {
            0 => "no reply".to_owned(),
            status => status.to_string(),
        })
        .collect();
    if statuses.is_empty() {
        "not sent yet".to_owned()
    } else {
        statuses.join(", ")
    }
}
