//! CM.com ID Scan.

use http::{HeaderMap, Method};
use idv::call::CallPolicy;
use idv::cm_id_scan::{CmIdScan as Provider, CmIdScanConfig};
use idv::{Client, Delivery, Environment, Operation, Url, VendorId, VerificationId};
use idv_sandbox::{Sandbox, SandboxError, Step};

use super::{Stage, Vendor};

pub struct CmIdScan;

fn config(sandbox: &Sandbox) -> CmIdScanConfig {
    let vendor = sandbox.cm_id_scan();
    let mut config = CmIdScanConfig::new(vendor.key_id(), vendor.secret().into());
    config.base_url = Some(format!("{}/id-scan/v1/", vendor.base_url()).parse().unwrap());
    config.callback_secret = "a secret of sixteen characters".into();
    config
}

#[async_trait::async_trait]
impl Vendor for CmIdScan {
    const CREATE: &'static str = "/transactions";
    const POLL: &'static str = "/transactions/";

    fn client(sandbox: &Sandbox, environment: Environment) -> Client {
        Client::new(Provider::new(config(sandbox)).unwrap(), environment, CallPolicy::default())
    }

    async fn report_to(sandbox: &Sandbox, client: &Client, url: &Url) {
        let provider = Provider::new(config(sandbox)).unwrap();
        provider.register_webhook(&client.context(Operation::Other), url.clone()).await.unwrap();
    }

    fn act(sandbox: &Sandbox, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        sandbox.cm_id_scan().act(id.vendor_id.as_ref().map_or("", VendorId::as_str), scenario)
    }

    fn forgery(url: &Url, id: &VerificationId) -> Delivery {
        let transaction = serde_json::json!({ "id": id.vendor_id, "state": "completed", "resultId": "1" });
        let body = serde_json::json!({ "id": "1", "type": "transaction.state.updated", "transaction": transaction });
        Delivery::callback(Method::POST, url.path().parse().unwrap(), HeaderMap::new(), body.to_string())
    }

    fn verifications(sandbox: &Sandbox) -> usize {
        sandbox.cm_id_scan().transactions()
    }
}

idv_testkit::conformance!(Stage<CmIdScan>);
