//! Identity.TM's part of the sandbox.

use async_trait::async_trait;
use idv::call::CallPolicy;
use idv::identity_tm::{IdentityTmConfig, Images};
use idv::{Client, Environment, Error, Result, Secret, Url, VerificationId};
use idv_sandbox::{Sandbox, SandboxError, Step};

use super::stage::{Forged, Stage, refused};
use super::story::{Expected, Scenario};

/// A suspicion of fraud before and after a success.
pub(crate) const OWN: &[Scenario] =
    &[Scenario::new("suspicion-then-success", Expected::Disputed), Scenario::new("success-then-suspicion", Expected::Disputed)];

pub(crate) struct IdentityTm<'a>(&'a Sandbox);

impl<'a> IdentityTm<'a> {
    pub(crate) const fn new(sandbox: &'a Sandbox) -> Self {
        Self(sandbox)
    }
}

#[async_trait(?Send)]
impl Stage for IdentityTm<'_> {
    fn provider(&self) -> &'static str {
        "identity-tm"
    }

    fn connect(&self, secret: Secret, environment: Environment) -> Result<Client> {
        let vendor = self.0.identity_tm();
        let mut config = IdentityTmConfig::new(vendor.user(), Secret::from(vendor.password()));
        config.base_url = Some(vendor.base_url().parse().map_err(|_| Error::config("the sandbox's address is none"))?);
        config.callback_secret = secret.into();
        // With images inside, a result has no place for what had been submitted, and nothing shows what changed.
        config.images = Images::Separate;
        // A suspicion after the end is told by this webhook alone, if the account is configured for its codes.
        config.webhooks.on_status_change = true;
        vendor.configure(|account| account.status_change_kinds = vec![89]).map_err(refused)?;
        Ok(Client::new(idv::identity_tm::IdentityTm::new(config)?, environment, CallPolicy::default()))
    }

    async fn report_to(&self, _: &Client, _: &Url) -> Result<()> {
        // Each order brings the address of its own callbacks.
        Ok(())
    }

    fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        let order = id.vendor_id.as_ref().map_or("", idv::VendorId::as_str);
        self.0.identity_tm().act(order, scenario)
    }

    fn own(&self) -> &'static [Scenario] {
        OWN
    }

    fn forgery(&self, url: &Url, id: &VerificationId) -> Forged {
        let mut url = url.clone();
        url.query_pairs_mut()
            .append_pair("event", "OnStatusChange")
            .append_pair("orderId", id.vendor_id.as_ref().map_or("", idv::VendorId::as_str))
            .append_pair("ref", id.reference.as_str())
            .append_pair("statusCode", "6")
            .append_pair("token", "guessed");
        Forged::Visit(url)
    }
}
