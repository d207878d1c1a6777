//! The registration of an adapter.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::settings::{Setting, Table};
use crate::error::Result;
use crate::info::VendorInfo;
use crate::provider::{Page, Provider};

/// The registration of an adapter: everything that a program needs to offer the vendor by its name.
///
/// Each adapter has one as a constant. The facade lists those that are compiled in, and takes others for its configuration.
#[derive(Clone, Copy)]
pub struct VendorEntry {
    /// The provider's id. Its table in a configuration has the same name.
    pub id: &'static str,
    /// The vendor's name, for people.
    pub name: &'static str,
    /// The domains of the vendor's hosts.
    pub domains: &'static [&'static str],
    /// The keys of its table in a configuration.
    pub settings: &'static [Setting],
    /// Builds the provider that a table configures.
    pub build: fn(&Table) -> Result<Arc<dyn Provider>>,
    /// Describes the vendor at its best, such as with authenticated callbacks. No account is needed.
    pub describe: fn() -> Result<VendorInfo>,
    /// Parses a payload, by the rules of an account that has set none.
    pub normalize: fn(&Payload<'_>) -> Result<Page>,
    /// The options of `normalize`.
    pub normalize_options: &'static [NormalizeOption],
}

impl fmt::Debug for VendorEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VendorEntry")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A payload of a vendor to be parsed.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Payload<'a> {
    /// The kind of payload: `result`, `status` or `callback`.
    pub kind: &'a str,
    /// The payload itself.
    pub bytes: &'a [u8],
    /// The present time, for vendors whose results are judged by it.
    pub now: Timestamp,
    /// The values of the vendor's [options](VendorEntry::normalize_options).
    pub options: &'a Table,
}

impl<'a> Payload<'a> {
    /// Returns a payload to be parsed.
    #[must_use]
    pub const fn new(kind: &'a str, bytes: &'a [u8], now: Timestamp, options: &'a Table) -> Self {
        Self {
            kind,
            bytes,
            now,
            options,
        }
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("kind", &self.kind)
            .field("length", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// An option of [`VendorEntry::normalize`]: a fact about the verification that its payloads do not say.
#[derive(Debug, Clone, Copy)]
pub struct NormalizeOption {
    /// The name.
    pub name: &'static str,
    /// The placeholder of the value in a usage line.
    pub value: &'static str,
    /// The meaning, in one line.
    pub help: &'static str,
}
