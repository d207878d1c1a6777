//! What an adapter implements.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use crate::call::CallContext;
use crate::callback::{Delivery, Guard, Intake, Received};
use crate::error::Result;
use crate::evidence::{Download, Sink};
use crate::id::{EvidenceId, ProviderId, Reference, ResultHandle, VerificationId};
use crate::new::{Created, NewVerification};
use crate::observation::Observation;
use crate::report::Field;

/// A vendor. It can always create a verification; whatever else it can do is a facet, there or not.
///
/// # Contract
///
/// - Applications do not call it; they hold a [`Client`](crate::Client), which checks what is asked for, supplies the
///   [`CallContext`], and holds the adapter to this contract.
/// - Every request goes through [`CallContext::send`]; an adapter keeps no connection, no timer and no retry of its own.
/// - Nothing is defaulted: an adapter writes out each "no".
/// - What the vendor's document forbids is refused before anything is sent, naming the field.
/// - A vendor's code that is not known is kept verbatim and changes nothing; it is never a failure to parse.
#[async_trait]
pub trait Provider: fmt::Debug + Send + Sync + 'static {
    /// What is known of the vendor before any call.
    fn profile(&self) -> &Profile;

    /// Creates a verification.
    ///
    /// # Errors
    ///
    /// Its [`effect`](crate::Error::effect) is `Unknown` wherever the vendor may have acted.
    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<Created>;

    /// Asking for the state of one verification.
    fn polling(&self) -> Option<&dyn Polling>;

    /// Fetching the result of one verification.
    fn results(&self) -> Option<&dyn Results>;

    /// Downloading images, recordings and files.
    fn evidence(&self) -> Option<&dyn EvidenceSource>;

    /// Asking for the state of many verifications in one call.
    fn listing(&self) -> Option<&dyn Listing>;

    /// Finding verifications by our reference.
    fn lookup(&self) -> Option<&dyn Lookup>;

    /// Deleting at the vendor.
    fn deletion(&self) -> Option<&dyn Deletion>;

    /// Being told.
    fn callbacks(&self) -> Option<&dyn Callbacks>;
}

/// Asking for the state of one verification.
#[async_trait]
pub trait Polling: Send + Sync {
    /// The state now. A person who has not begun is a state, not an error.
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation>;
}

/// Fetching the result of one verification.
#[async_trait]
pub trait Results: Send + Sync {
    /// The result. `handle` is what an earlier observation gave; vendors that need none ignore it.
    ///
    /// # Errors
    ///
    /// [`NotReady`](crate::ErrorKind::NotReady) or [`NotFound`](crate::ErrorKind::NotFound) where there is none;
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming `handle` where one is needed and missing.
    async fn fetch(&self, cx: &CallContext, id: &VerificationId, handle: Option<&ResultHandle>) -> Result<Observation>;
}

/// Downloading images, recordings and files.
#[async_trait]
pub trait EvidenceSource: Send + Sync {
    /// Streams one piece of evidence into `sink`. After an error, what the sink holds is not to be used.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) where it is longer than `limit` bytes.
    async fn download(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download>;
}

/// Asking for the state of many verifications in one call.
#[async_trait]
pub trait Listing: Send + Sync {
    /// One page. Observations of a list carry no reports: each is fetched when it is wanted.
    async fn list(&self, cx: &CallContext, query: &ListQuery, cursor: Option<&str>) -> Result<Page>;
}

/// Which verifications to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListQuery {
    /// The groups to list; all that the vendor has, where it is empty.
    pub groups: Vec<Listed>,
}

impl ListQuery {
    /// Lists these groups.
    #[must_use]
    pub fn of(groups: impl Into<Vec<Listed>>) -> Self {
        Self { groups: groups.into() }
    }
}

/// A group of verifications that vendors list apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Listed {
    /// Those with a final result.
    Finished,
    /// Those in review.
    InReview,
    /// Those that were called off.
    Canceled,
    /// Those whose last attempt failed.
    Aborted,
}

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// What the page says, one observation for each verification.
    pub observations: Vec<Observation>,
    /// How many entries could not be read. They spoil nothing but themselves.
    pub unreadable: usize,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

impl Page {
    /// A page of a list.
    #[must_use]
    pub const fn new(observations: Vec<Observation>, unreadable: usize, next: Option<String>) -> Self {
        Self { observations, unreadable, next }
    }
}

/// Finding verifications by our reference.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// Every verification that the vendor has under `reference`; none is an empty list.
    async fn find(&self, cx: &CallContext, reference: &Reference) -> Result<Vec<VerificationId>>;
}

/// Deleting at the vendor.
#[async_trait]
pub trait Deletion: Send + Sync {
    /// Deletes, and says what that amounted to. What is gone already is no error.
    async fn delete(&self, cx: &CallContext, id: &VerificationId) -> Result<Deleted>;
}

/// What a deletion amounted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Deleted {
    /// The vendor deleted the person's data.
    Data,
    /// The vendor called the verification off; data it has are still there.
    CanceledOnly,
    /// The vendor knows no such verification, or none any more.
    AlreadyGone,
}

/// Being told: by the vendor's callbacks, and by the person's browser that comes back.
pub trait Callbacks: Send + Sync {
    /// How callbacks are proven.
    fn guard(&self) -> &Guard;

    /// By which methods they come, how long they may be, and how soon the vendor wants its reply, as its document has it.
    fn intake(&self) -> Intake;

    /// What a delivery says, and the reply that the vendor expects. Pure: no call is made.
    ///
    /// # Errors
    ///
    /// [`Forged`](crate::ErrorKind::Forged) where a required proof is missing or wrong,
    /// [`Malformed`](crate::ErrorKind::Malformed) where the delivery cannot be read.
    /// [`Reply::to_error`](crate::Reply::to_error) is the answer to either.
    fn receive(&self, delivery: &Delivery) -> Result<Received>;
}

/// What is known of a vendor before any call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The provider's id.
    pub id: ProviderId,
    /// The vendor's name, for people.
    pub name: &'static str,
    /// The vendor's document that the adapter follows, with its version.
    pub document: &'static str,
    /// How safe it is to repeat a creation.
    pub create_safety: CreateSafety,
    /// How the person comes to the vendor.
    pub hand_off: HandOffKind,
    /// Where the full report comes from.
    pub report_from: ReportSource,
    /// Which fields a report can ever fill.
    pub report_fields: &'static [Field],
    /// What a creation takes, as [`NewVerification::given`] names it.
    pub accepts: &'static [&'static str],
    /// How long a person has for their part before the vendor forgets the verification.
    pub lifetime: Option<Duration>,
    /// How often it is sensible to poll.
    pub poll_interval: Duration,
    /// What must be done by hand where the vendor has no call for it: deletion, for example. In words, for an operator.
    pub by_hand: &'static str,
}

impl Profile {
    /// The least that must be said of a vendor; the rest is set on the value.
    #[must_use]
    pub const fn new(
        id: ProviderId,
        name: &'static str,
        create_safety: CreateSafety,
        hand_off: HandOffKind,
        report_from: ReportSource,
    ) -> Self {
        Self {
            id,
            name,
            document: "",
            create_safety,
            hand_off,
            report_from,
            report_fields: &[],
            accepts: &[],
            lifetime: None,
            poll_interval: Duration::from_secs(60),
            by_hand: "",
        }
    }
}

/// How safe it is to repeat a creation whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CreateSafety {
    /// Our reference is the key: repeating the same creation yields the same verification.
    Keyed,
    /// Not to be repeated, but what was created can be found by our reference.
    Findable,
    /// Not to be repeated, and what was created cannot be found.
    Unkeyed,
}

/// How the person comes to the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HandOffKind {
    /// We send them to an address.
    Visit,
    /// The vendor contacts them.
    VendorContactsPerson,
}

/// Where the full report comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportSource {
    /// A poll brings it along.
    Poll,
    /// It is fetched.
    Fetch,
    /// It comes with a callback and cannot be asked for.
    Callback,
}

// Providers and their facets are used as trait objects only; this fails to compile if one no longer can be.
const _: [fn(&dyn Provider); 0] = [];
const _: [(&dyn Polling, &dyn Results); 0] = [];
const _: [(&dyn EvidenceSource, &dyn Listing); 0] = [];
const _: [(&dyn Lookup, &dyn Deletion, &dyn Callbacks); 0] = [];
