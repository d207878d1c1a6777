//! The client that an application uses.

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

/// A client of one vendor, with the same methods for every vendor. Cheap to clone.
///
/// An operation that the vendor does not have fails with [`Unsupported`](ErrorKind::Unsupported) before anything is sent. Call
/// [`Client::require`] when the application starts to find this out early.
///
/// # Cancellation
///
/// Dropping the future of an operation, by `tokio::time::timeout` for example, abandons the call at once and frees its place among
/// the calls under way. Operations that only read can be repeated; [`create`](Client::create) and [`delete`](Client::delete) say
/// what to do. [`CallPolicy::deadline`] limits the time of an operation without that doubt: it ends with an [`Error`].
#[derive(Clone)]
pub struct Client {
    provider: Arc<dyn Provider>,
    info: Arc<VendorInfo>,
    shared: Arc<Shared>,
}

impl Client {
    /// Creates a client of a provider.
    pub fn new(provider: impl Provider, environment: Environment, policy: CallPolicy) -> Self {
        Self::from_arc(Arc::new(provider), environment, policy)
    }

    /// Creates a client of a provider that is chosen at run time.
    #[must_use]
    pub fn from_arc(
        provider: Arc<dyn Provider>,
        environment: Environment,
        policy: CallPolicy,
    ) -> Self {
        let info = Arc::new(VendorInfo::of(&*provider));
        let shared = Arc::new(Shared::new(info.provider.clone(), environment, policy));
        Self {
            provider,
            info,
            shared,
        }
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

    /// Returns the client's clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.environment.clock
    }

    /// Returns the policy of its calls.
    #[must_use]
    pub fn policy(&self) -> &CallPolicy {
        &self.shared.policy
    }

    /// Checks that the vendor meets the application's requirements; call it at start-up.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported), which lists every gap.
    pub fn require(&self, requirements: &Requirements) -> Result<()> {
        requirements.check(&self.info)
    }

    /// Returns a new random reference. Store it, then [create](Client::create) with it.
    #[must_use]
    pub fn reference(&self) -> Reference {
        Reference::random(&*self.shared.environment.random)
    }

    /// Creates a verification.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) naming the field that the vendor refuses, before anything is sent. If the
    /// error's [effect](Error::effect) is unknown, [`VendorInfo::create_safety`] says what to do: repeat with the same
    /// reference, look it up, or ask an operator.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, it is unknown whether the vendor created the verification, as after an error whose effect is
    /// unknown. Store the reference before the call and do not race it against a timer: the call ends by itself at
    /// [`CallPolicy::deadline`]. In a web server, spawn a task for it, so that a client that disconnects does not drop it.
    pub async fn create(&self, new: &NewVerification) -> Result<CreateResponse> {
        let cx = self.context(Operation::Create);
        self.during(new.reference.check_new(), Operation::Create)?;
        let mut created = self
            .measured(Operation::Create, self.provider.create(&cx, new))
            .await?;
        // An adapter adds fields that the vendor takes, but not with this value.
        let adapters = std::mem::take(&mut created.unsupported_fields);
        let given = new.given().into_iter();
        created.unsupported_fields = given
            .filter(|path| adapters.contains(path) || !self.info.accepts.contains(path))
            .collect();
        Ok(created)
    }

    /// Polls the state of a verification.
    ///
    /// # Errors
    ///
    /// [`SubjectMismatch`](ErrorKind::SubjectMismatch) if the vendor answers about another one.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn poll(&self, id: &VerificationId) -> Result<Observation> {
        let polling = self.capability(
            self.provider.capabilities().polling,
            Capability::Polling,
            Operation::Poll,
        )?;
        let cx = self.context(Operation::Poll).keep_answers();
        let observation = self
            .measured(Operation::Poll, polling.poll(&cx, id))
            .await?;
        self.about(id, observation, &cx)
    }

    /// Fetches the result of a verification. `handle` is that of [`Step::Fetch`](crate::Step::Fetch); some vendors need none.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) or [`NotReady`](ErrorKind::NotReady) if there is no result, and as [`Client::poll`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn fetch(
        &self,
        id: &VerificationId,
        handle: Option<&ResultHandle>,
    ) -> Result<Observation> {
        let results = self.capability(
            self.provider.capabilities().results,
            Capability::Results,
            Operation::Fetch,
        )?;
        let cx = self.context(Operation::Fetch).keep_answers();
        let observation = self
            .measured(Operation::Fetch, results.fetch(&cx, id, handle))
            .await?;
        self.about(id, observation, &cx)
    }

    /// Streams one piece of evidence into `sink`. After an error the content of the sink must not be used.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) if it is longer than `limit` bytes.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the evidence, which must not be used. The call can be repeated with a new
    /// sink.
    pub async fn evidence(
        &self,
        id: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let source = self.capability(
            self.provider.capabilities().evidence,
            Capability::Evidence,
            Operation::Evidence,
        )?;
        let cx = self.context(Operation::Evidence);
        self.measured(
            Operation::Evidence,
            source.download(&cx, id, evidence, limit, sink),
        )
        .await
    }

    /// Returns one page of a list; begin without a cursor and go on with [`Page::next`].
    ///
    /// # Errors
    ///
    /// Those of the call.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn list(&self, query: &ListQuery, cursor: Option<&str>) -> Result<Page> {
        let listing = self.capability(
            self.provider.capabilities().listing,
            Capability::Listing,
            Operation::List,
        )?;
        let cx = self.context(Operation::List);
        self.measured(Operation::List, listing.list(&cx, query, cursor))
            .await
    }

    /// Returns every verification that the vendor has under our reference.
    ///
    /// # Errors
    ///
    /// Those of the call.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn find(&self, reference: &Reference) -> Result<Vec<VerificationId>> {
        let lookup = self.capability(
            self.provider.capabilities().lookup,
            Capability::Lookup,
            Operation::Find,
        )?;
        let cx = self.context(Operation::Find);
        self.measured(Operation::Find, lookup.find(&cx, reference))
            .await
    }

    /// Deletes a verification at the vendor.
    ///
    /// # Errors
    ///
    /// Those of the call. If the vendor has no deletion, the error says what an operator has to do.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have deleted. Repeat the call: a verification that is already gone gives
    /// [`DeleteOutcome::AlreadyGone`].
    pub async fn delete(&self, id: &VerificationId) -> Result<DeleteOutcome> {
        let deletion = self.capability(
            self.provider.capabilities().deletion,
            Capability::Deletion,
            Operation::Delete,
        )?;
        let cx = self.context(Operation::Delete);
        self.measured(Operation::Delete, deletion.delete(&cx, id))
            .await
    }

    /// Parses a callback or the person's return. Nothing is sent; reply to the vendor at once, and process the message afterwards.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) or [`Malformed`](ErrorKind::Malformed);
    /// [`Reply::to_error`](crate::Reply::to_error) is the reply to either.
    pub fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        let callbacks = self.capability(
            self.provider.capabilities().callbacks,
            Capability::Callbacks,
            Operation::Receive,
        )?;
        // A signature with a time is compared with the time of arrival.
        let stamped = delivery
            .received_at
            .is_none()
            .then(|| delivery.clone().received_at(self.now()));
        let delivery = stamped.as_ref().unwrap_or(delivery);
        let mut message = self.during(callbacks.receive(delivery), Operation::Receive)?;
        let body = delivery.message();
        let is_kept = !body.is_empty() && body.len() as u64 <= self.policy().max_raw;
        for observation in &mut message.observations {
            self.complete(observation, || {
                let media_type = delivery
                    .headers
                    .get(http::header::CONTENT_TYPE)
                    .and_then(|value| value.to_str().ok());
                let body = if delivery.body.is_empty() {
                    body.to_vec().into()
                } else {
                    delivery.body.clone()
                };
                is_kept
                    .then(|| RawAnswer::new(media_type.map(str::to_owned), body))
                    .into_iter()
                    .collect()
            });
        }
        Ok(message)
    }

    /// Returns the context for calls of the vendor's own API, outside the model.
    #[must_use]
    pub fn context(&self, operation: Operation) -> CallContext {
        CallContext::new(&self.shared, operation)
    }

    fn capability<F>(&self, found: Option<F>, name: Capability, operation: Operation) -> Result<F> {
        found.ok_or_else(|| {
            let detail = match (operation, self.info.manual_steps) {
                (Operation::Delete, steps) if !steps.is_empty() => {
                    format!("it has no {name}; to be done by hand: {steps}")
                }
                _ => format!("it has no {name}"),
            };
            Error::new(ErrorKind::Unsupported)
                .detail(detail)
                .during(&self.info.provider, operation)
        })
    }

    async fn measured<T>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.during(self.shared.measured(operation, call).await, operation)
    }

    fn during<T>(&self, result: Result<T>, operation: Operation) -> Result<T> {
        result.map_err(|error| error.during(&self.info.provider, operation))
    }

    /// Completes the answer to a question about `id`: names that the vendor does not repeat are those of the question.
    fn about(
        &self,
        id: &VerificationId,
        mut observation: Observation,
        cx: &CallContext,
    ) -> Result<Observation> {
        let subject = &mut observation.subject;
        if *subject != Subject::default() && !subject.is(id) {
            return Err(
                Error::new(ErrorKind::SubjectMismatch).during(&self.info.provider, cx.operation())
            );
        }
        subject
            .reference
            .get_or_insert_with(|| id.reference.as_str().to_owned());
        subject.vendor_id = subject.vendor_id.take().or_else(|| id.vendor_id.clone());
        self.complete(&mut observation, || cx.take_answers());
        Ok(observation)
    }

    /// Completes a report by its subject, its adapter and the answers that it was read from.
    fn complete(&self, observation: &mut Observation, raw: impl FnOnce() -> Vec<RawAnswer>) {
        if let ResultState::Inline(report) = &mut observation.result {
            report.reference = report
                .reference
                .take()
                .or_else(|| observation.subject.reference.clone());
            report.vendor_id = report
                .vendor_id
                .take()
                .or_else(|| observation.subject.vendor_id.clone());
            report.adapter = Some(AdapterVersion::new(self.info.version, self.info.document));
            report.raw = raw().into();
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}
