//! IDnow.

use http::{HeaderMap, Method};
use idv::call::CallPolicy;
use idv::idnow::{DataCentre, IdnowConfig};
use idv::{Client, Delivery, Environment, Url, VerificationId};
use idv_sandbox::{Sandbox, SandboxError, Step};

use super::{Stage, Vendor};

pub struct Idnow;

#[async_trait::async_trait]
impl Vendor for Idnow {
    const CREATE: &'static str = "/start";
    const POLL: &'static str = "/identifications/";

    fn client(sandbox: &Sandbox, environment: Environment) -> Client {
        let vendor = sandbox.idnow();
        let url: Url = vendor.base_url().parse().unwrap();
        let mut config = IdnowConfig::new(vendor.company_id(), vendor.api_key().into(), DataCentre::Test);
        config.gateway_url = Some(url.clone());
        config.go_url = Some(url);
        config.callback_secret = "a secret of sixteen characters".into();
        Client::new(idv::idnow::Idnow::new(config).unwrap(), environment, CallPolicy::default())
    }

    async fn report_to(sandbox: &Sandbox, client: &Client, url: &Url) {
        let url = super::proven(client, url).to_string();
        sandbox.idnow().configure(|account| account.callback_url = Some(url)).unwrap();
    }

    fn act(sandbox: &Sandbox, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        sandbox.idnow().act(id.reference.as_str(), scenario)
    }

    fn forgery(url: &Url, id: &VerificationId) -> Delivery {
        let body = serde_json::json!({
            "identificationprocess": { "result": "SUCCESS", "transactionnumber": id.reference, "id": id.vendor_id },
        });
        Delivery::callback(Method::POST, url.path().parse().unwrap(), HeaderMap::new(), body.to_string())
    }

    fn verifications(sandbox: &Sandbox) -> usize {
        sandbox.idnow().identifications()
    }
}

idv_testkit::conformance!(Stage<Idnow>);
