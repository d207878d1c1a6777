//! Observations of a verification: their channel, trust, status and result.

use std::fmt;

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::id::{ResultHandle, Subject, VerificationId};
use crate::report::Report;

/// One fact about a verification: from a response, a callback, the person's return, or the clock.
///
/// An observation serializes, with personal data in clear, to
/// `{"subject", "channel", "trust", "status", "code", "report", "at"}`. It cannot be deserialized,
/// because a [`Proof`] cannot be stored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Observation {
    /// The verification that the observation is about.
    pub subject: Subject,
    /// The channel by which it arrived.
    pub channel: Channel,
    /// Whether it is proven.
    pub trust: Trust,
    /// The state; `None` if the vendor's code is unknown or names no state.
    pub status: Option<Status>,
    /// The vendor's code, verbatim.
    pub code: Option<String>,
    /// The result, or the handle to fetch it with.
    pub result: ResultState,
    /// The time of the fact, according to the vendor.
    pub at: Option<Timestamp>,
}

impl Observation {
    /// Creates an unproven observation of `subject` without a status.
    #[must_use]
    pub const fn claimed(subject: Subject, channel: Channel) -> Self {
        Self {
            subject,
            channel,
            trust: Trust::Claimed,
            status: None,
            code: None,
            result: ResultState::Absent,
            at: None,
        }
    }

    /// Marks the observation as proven.
    #[must_use]
    pub fn proven(mut self, proof: Proof) -> Self {
        self.trust = Trust::Proven(proof);
        self
    }

    /// Sets the trust that a [`CallbackAuth`](crate::CallbackAuth) established.
    #[must_use]
    pub fn trusted(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Returns the report, if the observation carries one.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match &self.result {
            ResultState::Inline(report) => Some(report),
            _ => None,
        }
    }

    /// Creates the observation of an expired session: see
    /// [`Verification::expire_if_due`](crate::Verification::expire_if_due).
    pub(crate) fn lapsed(id: &VerificationId, at: Timestamp) -> Self {
        Self {
            status: Some(Status::Finished(Outcome::Expired)),
            at: Some(at),
            ..Self::claimed(Subject::from(id), Channel::Deadline).proven(Proof::own_clock())
        }
    }
}

impl Serialize for Observation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Observation", 7)?;
        object.serialize_field("subject", &self.subject)?;
        object.serialize_field("channel", &self.channel)?;
        object.serialize_field("trust", &self.trust)?;
        object.serialize_field("status", &self.status)?;
        object.serialize_field("code", &self.code)?;
        object.serialize_field("report", &self.report())?;
        object.serialize_field("at", &self.at.as_ref().map(ToString::to_string))?;
        object.end()
    }
}

/// The channel by which an observation arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Channel {
    /// The response to a poll.
    Poll,
    /// The response to a fetch of the result.
    Fetch,
    /// An entry of a list.
    List,
    /// A callback from the vendor.
    Callback,
    /// The return of the person's browser.
    Return,
    /// The application's own clock: the person's session expired.
    Deadline,
}

/// Whether an observation is proven to come from the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// An unauthenticated statement. It never decides anything; it is a reason to poll.
    Claimed,
    /// A statement of the vendor, with its proof.
    Proven(Proof),
}

impl Trust {
    /// Returns whether there is a proof.
    #[must_use]
    pub const fn is_proven(self) -> bool {
        matches!(self, Self::Proven(_))
    }
}

impl Serialize for Trust {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_proven() {
            "proven"
        } else {
            "claimed"
        })
    }
}

/// Evidence that a message comes from the vendor.
///
/// Only this crate creates proofs: for a response to one of its requests, and for a callback that a
/// [`CallbackAuth`](crate::CallbackAuth) has verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    kind: ProofKind,
    digest: Option<[u8; 32]>,
}

impl Proof {
    /// Creates a proof for `message`, byte for byte as received.
    pub(crate) fn of(kind: ProofKind, message: &[u8]) -> Self {
        Self {
            kind,
            digest: Some(Sha256::digest(message).into()),
        }
    }

    /// Creates the proof of an observation by the application's own clock.
    pub(crate) const fn own_clock() -> Self {
        Self {
            kind: ProofKind::OwnClock,
            digest: None,
        }
    }

    /// Returns the kind of the proof.
    #[must_use]
    pub const fn kind(self) -> ProofKind {
        self.kind
    }

    /// Returns the SHA-256 digest of the proven message, for an audit log.
    ///
    /// The message is the body of a response or [that of a callback](crate::Delivery::message),
    /// byte for byte as the vendor sent it. `None` if there was no message.
    #[must_use]
    pub const fn digest(self) -> Option<[u8; 32]> {
        self.digest
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proof").field(&self.kind).finish()
    }
}

/// The kind of a [`Proof`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProofKind {
    /// The message is the response to a request of this crate.
    OwnCall,
    /// A header carries a secret that only the vendor and the application know.
    SharedSecret,
    /// HTTP Basic authentication.
    Basic,
    /// The URL of the callback contains a secret that only the vendor and the application know.
    SecretUrl,
    /// The body is signed with a secret that only the vendor and the application know.
    Signature,
    /// The application's own clock.
    OwnClock,
}

/// The state of a verification.
///
/// It serializes to `{"state", "outcome", "leaning"}`, the latter two null if they do not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The person has yet to begin, or to begin again.
    AwaitingPerson,
    /// The person is being identified.
    InProgress,
    /// The person's part is done and the vendor reviews it. The outcome can be foreseen, but is not
    /// decided.
    InReview {
        /// The expected outcome, if the vendor names one.
        leaning: Option<Outcome>,
    },
    /// The verification has ended; only the result contains the outcome.
    Ended,
    /// The verification has ended with this outcome.
    Finished(Outcome),
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (state, outcome, leaning) = match *self {
            Self::AwaitingPerson => ("awaiting_person", None, None),
            Self::InProgress => ("in_progress", None, None),
            Self::InReview { leaning } => ("in_review", None, leaning),
            Self::Ended => ("ended", None, None),
            Self::Finished(outcome) => ("finished", Some(outcome), None),
        };
        let mut object = serializer.serialize_struct("Status", 3)?;
        object.serialize_field("state", state)?;
        object.serialize_field("outcome", &outcome)?;
        object.serialize_field("leaning", &leaning)?;
        object.end()
    }
}

impl<'de> serde::Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Parts<'a> {
            #[serde(borrow)]
            state: std::borrow::Cow<'a, str>,
            outcome: Option<Outcome>,
            leaning: Option<Outcome>,
        }
        let Parts {
            state,
            outcome,
            leaning,
        } = Parts::deserialize(deserializer)?;
        match (&*state, outcome) {
            ("awaiting_person", None) => Ok(Self::AwaitingPerson),
            ("in_progress", None) => Ok(Self::InProgress),
            ("in_review", None) => Ok(Self::InReview { leaning }),
            ("ended", None) => Ok(Self::Ended),
            ("finished", Some(outcome)) => Ok(Self::Finished(outcome)),
            _ => Err(serde::de::Error::custom(
                "invalid status: expected a known `state`, and an `outcome` if it is `finished`",
            )),
        }
    }
}

/// The outcome of a verification.
///
/// The discriminants are part of the stored format.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The person is who they claim to be; the vendor may have corrected their data.
    Verified = 0,
    /// The person is someone else, or attempted fraud.
    Rejected = 1,
    /// The vendor could not decide.
    Inconclusive = 2,
    /// The verification was canceled.
    Canceled = 3,
    /// The session expired.
    Expired = 4,
    /// The vendor's statements contradict each other, such as a suspicion of fraud beside or after
    /// a positive outcome. The person is not verified until an operator resolves the dispute.
    Disputed = 5,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: &'static [Self] = &[
        Self::Verified,
        Self::Rejected,
        Self::Inconclusive,
        Self::Canceled,
        Self::Expired,
        Self::Disputed,
    ];

    /// Returns the name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Rejected => "rejected",
            Self::Inconclusive => "inconclusive",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Disputed => "disputed",
        }
    }
}

/// The availability of the result of a verification.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ResultState {
    /// There is no result, or none is known.
    Absent,
    /// The result can be fetched with this handle.
    Fetchable(ResultHandle),
    /// The observation includes the result.
    Inline(Box<Report>),
}

#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{Channel, Observation, Outcome, Status};
    use crate::id::Subject;
    use crate::report::Report;

    impl JsonSchema for Status {
        fn schema_name() -> Cow<'static, str> {
            "Status".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let outcome = generator.subschema_for::<Option<Outcome>>();
            json_schema!({
                "type": "object",
                "properties": {
                    "state": { "enum": ["awaiting_person", "in_progress", "in_review", "ended", "finished"] },
                    "outcome": outcome,
                    "leaning": outcome,
                },
                "required": ["state", "outcome", "leaning"],
            })
        }
    }

    impl JsonSchema for Observation {
        fn schema_name() -> Cow<'static, str> {
            "Observation".into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let subject = generator.subschema_for::<Subject>();
            let channel = generator.subschema_for::<Channel>();
            let status = generator.subschema_for::<Option<Status>>();
            let report = generator.subschema_for::<Option<Report>>();
            json_schema!({
                "type": "object",
                "properties": {
                    "subject": subject,
                    "channel": channel,
                    "trust": { "enum": ["claimed", "proven"] },
                    "status": status,
                    "code": { "type": ["string", "null"] },
                    "report": report,
                    "at": { "type": ["string", "null"], "format": "date-time" },
                },
                "required": ["subject", "channel", "trust", "status", "code", "report", "at"],
            })
        }
    }
}
