//! For what a flow needs a person, and what the person can do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::plan::CRASHED;

/// For what a flow needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "detail", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Attention {
    /// The answer to a creation was lost, and nothing shows whether the vendor acted.
    CreationUnknown,
    /// The vendor has, or may have, so many verifications of the same person under our reference.
    SeveralFound(usize),
    /// The vendor has said two different things.
    Disputed,
    /// A message or a report that was to come did not.
    Overdue,
    /// The vendor has answered no question for long, or refuses to: the kind of failure.
    Failing(String),
    /// The vendor sent a code that is not known here.
    UnknownCode(String),
    /// The verification ended, and this vendor has no way to its result.
    NoWayOn,
    /// The vendor's copy is to be deleted, and the vendor has no call for it.
    DeleteByHand,
    /// The vendor's copy could not be deleted: the kind of the last failure.
    DeletionFailing(Option<String>),
    /// The evidence could not be kept, and the deletion of both copies waits for it: the kind of the last failure.
    EvidenceFailing(String),
    /// What is stored of the flow cannot be opened or read.
    Damaged,
    /// A newer version of this program wrote the flow, and only such a version may change it.
    NewerVersion,
    /// The flow is at a vendor that is not configured here.
    Unconfigured,
    /// The application has not taken an event of the flow for long: the event, in one word.
    Undelivered(String),
    /// A message in the inbox is about no flow that is known here.
    Unmatched,
    /// A message in the inbox was proven when it came and cannot be proven, or read, any more.
    Unproven,
    /// A message in the inbox is the vendor's and cannot be read.
    Unreadable,
    /// So many messages of a provider are parked that new ones of their kind are refused.
    InboxFull,
    /// An operator has paused the account.
    Paused,
    /// An operator drains the account.
    Draining,
}

impl Attention {
    /// The reason as one word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreationUnknown => "creation_unknown",
            Self::SeveralFound(_) => "several_found",
            Self::Disputed => "disputed",
            Self::Overdue => "overdue",
            Self::Failing(_) => "failing",
            Self::UnknownCode(_) => "unknown_code",
            Self::NoWayOn => "no_way_on",
            Self::DeleteByHand => "delete_by_hand",
            Self::DeletionFailing(_) => "deletion_failing",
            Self::EvidenceFailing(_) => "evidence_failing",
            Self::Damaged => "damaged",
            Self::NewerVersion => "newer_version",
            Self::Unconfigured => "unconfigured",
            Self::Undelivered(_) => "undelivered",
            Self::Unmatched => "unmatched",
            Self::Unproven => "unproven",
            Self::Unreadable => "unreadable",
            Self::InboxFull => "inbox_full",
            Self::Paused => "paused",
            Self::Draining => "draining",
        }
    }

    /// What a person can do about it, in words. `by_hand` is what the vendor's profile says is done by hand.
    #[must_use]
    pub fn what_to_do(&self, by_hand: &str) -> String {
        let text = match self {
            Self::CreationUnknown => {
                "look in the vendor's panel whether the person was invited. If so, adopt the vendor's id of it; if not, create again; if \
                 it no longer matters, abandon it"
            }
            Self::SeveralFound(_) => {
                "look them up in the vendor's panel and delete there all but the one that the person follows: adopt its id, or acknowledge \
                 it where one is followed already"
            }
            Self::Disputed => {
                "compare the reports and ask the vendor which of its statements holds, then rule the outcome. Until then nobody is verified"
            }
            Self::Overdue => {
                "ask the vendor for it: whether it was sent, and to which address. When it comes, it is worked off by itself; if it never \
                 will, abandon the flow"
            }
            Self::Failing(error) => match error.as_str() {
                "unauthorized" => "check the credentials in the configuration, then ask now",
                "quota_exhausted" => "fill up the account at the vendor, then ask now",
                "not_found" | "subject_mismatch" => {
                    "the vendor does not know it, or not under this name: look it up in the vendor's panel. If its result is fetched under a \
                     handle that is not the vendor's, drop the handle; abandon the flow if the verification is gone"
                }
                CRASHED => {
                    "report it to the makers of the program, with what it logged at that time: the adapter failed in a way that it never \
                     should. It is tried again by itself, or ask now"
                }
                _ => {
                    "look whether the vendor has an outage; it is asked again by itself, or ask now"
                }
            },
            Self::UnknownCode(_) => {
                "look the code up in the vendor's newest document, and teach it in the configuration if that is possible. Its message is \
                 kept and judged again, and its report counts then; acknowledge it when you have looked"
            }
            Self::NoWayOn => {
                "look the result up in the vendor's panel; abandon the flow when you have acted on it"
            }
            Self::DeleteByHand => {
                return format!(
                    "{}; then say that it was done",
                    if by_hand.is_empty() {
                        "delete it in the vendor's panel"
                    } else {
                        by_hand
                    }
                );
            }
            Self::DeletionFailing(_) => {
                "look whether the vendor has an outage, or delete it in the vendor's panel and say that it was done. It is tried again by itself"
            }
            Self::EvidenceFailing(error) => match error.as_str() {
                "unauthorized" => "check the credentials in the configuration, then ask now",
                "sink" => {
                    "find out why the evidence cannot be stored, and mend that; it is tried again by itself, or ask now"
                }
                "config" => {
                    "configure an evidence store in the programs that work on this store, then ask now"
                }
                _ => {
                    "look whether the vendor has an outage, and in its panel whether the evidence is there. It is tried again by itself, or ask \
                     now; if it cannot be had, give up the evidence. Until then neither copy is deleted"
                }
            },
            Self::Damaged => {
                "look whether a key that was the store's before is missing in the configuration, add it, and ask now; else put the flow back \
                 from a backup, and find out who changed it"
            }
            Self::NewerVersion => {
                "finish the upgrade: start the newer version, which goes on with the flow, and stop this one"
            }
            Self::Unconfigured => {
                "add the vendor to the configuration of the programs that work on this store; new flows still start at the first"
            }
            Self::Undelivered(_) => {
                "find out why the application's handler or webhook fails at the event, and correct that: it is delivered again by itself, and the flow's \
                 later events after it"
            }
            Self::Unmatched => {
                "the message names nobody who is known here: look whether another system uses the same callback address, or whether its flow \
                 was erased. Try it again, or dismiss it"
            }
            Self::Unreadable => {
                "upgrade the program, or report the message to its makers: the vendor sends something that this version cannot read. It is \
                 judged again each day and whenever a worker starts, and counts once it can be read; dismiss it if it is of no use"
            }
            Self::InboxFull => {
                "teach the unknown codes, upgrade the program or dismiss parked messages: until then further messages of their kind are \
                 answered 503, and a vendor that does not repeat them loses them"
            }
            Self::Paused => {
                "resume the account when its vendor may be called again: until then its flows wait, with their expiry and their deletion"
            }
            Self::Draining => {
                "resume the account to start flows there again, or remove it from the configuration when its last flow is erased"
            }
            Self::Unproven => {
                "look whether the callback's secret was changed: put the old one back and try again, or dismiss it"
            }
        };
        text.to_owned()
    }
}

impl fmt::Display for Attention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreationUnknown => "nobody knows whether the vendor created it",
            Self::SeveralFound(_) => "the vendor has several under our reference",
            Self::Disputed => "the vendor has said two different things",
            Self::Overdue => "what was to come did not",
            Self::Failing(_) => "the vendor gives no answer",
            Self::UnknownCode(_) => "the vendor sent a code that is not known",
            Self::NoWayOn => "there is no way to the result",
            Self::DeleteByHand => "the vendor's copy is to be deleted by hand",
            Self::DeletionFailing(_) => "the vendor's copy could not be deleted",
            Self::EvidenceFailing(_) => "the evidence could not be kept",
            Self::Damaged => "what is stored of it cannot be read",
            Self::NewerVersion => "a newer version of this program wrote it",
            Self::Unconfigured => "its vendor is not configured here",
            Self::Undelivered(_) => "the application does not take an event",
            Self::Unmatched => "a message is about nobody who is known",
            Self::Unproven => "a message cannot be proven any more",
            Self::Unreadable => "an authenticated message cannot be read",
            Self::InboxFull => "too many messages are parked",
            Self::Paused => "the account is paused",
            Self::Draining => "the account takes no new flows",
        })
    }
}
