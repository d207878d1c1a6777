//! Identify24.

use http::{HeaderMap, Method};
use idv::call::CallPolicy;
use idv::identify24::{Identify24 as Provider, Identify24Config};
use idv::report::{Country, Gender};
use idv::{Client, Delivery, Environment, NewVerification, Url, VendorId, VerificationId};
use idv_sandbox::{Sandbox, SandboxError, Step};

use super::{Stage, Vendor};

pub struct Identify24;

/// What the words of the sandbox's account mean: the vendor's document has one alone.
const WORDS: &str = "Aborted = awaiting_person, InReview = in_review, FraudSuspected = in_review, Identified = verified, \
    Rejected = rejected, Canceled = canceled, Expired = expired";

#[async_trait::async_trait]
impl Vendor for Identify24 {
    const CREATE: &'static str = "/ident/create";
    const POLL: &'static str = "/ident/get";

    fn client(sandbox: &Sandbox, environment: Environment) -> Client {
        let vendor = sandbox.identify24();
        let mut config = Identify24Config::new(vendor.partner(), vendor.api_key().into(), vendor.project_id().parse().unwrap());
        config.base_url = Some(vendor.base_url().parse().unwrap());
        config.callback_secret = "a secret of sixteen characters".into();
        config.statuses = serde_json::from_value(WORDS.into()).unwrap();
        Client::new(Provider::new(config).unwrap(), environment, CallPolicy::default())
    }

    async fn report_to(sandbox: &Sandbox, client: &Client, url: &Url) {
        let url = super::proven(client, url).to_string();
        sandbox.identify24().configure(|account| account.callback_url = Some(url)).unwrap();
    }

    fn demand(new: &mut NewVerification) {
        let country = Country::from_alpha2("DE");
        new.person.nationality = country.map(Into::into);
        new.person.gender = Some(Gender::Female.into());
        new.person.address.country = country.map(Into::into);
        new.person.address.postal_code = Some("51147".into());
        new.person.address.city = Some("Köln".into());
        new.contact.email = Some("e.mustermann@example.com".into());
        new.contact.phone = Some("+4915123456789".into());
    }

    fn act(sandbox: &Sandbox, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        sandbox.identify24().act(id.vendor_id.as_ref().map_or("", VendorId::as_str), scenario)
    }

    fn forgery(url: &Url, id: &VerificationId) -> Delivery {
        let body =
            serde_json::json!({ "ident_id": id.vendor_id, "custom_id": id.reference, "status_id": "5", "status": "Identified" });
        Delivery::callback(Method::POST, url.path().parse().unwrap(), HeaderMap::new(), body.to_string())
    }

    fn verifications(sandbox: &Sandbox) -> usize {
        sandbox.identify24().idents()
    }
}

idv_testkit::conformance!(Stage<Identify24>);
