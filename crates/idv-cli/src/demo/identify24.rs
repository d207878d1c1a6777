//! Identify24's part of the sandbox.

use async_trait::async_trait;
use idv::call::CallPolicy;
use idv::identify24::{Identify24 as Provider, Identify24Config};
use idv::{Client, Environment, Error, Outcome, Result, Secret, Url, VerificationId};
use idv_sandbox::{Sandbox, SandboxError, Step};
use serde_json::json;

use super::stage::{Forged, Stage, proven, refused};
use super::story::Expected;

/// What the words of the sandbox's account mean. The vendor's document shows one alone, so each account is taught its own.
pub(crate) const WORDS: &str = "Aborted = awaiting_person, InReview = in_review, FraudSuspected = in_review, Identified = verified, \
    Rejected = rejected, Canceled = canceled, Expired = expired";

pub(crate) struct Identify24<'a>(&'a Sandbox);

impl<'a> Identify24<'a> {
    pub(crate) const fn new(sandbox: &'a Sandbox) -> Self {
        Self(sandbox)
    }
}

#[async_trait(?Send)]
impl Stage for Identify24<'_> {
    fn provider(&self) -> &'static str {
        "identify24"
    }

    fn connect(&self, secret: Secret, environment: Environment) -> Result<Client> {
        let vendor = self.0.identify24();
        let project = vendor.project_id().parse().map_err(|_| Error::config("the sandbox's project is none"))?;
        let mut config = Identify24Config::new(vendor.partner(), Secret::from(vendor.api_key()), project);
        config.base_url = Some(vendor.base_url().parse().map_err(|_| Error::config("the sandbox's address is none"))?);
        config.callback_secret = secret.into();
        config.statuses = serde_json::from_value(WORDS.into()).map_err(|error| Error::config(error.to_string()))?;
        Ok(Client::new(Provider::new(config)?, environment, CallPolicy::default()))
    }

    async fn report_to(&self, client: &Client, url: &Url) -> Result<()> {
        let url = proven(client, url).to_string();
        self.0.identify24().configure(|account| account.callback_url = Some(url)).map_err(refused)
    }

    fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        self.0.identify24().act(id.vendor_id.as_ref().map_or("", idv::VendorId::as_str), scenario)
    }

    fn comes_out(&self, scenario: &str) -> Option<Expected> {
        // What the person corrects is reported; that it differs from what was submitted is not.
        (scenario == "data-changed").then_some(Expected::Settled(Outcome::Verified))
    }

    fn forgery(&self, _: &Url, id: &VerificationId) -> Forged {
        let body = json!({ "ident_id": id.vendor_id, "custom_id": id.reference, "status_id": "5", "status": "Identified" });
        Forged::Body(body.to_string())
    }
}
