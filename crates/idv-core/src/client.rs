//! What an application holds.

use std::fmt;
use std::sync::Arc;

use crate::call::{CallContext, CallPolicy, Shared};
use crate::callback::{CallbackMessage, Delivery};
use crate::info::{Capability, Requirements, VendorInfo};
use jiff::Timestamp;

use crate::environment::{Clock, Environment};
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::evidence::{Download, Sink};
use crate::id::{EvidenceId, Reference, ResultHandle, Subject, VerificationId};
use crate::new::{CreateResponse, NewVerification};
use crate::observation::{Observation, ResultState};
use crate::provider::{DeleteOutcome, ListQuery, Page, Provider};
use crate::report::{AdapterVersion, RawAnswer};

/// A vendor, as an application uses it: the same methods whichever vendor it is. Cheap to clone.
///
/// What the vendor cannot do fails with [`Unsupported`](ErrorKind::Unsupported), and nothing is sent; ask
/// [`Client::require`] when the application starts, so that it never comes to that.
#[derive(Clone)]
pub struct Client {
    provider: Arc<dyn Provider>,
    info: Arc<VendorInfo>,
    shared: Arc<Shared>,
}

impl Client {
    /// A client of a provider in an environment.
    pub fn new(provider: impl Provider, environment: Environment, policy: CallPolicy) -> Self {
        Self::from_arc(Arc::new(provider), environment, policy)
    }

    /// A client of a provider that is chosen at run time.
    #[must_use]
    pub fn from_arc(provider: Arc<dyn Provider>, environment: Environment, policy: CallPolicy) -> Self {
        let info = Arc::new(VendorInfo::of(&*provider));
        let shared = Arc::new(Shared::new(info.provider.clone(), environment, policy));
        Self { provider, info, shared }
    }

    /// Returns the description of the vendor.
    #[must_use]
    pub fn info(&self) -> &VendorInfo {
        &self.info
    }

    /// Returns the provider itself.
    #[must_use]
    pub fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    /// Returns the adapter of a vendor, for calls outside the model: `client.vendor::<Adapter>()`. `None` if the client is another
    /// vendor's. [`Client::context`] is the first argument of its calls.
    #[must_use]
    pub fn vendor<T: Provider>(&self) -> Option<&T> {
        self.provider.as_any().downcast_ref()
    }

    /// Returns the time of day by the client's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.environment.clock.now()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.shared.environment.clock
    }

    /// How its calls behave.
    #[must_use]
    pub fn policy(&self) -> &CallPolicy {
        &self.shared.policy
    }

    /// Fails when the vendor cannot give what the application needs; to be called when it starts.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported), which lists in words everything that is missing.
    pub fn require(&self, requirements: &Requirements) -> Result<()> {
        requirements.check(&self.info)
    }

    /// A new reference. Store it, then [create](Client::create) with it.
    #[must_use]
    pub fn reference(&self) -> Reference {
        Reference::random(&*self.shared.environment.random)
    }

    /// Creates a verification.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) naming what the vendor does not take, before anything is sent. Where the
    /// error's [effect](Error::effect) is unknown, [`VendorInfo::create_safety`] says what may be done: repeat with the same
    /// reference, look it up, or ask an operator.
    pub async fn create(&self, new: &NewVerification) -> Result<CreateResponse> {
        let cx = self.context(Operation::Create);
        self.told(new.reference.check_new(), Operation::Create)?;
        let mut created = self.told(self.provider.create(&cx, new).await, Operation::Create)?;
        // Beside what the vendor has no place for, an adapter names what it could not send for what it says.
        let adapters = std::mem::take(&mut created.unsupported_fields);
        let given = new.given().into_iter();
        created.unsupported_fields = given.filter(|path| adapters.contains(path) || !self.info.accepts.contains(path)).collect();
        Ok(created)
    }

    /// Asks for the state of a verification.
    ///
    /// # Errors
    ///
    /// [`SubjectMismatch`](ErrorKind::SubjectMismatch) where the vendor answers about another one.
    pub async fn poll(&self, id: &VerificationId) -> Result<Observation> {
        let polling = self.capability(self.provider.capabilities().polling, Capability::Polling, Operation::Poll)?;
        let cx = self.context(Operation::Poll).keep_answers();
        let observation = self.told(polling.poll(&cx, id).await, Operation::Poll)?;
        self.about(id, observation, &cx)
    }

    /// Fetches the result of a verification. `handle` is what [`Step::Fetch`](crate::Step::Fetch) carries; some vendors need none.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) or [`NotReady`](ErrorKind::NotReady) where there is none, and as [`Client::poll`].
    pub async fn fetch(&self, id: &VerificationId, handle: Option<&ResultHandle>) -> Result<Observation> {
        let results = self.capability(self.provider.capabilities().results, Capability::Results, Operation::Fetch)?;
        let cx = self.context(Operation::Fetch).keep_answers();
        let observation = self.told(results.fetch(&cx, id, handle).await, Operation::Fetch)?;
        self.about(id, observation, &cx)
    }

    /// Streams one piece of evidence into `sink`. After an error, what the sink holds is not to be used.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) where it is longer than `limit` bytes.
    pub async fn evidence(
        &self,
        id: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let source = self.capability(self.provider.capabilities().evidence, Capability::Evidence, Operation::Evidence)?;
        let cx = self.context(Operation::Evidence);
        self.told(source.download(&cx, id, evidence, limit, sink).await, Operation::Evidence)
    }

    /// One page of a list; begin without a cursor and go on with [`Page::next`].
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub async fn list(&self, query: &ListQuery, cursor: Option<&str>) -> Result<Page> {
        let listing = self.capability(self.provider.capabilities().listing, Capability::Listing, Operation::List)?;
        let cx = self.context(Operation::List);
        self.told(listing.list(&cx, query, cursor).await, Operation::List)
    }

    /// Every verification that the vendor has under our reference.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub async fn find(&self, reference: &Reference) -> Result<Vec<VerificationId>> {
        let lookup = self.capability(self.provider.capabilities().lookup, Capability::Lookup, Operation::Find)?;
        let cx = self.context(Operation::Find);
        self.told(lookup.find(&cx, reference).await, Operation::Find)
    }

    /// Deletes at the vendor.
    ///
    /// # Errors
    ///
    /// Those of the call. Where the vendor has no deletion, the error says what is to be done by hand.
    pub async fn delete(&self, id: &VerificationId) -> Result<DeleteOutcome> {
        let deletion = self.capability(self.provider.capabilities().deletion, Capability::Deletion, Operation::Delete)?;
        let cx = self.context(Operation::Delete);
        self.told(deletion.delete(&cx, id).await, Operation::Delete)
    }

    /// Reads a callback or the person's return. Nothing is sent; answer the vendor at once, and work it off afterwards.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) or [`Malformed`](ErrorKind::Malformed);
    /// [`Reply::to_error`](crate::Reply::to_error) is the answer to either.
    pub fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        let callbacks = self.capability(self.provider.capabilities().callbacks, Capability::Callbacks, Operation::Receive)?;
        // A signature with a time is compared with the time of arrival.
        let stamped = delivery.received_at.is_none().then(|| delivery.clone().received_at(self.now()));
        let delivery = stamped.as_ref().unwrap_or(delivery);
        let mut message = self.told(callbacks.receive(delivery), Operation::Receive)?;
        let body = delivery.message();
        let is_kept = !body.is_empty() && body.len() as u64 <= self.policy().max_raw;
        for observation in &mut message.observations {
            self.complete(observation, || {
                let media_type = delivery.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let body = if delivery.body.is_empty() { body.to_vec().into() } else { delivery.body.clone() };
                is_kept.then(|| RawAnswer::new(media_type.map(str::to_owned), body)).into_iter().collect()
            });
        }
        Ok(message)
    }

    /// What an operation of the vendor's own API is given, for calls that are outside the model.
    #[must_use]
    pub fn context(&self, operation: Operation) -> CallContext {
        CallContext::new(&self.shared, operation)
    }

    fn capability<F>(&self, found: Option<F>, name: Capability, operation: Operation) -> Result<F> {
        found.ok_or_else(|| {
            let by_hand = self.provider.describe().manual_steps;
            let detail = match (operation, by_hand) {
                (Operation::Delete, by_hand) if !by_hand.is_empty() => format!("it has no {name}; to be done by hand: {by_hand}"),
                _ => format!("it has no {name}"),
            };
            Error::new(ErrorKind::Unsupported).detail(detail).during(&self.info.provider, operation)
        })
    }

    fn told<T>(&self, result: Result<T>, operation: Operation) -> Result<T> {
        result.map_err(|error| error.during(&self.info.provider, operation))
    }

    /// Completes the answer to a question about `id`: names that the vendor does not repeat are those of the question.
    fn about(&self, id: &VerificationId, mut observation: Observation, cx: &CallContext) -> Result<Observation> {
        let subject = &mut observation.subject;
        if *subject != Subject::default() && !subject.is(id) {
            return Err(Error::new(ErrorKind::SubjectMismatch).during(&self.info.provider, cx.operation()));
        }
        subject.reference.get_or_insert_with(|| id.reference.as_str().to_owned());
        subject.vendor_id = subject.vendor_id.take().or_else(|| id.vendor_id.clone());
        self.complete(&mut observation, || cx.take_answers());
        Ok(observation)
    }

    /// Completes a report by its subject, its adapter and the answers that it was read from.
    fn complete(&self, observation: &mut Observation, raw: impl FnOnce() -> Vec<RawAnswer>) {
        if let ResultState::Inline(report) = &mut observation.result {
            report.reference = report.reference.take().or_else(|| observation.subject.reference.clone());
            report.vendor_id = report.vendor_id.take().or_else(|| observation.subject.vendor_id.clone());
            report.adapter = Some(AdapterVersion::new(self.info.version, self.info.document));
            report.raw = raw().into();
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("provider", &self.provider).finish_non_exhaustive()
    }
}
