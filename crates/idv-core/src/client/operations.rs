//! The operations of a client.

use super::Client;
use crate::call::CallContext;
use crate::callback::{CallbackMessage, Delivery};
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::evidence::{Download, Sink};
use crate::id::{EvidenceId, Reference, ResultHandle, Subject, VerificationId};
use crate::info::Capability;
use crate::new::{CreateResponse, NewVerification};
use crate::observation::{Observation, ResultState};
use crate::provider::{DeleteOutcome, ListQuery, Page};
use crate::report::{AdapterVersion, RawAnswer};

impl Client {
    /// Creates a verification.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// use idv_core::{HandOff, NewVerification};
    ///
    /// let mut new = NewVerification::new(client.reference()); // store it now
    /// new.person.family_name = Some("Mustermann".into());
    /// let created = client.create(&new).await?;
    /// assert!(matches!(created.hand_off, HandOff::Redirect(_)));
    /// assert!(created.unsupported_fields.is_empty());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) naming the field that the vendor does not
    /// accept, before anything is sent. If the [effect](Error::effect) of an error is unknown,
    /// [`VendorInfo::create_safety`](crate::VendorInfo::create_safety) tells how to proceed: repeat
    /// the call with the same reference, find the verification, or ask an operator.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, it is unknown whether the vendor created the verification, as
    /// after an error whose effect is unknown. Store the reference before the call and do not race
    /// the call against a timer: it ends by itself at
    /// [`CallPolicy::deadline`](crate::call::CallPolicy::deadline). In a web server, spawn a task
    /// for it, so that a client that disconnects does not drop it.
    pub async fn create(&self, new: &NewVerification) -> Result<CreateResponse> {
        let cx = self.context(Operation::Create);
        self.during(new.reference.check_new(), Operation::Create)?;
        let mut created = self
            .measured(Operation::Create, self.provider.create(&cx, new))
            .await?;
        // The adapter adds fields that the vendor accepts, but not with this value.
        let adapters = std::mem::take(&mut created.unsupported_fields);
        let given = new.given().into_iter();
        created.unsupported_fields = given
            .filter(|path| adapters.contains(path) || !self.info.accepts.contains(path))
            .collect();
        Ok(created)
    }

    /// Polls the state of a verification.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Outcome, Status};
    ///
    /// let observation = client.poll(&created.id).await?;
    /// assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`SubjectMismatch`](ErrorKind::SubjectMismatch) if the response is about another
    /// verification, and the errors of the call.
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

    /// Fetches the result of a verification.
    ///
    /// `handle` is that of [`Step::Fetch`](crate::Step::Fetch); some vendors need none.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// let observation = client.fetch(&created.id, None).await?;
    /// let report = observation.report().expect("a fetch returns a report");
    /// assert_eq!(report.reference.as_deref(), Some(created.id.reference.as_str()));
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) or [`NotReady`](ErrorKind::NotReady) if there is no
    /// result, and the errors of [`Client::poll`].
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

    /// Streams one piece of evidence into `sink`, and returns its length, digest and media type.
    ///
    /// After an error, the content of the sink must not be used.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::EvidenceId;
    ///
    /// let mut image = Vec::new();
    /// let download = client
    ///     .evidence(&created.id, &EvidenceId::new("passport"), 10 * 1024 * 1024, &mut image)
    ///     .await?;
    /// assert_eq!(download.length, image.len() as u64);
    /// assert_eq!(download.media_type.as_deref(), Some("image/jpeg"));
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) if the evidence is longer than `limit` bytes,
    /// [`Sink`](ErrorKind::Sink) if the sink failed, and the errors of the call.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds an incomplete copy, which must not be used. Repeat
    /// the call with a new sink.
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

    /// Returns one page of a list.
    ///
    /// Start without a cursor and continue with [`Page::next`].
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// use idv_core::ListQuery;
    ///
    /// let mut cursor: Option<String> = None;
    /// loop {
    ///     let page = client.list(&ListQuery::default(), cursor.as_deref()).await?;
    ///     println!("{} verifications", page.observations.len());
    ///     let Some(next) = page.next else { break };
    ///     cursor = Some(next);
    /// }
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of the call.
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

    /// Finds every verification that the vendor has under a reference.
    ///
    /// Call it after an interrupted [`create`](Client::create), if the vendor is
    /// [`Findable`](crate::CreateSafety::Findable).
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// let found = client.find(&created.id.reference).await?;
    /// assert_eq!(found, [created.id]);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of the call.
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
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::DeleteOutcome;
    ///
    /// match client.delete(&created.id).await? {
    ///     DeleteOutcome::Data | DeleteOutcome::AlreadyGone => println!("the personal data are gone"),
    ///     DeleteOutcome::Accepted => println!("call again later"),
    ///     other => println!("the vendor keeps the data: {other:?}"),
    /// }
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of the call. If the vendor has no deletion, the error contains the manual
    /// steps for an operator.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, it is unknown whether the vendor deleted the verification. Repeat
    /// the call: a verification that is already gone returns [`DeleteOutcome::AlreadyGone`].
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

    /// Parses a callback or the person's return.
    ///
    /// Makes no call. Reply to the vendor at once, and process the message afterwards.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// # let delivery = vendor::callback(&created);
    /// use idv_core::{Transition, Verification};
    ///
    /// let message = client.receive(&delivery)?;
    /// let mut verification = Verification::new(created.id, client.info(), created.expires_at);
    /// for observation in &message.observations {
    ///     // This vendor's callbacks carry no proof: they are a reason to poll.
    ///     assert_eq!(verification.apply(observation), Transition::PollRequested);
    /// }
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
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
        // Signatures with a timestamp are compared with the time of arrival.
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

    fn capability<F>(&self, found: Option<F>, name: Capability, operation: Operation) -> Result<F> {
        found.ok_or_else(|| {
            let detail = match (operation, self.info.manual_steps) {
                (Operation::Delete, steps) if !steps.is_empty() => {
                    format!("it has no {name}; manual steps: {steps}")
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

    /// Completes the response to a call about `id` with the identifiers that the vendor does not
    /// repeat.
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

    /// Completes a report with its identifiers, its adapter and the raw responses that it was read
    /// from.
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
