//! IDnow's part of the sandbox.

use async_trait::async_trait;
use idv::call::CallPolicy;
use idv::idnow::{DataCentre, IdnowConfig};
use idv::{Client, Environment, Error, Result, Secret, Url, VerificationId};
use idv_sandbox::{Sandbox, SandboxError, Step};
use serde_json::json;

use super::stage::{Forged, Stage, proven, refused};

pub(crate) struct Idnow<'a>(&'a Sandbox);

impl<'a> Idnow<'a> {
    pub(crate) const fn new(sandbox: &'a Sandbox) -> Self {
        Self(sandbox)
    }
}

#[async_trait(?Send)]
impl Stage for Idnow<'_> {
    fn provider(&self) -> &'static str {
        "idnow"
    }

    fn connect(&self, secret: Secret, environment: Environment) -> Result<Client> {
        let vendor = self.0.idnow();
        let url: Url = vendor.base_url().parse().map_err(|_| Error::config("the sandbox's address is none"))?;
        let mut config = IdnowConfig::new(vendor.company_id(), Secret::from(vendor.api_key()), DataCentre::Test);
        config.gateway_url = Some(url.clone());
        config.go_url = Some(url);
        config.callback_secret = secret.into();
        Ok(Client::new(idv::idnow::Idnow::new(config)?, environment, CallPolicy::default()))
    }

    async fn report_to(&self, client: &Client, url: &Url) -> Result<()> {
        let url = proven(client, url).to_string();
        self.0.idnow().configure(|account| account.callback_url = Some(url)).map_err(refused)
    }

    fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        self.0.idnow().act(id.reference.as_str(), scenario)
    }

    fn forgery(&self, _: &Url, id: &VerificationId) -> Forged {
        let body = json!({
            "identificationprocess": {
                "result": "SUCCESS",
                "companyid": self.0.idnow().company_id(),
                "transactionnumber": id.reference,
                "id": id.vendor_id,
                "identificationtime": "2026-01-01T00:00:00Z",
            },
            "userdata": { "lastname": { "status": "MATCH", "value": "IMPOSTOR" } },
        });
        Forged::Body(body.to_string())
    }
}
