//! The registration of an adapter.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::settings::{Setting, Table};
use crate::error::Result;
use crate::info::VendorInfo;
use crate::provider::{Page, Provider};

/// The registration of an adapter: everything that a program needs to offer the vendor by its id.
///
/// Each adapter has one as a constant. The facade lists those that are compiled in, and its
/// configuration accepts further ones.
#[derive(Clone, Copy)]
pub struct VendorEntry {
    /// The provider's id, which is also the name of its table in a configuration.
    pub id: &'static str,
    /// The vendor's name, for display.
    pub name: &'static str,
    /// The domains of the vendor's hosts.
    pub domains: &'static [&'static str],
    /// The keys of its table in a configuration.
    pub settings: &'static [Setting],
    /// Builds the provider from its table.
    pub build: fn(&Table) -> Result<Arc<dyn Provider>>,
    /// Describes the vendor with all optional features, such as authenticated callbacks. No account
    /// is needed.
    pub describe: fn() -> Result<VendorInfo>,
    /// Parses a payload, by the rules of an account with default settings.
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

/// A payload of a vendor to parse.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Payload<'a> {
    /// The kind of payload: `result`, `status` or `callback`.
    pub kind: &'a str,
    /// The bytes of the payload.
    pub bytes: &'a [u8],
    /// The current time, for vendors whose results depend on it.
    pub now: Timestamp,
    /// The values of the vendor's [options](VendorEntry::normalize_options).
    pub options: &'a Table,
}

impl<'a> Payload<'a> {
    /// Creates a payload from its parts.
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

/// An option of [`VendorEntry::normalize`]: a fact about the verification that is not part of its
/// payloads.
#[derive(Debug, Clone, Copy)]
pub struct NormalizeOption {
    /// The name.
    pub name: &'static str,
    /// The placeholder of the value in a usage line.
    pub value: &'static str,
    /// The description, in one line.
    pub help: &'static str,
}
