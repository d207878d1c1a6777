//! The data keys of a store, wrapped by a key provider, as they are stored.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::keys::{Master, NAME};
use super::provider::{KeyError, WrappedKey};
use crate::error::{FlowError, Result};
use crate::machine::retention::later;

/// The version of the stored form. A program refuses a higher one.
const VERSION: u32 = 1;
/// The time after which a new data key seals values. By then every program has read it.
pub(super) const ACTIVE_AFTER: Duration = Duration::from_secs(120);
/// The time after which no program seals by an earlier data key any more.
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(300);

/// The stored data keys, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct KeyRing {
    version: u32,
    pub(super) keys: Vec<StoredKey>,
    /// The name of the data key by which all values are sealed: none is left of an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resealed: Option<String>,
    #[serde(flatten)]
    newer: Map<String, Value>,
}

/// A wrapped data key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StoredKey {
    name: String,
    key_id: String,
    wrapped: String,
    /// From when on it seals values.
    pub(super) active_at: Timestamp,
    #[serde(flatten)]
    newer: Map<String, Value>,
}

impl KeyRing {
    pub(super) fn parse(stored: &[u8]) -> Result<Self> {
        let ring: Self = serde_json::from_slice(stored)
            .map_err(|_| FlowError::Damaged("the wrapped data keys cannot be parsed"))?;
        if ring.version > VERSION {
            return Err(FlowError::Newer);
        }
        if ring.keys.is_empty() || ring.keys.iter().any(|key| key.name().is_none()) {
            return Err(FlowError::Damaged("the wrapped data keys cannot be parsed"));
        }
        Ok(ring)
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let ring = Self {
            version: VERSION,
            ..self.clone()
        };
        // It is made of texts, numbers and times, which always serialize.
        serde_json::to_vec(&ring).unwrap_or_default()
    }

    /// Adds a data key. The first one seals at once.
    pub(super) fn add(&mut self, key: &Master, wrapped: WrappedKey, now: Timestamp) {
        let active_at = if self.keys.is_empty() {
            now
        } else {
            later(now, ACTIVE_AFTER)
        };
        self.keys.push(StoredKey {
            name: hex::encode(key.name),
            key_id: wrapped.key_id,
            wrapped: STANDARD.encode(wrapped.bytes),
            active_at,
            newer: Map::new(),
        });
    }

    /// Returns the data key that seals values.
    pub(super) fn current(&self, now: Timestamp) -> Option<&StoredKey> {
        let active = self.keys.iter().rfind(|key| key.active_at <= now);
        active.or_else(|| self.keys.first())
    }

    /// Returns whether every data key is wrapped by this key of the provider.
    pub(super) fn is_wrapped_by(&self, key_id: &str) -> bool {
        self.keys.iter().all(|key| key.key_id == key_id)
    }
}

impl StoredKey {
    pub(super) fn name(&self) -> Option<[u8; NAME]> {
        let mut name = [0; NAME];
        hex::decode_to_slice(&self.name, &mut name).ok()?;
        Some(name)
    }

    pub(super) fn wrapped(&self) -> Result<WrappedKey, KeyError> {
        let bytes = STANDARD
            .decode(&self.wrapped)
            .map_err(|_| KeyError::Invalid("a wrapped data key in the store cannot be parsed"))?;
        Ok(WrappedKey::new(self.key_id.clone(), bytes))
    }

    /// Replaces the wrapping.
    pub(super) fn wrap_anew(&mut self, wrapped: WrappedKey) {
        self.key_id = wrapped.key_id;
        self.wrapped = STANDARD.encode(wrapped.bytes);
    }
}
