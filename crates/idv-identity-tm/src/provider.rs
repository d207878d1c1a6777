//! The [`Provider`] implementation.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use idv_core::adapter::Customize;
use idv_core::call::{Answer, CallContext};
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Callbacks, Capabilities, Channel, CreateResponse,
    CreateSafety, DeleteOutcome, Deletion, Delivery, Effect, Error, ErrorKind, HandOff,
    HandOffKind, Lookup, NewVerification, Observation, Polling, Provider, ProviderId, Reference,
    Report, ReportSource, Result, ResultHandle, ResultState, Results, Secret, Text, Trust,
    VendorInfo, VerificationId, async_trait,
};

use crate::api::order::{Order, PutOrderResponse};
use crate::api::{Api, IdentDataVariants, OrderId, StatusVariants};
use crate::config::{IdentityTmConfig, Images, Link};
use crate::create::{self, ACCEPTS, NAMES};
use crate::evidence::{self, Available, VIDEO_PROVIDED};
use crate::normalize::{self, Course, Flow, REPORT_FIELDS};
use crate::options::IdentityTmOptions;
use crate::{callback, wire};

/// The Identity.TM provider.
///
/// ```
/// use idv_core::{Client, call::CallPolicy};
/// use idv_identity_tm::{IdentityTm, IdentityTmConfig};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # let clock = ManualClock::new(idv_core::Timestamp::UNIX_EPOCH);
/// # let environment = environment(&ScriptedTransport::new(), &clock);
///
/// let config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
/// let client = Client::new(IdentityTm::new(config)?, environment, CallPolicy::default());
/// # Ok::<(), idv_core::Error>(())
/// ```
pub struct IdentityTm {
    api: Api,
    auth: CallbackAuth,
    info: VendorInfo,
    config: IdentityTmConfig,
    customize: Customize<Order>,
}

impl IdentityTm {
    /// The provider's id.
    pub const ID: ProviderId = normalize::PROVIDER;

    /// Creates the provider from a configuration, without sending anything.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::{IdentityTm, IdentityTmConfig};
    ///
    /// let mut config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    /// config.max_embedded_bytes = 0;
    /// let error = IdentityTm::new(config).expect_err("no response would be read");
    /// assert_eq!(error.kind(), &ErrorKind::Config);
    /// assert!(error.to_string().contains("max_embedded_bytes"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), naming the key and the accepted values;
    /// [`Unsupported`](ErrorKind::Unsupported) if responses are to be encrypted and the feature
    /// `crypt` is disabled.
    pub fn new(config: IdentityTmConfig) -> Result<Self> {
        Ok(Self {
            api: Api::new(&config)?,
            auth: config.auth()?,
            info: info(&config),
            config,
            customize: Customize::default(),
        })
    }

    /// Sets a function that modifies each request before the adapter checks and sends it.
    ///
    /// It replaces an earlier function.
    ///
    /// Use it for parts of the request that neither the model nor
    /// [`IdentityTmOptions`](crate::IdentityTmOptions) covers. The configuration determines an
    /// order's final codes, so `create` fails, naming `Product` or `Add`, if the function changes
    /// them to another kind of order.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(202, r#"{"OrderID":"99921269855041","TargetURL":
    /// #     "https://www.identity.tm/status/37C4B60A72A1C6C74FC038282CED500B"}"#);
    /// # let client = account::client(&server);
    /// use idv_core::NewVerification;
    /// use idv_identity_tm::IdentityTm;
    ///
    /// let vendor = client.vendor::<IdentityTm>().expect("the client of this vendor");
    /// vendor.customize(|_new, order| {
    ///     order.video_hashes = true;
    ///     Ok(())
    /// });
    /// let new = NewVerification::builder(client.reference())
    ///     .given_names("Erika")
    ///     .family_name("Mustermann")
    ///     .country("DE")
    ///     .email("e.mustermann@example.com")
    ///     .build()?;
    /// client.create(&new).await?;
    /// assert!(server.body().contains(r#""getVideoHashes":true"#));
    /// # Ok(())
    /// # });
    /// ```
    pub fn customize(
        &self,
        function: impl Fn(&NewVerification, &mut Order) -> Result<()> + Send + Sync + 'static,
    ) {
        self.customize.set(function);
    }

    /// Returns the vendor's own API, for calls beyond the model.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(200);
    /// use idv_identity_tm::{IdentityTm, IdentityTmConfig};
    ///
    /// let config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    /// let provider = IdentityTm::new(config)?;
    /// assert!(provider.api().server_status(&cx).await?);
    /// assert_eq!(server.line(), "GET serverStatus");
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    pub(crate) const fn config(&self) -> &IdentityTmConfig {
        &self.config
    }

    /// Returns the query parameter that authenticates an order's callbacks, and its value.
    pub(crate) fn secret_of(&self, reference: &str) -> Option<(String, Secret)> {
        self.auth
            .parameter_for(reference)
            .map(|(name, secret)| (name.to_owned(), secret))
    }

    fn order(&self, new: &NewVerification) -> Result<Order> {
        let secret = self.secret_of(new.reference.as_str());
        let mut order = create::order(
            new,
            &self.config,
            secret
                .as_ref()
                .map(|(name, secret)| (name.as_str(), secret)),
        )?;
        self.customize
            .prepare::<IdentityTmOptions>(new, &mut order)?;
        if self.customize.is_set() {
            self.check_flow(&order)?;
        }
        order
            .check()
            .map_err(|error| error.with_field_named(NAMES))?;
        Ok(order)
    }

    /// Refuses an order whose final codes would differ from the configuration's.
    fn check_flow(&self, order: &Order) -> Result<()> {
        if Flow::of_order(order.product, order.behaviors) == self.config.flow() {
            return Ok(());
        }
        let field = if order.product.number() == self.config.product {
            "Add"
        } else {
            "Product"
        };
        Err(Error::invalid(
            field,
            "the order is of another kind than the configured one: set `product` and \
             `behaviors` in the configuration",
        ))
    }

    /// Resolves a lost response: looks for the order under the reference.
    ///
    /// An order that is found has no link any more. The vendor sends the person an e-mail with one,
    /// as for every order.
    async fn settle(
        &self,
        cx: &CallContext,
        reference: &Reference,
        lost: Error,
    ) -> Result<CreateResponse> {
        let found = match self.api.orders_by_ref(cx, reference).await {
            Ok(found) => found,
            Err(error) if error.kind() == &ErrorKind::NotFound => Vec::new(),
            // The lookup failed, so the effect remains unknown.
            Err(_) => return Err(lost),
        };
        match found.as_slice() {
            [order] => {
                let id = VerificationId::new(reference.clone(), Some(order.clone().into()));
                let mut created = CreateResponse::new(id, HandOff::VendorContactsPerson, cx.now());
                created.already_existed = true;
                Ok(created)
            }
            // The order may still be on its way; a later lookup may find it.
            [] => Err(lost),
            _ => Err(Error::new(ErrorKind::Conflict)
                .detail(
                    "the vendor has several orders under this reference: look them up and cancel \
                    the unwanted ones",
                )
                .with_effect(Effect::Unknown)),
        }
    }

    fn hand_off(&self, created: &PutOrderResponse) -> HandOff {
        let link = match self.config.link {
            Link::Target => created.target_url.as_ref(),
            Link::Deep => created
                .deep_link_url
                .as_ref()
                .or(created.target_url.as_ref()),
            Link::AutoIdent => created.auto_id_url.as_ref().or(created.target_url.as_ref()),
            Link::Email => None,
        };
        // Without a link the vendor informs the person by e-mail (chapter 3.1.4, `getTargetLink`).
        link.cloned()
            .map_or(HandOff::VendorContactsPerson, HandOff::Redirect)
    }

    /// Returns whether a 404 can be trusted: a server at a wrong URL knows no orders.
    async fn is_the_vendor(&self, cx: &CallContext) -> bool {
        self.api.server_status(cx).await.unwrap_or(false)
    }
}

#[async_trait]
impl Provider for IdentityTm {
    fn describe(&self) -> &VendorInfo {
        &self.info
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<CreateResponse> {
        let order = self.order(new)?;
        let created = match self.api.put_order(cx, &order).await {
            Ok(created) => created,
            Err(error) if error.effect() == Effect::Unknown => {
                return self.settle(cx, &new.reference, error).await;
            }
            Err(error) => return Err(error),
        };
        let hand_off = self.hand_off(&created);
        Ok(CreateResponse::new(
            VerificationId::new(new.reference.clone(), Some(created.order_id.into())),
            hand_off,
            cx.now(),
        ))
    }

    fn capabilities(&self) -> Capabilities<'_> {
        Capabilities {
            polling: Some(self),
            results: Some(self),
            evidence: Some(self),
            // The API can only query one order at a time.
            listing: None,
            lookup: Some(self),
            deletion: Some(self),
            callbacks: Some(self),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[async_trait]
impl Polling for IdentityTm {
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation> {
        let order = OrderId::try_from(id)?;
        // A signing order ends with an extended code, and the sub-codes are the reasons.
        let retrieved = self.api.status(cx, &order, StatusVariants::ALL).await?;
        let list = retrieved.read(wire::StatusList::read)?;
        let course = Course::of(&list, self.config.flow());
        let mut observation = course.observation(Channel::Poll).proven(retrieved.proof());
        observation.result = course.polled(order.as_str());
        Ok(observation)
    }
}

#[async_trait]
impl Results for IdentityTm {
    /// Fetches the history and, if the vendor has any, the person's data, and judges the order by
    /// both.
    async fn fetch(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        handle: Option<&ResultHandle>,
    ) -> Result<Observation> {
        let order = OrderId::try_from(id)?;
        let history = self.api.status(cx, &order, StatusVariants::ALL).await?;
        let list = history.read(wire::StatusList::read)?;
        let course = Course::of(&list, self.config.flow());
        let mut observation = course.observation(Channel::Fetch).proven(history.proof());
        let mut report = Box::new(Report::new(normalize::PROVIDER));
        // The vendor decides about an open order, which may have ended with an unknown code.
        let has_data = course.has_data() || !course.is_over();
        if has_data {
            match self.ident_data(cx, &order).await.and_then(|retrieved| {
                let report = retrieved.report(self.config.flow(), course.is_identified())?;
                Ok((report, retrieved.data.proof()))
            }) {
                Ok((fetched, proof)) => {
                    (report, observation.trust) = (fetched, Trust::Proven(proof));
                    normalize::judge(&mut observation, &report, normalize::AGAINST);
                    self.list_images(cx, &order, &mut report).await?;
                }
                Err(error) if course.can_be_without_data() && is_missing(&error) => {
                    evidence::note(&mut report, "getIdentData", error)?;
                }
                Err(error) => return Err(error),
            }
        }
        course.explain(&mut report);
        let video_provided = handle.is_some_and(|handle| handle.as_str() == VIDEO_PROVIDED);
        let available = Available {
            data: has_data,
            signed: course.is_signed(),
            video_provided,
        };
        self.list_evidence(cx, &order, available, &mut report)
            .await?;
        observation.result = ResultState::Inline(report);
        Ok(observation)
    }
}

/// The responses that make up a result.
struct RetrievedResult {
    data: Answer,
    /// The same data with the method of identification, and with the agent, if the vendor does not
    /// combine the variants.
    method: Option<Answer>,
    agent: Option<Answer>,
}

impl RetrievedResult {
    /// Builds the report. If the person `is_identified`, submitted values alone are not a result.
    fn report(&self, flow: Flow, is_identified: bool) -> Result<Box<Report>> {
        let mut result = self.data.read(wire::IdentResult::read)?;
        if is_identified && !result.names_a_checked_person() {
            let detail = "the result has only submitted values, although the person was identified: fetch \
                it again later";
            return Err(self.data.complement(Error::malformed(detail)));
        }
        let read = |retrieved: &Option<Answer>,
                    part: fn(wire::IdentResult<'_>) -> Option<Text<'_>>| {
            let text = part(retrieved.as_ref()?.read(wire::IdentResult::read).ok()?)?;
            Some(Text::new(text.expose().to_owned()))
        };
        result.identify_method = result
            .identify_method
            .or_else(|| read(&self.method, |result| result.identify_method));
        result.identifier = result
            .identifier
            .or_else(|| read(&self.agent, |result| result.identifier));
        Ok(normalize::report_of(&result, flow))
    }
}

impl IdentityTm {
    /// Requests the result with all variants. If the vendor refuses the combination, which the
    /// document does not define, requests one variant at a time (chapter 3.3.3).
    async fn ident_data(&self, cx: &CallContext, order: &OrderId) -> Result<RetrievedResult> {
        let identifier = self.config.include_identifier;
        let all = IdentDataVariants {
            initial_data: true,
            identify_method: true,
            identifier,
            signed: false,
        };
        let refused = match self.api.ident_data(cx, order, all).await {
            Ok(data) => {
                return Ok(RetrievedResult {
                    data,
                    method: None,
                    agent: None,
                });
            }
            Err(error) if evidence::is_absent(&error) => error,
            Err(error) => return Err(error),
        };
        let none = IdentDataVariants::default();
        let initial_data = IdentDataVariants {
            initial_data: true,
            ..none
        };
        let Ok(data) = self.api.ident_data(cx, order, initial_data).await else {
            return Err(refused);
        };
        let method = self
            .api
            .ident_data(
                cx,
                order,
                IdentDataVariants {
                    identify_method: true,
                    ..none
                },
            )
            .await
            .ok();
        let agent = match identifier {
            true => self
                .api
                .ident_data(cx, order, IdentDataVariants { identifier, ..none })
                .await
                .ok(),
            false => None,
        };
        Ok(RetrievedResult {
            data,
            method,
            agent,
        })
    }

    /// Lists the images that are separate from the result.
    async fn list_images(
        &self,
        cx: &CallContext,
        order: &OrderId,
        report: &mut Report,
    ) -> Result<()> {
        if self.config.images != Images::Separate {
            return Ok(());
        }
        let images = self.api.images(cx, order).await.and_then(|answer| {
            let images = answer.read(wire::Images::read)?;
            Ok(normalize::images(&images.images))
        });
        match images {
            Ok(images) => report.evidence.extend(images),
            Err(error) => evidence::note(report, "getImages", error)?,
        }
        Ok(())
    }
}

/// Returns whether the vendor has no data of a person: it refuses the call, or returns a result
/// without a name.
fn is_missing(error: &Error) -> bool {
    evidence::is_absent(error) || error.kind() == &ErrorKind::Malformed
}

#[async_trait]
impl Lookup for IdentityTm {
    async fn find(&self, cx: &CallContext, reference: &Reference) -> Result<Vec<VerificationId>> {
        match self.api.orders_by_ref(cx, reference).await {
            Ok(found) => Ok(found
                .into_iter()
                .map(|order| VerificationId::new(reference.clone(), Some(order.into())))
                .collect()),
            Err(error) if error.kind() == &ErrorKind::NotFound && self.is_the_vendor(cx).await => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Deletion for IdentityTm {
    /// Deletes the data of a finished order, and cancels an open one: the vendor only deletes
    /// finished orders (chapter 3.12).
    async fn delete(&self, cx: &CallContext, id: &VerificationId) -> Result<DeleteOutcome> {
        let order = OrderId::try_from(id)?;
        // One repetition: an order that ended between the two calls can then be deleted.
        for _ in 0..2 {
            match self.api.delete(cx, &order).await {
                Ok(()) => return Ok(DeleteOutcome::Data),
                Err(error)
                    if error.kind() == &ErrorKind::NotFound && self.is_the_vendor(cx).await =>
                {
                    return Ok(DeleteOutcome::AlreadyGone);
                }
                Err(error) if error.http_status() == Some(406) => {}
                Err(error) => return Err(error),
            }
            match self.api.cancel(cx, &order).await {
                Ok(()) => return Ok(DeleteOutcome::CanceledOnly),
                Err(error) if error.http_status() == Some(406) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Conflict).detail(
            "the vendor neither deletes the order's data nor cancels the order: try again later",
        ))
    }
}

impl Callbacks for IdentityTm {
    fn auth(&self) -> &CallbackAuth {
        &self.auth
    }

    fn spec(&self) -> CallbackSpec {
        callback::SPEC
    }

    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        callback::receive(
            &self.auth,
            self.config.check_source,
            self.config.flow(),
            delivery,
        )
    }
}

impl fmt::Debug for IdentityTm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityTm")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn info(config: &IdentityTmConfig) -> VendorInfo {
    let mut info = VendorInfo::new(
        IdentityTm::ID,
        "Identity.TM",
        CreateSafety::Findable,
        HandOffKind::Redirect,
        ReportSource::Fetch,
    );
    info.document = "Identity.TM Web Services, API Reference, version 2.10aa";
    info.version = env!("CARGO_PKG_VERSION");
    info.report_fields = REPORT_FIELDS;
    info.accepts = ACCEPTS;
    info.requires = create::requires(config);
    // The vendor's time-out is configured per account (chapter 4.1), and the vendor reports it as a
    // status.
    info.lifetime = None;
    info.poll_interval = Duration::from_secs(60);
    info
}
