//! VerificarIdentidad's part of the sandbox.

use async_trait::async_trait;
use idv::call::CallPolicy;
use idv::verificar_identidad::{VerificarIdentidad as Provider, VerificarIdentidadConfig};
use idv::{Client, Environment, Error, Outcome, Result, Secret, Url, VerificationId};
use idv_sandbox::{Sandbox, SandboxError, Step};
use serde_json::json;

use super::stage::{Forged, Stage, proven, refused};
use super::story::Expected;

pub(crate) struct VerificarIdentidad<'a>(&'a Sandbox);

impl<'a> VerificarIdentidad<'a> {
    pub(crate) const fn new(sandbox: &'a Sandbox) -> Self {
        Self(sandbox)
    }
}

#[async_trait(?Send)]
impl Stage for VerificarIdentidad<'_> {
    fn provider(&self) -> &'static str {
        "verificar-identidad"
    }

    fn connect(&self, secret: Secret, environment: Environment) -> Result<Client> {
        let vendor = self.0.verificar_identidad();
        let mut config = VerificarIdentidadConfig::new(vendor.user(), Secret::from(vendor.token()));
        config.base_url = Some(vendor.base_url().parse().map_err(|_| Error::config("the sandbox's address is none"))?);
        config.callback_secret = secret.into();
        vendor
            .configure(|account| {
                // Nobody says at creation who is expected: who comes is who comes elsewhere.
                account.person.name = "MUSTERMANN,ERIKA".to_owned();
                account.person.birth_date = jiff::civil::date(1982, 5, 22);
                account.person.nationality = "DEU".to_owned();
                account.person.sex = "F".to_owned();
            })
            .map_err(refused)?;
        Ok(Client::new(Provider::new(config)?, environment, CallPolicy::default()))
    }

    async fn report_to(&self, client: &Client, url: &Url) -> Result<()> {
        let url = proven(client, url).to_string();
        self.0.verificar_identidad().configure(|account| account.callback_url = Some(url)).map_err(refused)
    }

    fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        self.0.verificar_identidad().act(id.vendor_id.as_ref().map_or("", idv::VendorId::as_str), scenario)
    }

    fn comes_out(&self, scenario: &str) -> Option<Expected> {
        match scenario {
            // Nothing but a number is submitted, so that nothing else can differ.
            "data-changed" => Some(Expected::Settled(Outcome::Verified)),
            // There is no state for it: the vendor's people reject what they do not finish.
            "canceled-in-review" => Some(Expected::Settled(Outcome::Rejected)),
            // The link has no documented end.
            "expired" => Some(Expected::AwaitingPerson),
            _ => None,
        }
    }

    fn forgery(&self, _: &Url, id: &VerificationId) -> Forged {
        Forged::Body(json!({ "Servicio": "VERIFICACION_IDENTIDAD", "ID": id.vendor_id, "Estado": "5100" }).to_string())
    }
}
