//! `idv sandbox act`, `trigger` and `resend`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::lists::attempts;
use super::remote::{Place, number, text};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output};

/// Lets the person and the vendor's staff play a scenario as the clock moves, or take a single step
/// at once.
#[derive(Args)]
pub(super) struct Act {
    /// The verification: VENDOR/ID, or its id or reference if that is unique
    #[arg(value_name = "REF")]
    reference: String,

    /// The scenario, such as happy
    #[arg(long, value_name = "NAME", conflicts_with = "step")]
    scenario: Option<String>,

    /// The single step
    #[arg(long, value_name = "NAME")]
    step: Option<String>,

    /// The reason in place of the scenario's own
    #[arg(long, value_name = "REASON", requires = "scenario")]
    reason: Option<String>,

    #[command(flatten)]
    place: Place,
}

impl Act {
    pub(super) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let remote = self.place.connect()?;
        let (vendor, id) = remote.find(&self.reference).await?;
        let given = [
            ("scenario", self.scenario),
            ("step", self.step),
            ("reason", self.reason),
        ];
        let body: Map<String, Value> = given
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))))
            .collect();
        let steps = remote
            .post(&[&vendor, "verifications", &id, "act"], &body.into())
            .await?;
        output.answer(&steps, |steps| {
            let mut table = output::table(&["after s", "what"]);
            for step in steps.as_array().into_iter().flatten() {
                table.add_row([
                    number(step, "after_seconds").to_string(),
                    text(step, "what").unwrap_or_default().to_owned(),
                ]);
            }
            output::plain(&table)
        })?;
        Ok(Exit::Done)
    }
}

/// Sends the callback of an event to an address as the vendor does, without a verification.
#[derive(Args)]
pub(super) struct Trigger {
    /// The vendor
    #[arg(value_name = "VENDOR")]
    vendor: String,

    /// The event
    #[arg(value_name = "EVENT")]
    event: String,

    /// The callback address
    #[arg(long, value_name = "URL")]
    to: idv::Url,

    #[command(flatten)]
    place: Place,
}

impl Trigger {
    pub(super) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let body = json!({ "event": self.event, "url": self.to.as_str() });
        let sent = self
            .place
            .connect()?
            .post(&[&self.vendor, "trigger"], &body)
            .await?;
        output.answer(&sent, delivery)?;
        Ok(Exit::Done)
    }
}

/// Sends a callback again, at once.
#[derive(Args)]
pub(super) struct Resend {
    /// The number of the callback
    #[arg(value_name = "N")]
    callback: u64,

    #[command(flatten)]
    place: Place,
}

impl Resend {
    pub(super) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let number = self.callback.to_string();
        let sent = self
            .place
            .connect()?
            .post(&["callbacks", &number, "resend"], &Value::Null)
            .await?;
        output.answer(&sent, delivery)?;
        Ok(Exit::Done)
    }
}

/// Describes a callback in one line.
fn delivery(callback: &Value) -> String {
    format!(
        "callback {}: {}, {}",
        number(callback, "number"),
        text(callback, "state").unwrap_or_default(),
        attempts(callback)
    )
}
