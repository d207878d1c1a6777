//! Changes of the sandbox by its user: by the control plane, the page, the person's page, and the
//! functions of this crate.
//!
//! Each change is a value, so that a state file can record it and a later start can repeat it.

use http::{HeaderMap, Method};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::callback::Callback;
use crate::exchange::Incoming;
use crate::fault::Fault;
use crate::person::Choice;
use crate::scenario::Step;
use crate::state::{Options, State};
use crate::vendor::{Entry, Setting, VENDORS};

/// A change of the sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Command {
    /// A client creates a verification of a fictitious person.
    Create {
        vendor: &'static Entry,
        reference: Option<String>,
    },
    /// A client deletes a verification.
    Delete {
        vendor: &'static Entry,
        id: String,
    },
    /// The person and the vendor's staff act out a scenario.
    Act {
        vendor: &'static Entry,
        id: String,
        scenario: String,
        reason: Option<String>,
    },
    /// The person or the vendor's staff take a single step.
    Step {
        vendor: &'static Entry,
        id: String,
        step: String,
    },
    /// The person chooses on the page behind the hand-off link.
    Choose {
        vendor: &'static Entry,
        id: String,
        /// The [`Choice::name`].
        choice: String,
    },
    /// A request to a route of the control plane that belongs to a vendor.
    Change {
        vendor: &'static Entry,
        method: String,
        path: Vec<String>,
        body: String,
    },
    /// The vendor sends the callback of an event.
    Trigger {
        vendor: &'static Entry,
        event: String,
        url: String,
    },
    /// Sets the first account's callback address.
    ReportTo {
        vendor: &'static Entry,
        url: String,
    },
    /// Sets the family name of the simulated person.
    Expect {
        vendor: &'static Entry,
        family_name: String,
    },
    /// Authenticates callbacks by HTTP Basic.
    UsePassword {
        vendor: &'static Entry,
    },
    /// Sends a callback again, a number of times.
    Resend {
        callback: usize,
        times: usize,
    },
    /// Postpones a callback.
    Delay {
        callback: usize,
        seconds: u64,
    },
    /// Sends a callback without its secret.
    Forge {
        callback: usize,
    },
    Plan(Fault),
    ClearFaults,
    /// Sets the speed of the clock.
    Speed(f64),
    Options(Options),
    /// Removes everything except the options.
    Reset,
}

/// The result of a command.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done,
    /// The id of the verification.
    Created(String),
    Steps(Vec<Step>),
    Settings(Option<Vec<Setting>>),
    Value(Value),
    /// The number of a callback.
    Callback(usize),
    /// The vendor does not have the route.
    Missing,
}

impl Command {
    /// Changes the state. The speed of the clock is not a part of it.
    pub(crate) fn apply(&self, state: &mut State, now: Timestamp) -> Result<Outcome, String> {
        let done = |()| Outcome::Done;
        match self {
            Self::Create { vendor, reference } => {
                (vendor.create_as_client)(state, now, reference.as_deref()).map(Outcome::Created)
            }
            Self::Delete { vendor, id } => (vendor.delete_as_client)(state, now, id).map(done),
            Self::Act {
                vendor,
                id,
                scenario,
                reason,
            } => (vendor.act)(state, now, id, scenario, reason.as_deref()).map(Outcome::Steps),
            Self::Step { vendor, id, step } => {
                (vendor.step)(state, now, id, step).map(Outcome::Steps)
            }
            Self::Choose { vendor, id, choice } => {
                (vendor.choose)(state, now, id, choice_of(choice)?).map(done)
            }
            Self::Change {
                vendor,
                method,
                path,
                body,
            } => {
                let request = request(method, body)?;
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                (vendor.control)(state, now, &request, &path)
                    .map_or(Ok(Outcome::Missing), |result| result.map(Outcome::Value))
            }
            Self::Trigger { vendor, event, url } => {
                // There is no verification whose result could be replaced.
                let callback = Callback {
                    subject: None,
                    ..(vendor.trigger)(state, now, event, url)?
                };
                Ok(Outcome::Callback(state.call_back(now, vendor, callback)))
            }
            Self::ReportTo { vendor, url } => (vendor.report_to)(state, now, url).map(done),
            Self::Expect {
                vendor,
                family_name,
            } => {
                (vendor.expect)(state, family_name);
                Ok(Outcome::Done)
            }
            Self::UsePassword { vendor } => {
                Ok(Outcome::Settings((vendor.prove_by_password)(state)))
            }
            Self::Resend { callback, times } => {
                state.resend(now, *callback, *times).map(Outcome::Callback)
            }
            Self::Delay { callback, seconds } => {
                state.delay(now, *callback, *seconds).map(Outcome::Callback)
            }
            Self::Forge { callback } => state.forge(now, *callback).map(Outcome::Callback),
            Self::Plan(fault) => {
                state.faults.add(fault.clone());
                Ok(Outcome::Done)
            }
            Self::ClearFaults => {
                state.faults.clear();
                Ok(Outcome::Done)
            }
            Self::Speed(speed) => {
                state.speed = Some(*speed);
                Ok(Outcome::Done)
            }
            Self::Options(options) => state.use_options(now, options).map(done),
            Self::Reset => {
                state.clear(now);
                Ok(Outcome::Done)
            }
        }
    }
}

impl Outcome {
    pub(crate) fn steps(self) -> Vec<Step> {
        match self {
            Self::Steps(steps) => steps,
            _ => Vec::new(),
        }
    }
}

/// Returns the choice with this name.
fn choice_of(name: &str) -> Result<Choice, String> {
    let known = Choice::ALL.into_iter().find(|choice| choice.name() == name);
    known.ok_or_else(|| {
        let names: Vec<&str> = Choice::ALL.into_iter().map(Choice::name).collect();
        format!("unknown choice: expected one of {}", names.join(", "))
    })
}

/// Returns a request to a vendor's route of the control plane.
fn request(method: &str, body: &str) -> Result<Incoming, String> {
    let method = Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
    Ok(Incoming {
        method,
        host: String::new(),
        path: String::new(),
        query: String::new(),
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec().into(),
    })
}

/// Writes a vendor as its id.
impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id)
    }
}

impl<'de> Deserialize<'de> for &'static Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        Entry::by_id(&id).map_err(serde::de::Error::custom)
    }
}

impl Entry {
    /// Returns a vendor by its id. An error lists the vendors.
    pub(crate) fn by_id(id: &str) -> Result<&'static Self, String> {
        VENDORS.iter().find(|entry| entry.id == id).ok_or_else(|| {
            let ids: Vec<&str> = VENDORS.iter().map(|entry| entry.id).collect();
            format!("unknown vendor `{id}`: expected one of {}", ids.join(", "))
        })
    }
}
