//! What was learnt about a verification, by which channel, and how far it can be believed.

use std::fmt;

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::id::{ResultHandle, Subject, VerificationId};
use crate::report::Report;

/// One thing that was learnt about a verification: by asking, by being told, or because time passed.
///
/// It serializes, with the person's data in clear, to
/// `{"subject", "channel", "trust", "status", "code", "report", "at"}`. It cannot be read back: a proof cannot be stored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Observation {
    /// Whom it is about.
    pub subject: Subject,
    /// How it came.
    pub channel: Channel,
    /// How far it can be believed.
    pub trust: Trust,
    /// The state; `None` where the vendor's code is not known or tells none.
    pub status: Option<Status>,
    /// The vendor's code, verbatim.
    pub code: Option<String>,
    /// The result.
    pub result: ResultState,
    /// When it was so, by the vendor.
    pub at: Option<Timestamp>,
}

impl Observation {
    /// A claim about `subject` that says nothing yet.
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

    /// The same, believed.
    #[must_use]
    pub fn proven(mut self, proof: Proof) -> Self {
        self.trust = Trust::Proven(proof);
        self
    }

    /// The same with a trust that a [`CallbackAuth`](crate::CallbackAuth) found.
    #[must_use]
    pub fn trusted(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// The report, where it came along.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match &self.result {
            ResultState::Inline(report) => Some(report),
            _ => None,
        }
    }

    /// That the time ran out by our own clock: see [`Verification::expire_if_due`](crate::Verification::expire_if_due).
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

/// How something was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Channel {
    /// We asked for the state.
    Poll,
    /// We fetched the result.
    Fetch,
    /// We listed many verifications.
    List,
    /// The vendor told us.
    Callback,
    /// The person's browser came back.
    Return,
    /// Our own clock: the time for the person's part ran out.
    Deadline,
}

/// How far an observation can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Somebody says so. It never decides anything; it is a reason to ask.
    Claimed,
    /// The vendor said so, and it is known how we know.
    Proven(Proof),
}

impl Trust {
    /// Whether there is a proof.
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

/// A reason to believe that a message is the vendor's. Only this crate makes one: for an answer to our own call, and for a
/// callback that a [`CallbackAuth`](crate::CallbackAuth) has verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    kind: ProofKind,
    digest: Option<[u8; 32]>,
}

impl Proof {
    /// A proof that rests on `message`, as it came.
    pub(crate) fn of(kind: ProofKind, message: &[u8]) -> Self {
        Self {
            kind,
            digest: Some(Sha256::digest(message).into()),
        }
    }

    /// That our own clock says so.
    pub(crate) const fn own_clock() -> Self {
        Self {
            kind: ProofKind::OwnClock,
            digest: None,
        }
    }

    /// What kind of proof it is.
    #[must_use]
    pub const fn kind(self) -> ProofKind {
        self.kind
    }

    /// The SHA-256 of the message that is believed, byte for byte as the vendor sent it, for an audit trail: the body of its answer, or
    /// [what its callback said](crate::Delivery::message). `None` where there was no message.
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

/// What a proof rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProofKind {
    /// It answers our own call.
    OwnCall,
    /// A header carries a secret that only the vendor and we know.
    SharedSecret,
    /// HTTP Basic authentication.
    Basic,
    /// The address that was called holds a secret that only the vendor and we know.
    SecretUrl,
    /// A signature over the body, by a secret that only the vendor and we know.
    Signature,
    /// Our own clock says so.
    OwnClock,
}

/// The state of a verification.
///
/// It serializes to `{"state", "outcome", "leaning"}`, the latter two null where they do not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The person has still to begin, or to begin again.
    AwaitingPerson,
    /// The person is at it.
    InProgress,
    /// The person is done and the vendor reviews. What comes of it may be foreseen, but is not decided.
    InReview {
        /// What the outcome is expected to be.
        leaning: Option<Outcome>,
    },
    /// Done; the outcome stands only in the result.
    Ended,
    /// Done, with this outcome.
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
                "no status: expected a known `state`, and an `outcome` if it is `finished`",
            )),
        }
    }
}

/// The outcome of a verification. The discriminants are part of the persisted format.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The person is who they claim to be, perhaps with corrected data.
    Verified = 0,
    /// The person is not, or tried to deceive.
    Rejected = 1,
    /// The vendor could not tell.
    Inconclusive = 2,
    /// It was called off.
    Canceled = 3,
    /// The time ran out.
    Expired = 4,
    /// The vendor's statements contradict each other: it suspects fraud beside or after a positive end, for example. The person is
    /// not verified until an operator resolves it.
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

    /// The outcome as it stands in JSON.
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

/// Where the result of a verification is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ResultState {
    /// There is none, or none is known.
    Absent,
    /// It can be fetched with this.
    Fetchable(ResultHandle),
    /// It came along.
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
