//! The application's events.

use idv_core::{Decision, Outcome, Status};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::{Creation, FlowState};
use crate::id::FlowId;

/// A change of a flow, as the application is told of it.
///
/// Events carry no personal data: the report, the hand-off and the evidence are read by the flow's id. The events of one flow are
/// numbered from 1 without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// The flow.
    pub flow: FlowId,
    /// The number of the event among those of its flow, from 1.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The provider's id.
    pub provider: String,
    /// The account at the provider.
    pub account: String,
    /// The tenant that the flow belongs to.
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
    /// The verification was created at the vendor.
    Created,
    /// Nothing was created, and nothing will be.
    Refused {
        /// Why, in one word.
        reason: String,
    },
    /// There is a hand-off: the person can be sent to the vendor.
    HandOffReady,
    /// The verification has another status, and no outcome yet.
    Progressed {
        /// The status.
        status: Status,
    },
    /// The verification has an outcome. It may be told again if an operator's ruling or a later message changes it.
    Settled {
        /// The outcome.
        outcome: Outcome,
    },
    /// The final report is stored, or another one took its place.
    ReportReady,
    /// Evidence is kept: [`Engine::evidence`](crate::Engine::evidence) lists it. It is told again if a later report brings more.
    EvidenceReady,
    /// The vendor contradicts itself. Until an operator rules, nobody is verified.
    Disputed,
    /// The flow needs an operator.
    NeedsOperator {
        /// Why, in one word: see [`Attention::name`](crate::Attention::name).
        attention: String,
    },
    /// The vendor has no copy any more.
    Deleted,
    /// Our own copy was erased.
    Erased,
    /// An event of a newer version of this crate.
    #[serde(other)]
    Unknown,
}

impl EventKind {
    /// The event as one word.
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
    /// `attention` is why the flow needs an operator, in one word.
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

    /// Returns what happened between an earlier look and this one.
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
                tell(true, EventKind::Progressed { status })
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
