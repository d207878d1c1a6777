//! The five vendors: how each is set up, what their people do, and what must come of it.

use std::str::FromStr as _;

use bytes::Bytes;
use idv::call::CallPolicy;
use idv::cm_id_scan::{CmIdScan, CmIdScanConfig};
use idv::identify24::{Identify24, Identify24Config};
use idv::identity_tm::{IdentityTm, IdentityTmConfig, Images};
use idv::idnow::{DataCentre, Idnow, IdnowConfig};
use idv::report::{Country, Gender};
use idv::verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
use idv::{Client, Environment, NewVerification, Operation, Outcome, Reference, Url};
use idv_sandbox::{Sandbox, SandboxError, Step};
use serde_json::{Value, json};

/// Where callbacks go.
pub const CALLBACKS: &str = "http://localhost/callback";
/// What proves them.
const SECRET: &str = "a secret of sixteen characters";
/// What the words of the sandbox's account at Identify24 mean: the vendor's document has one alone.
const WORDS: &str = "Aborted = awaiting_person, InReview = in_review, FraudSuspected = in_review, Identified = verified, \
    Rejected = rejected, Canceled = canceled, Expired = expired";

/// A vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    CmIdScan,
    Identify24,
    IdentityTm,
    Idnow,
    VerificarIdentidad,
}

/// What must come of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// The vendor tells this outcome.
    Told(Outcome),
    /// The vendor never tells how it ended: the person's time runs out, or a person of ours has to look.
    Nothing,
}

/// Everything that people do.
pub const SCENARIOS: [&str; 10] = [
    "happy",
    "data-changed",
    "rejected",
    "fraud",
    "fraud-in-review",
    "aborted-then-success",
    "canceled-in-review",
    "expired",
    "never-finishes",
    "unknown-status",
];

impl Vendor {
    pub const ALL: [Self; 5] = [Self::CmIdScan, Self::Identify24, Self::IdentityTm, Self::Idnow, Self::VerificarIdentidad];

    pub const fn id(self) -> &'static str {
        match self {
            Self::CmIdScan => "cm-id-scan",
            Self::Identify24 => "identify24",
            Self::IdentityTm => "identity-tm",
            Self::Idnow => "idnow",
            Self::VerificarIdentidad => "verificar-identidad",
        }
    }

    /// A client of the vendor.
    pub fn client(self, sandbox: &Sandbox, environment: Environment) -> Client {
        let policy = CallPolicy::default();
        let address = |url: String| Some(Url::from_str(&url).unwrap());
        match self {
            Self::CmIdScan => Client::new(CmIdScan::new(cm_id_scan(sandbox)).unwrap(), environment, policy),
            Self::Identify24 => {
                let vendor = sandbox.identify24();
                let mut config =
                    Identify24Config::new(vendor.partner(), vendor.api_key().into(), vendor.project_id().parse().unwrap());
                config.base_url = address(vendor.base_url());
                config.callback_secret = SECRET.into();
                config.statuses = serde_json::from_value(WORDS.into()).unwrap();
                Client::new(Identify24::new(config).unwrap(), environment, policy)
            }
            Self::IdentityTm => {
                let vendor = sandbox.identity_tm();
                let mut config = IdentityTmConfig::new(vendor.user(), vendor.password().into());
                config.base_url = address(vendor.base_url());
                config.callback_secret = SECRET.into();
                config.images = Images::Separate;
                Client::new(IdentityTm::new(config).unwrap(), environment, policy)
            }
            Self::Idnow => {
                let vendor = sandbox.idnow();
                let mut config = IdnowConfig::new(vendor.company_id(), vendor.api_key().into(), DataCentre::Test);
                config.gateway_url = address(vendor.base_url());
                config.go_url = address(vendor.base_url());
                config.callback_secret = SECRET.into();
                Client::new(Idnow::new(config).unwrap(), environment, policy)
            }
            Self::VerificarIdentidad => {
                let vendor = sandbox.verificar_identidad();
                let mut config = VerificarIdentidadConfig::new(vendor.user(), vendor.token().into());
                config.base_url = address(vendor.base_url());
                config.callback_secret = SECRET.into();
                Client::new(VerificarIdentidad::new(config).unwrap(), environment, policy)
            }
        }
    }

    /// Has the vendor report to us.
    pub async fn report_to_us(self, sandbox: &Sandbox, client: &Client) {
        let mut url = Url::from_str(CALLBACKS).unwrap();
        if let Some((name, secret)) = client.provider().capabilities().callbacks.unwrap().auth().parameter_for("") {
            url.query_pairs_mut().append_pair(name, secret.expose());
        }
        let proven = Some(url.to_string());
        match self {
            Self::CmIdScan => {
                // The secret is in a header that the webhook is registered with.
                let provider = CmIdScan::new(cm_id_scan(sandbox)).unwrap();
                provider.register_webhook(&client.context(Operation::Other), url).await.unwrap();
            }
            Self::Identify24 => sandbox.identify24().configure(|account| account.callback_url = proven).unwrap(),
            // Each order brings the address of its own callbacks.
            Self::IdentityTm => {}
            Self::Idnow => sandbox.idnow().configure(|account| account.callback_url = proven).unwrap(),
            Self::VerificarIdentidad => sandbox.verificar_identidad().configure(|account| account.callback_url = proven).unwrap(),
        }
    }

    /// What is asked for of the person with this number.
    pub fn new_verification(self, reference: Reference, number: usize) -> NewVerification {
        let country = Country::from_alpha2("DE");
        let mut new = NewVerification::new(reference);
        new.person.given_names = Some("Erika".into());
        new.person.family_name = Some("Mustermann".into());
        new.person.birth_date = Some(jiff::civil::date(1964, 8, 12).into());
        new.person.birth_place = Some("Berlin".into());
        new.person.nationality = country.map(Into::into);
        new.person.gender = Some(Gender::Female.into());
        new.person.address.street = Some("Heidestr.".into());
        new.person.address.house_number = Some("17".into());
        new.person.address.postal_code = Some("51147".into());
        new.person.address.city = Some("Köln".into());
        new.person.address.country = country.map(Into::into);
        new.contact.email = Some("e.mustermann@example.com".into());
        new.contact.phone = Some(format!("+3460000000{number}").into());
        new.return_urls.success = Some(return_url(number).parse().unwrap());
        new.callback_url = Some(CALLBACKS.parse().unwrap());
        new
    }

    /// The words by which a request to create it is known.
    pub fn words(new: &NewVerification, number: usize) -> Vec<String> {
        vec![new.reference.as_str().to_owned(), format!("3460000000{number}"), return_url(number)]
    }

    /// How many verifications the vendor has, or ever had.
    pub fn count(self, sandbox: &Sandbox) -> usize {
        match self {
            Self::CmIdScan => sandbox.cm_id_scan().transactions(),
            Self::Identify24 => sandbox.identify24().idents(),
            Self::IdentityTm => sandbox.identity_tm().orders(),
            Self::Idnow => sandbox.idnow().identifications(),
            Self::VerificarIdentidad => sandbox.verificar_identidad().requests(),
        }
    }

    /// What the vendor calls the last one, which a request to this path created.
    pub async fn latest(self, sandbox: &Sandbox, path: &str) -> String {
        let route = match self {
            // It is called as we call it: `…/identifications/{our reference}/start`.
            Self::Idnow => return path.rsplit('/').nth(1).unwrap().to_owned(),
            Self::CmIdScan => "cm-id-scan/transactions",
            Self::Identify24 => "identify24/idents",
            Self::IdentityTm => "identity-tm/orders",
            Self::VerificarIdentidad => "verificar-identidad/requests",
        };
        let request = http::Request::get(format!("{}{route}", sandbox.control_url())).body(Bytes::new()).unwrap();
        let body = sandbox.exchange(request).await.unwrap().into_body().whole().unwrap();
        let ids: Value = serde_json::from_slice(&body).unwrap();
        ids.as_array().and_then(|ids| ids.last()?.as_str()).unwrap_or_else(|| panic!("{route}: {ids}")).to_owned()
    }

    /// Lets people act out a scenario.
    pub fn act(self, sandbox: &Sandbox, id: &str, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        match self {
            Self::CmIdScan => sandbox.cm_id_scan().act(id, scenario),
            Self::Identify24 => sandbox.identify24().act(id, scenario),
            Self::IdentityTm => sandbox.identity_tm().act(id, scenario),
            Self::Idnow => sandbox.idnow().act(id, scenario),
            Self::VerificarIdentidad => sandbox.verificar_identidad().act(id, scenario),
        }
    }

    /// What must come of a scenario.
    pub fn comes(self, scenario: &str) -> Comes {
        Comes::Told(match (self, scenario) {
            // Measurements that contradict each other, or are invalid, verify nobody.
            (Self::CmIdScan, "data-changed" | "rejected") => Outcome::Inconclusive,
            // Nobody reviews and nothing cancels: the transaction's time runs out.
            (Self::CmIdScan, "canceled-in-review" | "never-finishes") => Outcome::Expired,
            // There is no state for it: the vendor's people reject what they do not finish.
            (Self::VerificarIdentidad, "canceled-in-review") => Outcome::Rejected,
            // The link has no documented end.
            (Self::VerificarIdentidad, "expired") => return Comes::Nothing,
            (_, "happy" | "data-changed" | "aborted-then-success") => Outcome::Verified,
            (_, "rejected" | "fraud" | "fraud-in-review") => Outcome::Rejected,
            (_, "canceled-in-review") => Outcome::Canceled,
            (_, "expired") => Outcome::Expired,
            _ => return Comes::Nothing,
        })
    }

    /// A callback that says that the person is verified, as anybody could write it: an address by GET, or a body by POST.
    pub fn forgery(self, reference: &str, id: &str) -> (String, Option<String>) {
        let body = |body: Value| (CALLBACKS.to_owned(), Some(body.to_string()));
        match self {
            Self::CmIdScan => {
                let transaction = json!({ "id": id, "state": "completed", "resultId": "00000000-0000-4000-8000-000000000000" });
                body(json!({ "id": "1", "type": "transaction.state.updated", "transaction": transaction }))
            }
            Self::Identify24 => body(json!({ "ident_id": id, "custom_id": reference, "status_id": "5", "status": "Identified" })),
            Self::IdentityTm => {
                let query = format!("event=OnStatusChange&orderId={id}&ref={reference}&statusCode=6&token=guessed");
                (format!("{CALLBACKS}?{query}"), None)
            }
            Self::Idnow => body(json!({
                "identificationprocess": { "result": "SUCCESS", "transactionnumber": reference, "id": "TST-FORGE" },
            })),
            Self::VerificarIdentidad => body(json!({ "Servicio": "VERIFICACION_IDENTIDAD", "ID": id, "Estado": "5100" })),
        }
    }
}

fn return_url(number: usize) -> String {
    format!("https://bank.example/done/{number}")
}

fn cm_id_scan(sandbox: &Sandbox) -> CmIdScanConfig {
    let vendor = sandbox.cm_id_scan();
    let mut config = CmIdScanConfig::new(vendor.key_id(), vendor.secret().into());
    config.base_url = Some(format!("{}/id-scan/v1/", vendor.base_url()).parse().unwrap());
    config.callback_secret = SECRET.into();
    config
}
