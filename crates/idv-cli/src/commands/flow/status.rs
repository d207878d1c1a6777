//! `idv flow status`.

use clap::Args;
use idv::{HandOff, Reference};
use idv_flow::{Engine, FlowId, FlowStatus};
use serde_json::{Value, json};

use super::flow_id;
use crate::failure::{Exit, Failure};
use crate::output::{Cell, Mark, Output, plain, table};
use crate::words;

/// Shows the state of a flow, why it needs an operator, and the progress of its deletion.
#[derive(Args)]
pub(crate) struct Status {
    /// The flow
    #[arg(value_parser = flow_id, required_unless_present = "reference", conflicts_with = "reference")]
    id: Option<FlowId>,

    /// The flow with this reference
    #[arg(long)]
    reference: Option<String>,

    /// Print the link as well; its holder can act as the person
    #[arg(long)]
    show_link: bool,
}

impl Status {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let status = match (self.id, &self.reference) {
            (Some(id), _) => flow.status(id).await?,
            (None, Some(reference)) => {
                find(flow, &Reference::existing(reference.as_str())?).await?
            }
            (None, None) => {
                return Err(Failure::usage("expected the id of a flow, or --reference"));
            }
        };
        print(flow, &status, self.show_link, output).await?;
        Ok(Exit::Done)
    }
}

/// Prints the state of a flow.
pub(super) async fn print(
    flow: &Engine,
    status: &FlowStatus,
    show_link: bool,
    output: Output,
) -> Result<(), Failure> {
    let receipt = flow.receipt(status.id).await?;
    let what_to_do = what_to_do(flow, status)?;
    let mut answer = serde_json::to_value(status).unwrap_or_default();
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("what_to_do".to_owned(), json!(what_to_do));
        answer.insert(
            "hand_off".to_owned(),
            json!(
                status
                    .hand_off
                    .as_ref()
                    .map(|hand_off| link(hand_off, show_link))
            ),
        );
        answer.insert("deletion".to_owned(), json!(receipt));
    }
    output.answer(&answer, |answer| {
        let none = || "-".to_owned();
        let text = |pointer: &str| {
            answer
                .pointer(pointer)
                .and_then(Value::as_str)
                .map_or_else(none, ToOwned::to_owned)
        };
        let mut lines = table(&[]);
        lines.add_row(["flow".to_owned(), status.id.to_string()]);
        lines.add_row(["provider".to_owned(), status.provider.clone()]);
        lines.add_row(["phase".to_owned(), status.phase.to_string()]);
        lines.add_row(["state".into(), state(status)]);
        lines.add_row([
            "report".to_owned(),
            if status.has_report { "stored" } else { "-" }.to_owned(),
        ]);
        lines.add_row([
            "hand-off".to_owned(),
            status.hand_off.as_ref().map_or_else(none, words::hand_off),
        ]);
        if show_link {
            lines.add_row(["open this link".to_owned(), text("/hand_off/url")]);
        }
        lines.add_row(["next step at".to_owned(), text("/due")]);
        lines.add_row([
            "needs operator".into(),
            status
                .attention
                .as_ref()
                .map_or_else(|| "-".into(), attention),
        ]);
        if let Some(what_to_do) = &what_to_do {
            lines.add_row(["what to do".to_owned(), what_to_do.clone()]);
        }
        lines.add_row(["started".to_owned(), status.created_at.to_string()]);
        lines.add_row(["since".to_owned(), status.since.to_string()]);
        lines.add_row(["deletion requested".to_owned(), text("/deletion/asked_at")]);
        lines.add_row(["vendor's copy".to_owned(), text("/deletion/vendors_copy")]);
        lines.add_row([
            "own copy erased".to_owned(),
            text("/deletion/own_copy_erased_at"),
        ]);
        plain(&lines)
    })
}

/// Formats the status of a verification.
pub(super) fn state(status: &FlowStatus) -> Cell {
    match status.status {
        _ if status.disputed => Mark::Bad.on("disputed"),
        None => Cell::from("-"),
        Some(state) => words::status_cell(Some(state)),
    }
}

/// Returns an operator's options for a flow.
fn what_to_do(flow: &Engine, status: &FlowStatus) -> Result<Option<String>, Failure> {
    let Some(attention) = &status.attention else {
        return Ok(None);
    };
    let client = flow.client(&status.account)?;
    Ok(Some(attention.what_to_do(client.info().manual_steps)))
}

/// Returns the hand-off as JSON, with its URL if `show_link` is set.
fn link(hand_off: &HandOff, show_link: bool) -> Value {
    let mut json = words::hand_off_json(hand_off);
    if let (false, Some(json)) = (show_link, json.as_object_mut()) {
        json.remove("url");
    }
    json
}

/// Formats the reason why a flow needs an operator: its name and its explanation.
pub(super) fn attention(attention: &idv_flow::Attention) -> Cell {
    Mark::Open.on(&format!("{}: {attention}", attention.name()))
}

async fn find(flow: &Engine, reference: &Reference) -> Result<FlowStatus, Failure> {
    for account in flow.accounts() {
        if let Some(status) = flow.find(account, reference).await? {
            return Ok(status);
        }
    }
    Err(Failure::new(
        Exit::Failed,
        "there is no flow with this reference",
    ))
}
