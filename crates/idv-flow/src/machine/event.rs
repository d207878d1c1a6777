//! Events for the application.

use idv_core::{Decision, Outcome, Status};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::{Creation, FlowState};
use crate::id::FlowId;

/// A change of a flow, as the application receives it.
///
/// Events carry no personal data: the application reads the report, the hand-off and the evidence
/// by the flow's id. The events of a flow are numbered from 1 without gaps.
///
/// ```
/// use idv_core::Outcome;
/// use idv_flow::{Event, EventKind};
///
/// let event: Event = serde_json::from_str(
///     r#"{"flow":"0123456789abcdef0123456789abcdef","sequence":3,"at":"2026-01-01T00:00:00Z",
///         "provider":"idnow","account":"idnow","event":"settled","outcome":"verified"}"#,
/// )?;
/// assert_eq!(event.kind, EventKind::Settled { outcome: Outcome::Verified });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// The flow.
    pub flow: FlowId,
    /// The number of the event within its flow, from 1.
    pub sequence: u64,
    /// When the change was made.
    pub at: Timestamp,
    /// The provider's id.
    pub provider: String,
    /// The account at the provider.
    pub account: String,
    /// The tenant of the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The kind of event, with its details.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The kind of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// The verification exists at the vendor.
    Created,
    /// Nothing was created, and nothing will be.
    Refused {
        /// The reason, as one word.
        reason: String,
    },
    /// The hand-off is available: the application can send the person to the vendor.
    HandOffReady,
    /// The verification has a new status and no outcome yet.
    Progressed {
        /// The status.
        status: Status,
    },
    /// The verification has an outcome. The event is repeated if an operator's decision or a later
    /// message changes the outcome.
    Settled {
        /// The outcome.
        outcome: Outcome,
    },
    /// The final report is stored, or a new one has replaced it.
    ReportReady,
    /// Evidence is stored: [`Engine::evidence`](crate::Engine::evidence) lists it. The event is
    /// repeated if a later report adds more.
    EvidenceReady,
    /// The vendor contradicts itself. The person is not verified until an operator resolves the
    /// dispute.
    Disputed,
    /// The flow needs an operator.
    NeedsOperator {
        /// The reason, as one word: see [`Attention::name`](crate::Attention::name).
        attention: String,
    },
    /// The vendor no longer has a copy.
    Deleted,
    /// Our own copy was erased.
    Erased,
    /// An event of a newer version of this crate.
    #[serde(other)]
    Unknown,
}

impl EventKind {
    /// Returns the kind as one word.
    ///
    /// ```
    /// use idv_core::Outcome;
    /// use idv_flow::EventKind;
    ///
    /// // The word in the webhook's `type`, after `verification.`.
    /// let settled = EventKind::Settled { outcome: Outcome::Verified };
    /// assert_eq!(settled.name(), "settled");
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Refused { .. } => "refused",
            Self::HandOffReady => "hand_off_ready",
            Self::Progressed { .. } => "progressed",
            Self::Settled { .. } => "settled",
            Self::ReportReady => "report_ready",
            Self::EvidenceReady => "evidence_ready",
            Self::Disputed => "disputed",
            Self::NeedsOperator { .. } => "needs_operator",
            Self::Deleted => "deleted",
            Self::Erased => "erased",
            Self::Unknown => "unknown",
        }
    }
}

/// The part of a flow that the application knows. Its changes are the events.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    is_created: bool,
    refused: Option<String>,
    has_hand_off: bool,
    decision: Option<Decision>,
    evidence: usize,
    is_gone: bool,
    is_erased: bool,
    attention: Option<String>,
}

impl Seen {
    /// Returns the part of `state` that the application knows. `attention` is the reason for an
    /// operator, as one word.
    pub(super) fn of(state: &FlowState, attention: Option<String>) -> Self {
        Self {
            is_created: matches!(state.creation, Creation::Created),
            refused: match &state.creation {
                Creation::Refused { error } => Some(error.clone()),
                _ => None,
            },
            has_hand_off: state.hand_off.is_some(),
            decision: state.decision(),
            evidence: state.evidence.announced,
            is_gone: state.deletion.vendors.gone_at().is_some(),
            is_erased: state.deletion.own_erased_at.is_some(),
            attention,
        }
    }

    /// Returns the events between the earlier state `before` and this one.
    pub(super) fn since(self, before: &Self) -> Vec<EventKind> {
        let mut events = Vec::new();
        let mut tell = |happened: bool, event: EventKind| {
            if happened {
                events.push(event);
            }
        };
        tell(self.is_created && !before.is_created, EventKind::Created);
        if let Some(reason) = self
            .refused
            .filter(|_| before.refused.is_none() && !self.is_erased)
        {
            tell(true, EventKind::Refused { reason });
        }
        tell(
            self.has_hand_off && !before.has_hand_off,
            EventKind::HandOffReady,
        );
        match self
            .decision
            .filter(|decision| Some(*decision) != before.decision)
        {
            Some(Decision::Open(status)) if before.decision.is_some() => {
                tell(true, EventKind::Progressed { status });
            }
            Some(Decision::Settled(outcome)) => tell(true, EventKind::Settled { outcome }),
            Some(Decision::Disputed) => tell(true, EventKind::Disputed),
            _ => {}
        }
        tell(self.evidence > before.evidence, EventKind::EvidenceReady);
        if let Some(attention) = self
            .attention
            .filter(|attention| before.attention.as_ref() != Some(attention))
        {
            tell(true, EventKind::NeedsOperator { attention });
        }
        tell(self.is_gone && !before.is_gone, EventKind::Deleted);
        tell(self.is_erased && !before.is_erased, EventKind::Erased);
        events
    }
}
