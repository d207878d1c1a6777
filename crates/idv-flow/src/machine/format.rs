//! The stored form of a state, which programs of different versions share.

use serde::Deserialize;
use serde_json::Value;

use super::state::FlowState;
use crate::error::{FlowError, Result};

/// The format that this program writes. It grows with each added member.
pub(crate) const FORMAT: u32 = 4;
/// The oldest format whose programs may change a state that this program writes: they keep members
/// that they do not know. It grows with each member that an older program must not ignore, and with
/// each new variant.
pub(crate) const OLDEST_FORMAT: u32 = 1;
/// The oldest format whose programs may change a flow that keeps evidence. Older programs delete
/// the vendor's copy without waiting for the evidence, and erase our copy without the evidence's
/// parts.
const EVIDENCE_FORMAT: u32 = 2;

impl FlowState {
    /// Parses a state from JSON.
    ///
    /// # Errors
    ///
    /// [`FlowError::Newer`] if only a newer program may change it; [`FlowError::Damaged`] if it
    /// cannot be parsed.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        /// The members that every format has.
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Format {
            format: u32,
            oldest_format: u32,
        }
        const DAMAGED: FlowError = FlowError::Damaged("the state of a flow cannot be parsed");
        let Format {
            format,
            oldest_format,
        } = serde_json::from_slice(json).map_err(|_| DAMAGED)?;
        if oldest_format > FORMAT {
            return Err(FlowError::Newer);
        }
        if format <= FORMAT {
            let state: Self = serde_json::from_slice(json).map_err(|_| DAMAGED)?;
            return Ok(Self {
                format: FORMAT,
                oldest_format: state.least_format(),
                ..state
            });
        }
        let mut newer: Value = serde_json::from_slice(json).map_err(|_| DAMAGED)?;
        let mut state: Self = serde_json::from_slice(json).map_err(|_| FlowError::Newer)?;
        remove_known(
            &mut newer,
            &serde_json::to_value(&state).map_err(|_| DAMAGED)?,
        );
        state.newer = Some(Box::new(newer));
        Ok(state)
    }

    /// Returns the oldest format whose programs may change this flow.
    pub(crate) const fn least_format(&self) -> u32 {
        if self.evidence.policy.is_none() {
            OLDEST_FORMAT
        } else {
            EVIDENCE_FORMAT
        }
    }

    /// Serializes the state to JSON, including the members that a newer program has added.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // A state has string keys only, so serialization always succeeds.
        let Some(newer) = &self.newer else {
            return serde_json::to_vec(self).unwrap_or_default();
        };
        let mut state = serde_json::to_value(self).unwrap_or_default();
        add_missing(&mut state, newer);
        serde_json::to_vec(&state).unwrap_or_default()
    }
}

/// Removes the members that `known` has.
fn remove_known(value: &mut Value, known: &Value) {
    if let (Value::Object(value), Value::Object(known)) = (value, known) {
        value.retain(|name, member| match known.get(name) {
            Some(known) => {
                remove_known(member, known);
                // The tag tells which variant the other members belong to.
                name == TAG
                    || member
                        .as_object()
                        .is_some_and(|member| member.keys().any(|name| name != TAG))
            }
            None => !member.is_null(),
        });
    }
}

/// Adds the missing members, unless they belong to another variant.
fn add_missing(value: &mut Value, newer: &Value) {
    if let (Value::Object(value), Value::Object(newer)) = (value, newer) {
        if newer
            .get(TAG)
            .is_some_and(|tag| value.get(TAG) != Some(tag))
        {
            return;
        }
        for (name, member) in newer {
            match value.get_mut(name) {
                Some(known) => add_missing(known, member),
                None => _ = value.insert(name.clone(), member.clone()),
            }
        }
    }
}

/// The member that names the variant of an enum.
const TAG: &str = "state";

#[cfg(test)]
mod tests {
    use idv_core::{
        CreateSafety, HandOffKind, NewVerification, ProviderId, Reference, ReportSource, VendorInfo,
    };
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::machine::retention::Retention;
    use crate::machine::state::Creation;

    fn state() -> FlowState {
        let info = VendorInfo::new(
            ProviderId::new("example"),
            "Example",
            CreateSafety::Keyed,
            HandOffKind::Redirect,
            ReportSource::Poll,
        );
        let new = NewVerification::new(Reference::random(&idv_core::OsRandom));
        FlowState::new(new, &info, Retention::default(), Timestamp::UNIX_EPOCH)
    }

    /// Returns the state as a newer program writes it.
    fn newer(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let mut json = serde_json::to_value(state()).unwrap();
        json["format"] = json!(FORMAT + 1);
        change(&mut json);
        serde_json::to_vec(&json).unwrap()
    }

    #[test]
    fn older_program_keeps_members_of_newer_one() {
        let json = newer(|json| {
            json["second_hold"] = json!({"until": 7});
            json["retention"]["own"]["reason"] = json!("court");
            json["creation"]["priority"] = json!(3);
            json["unknown_code"] = Value::Null;
        });
        let mut read = FlowState::from_json(&json).unwrap();
        read.crashes = 2;
        let written: Value = serde_json::from_slice(&read.to_json()).unwrap();
        assert_eq!(written["second_hold"], json!({"until": 7}));
        assert_eq!(written["retention"]["own"]["reason"], "court");
        assert_eq!(
            (&written["creation"]["priority"], &written["crashes"]),
            (&json!(3), &json!(2))
        );
        assert_eq!(
            written["format"],
            FORMAT + 1,
            "the members of the newer format stay"
        );
        // The members of a variant go with it.
        read.creation = Creation::Created;
        let written: Value = serde_json::from_slice(&read.to_json()).unwrap();
        assert_eq!(written["creation"], json!({"state": "created"}));
        assert_eq!(written["second_hold"], json!({"until": 7}));
    }

    #[test]
    fn state_of_incompatible_newer_program_is_refused() {
        for json in [
            newer(|json| json["oldest_format"] = json!(FORMAT + 1)),
            newer(|json| json["creation"] = json!({"state": "scheduled", "at": 1})),
        ] {
            assert!(matches!(FlowState::from_json(&json), Err(FlowError::Newer)));
        }
        assert!(matches!(
            FlowState::from_json(b"{}"),
            Err(FlowError::Damaged(_))
        ));
        assert!(matches!(
            FlowState::from_json(b"{"),
            Err(FlowError::Damaged(_))
        ));
    }

    #[test]
    fn older_program_must_not_change_flow_with_evidence() {
        let mut state = state();
        assert_eq!(state.least_format(), OLDEST_FORMAT);
        state.evidence.policy = crate::EvidencePolicy::all();
        let read = FlowState::from_json(&state.to_json()).unwrap();
        assert_eq!(
            (read.oldest_format, read.evidence.policy),
            (EVIDENCE_FORMAT, crate::EvidencePolicy::all())
        );
    }

    #[test]
    fn state_of_first_format_is_read() {
        let mut json = serde_json::to_value(state()).unwrap();
        for member in ["format", "oldest_format", "events"] {
            json.as_object_mut().unwrap().remove(member);
        }
        let read = FlowState::from_json(&serde_json::to_vec(&json).unwrap()).unwrap();
        assert_eq!(
            (read.format, read.events),
            (FORMAT, 0),
            "this program writes its own format"
        );
        assert_eq!(
            serde_json::to_value(FlowState::from_json(&read.to_json()).unwrap()).unwrap()["creation"],
            json["creation"]
        );
    }
}
