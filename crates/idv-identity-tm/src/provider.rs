//! The vendor as the model sees it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use idv_core::call::CallContext;
use idv_core::{
    Callbacks, Channel, CreateSafety, Created, Deleted, Deletion, Delivery, Effect, Error, ErrorKind, EvidenceSource, Guard,
    HandOff, HandOffKind, Intake, Listing, Lookup, NewVerification, Observation, Polling, Profile, Provider, ProviderId,
    Received, Reference, ReportSource, Result, ResultHandle, ResultState, Results, Secret, Subject, VerificationId, async_trait,
};

use crate::api::order::{Order, OrderCreated};
use crate::api::{Api, IdentDataVariants, OrderId, StatusVariants};
use crate::config::{IdentityTmConfig, Images, Link};
use crate::create::{self, ACCEPTS, NAMES};
use crate::evidence::{self, VIDEO_PROVIDED};
use crate::normalize::{self, REPORT_FIELDS};
use crate::{callback, wire};

/// Changes an order before it is sent: see [`IdentityTm::preparing_orders`].
type Prepare = Arc<dyn Fn(&NewVerification, &mut Order) -> Result<()> + Send + Sync>;

/// Identity.TM as a provider.
///
/// ```
/// use idv_core::{Client, call::CallPolicy};
/// use idv_identity_tm::{IdentityTm, IdentityTmConfig};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # let environment = environment(&ScriptedTransport::new(), &ManualClock::new(idv_core::Timestamp::UNIX_EPOCH));
///
/// let config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
/// let client = Client::new(IdentityTm::new(config)?, environment, CallPolicy::default());
/// # Ok::<(), idv_core::Error>(())
/// ```
pub struct IdentityTm {
    api: Api,
    guard: Guard,
    profile: Profile,
    config: IdentityTmConfig,
    prepare: Option<Prepare>,
}

impl IdentityTm {
    /// The provider's id.
    pub const ID: ProviderId = normalize::PROVIDER;

    /// The provider as it is configured. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), which names the key and says what to do; [`Unsupported`](ErrorKind::Unsupported) where answers
    /// are to be encrypted and the feature `crypt` is not compiled in.
    pub fn new(config: IdentityTmConfig) -> Result<Self> {
        Ok(Self { api: Api::new(&config)?, guard: config.guard()?, profile: profile(), config, prepare: None })
    }

    /// The same, with `prepare` changing each order before it is checked and sent: for what the model has no place for, such as the
    /// documents that are to be signed.
    ///
    /// ```
    /// use idv_identity_tm::{IdentityTm, IdentityTmConfig};
    ///
    /// let config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    /// let provider = IdentityTm::new(config)?.preparing_orders(|_, order| {
    ///     order.customer_route_tag = Some("branch-12".to_owned());
    ///     Ok(())
    /// });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn preparing_orders(
        mut self,
        prepare: impl Fn(&NewVerification, &mut Order) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.prepare = Some(Arc::new(prepare));
        self
    }

    /// The vendor's own API, for what the model has no place for.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    pub(crate) const fn config(&self) -> &IdentityTmConfig {
        &self.config
    }

    /// The parameter of an order's callback address that proves callbacks, and its value.
    pub(crate) fn secret_of(&self, reference: &str) -> Option<(String, Secret)> {
        self.guard.parameter_for(reference).map(|(name, secret)| (name.to_owned(), secret))
    }

    fn order(&self, new: &NewVerification) -> Result<Order> {
        let secret = self.secret_of(new.reference.as_str());
        let mut order = create::order(new, &self.config, secret.as_ref().map(|(name, secret)| (name.as_str(), secret)))?;
        if let Some(prepare) = &self.prepare {
            prepare(new, &mut order)?;
        }
        order.check().map_err(|error| error.with_field_named(NAMES))?;
        Ok(order)
    }

    /// What a lost answer amounts to: the order, if the vendor has one under the reference.
    ///
    /// An order that is found so has no link any more. The vendor writes the person an e-mail with one, as for every order.
    async fn settle(&self, cx: &CallContext, reference: &Reference, lost: Error) -> Result<Created> {
        let found = match self.api.orders_by_ref(cx, reference).await {
            Ok(found) => found,
            Err(error) if error.kind() == &ErrorKind::NotFound => Vec::new(),
            // Nobody knows still.
            Err(_) => return Err(lost),
        };
        match found.as_slice() {
            [order] => {
                let id = VerificationId::new(reference.clone(), Some(order.clone().into()));
                let mut created = Created::new(id, HandOff::VendorContactsPerson, cx.now());
                created.existed = true;
                Ok(created)
            }
            // It may be on its way yet: whoever looks again later knows more.
            [] => Err(lost),
            _ => Err(Error::new(ErrorKind::Conflict)
                .detail("the vendor has several orders under this reference: find them, and cancel those that are not wanted")
                .with_effect(Effect::Unknown)),
        }
    }

    fn hand_off(&self, created: &OrderCreated) -> HandOff {
        let link = match self.config.link {
            Link::Target => created.target_url.as_ref(),
            Link::Deep => created.deep_link_url.as_ref().or(created.target_url.as_ref()),
            Link::AutoIdent => created.auto_id_url.as_ref().or(created.target_url.as_ref()),
            Link::Email => None,
        };
        // Without a link the vendor informs the person by e-mail (chapter 3.1.4, `getTargetLink`).
        link.cloned().map_or(HandOff::VendorContactsPerson, HandOff::Visit)
    }

    /// Whether a 404 can be believed: whoever answers at the wrong address knows nothing of orders.
    async fn is_the_vendor(&self, cx: &CallContext) -> bool {
        self.api.server_status(cx).await.unwrap_or(false)
    }
}

#[async_trait]
impl Provider for IdentityTm {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<Created> {
        let order = self.order(new)?;
        let created = match self.api.put_order(cx, &order).await {
            Ok(created) => created,
            Err(error) if error.effect() == Effect::Unknown => return self.settle(cx, &new.reference, error).await,
            Err(error) => return Err(error),
        };
        let hand_off = self.hand_off(&created);
        Ok(Created::new(VerificationId::new(new.reference.clone(), Some(created.order_id.into())), hand_off, cx.now()))
    }

    fn polling(&self) -> Option<&dyn Polling> {
        Some(self)
    }

    fn results(&self) -> Option<&dyn Results> {
        Some(self)
    }

    fn evidence(&self) -> Option<&dyn EvidenceSource> {
        Some(self)
    }

    fn listing(&self) -> Option<&dyn Listing> {
        // The API asks about one order at a time.
        None
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }

    fn deletion(&self) -> Option<&dyn Deletion> {
        Some(self)
    }

    fn callbacks(&self) -> Option<&dyn Callbacks> {
        Some(self)
    }
}

#[async_trait]
impl Polling for IdentityTm {
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation> {
        let order = OrderId::try_from(id)?;
        // An order for a signature ends with an extended code, and the sub-codes are the reasons.
        let retrieved = self.api.status(cx, &order, StatusVariants::ALL).await?;
        let list = retrieved.read(wire::StatusList::read)?;
        Ok(normalize::status(&list, self.config.flow(), Channel::Poll).proven(retrieved.answer().proof()))
    }
}

#[async_trait]
impl Results for IdentityTm {
    async fn fetch(&self, cx: &CallContext, id: &VerificationId, handle: Option<&ResultHandle>) -> Result<Observation> {
        let order = OrderId::try_from(id)?;
        let variants = IdentDataVariants {
            initial_data: true,
            identify_method: true,
            identifier: self.config.include_identifier,
            signed: false,
        };
        let retrieved = self.api.ident_data(cx, &order, variants).await?;
        let result = retrieved.read(wire::IdentResult::read)?;
        // A result does not say whose it is: it is the answer to a question about this order.
        let mut observation = normalize::result(&result, Channel::Fetch).proven(retrieved.answer().proof());
        observation.subject = Subject::from(id);
        if let ResultState::Inline(report) = &mut observation.result {
            report.reference = Some(id.reference.as_str().to_owned());
            report.vendor_id.clone_from(&id.vendor_id);
            if self.config.images == Images::Separate {
                let answer = self.api.images(cx, &order).await?;
                report.evidence.extend(normalize::images(&answer.read(wire::Images::read)?.images));
            }
            if result.fraud_attempt == Some(true) {
                // Why stands in the history alone.
                let history = self.api.status(cx, &order, StatusVariants::ALL).await?;
                normalize::explain(report, &history.read(wire::StatusList::read)?, self.config.flow());
            }
            let video_provided = handle.is_some_and(|handle| handle.as_str() == VIDEO_PROVIDED);
            report.evidence.extend(evidence::recorded(self.config.recordings, video_provided));
        }
        Ok(observation)
    }
}

#[async_trait]
impl Lookup for IdentityTm {
    async fn find(&self, cx: &CallContext, reference: &Reference) -> Result<Vec<VerificationId>> {
        match self.api.orders_by_ref(cx, reference).await {
            Ok(found) => Ok(found.into_iter().map(|order| VerificationId::new(reference.clone(), Some(order.into()))).collect()),
            Err(error) if error.kind() == &ErrorKind::NotFound && self.is_the_vendor(cx).await => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Deletion for IdentityTm {
    /// Deletes the data of an order that is over, and calls an open one off: the vendor deletes only the former (chapter 3.12).
    async fn delete(&self, cx: &CallContext, id: &VerificationId) -> Result<Deleted> {
        let order = OrderId::try_from(id)?;
        // At most once more: an order that came to its end between the two calls can be deleted then.
        for _ in 0..2 {
            match self.api.delete(cx, &order).await {
                Ok(()) => return Ok(Deleted::Data),
                Err(error) if error.kind() == &ErrorKind::NotFound && self.is_the_vendor(cx).await => {
                    return Ok(Deleted::AlreadyGone);
                }
                Err(error) if error.http_status() == Some(406) => {}
                Err(error) => return Err(error),
            }
            match self.api.cancel(cx, &order).await {
                Ok(()) => return Ok(Deleted::CanceledOnly),
                Err(error) if error.http_status() == Some(406) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Conflict)
            .detail("the vendor neither deletes the order's data nor calls it off: try again later"))
    }
}

impl Callbacks for IdentityTm {
    fn guard(&self) -> &Guard {
        &self.guard
    }

    fn intake(&self) -> Intake {
        callback::INTAKE
    }

    fn receive(&self, delivery: &Delivery) -> Result<Received> {
        callback::receive(&self.guard, self.config.check_source, self.config.flow(), delivery)
    }
}

impl fmt::Debug for IdentityTm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityTm").field("config", &self.config).finish_non_exhaustive()
    }
}

fn profile() -> Profile {
    let mut profile =
        Profile::new(IdentityTm::ID, "Identity.TM", CreateSafety::Findable, HandOffKind::Visit, ReportSource::Fetch);
    profile.document = "Identity.TM Web Services, API Reference, version 2.10aa";
    profile.report_fields = REPORT_FIELDS;
    profile.accepts = ACCEPTS;
    // The vendor's time-out is set by account (chapter 4.1), and the vendor reports it as a status.
    profile.lifetime = None;
    profile.poll_interval = Duration::from_secs(60);
    profile
}
