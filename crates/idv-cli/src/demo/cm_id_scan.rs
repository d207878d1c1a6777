//! CM.com ID Scan's part of the sandbox.

use async_trait::async_trait;
use idv::call::CallPolicy;
use idv::cm_id_scan::{CmIdScan as Provider, CmIdScanConfig};
use idv::{Client, Environment, Error, Operation, Outcome, Result, Secret, Url, VerificationId};
use idv_sandbox::{Sandbox, SandboxError, Step};
use serde_json::json;

use super::stage::{Forged, Stage, refused};
use super::story::{Expected, Scenario};

/// A face check without a score, and an expired document whose expiry the vendor did not check.
pub(crate) const OWN: &[Scenario] = &[
    Scenario::new("faces-unscored", Expected::Settled(Outcome::Inconclusive)),
    Scenario::new("expired-unchecked", Expected::Settled(Outcome::Rejected)),
];

pub(crate) struct CmIdScan<'a>(&'a Sandbox);

impl<'a> CmIdScan<'a> {
    pub(crate) const fn new(sandbox: &'a Sandbox) -> Self {
        Self(sandbox)
    }
}

#[async_trait(?Send)]
impl Stage for CmIdScan<'_> {
    fn provider(&self) -> &'static str {
        "cm-id-scan"
    }

    fn connect(&self, secret: Secret, environment: Environment) -> Result<Client> {
        let vendor = self.0.cm_id_scan();
        let mut config = CmIdScanConfig::new(vendor.key_id(), Secret::from(vendor.secret()));
        let url = format!("{}/id-scan/v1/", vendor.base_url());
        config.base_url = Some(url.parse().map_err(|_| Error::config("invalid address of the sandbox"))?);
        config.callback_secret = secret.into();
        vendor
            .configure(|account| {
                // Nobody says at creation who is expected: who comes is who comes elsewhere.
                account.person.given_names = "Erika".to_owned();
                account.person.surname = "Mustermann".to_owned();
                account.person.date_of_birth = jiff::civil::date(1982, 5, 22);
                account.person.nationality = "Germany".to_owned();
                account.person.personal_number = "00000000T".to_owned();
                account.person.sex = "F".to_owned();
            })
            .map_err(refused)?;
        Ok(Client::new(Provider::new(config)?, environment, CallPolicy::default()))
    }

    async fn report_to(&self, client: &Client, url: &Url) -> Result<()> {
        // The secret is in a header that the webhook is registered with.
        let vendor = client.vendor::<Provider>().ok_or_else(|| Error::config("the client is another vendor's"))?;
        vendor.register_webhook(&client.context(Operation::Other), url.clone()).await?;
        Ok(())
    }

    fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        self.0.cm_id_scan().act(id.vendor_id.as_ref().map_or("", idv::VendorId::as_str), scenario)
    }

    fn comes_out(&self, scenario: &str) -> Option<Expected> {
        match scenario {
            // Measurements that contradict each other, or are invalid, verify nobody; whether they are fraud is for a person to say.
            "data-changed" | "rejected" => Some(Expected::Settled(Outcome::Inconclusive)),
            // Nobody reviews and nothing cancels: the transaction's time runs out.
            "canceled-in-review" | "never-finishes" => Some(Expected::Settled(Outcome::Expired)),
            _ => None,
        }
    }

    fn own(&self) -> &'static [Scenario] {
        OWN
    }

    fn forgery(&self, _: &Url, id: &VerificationId) -> Forged {
        let transaction = json!({ "id": id.vendor_id, "state": "completed", "resultId": "00000000-0000-4000-8000-000000000000" });
        Forged::Body(json!({ "id": "1", "type": "transaction.state.updated", "transaction": transaction }).to_string())
    }
}
