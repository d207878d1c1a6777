//! The reasons why a flow or a message needs an operator, and the operator's options.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::plan::CRASHED;

/// The reason why a flow or a message needs an operator.
///
/// ```
/// use idv_flow::Attention;
///
/// let attention = Attention::Failing("unauthorized".to_owned());
/// assert_eq!(attention.name(), "failing");
/// assert!(attention.what_to_do("").starts_with("correct the credentials"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "detail", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Attention {
    /// The answer to a create request was lost, and no call shows whether the vendor created the
    /// verification.
    CreationUnknown,
    /// The vendor has, or may have, this many verifications of the same person under our reference.
    SeveralFound(usize),
    /// The vendor has reported two different outcomes.
    Disputed,
    /// An expected callback or report did not arrive.
    Overdue,
    /// Calls have failed for a long time, or the vendor refuses them. Holds the kind of failure.
    Failing(String),
    /// The vendor sent an unknown code.
    UnknownCode(String),
    /// The verification ended, and this vendor offers no way to fetch its result.
    NoWayOn,
    /// The vendor's copy is to be deleted, and the vendor has no call for it.
    DeleteByHand,
    /// The vendor's copy could not be deleted. Holds the kind of the last failure.
    DeletionFailing(Option<String>),
    /// The evidence could not be kept, and the deletion of both copies waits for it. Holds the kind
    /// of the last failure.
    EvidenceFailing(String),
    /// The stored state of the flow cannot be decrypted or parsed.
    Damaged,
    /// A newer version of this program wrote the flow, and older versions must not change it.
    NewerVersion,
    /// The flow's vendor is not configured.
    Unconfigured,
    /// Deliveries of an event of the flow have failed for a long time. Holds the name of the event.
    Undelivered(String),
    /// A message in the inbox matches no flow.
    Unmatched,
    /// A message in the inbox was authenticated when it arrived and can no longer be authenticated
    /// or decrypted.
    Unproven,
    /// An authenticated message in the inbox could not be parsed.
    Unreadable,
    /// The number of parked messages of an account has reached its limit: the engine refuses
    /// further ones.
    InboxFull,
    /// An operator has paused the account.
    Paused,
    /// An operator drains the account.
    Draining,
}

impl Attention {
    /// Returns the reason as one word.
    ///
    /// ```
    /// use idv_flow::Attention;
    ///
    /// assert_eq!(Attention::Disputed.name(), "disputed");
    /// assert_eq!(Attention::UnknownCode("NEW_RESULT".to_owned()).name(), "unknown_code");
    /// ```
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

    /// Returns the operator's options, in words.
    ///
    /// `by_hand` is [`VendorInfo::manual_steps`](idv_core::VendorInfo::manual_steps): the steps to
    /// delete the vendor's copy if the vendor has no call for it.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use idv_flow::Attention;
    ///
    /// assert!(Attention::Disputed.what_to_do("").contains("ask the vendor which one is right"));
    ///
    /// let steps = "write to support@vendor.example";
    /// let text = Attention::DeleteByHand.what_to_do(steps);
    /// assert_eq!(text, "write to support@vendor.example; then confirm the deletion");
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn what_to_do(&self, by_hand: &str) -> String {
        let text = match self {
            Self::CreationUnknown => {
                "check in the vendor's panel whether the person was invited. If so, adopt the \
                 vendor's id; if not, create again; if the verification no longer matters, \
                 abandon it"
            }
            Self::SeveralFound(_) => {
                "find them in the vendor's panel and delete all but the one that the person uses \
                 there. Adopt its id; if the flow follows it already, acknowledge it"
            }
            Self::Disputed => {
                "compare the reports, ask the vendor which one is right, and resolve the \
                 dispute. Until then the person is not verified"
            }
            Self::Overdue => {
                "ask the vendor whether it sent the message, and to which URL. The flow \
                 continues when the message arrives; if it never will, abandon the flow"
            }
            Self::Failing(error) => match error.as_str() {
                "unauthorized" => "correct the credentials in the configuration, then ask now",
                "quota_exhausted" => "top up the account at the vendor, then ask now",
                "not_found" | "subject_mismatch" => {
                    "the vendor does not know the verification under this id: find it in the \
                     vendor's panel. If its result is fetched under a wrong handle, drop the \
                     handle; if the verification is gone, abandon the flow"
                }
                CRASHED => {
                    "report this defect of the adapter to the project, with the log of that \
                     time. The step is retried automatically; to retry it at once, ask now"
                }
                _ => {
                    "check whether the vendor has an outage. The call is retried automatically; \
                     to retry it at once, ask now"
                }
            },
            Self::UnknownCode(_) => {
                "find the code in the vendor's newest document and, if the adapter allows it, \
                 add it to the configuration. The message is kept, and it counts once the code \
                 is known. Acknowledge the code to remove this task"
            }
            Self::NoWayOn => {
                "read the result in the vendor's panel, act on it, and abandon the flow"
            }
            Self::DeleteByHand => {
                return format!(
                    "{}; then confirm the deletion",
                    if by_hand.is_empty() {
                        "delete it in the vendor's panel"
                    } else {
                        by_hand
                    }
                );
            }
            Self::DeletionFailing(_) => {
                "check whether the vendor has an outage, or delete the copy in the vendor's \
                 panel and confirm the deletion. The call is retried automatically"
            }
            Self::EvidenceFailing(error) => match error.as_str() {
                "unauthorized" => "check the credentials in the configuration, then ask now",
                "sink" => {
                    "find out why the evidence cannot be stored or erased, and correct that. The \
                     engine retries automatically; to retry at once, ask now"
                }
                "config" => {
                    "configure an evidence store in every program that uses this store, then ask \
                     now"
                }
                "unavailable" | "rate_limited" | "not_ready" | "quota_exhausted" => {
                    "check whether the vendor has an outage. The download is retried \
                     automatically; to retry it at once, ask now; if the evidence is lost, skip \
                     the item or give up all that is missing. Until then neither copy is deleted"
                }
                _ => {
                    "the engine keeps the other items, and no longer retries this one. Check \
                     whether the vendor's panel shows the evidence. To retry the download, ask \
                     now; if the evidence is lost, skip the item or give up all that is missing. \
                     Until then neither copy is deleted"
                }
            },
            Self::Damaged => {
                "if the configuration lacks a former key of the store, add it and ask now. \
                 Otherwise restore the flow from a backup, and find out who changed it"
            }
            Self::NewerVersion => {
                "finish the upgrade: start the newer version, which continues the flow, and stop \
                 this one"
            }
            Self::Unconfigured => {
                "add the account to the configuration of a program that uses this store; new \
                 flows still start at the default account"
            }
            Self::Undelivered(_) => {
                "find out why the application's handler or webhook fails for this event, and \
                 correct that. The delivery is retried automatically; later events of the flow \
                 follow it"
            }
            Self::Unmatched => {
                "check whether another system uses the same callback URL, or whether the flow \
                 was erased. Retry the message, or dismiss it"
            }
            Self::Unreadable => {
                "upgrade the program, or report the message to the project: this version cannot \
                 parse it. The message is retried each day and whenever a worker starts, and \
                 counts once it can be parsed; to remove it, dismiss it"
            }
            Self::InboxFull => {
                "add the unknown codes to the configuration, upgrade the program, or dismiss \
                 parked messages. Until then further messages of their kind are answered with \
                 503, and lost if the vendor does not repeat them"
            }
            Self::Paused => {
                "resume the account when its vendor may be called again: until then its flows wait, with their expiry and their deletion"
            }
            Self::Draining => {
                "resume the account to start flows there again, or remove it from the configuration when its last flow is erased"
            }
            Self::Unproven => {
                "check whether the callback secret was changed: add the old one to the \
                 configuration and retry the message, or dismiss it"
            }
        };
        text.to_owned()
    }
}

impl fmt::Display for Attention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreationUnknown => "the creation is not settled",
            Self::SeveralFound(_) => "the vendor has several verifications under our reference",
            Self::Disputed => "the vendor has reported two different outcomes",
            Self::Overdue => "an expected callback or report did not arrive",
            Self::Failing(_) => "calls to the vendor fail",
            Self::UnknownCode(_) => "the vendor sent an unknown code",
            Self::NoWayOn => "the vendor offers no way to fetch the result",
            Self::DeleteByHand => "the vendor's copy must be deleted by hand",
            Self::DeletionFailing(_) => "the vendor's copy could not be deleted",
            Self::EvidenceFailing(_) => "the evidence could not be kept",
            Self::Damaged => "the stored state cannot be read",
            Self::NewerVersion => "a newer version of this program wrote the flow",
            Self::Unconfigured => "the account is not configured",
            Self::Undelivered(_) => "an event cannot be delivered to the application",
            Self::Unmatched => "an authenticated message matches no flow",
            Self::Unproven => "a message can no longer be authenticated",
            Self::Unreadable => "an authenticated message could not be parsed",
            Self::InboxFull => "too many messages are parked",
            Self::Paused => "the account is paused",
            Self::Draining => "the account takes no new flows",
        })
    }
}
