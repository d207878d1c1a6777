//! The [`Provider`] implementation.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use idv_core::adapter::Customize;
use idv_core::call::{Answer, CallContext};
use idv_core::report::Method;
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Callbacks, Capabilities, Channel, CreateResponse,
    CreateSafety, DeleteOutcome, Deletion, Delivery, Effect, Error, ErrorKind, HandOff,
    HandOffKind, ListFilter, ListQuery, Listing, NewVerification, Observation, Page, Polling,
    Provider, ProviderId, ReportSource, Result, ResultHandle, ResultState, Results, Status,
    Subject, VendorInfo, VerificationId, async_trait,
};

use crate::api::{ACCEPTS, Api, Filter, StartRequest, StartResponse, TransactionNumber, answer};
use crate::config::{IdnowConfig, LinkStyle, Product, ResultFormat};
use crate::normalize::{Inline, REPORT_FIELDS};
use crate::options::IdnowOptions;
use crate::wire::archive::{self, Limits, Options};
use crate::{callback, normalize, wire};

/// The lifetime of an unfinished identification and of a result, by IDnow's support pages. Accounts
/// can have shorter ones.
const LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The IDnow provider.
///
/// ```
/// use idv_core::{Client, call::CallPolicy};
/// use idv_idnow::{DataCentre, Idnow, IdnowConfig};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # let clock = ManualClock::new(idv_core::Timestamp::UNIX_EPOCH);
/// # let environment = environment(&ScriptedTransport::new(), &clock);
///
/// let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
/// let client = Client::new(Idnow::new(config)?, environment, CallPolicy::default());
/// # Ok::<(), idv_core::Error>(())
/// ```
pub struct Idnow {
    api: Api,
    auth: CallbackAuth,
    info: VendorInfo,
    config: IdnowConfig,
    customize: Customize<StartRequest>,
}

impl Idnow {
    /// The provider's id.
    pub const ID: ProviderId = ProviderId::new("idnow");

    /// Creates the provider from a configuration, without sending anything.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_idnow::{DataCentre, Idnow, IdnowConfig};
    ///
    /// let config = IdnowConfig::new("ihrebank", "".into(), DataCentre::Test);
    /// let error = Idnow::new(config).expect_err("the API key is empty");
    /// assert_eq!(error.kind(), &ErrorKind::Config);
    /// assert!(error.to_string().contains("api_key is empty"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), naming the key and the accepted values;
    /// [`Unsupported`](ErrorKind::Unsupported) if results are to be fetched as archives and the
    /// feature `archive` is disabled.
    pub fn new(config: IdnowConfig) -> Result<Self> {
        if config.result_format == ResultFormat::Zip && !cfg!(feature = "archive") {
            return Err(Error::new(ErrorKind::Unsupported).detail(
                "result_format = \"zip\" needs the feature `archive` of the crate idv-idnow",
            ));
        }
        if config.archive_password.is_some() && !cfg!(feature = "archive") {
            return Err(Error::new(ErrorKind::Unsupported)
                .detail("archive_password needs the feature `archive` of the crate idv-idnow"));
        }
        Ok(Self {
            api: Api::new(&config)?,
            auth: config.auth()?,
            info: info(),
            config,
            customize: Customize::default(),
        })
    }

    /// Sets a function that modifies each request before the adapter checks and sends it.
    ///
    /// It replaces an earlier function.
    ///
    /// Use it for parts of the request that neither the model nor
    /// [`IdnowOptions`](crate::IdnowOptions) covers.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(201, r#"{"id":"IBA-H5FD8"}"#);
    /// # let client = account::client(&server);
    /// use idv_core::NewVerification;
    /// use idv_idnow::{Idnow, api::Answer};
    ///
    /// let vendor = client.vendor::<Idnow>().expect("the client of this vendor");
    /// vendor.customize(|_new, request| {
    ///     request.questions.insert("contract".to_owned(), Answer::YesNo(true.into()));
    ///     Ok(())
    /// });
    /// client.create(&NewVerification::new(client.reference())).await?;
    /// assert_eq!(server.body(), r#"{"questions":{"contract":{"value":1}}}"#);
    /// # Ok(())
    /// # });
    /// ```
    pub fn customize(
        &self,
        function: impl Fn(&NewVerification, &mut StartRequest) -> Result<()> + Send + Sync + 'static,
    ) {
        self.customize.set(function);
    }

    /// Returns the vendor's own API, for calls beyond the model.
    ///
    /// ```
    /// use idv_idnow::{DataCentre, Idnow, IdnowConfig};
    ///
    /// let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
    /// let idnow = Idnow::new(config)?;
    /// let form = idnow.api().links().userdata(None, None)?;
    /// assert_eq!(form.expose().as_str(), "https://go.test.idnow.de/ihrebank/userdata");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// The maximum size in bytes of an archive in memory.
    pub(crate) const fn max_archive(&self) -> u64 {
        self.config.max_archive_bytes
    }

    /// Returns the limits and the password of archives.
    pub(crate) fn archive_options(&self) -> Options<'_> {
        let usual = Limits::default();
        // Pictures and recordings are compressed already, so the unpacked files are hardly longer
        // than the archive.
        let total = usual
            .total
            .max(self.config.max_archive_bytes.saturating_mul(2));
        let limits = Limits {
            entry: self.config.max_entry_bytes,
            total,
            ..usual
        };
        Options {
            password: self.config.archive_password.as_ref(),
            ..Options::from(&limits)
        }
    }

    /// Normalizes a result that arrived in a file: by mail, optionally encrypted (chapter 10), or
    /// by SFTP (chapter 9).
    ///
    /// The observations are claims, because a file proves nothing.
    ///
    /// ```
    /// use idv_core::{Outcome, Status};
    /// use idv_idnow::{DataCentre, Idnow, IdnowConfig};
    ///
    /// let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
    /// let file = br#"{"identifications":[{"identificationprocess":
    ///     {"result":"SUCCESS","transactionnumber":"AH73JK3LM"}}]}"#;
    /// let observations = Idnow::new(config)?.read_file(file)?;
    /// assert_eq!(observations[0].status, Some(Status::Finished(Outcome::Verified)));
    /// assert_eq!(observations[0].subject.reference.as_deref(), Some("AH73JK3LM"));
    /// assert!(!observations[0].trust.is_proven());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`normalize::payload_with`].
    pub fn read_file(&self, bytes: &[u8]) -> Result<Vec<Observation>> {
        let observations = normalize::payload_with(bytes, Channel::Fetch, self.archive_options())?;
        Ok(observations
            .into_iter()
            .map(|observation| self.with_method(observation))
            .collect())
    }

    fn hand_off(
        &self,
        transaction: &TransactionNumber,
        started: &StartResponse,
    ) -> Result<HandOff> {
        let links = self.api.links();
        let url = match self.config.link {
            LinkStyle::Long => links.long(transaction, None)?,
            // IDnow returned the Ident-ID: an unusable one is not the caller's fault.
            LinkStyle::Short => links
                .short(started.id.as_str(), None)
                .map_err(|_| Error::malformed("the vendor returned an unusable Ident-ID"))?,
        };
        Ok(HandOff::Redirect(url))
    }

    /// Returns the observation of `id` in the answer of a call for a single result.
    fn read(
        &self,
        id: &VerificationId,
        body: &[u8],
        reply: &Answer,
        channel: Channel,
    ) -> Result<Observation> {
        let complete = |error| reply.complement(error);
        let payload = wire::read(body).map_err(complete)?;
        let identifications = &payload.identifications;
        // Another identification is passed on, too: the client distinguishes a mismatch from an
        // empty answer.
        let ours = identifications
            .iter()
            .find(|identification| normalize::subject(identification).is(id));
        let ours = ours.or(identifications.first());
        let ours =
            ours.ok_or_else(|| complete(Error::malformed("the response has no identification")))?;
        let observation =
            normalize::observation_beside(ours, channel, Inline::Report, &payload.others);
        Ok(self.with_method(observation).proven(reply.proof()))
    }

    /// Adds the method of the account's product if the result does not name one.
    fn with_method(&self, mut observation: Observation) -> Observation {
        if let ResultState::Inline(report) = &mut observation.result
            && report.method.is_none()
        {
            report.method = self.config.product.map(|product| match product {
                Product::Video => Method::Video,
                Product::Auto => Method::Auto,
            });
        }
        observation
    }
}

#[async_trait]
impl Provider for Idnow {
    fn describe(&self) -> &VendorInfo {
        &self.info
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<CreateResponse> {
        let transaction = TransactionNumber::try_from(&new.reference)?;
        let mut request = StartRequest::of(new)?;
        self.customize.prepare::<IdnowOptions>(new, &mut request)?;
        let started = self.api.start(cx, &transaction, &request).await?;
        let hand_off = self
            .hand_off(&transaction, &started)
            // The identification exists all the same.
            .map_err(|error| error.with_effect(Effect::Unknown))?;
        let at = cx.now();
        let mut created = CreateResponse::new(
            VerificationId::new(new.reference.clone(), Some(started.id)),
            hand_off,
            at,
        );
        // By the local clock: IDnow does not return the expiry.
        created.expires_at = at.checked_add(LIFETIME).ok();
        created.already_existed = started.already_existed;
        Ok(created)
    }

    fn capabilities(&self) -> Capabilities<'_> {
        Capabilities {
            polling: Some(self),
            results: Some(self),
            evidence: Some(self),
            listing: Some(self),
            // The application's reference is the vendor's key: it can be polled, and repeats a lost
            // creation.
            lookup: None,
            deletion: Some(self),
            callbacks: Some(self),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[async_trait]
impl Polling for Idnow {
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation> {
        let reply = self
            .api
            .ask(cx, &TransactionNumber::try_from(&id.reference)?)
            .await?;
        match answer::succeeded(reply.status, &reply.body) {
            Ok(()) => self.read(id, &reply.body, &reply, Channel::Poll),
            // The document has no state before the first result: until then IDnow does not know the
            // number.
            Err(error) if error.vendor_code() == Some(answer::OBJECT_NOT_FOUND) => {
                let mut observation =
                    Observation::claimed(Subject::from(id), Channel::Poll).proven(reply.proof());
                observation.status = Some(Status::AwaitingPerson);
                observation.code = Some(answer::OBJECT_NOT_FOUND.to_owned());
                Ok(observation)
            }
            Err(error) => Err(reply.complement(error)),
        }
    }
}

#[async_trait]
impl Results for Idnow {
    async fn fetch(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        _handle: Option<&ResultHandle>,
    ) -> Result<Observation> {
        let transaction = TransactionNumber::try_from(&id.reference)?;
        let reply = match self.config.result_format {
            ResultFormat::Json => self.api.identification(cx, &transaction).await?,
            ResultFormat::Xml => self.api.identification_as_xml(cx, &transaction).await?,
            ResultFormat::Zip => self.api.archive_file(cx, &transaction).await?,
        };
        if !archive::is_archive(&reply.body) {
            return self.read(id, &reply.body, &reply, Channel::Fetch);
        }
        let unpacked = archive::result(&reply.body, self.archive_options())
            .map_err(|error| reply.complement(error))?;
        self.read(id, &unpacked, &reply, Channel::Fetch)
    }
}

#[async_trait]
impl Listing for Idnow {
    async fn list(
        &self,
        cx: &CallContext,
        query: &ListQuery,
        cursor: Option<&str>,
    ) -> Result<Page> {
        let filters = filters(query)?;
        let page = match cursor {
            None => 0,
            Some(name) => filters
                .iter()
                .position(|filter| cursor_of(*filter) == name)
                .ok_or_else(|| Error::invalid("cursor", "the cursor belongs to another list"))?,
        };
        // None of the requested groups exists at IDnow.
        let Some(filter) = filters.get(page) else {
            return Ok(Page::default());
        };
        let reply = self.api.list(cx, *filter).await?;
        let payload = reply.read(wire::read)?;
        // Once for all observations: it is a digest of the whole list.
        let proof = reply.proof();
        let observations = payload
            .identifications
            .iter()
            .map(|identification| {
                normalize::observation(identification, Channel::List, Inline::Handle).proven(proof)
            })
            .collect();
        let next = filters
            .get(page + 1)
            .map(|filter| cursor_of(*filter).to_owned());
        Ok(Page::new(observations, payload.unreadable, next))
    }
}

#[async_trait]
impl Deletion for Idnow {
    async fn delete(&self, cx: &CallContext, id: &VerificationId) -> Result<DeleteOutcome> {
        match self
            .api
            .delete(cx, &TransactionNumber::try_from(&id.reference)?)
            .await
        {
            Ok(()) => Ok(DeleteOutcome::Data),
            // Any other 404 may come from a wrong URL and does not confirm the deletion.
            Err(error) if error.vendor_code() == Some(answer::OBJECT_NOT_FOUND) => {
                Ok(DeleteOutcome::AlreadyGone)
            }
            Err(error) => Err(error),
        }
    }
}

impl Callbacks for Idnow {
    fn auth(&self) -> &CallbackAuth {
        &self.auth
    }

    fn spec(&self) -> CallbackSpec {
        callback::SPEC
    }

    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        let mut received = callback::receive(&self.auth, self.config.sources(), delivery)?;
        received.observations = received
            .observations
            .into_iter()
            .map(|observation| self.with_method(observation))
            .collect();
        Ok(received)
    }
}

impl fmt::Debug for Idnow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idnow")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn info() -> VendorInfo {
    let mut info = VendorInfo::new(
        Idnow::ID,
        "IDnow",
        CreateSafety::Keyed,
        HandOffKind::Redirect,
        ReportSource::Poll,
    );
    info.document = "IDnow gateway API v1, version 2018-11-15";
    info.version = env!("CARGO_PKG_VERSION");
    info.report_fields = REPORT_FIELDS;
    info.accepts = ACCEPTS;
    info.lifetime = Some(LIFETIME);
    info
}

/// Returns the lists to query, each once and in the requested order; all lists if none is
/// requested.
fn filters(query: &ListQuery) -> Result<Vec<Filter>> {
    if query.filters.is_empty() {
        return Ok(Filter::ALL.to_vec());
    }
    let mut filters = Vec::new();
    for group in &query.filters {
        let filter = match group {
            ListFilter::Finished => Filter::Finished,
            ListFilter::InReview => Filter::Pending,
            ListFilter::Canceled => Filter::Canceled,
            ListFilter::Aborted => Filter::Aborted,
            _ => {
                return Err(Error::invalid(
                    "groups",
                    "expected finished, in review, canceled or aborted identifications, \
                     which IDnow lists",
                ));
            }
        };
        if !filters.contains(&filter) {
            filters.push(filter);
        }
    }
    Ok(filters)
}

/// Returns the name of a list in a cursor.
const fn cursor_of(filter: Filter) -> &'static str {
    match filter {
        Filter::Finished => "finished",
        Filter::Pending => "pending",
        Filter::Canceled => "canceled",
        Filter::Aborted => "aborted",
    }
}
