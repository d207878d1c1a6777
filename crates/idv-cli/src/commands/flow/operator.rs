//! `idv flow operator`.

use clap::Args;
use idv::{EvidenceId, Outcome, VendorId};
use idv_flow::{Engine, FlowId, OperatorTask, Resolution, TaskTarget};

use super::status;
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain, table, text};
use crate::request::from_word;

/// Lists everything that needs an operator, with the operator's options. With the id of a flow or
/// message, carries out the operator's decision.
#[derive(Args)]
pub(crate) struct Operator {
    /// The flow or message, by its id in the list
    about: Option<String>,

    #[command(flatten)]
    decided: Decided,

    /// The operator's account, for the audit log
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// The operator's decision.
#[derive(Args)]
#[group(multiple = false)]
struct Decided {
    /// Dispute: settle it with this outcome (verified, rejected, inconclusive, canceled, expired)
    #[arg(long, value_name = "OUTCOME", value_parser = from_word::<Outcome>)]
    rule: Option<Outcome>,
    /// Lost create response: adopt the vendor's verification with this id
    #[arg(long, value_name = "VENDOR_ID")]
    adopt: Option<String>,
    /// Lost create response: the vendor has created nothing; create the verification again
    #[arg(long)]
    create_again: bool,
    /// Abandon a verification that will not progress
    #[arg(long)]
    abandon: bool,
    /// Poll the vendor now, and retry failed downloads of evidence
    #[arg(long)]
    ask_now: bool,
    /// Result not found: drop the current result handle and continue with the next
    #[arg(long)]
    drop_handle: bool,
    /// Unknown code: acknowledge it
    #[arg(long)]
    acknowledge: bool,
    /// Deletion: the vendor's copy was deleted manually
    #[arg(long)]
    deleted_by_hand: bool,
    /// Evidence that cannot be stored: skip this item, by its id in `idv flow evidence`
    #[arg(long, value_name = "EVIDENCE_ID")]
    skip_evidence: Option<String>,
    /// Evidence that cannot be stored: delete without all that is missing
    #[arg(long)]
    give_up_evidence: bool,
    /// Message: process it again
    #[arg(long)]
    retry: bool,
    /// Message: dismiss it
    #[arg(long)]
    dismiss: bool,
}

impl Operator {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let Some(about) = self.about else {
            if self.decided.any() {
                return Err(Failure::usage(
                    "the decision needs the id of a flow or message",
                ));
            }
            return list(&flow.operator().await?, output);
        };
        match named(&about) {
            Some(TaskTarget::Message(digest)) => {
                let again = match (self.decided.retry, self.decided.dismiss) {
                    (true, _) => true,
                    (_, true) => false,
                    _ => return Err(Failure::usage("a message requires --retry or --dismiss")),
                };
                if !flow
                    .operator()
                    .await?
                    .iter()
                    .any(|item| item.about == TaskTarget::Message(digest))
                {
                    return Err(Failure::new(
                        Exit::Failed,
                        format!("no message {about} needs an operator"),
                    ));
                }
                flow.resolve_message(&digest, again).await?;
                list(&flow.operator().await?, output)
            }
            Some(TaskTarget::Flow(id)) => {
                let Some(resolution) = self.decided.resolution() else {
                    return one(flow, id, &self.decided, output).await;
                };
                let by = self.by.ok_or_else(|| {
                    Failure::usage(
                        "--by NAME is required: the operator's account, for the audit log",
                    )
                })?;
                flow.resolve(id, &resolution, &by).await?;
                status::print(flow, &flow.status(id).await?, false, output).await?;
                Ok(Exit::Done)
            }
            _ => Err(Failure::usage(
                "invalid id: expected 32 hexadecimal digits for a flow, 64 for a message",
            )),
        }
    }
}

impl Decided {
    const fn any(&self) -> bool {
        self.rule.is_some()
            || self.adopt.is_some()
            || self.create_again
            || self.abandon
            || self.ask_now
            || self.drop_handle
            || self.acknowledge
            || self.deleted_by_hand
            || self.skip_evidence.is_some()
            || self.give_up_evidence
            || self.retry
            || self.dismiss
    }

    /// Returns the decision about a flow.
    fn resolution(&self) -> Option<Resolution> {
        let flags = [
            (self.create_again, Resolution::CreateAgain),
            (self.abandon, Resolution::Abandon),
            (self.ask_now, Resolution::AskNow),
            (self.drop_handle, Resolution::DropHandle),
            (self.acknowledge, Resolution::Acknowledge),
            (self.deleted_by_hand, Resolution::DeletedByHand),
            (self.give_up_evidence, Resolution::GiveUpEvidence),
        ];
        self.rule
            .map(Resolution::ResolveDispute)
            .or_else(|| {
                self.adopt
                    .as_deref()
                    .map(VendorId::new)
                    .map(Resolution::Adopt)
            })
            .or_else(|| {
                self.skip_evidence
                    .as_deref()
                    .map(EvidenceId::new)
                    .map(Resolution::SkipEvidence)
            })
            .or_else(|| {
                flags
                    .into_iter()
                    .find(|(given, _)| *given)
                    .map(|(_, resolution)| resolution)
            })
    }
}

/// Lists the tasks of one flow.
async fn one(
    flow: &Engine,
    id: FlowId,
    decided: &Decided,
    output: Output,
) -> Result<Exit, Failure> {
    if decided.any() {
        return Err(Failure::usage(
            "--retry and --dismiss apply to messages only",
        ));
    }
    flow.status(id).await?;
    let items: Vec<OperatorTask> = flow
        .operator()
        .await?
        .into_iter()
        .filter(|item| item.about == TaskTarget::Flow(id))
        .collect();
    list(&items, output)
}

fn list(items: &[OperatorTask], output: Output) -> Result<Exit, Failure> {
    if items.is_empty() && !output.is_json() {
        text("nothing needs an operator")?;
        return Ok(Exit::Done);
    }
    output.answer(&items, |items| {
        let mut lines = table(&[]);
        for item in *items {
            let (what, name) = match &item.about {
                TaskTarget::Flow(id) => ("flow", id.to_string()),
                TaskTarget::Message(digest) => (
                    "message",
                    digest.iter().map(|byte| format!("{byte:02x}")).collect(),
                ),
                TaskTarget::Inbox => ("inbox", String::new()),
                TaskTarget::Account => ("account", item.account.clone()),
                _ => ("other", String::new()),
            };
            lines.add_row([what.to_owned(), name]);
            lines.add_row(["provider".to_owned(), item.provider.clone()]);
            lines.add_row(["needs operator".into(), status::attention(&item.attention)]);
            lines.add_row(["what to do".to_owned(), item.what_to_do.clone()]);
            lines.add_row(["since".to_owned(), item.since.to_string()]);
            lines.add_row([""]);
        }
        plain(&lines)
    })?;
    Ok(Exit::Done)
}

/// Parses the id of a flow or a message.
fn named(text: &str) -> Option<TaskTarget> {
    if let Ok(id) = text.parse() {
        return Some(TaskTarget::Flow(id));
    }
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(
            std::str::from_utf8(pair)
                .ok()
                .filter(|pair| !pair.starts_with('+'))?,
            16,
        )
        .ok()?;
    }
    Some(TaskTarget::Message(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_a_flow_or_a_message() {
        assert!(matches!(named(&"0".repeat(32)), Some(TaskTarget::Flow(_))));
        assert_eq!(
            named(&"ab".repeat(32)),
            Some(TaskTarget::Message([0xab; 32]))
        );
        for text in [
            "",
            "abc",
            &"g".repeat(64),
            &"+1".repeat(32),
            &"ä".repeat(32),
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
