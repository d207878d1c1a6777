//! The interface that an adapter implements.

use std::any::Any;
use std::fmt;

use async_trait::async_trait;
use serde::Serialize;

use crate::call::CallContext;
use crate::callback::{CallbackAuth, CallbackMessage, CallbackSpec, Delivery};
use crate::error::Result;
use crate::evidence::{Download, Sink};
use crate::id::{EvidenceId, Reference, ResultHandle, VerificationId};
use crate::info::{Capability, VendorInfo};
use crate::new::{CreateResponse, NewVerification};
use crate::observation::Observation;

/// The interface that an adapter implements for its vendor.
///
/// # Contract
///
/// - Applications hold a [`Client`](crate::Client), which checks each request, supplies the
///   [`CallContext`], and enforces this contract. They do not call the trait.
/// - Every request goes through [`CallContext::send`]; an adapter has no connections, timers or
///   retries of its own.
/// - No capability has a default: an adapter writes out each `None` of its [`Capabilities`].
/// - An adapter refuses a request that the vendor's document forbids before anything is sent, and
///   the error names the field.
/// - An adapter keeps an unknown code of the vendor verbatim and changes no state for it; an
///   unknown code is never a parse error.
#[async_trait]
pub trait Provider: fmt::Debug + Send + Sync + 'static {
    /// Describes the vendor as it is configured.
    fn describe(&self) -> &VendorInfo;

    /// Creates a verification.
    ///
    /// # Errors
    ///
    /// The [`effect`](crate::Error::effect) of the error is `Unknown` if the vendor may have acted.
    ///
    /// # Cancellation
    ///
    /// As [`Client::create`](crate::Client::create): if the future is dropped, it is unknown
    /// whether the vendor acted.
    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<CreateResponse>;

    /// Returns the optional capabilities, each as the object that implements it.
    fn capabilities(&self) -> Capabilities<'_>;

    /// Returns the adapter as [`Any`], for [`Client::vendor`](crate::Client::vendor).
    fn as_any(&self) -> &dyn Any;
}

/// The optional capabilities of a vendor.
///
/// An adapter writes out each `None`, with a comment that says why.
///
/// ```
/// use idv_core::Capabilities;
///
/// let capabilities = Capabilities {
///     polling: None, // this vendor reports by callback only
///     results: None,
///     evidence: None,
///     listing: None,
///     lookup: None,
///     deletion: None,
///     callbacks: None,
/// };
/// assert!(capabilities.list().is_empty());
/// ```
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "each field is named after its trait")]
pub struct Capabilities<'a> {
    pub polling: Option<&'a dyn Polling>,
    pub results: Option<&'a dyn Results>,
    pub evidence: Option<&'a dyn EvidenceSource>,
    pub listing: Option<&'a dyn Listing>,
    pub lookup: Option<&'a dyn Lookup>,
    pub deletion: Option<&'a dyn Deletion>,
    pub callbacks: Option<&'a dyn Callbacks>,
}

impl Capabilities<'_> {
    /// Returns the supported capabilities, in the order of [`Capability::ALL`].
    #[must_use]
    pub fn list(&self) -> Vec<Capability> {
        let has = |capability: &Capability| match capability {
            Capability::Polling => self.polling.is_some(),
            Capability::Results => self.results.is_some(),
            Capability::Evidence => self.evidence.is_some(),
            Capability::Listing => self.listing.is_some(),
            Capability::Lookup => self.lookup.is_some(),
            Capability::Deletion => self.deletion.is_some(),
            Capability::Callbacks => self.callbacks.is_some(),
        };
        Capability::ALL.iter().copied().filter(has).collect()
    }
}

impl fmt::Debug for Capabilities<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

/// Polls the state of one verification.
#[async_trait]
pub trait Polling: Send + Sync {
    /// Returns the current state.
    ///
    /// A person who has not begun is a state, not an error.
    ///
    /// # Errors
    ///
    /// Returns the errors of the call.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation>;
}

/// Fetches the result of one verification.
#[async_trait]
pub trait Results: Send + Sync {
    /// Returns the result.
    ///
    /// `handle` is taken from an earlier observation; vendors that need none ignore it.
    ///
    /// # Errors
    ///
    /// [`NotReady`](crate::ErrorKind::NotReady) or [`NotFound`](crate::ErrorKind::NotFound) if
    /// there is no result; [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming `handle` if
    /// the vendor needs one and it is missing.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    async fn fetch(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        handle: Option<&ResultHandle>,
    ) -> Result<Observation>;
}

/// Downloads images, recordings and files.
#[async_trait]
pub trait EvidenceSource: Send + Sync {
    /// Streams one piece of evidence into `sink`.
    ///
    /// After an error, the content of the sink must not be used.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) if the evidence is longer than `limit`
    /// bytes.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds an incomplete copy, which must not be used.
    async fn download(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download>;
}

/// Lists the states of many verifications in one call.
#[async_trait]
pub trait Listing: Send + Sync {
    /// Returns one page.
    ///
    /// Its observations carry no reports; the application fetches each report that it needs.
    ///
    /// # Errors
    ///
    /// Returns the errors of the call.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    async fn list(&self, cx: &CallContext, query: &ListQuery, cursor: Option<&str>)
    -> Result<Page>;
}

/// Selects the verifications of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListQuery {
    /// The groups to list; every group of the vendor if empty.
    pub filters: Vec<ListFilter>,
}

impl ListQuery {
    /// Creates a query for these groups.
    #[must_use]
    pub fn of(filters: impl Into<Vec<ListFilter>>) -> Self {
        Self {
            filters: filters.into(),
        }
    }
}

/// A group of verifications that a vendor lists separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ListFilter {
    /// Verifications with a final result.
    Finished,
    /// Verifications in review.
    InReview,
    /// Canceled verifications.
    Canceled,
    /// Verifications whose last attempt failed.
    Aborted,
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// One observation for each verification of the page.
    pub observations: Vec<Observation>,
    /// The number of entries that could not be parsed, in addition to the observations.
    pub unreadable: usize,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<String>,
}

impl Page {
    /// Creates a page.
    #[must_use]
    pub const fn new(
        observations: Vec<Observation>,
        unreadable: usize,
        next: Option<String>,
    ) -> Self {
        Self {
            observations,
            unreadable,
            next,
        }
    }
}

/// Finds verifications by the application's reference.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// Returns every verification that the vendor has under `reference`; an empty list if it has
    /// none.
    ///
    /// # Errors
    ///
    /// Returns the errors of the call.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    async fn find(&self, cx: &CallContext, reference: &Reference) -> Result<Vec<VerificationId>>;
}

/// Deletes verifications at the vendor.
#[async_trait]
pub trait Deletion: Send + Sync {
    /// Deletes a verification and returns the outcome.
    ///
    /// A verification that is already gone is not an error.
    ///
    /// # Errors
    ///
    /// Returns the errors of the call.
    ///
    /// # Cancellation
    ///
    /// As [`Client::delete`](crate::Client::delete): the vendor may or may not have acted; repeat
    /// the call.
    async fn delete(&self, cx: &CallContext, id: &VerificationId) -> Result<DeleteOutcome>;
}

/// The outcome of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeleteOutcome {
    /// The vendor deleted the person's data.
    Data,
    /// The vendor canceled the verification and keeps its data.
    CanceledOnly,
    /// The vendor knows no such verification, or no longer knows it.
    AlreadyGone,
    /// The vendor accepted the deletion and carries it out later. Repeat the call until the vendor
    /// confirms it.
    Accepted,
}

/// Receives callbacks from the vendor, and the return of the person's browser.
pub trait Callbacks: Send + Sync {
    /// Returns the authentication of callbacks.
    fn auth(&self) -> &CallbackAuth;

    /// Returns the HTTP methods, the maximum length and the reply time of callbacks, by the
    /// vendor's document.
    fn spec(&self) -> CallbackSpec;

    /// Parses a delivery and returns its observations and the reply that the vendor expects.
    ///
    /// Makes no call.
    ///
    /// # Errors
    ///
    /// [`Forged`](crate::ErrorKind::Forged) if a required proof is missing or wrong,
    /// [`Malformed`](crate::ErrorKind::Malformed) if the delivery cannot be parsed.
    /// [`Reply::to_error`](crate::Reply::to_error) is the reply to either.
    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage>;
}

// Providers and their capabilities are used as trait objects only; this code does not compile if
// one is not dyn compatible.
const _: [fn(&dyn Provider); 0] = [];
const _: [(&dyn Polling, &dyn Results); 0] = [];
const _: [(&dyn EvidenceSource, &dyn Listing); 0] = [];
const _: [(&dyn Lookup, &dyn Deletion, &dyn Callbacks); 0] = [];
