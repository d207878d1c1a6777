//! VerificarIdentidad.

use http::{HeaderMap, Method};
use idv::call::CallPolicy;
use idv::verificar_identidad::{VerificarIdentidad as Provider, VerificarIdentidadConfig};
use idv::{Client, Delivery, Environment, NewVerification, Url, VendorId, VerificationId};
use idv_sandbox::{Sandbox, SandboxError, Step};

use super::{Stage, Vendor};

pub struct VerificarIdentidad;

#[async_trait::async_trait]
impl Vendor for VerificarIdentidad {
    const CREATE: &'static str = "/VerificarIdentidad";
    const POLL: &'static str = "/VerificarIdentidad";

    fn client(sandbox: &Sandbox, environment: Environment) -> Client {
        let vendor = sandbox.verificar_identidad();
        let mut config = VerificarIdentidadConfig::new(vendor.user(), vendor.token().into());
        config.base_url = Some(vendor.base_url().parse().unwrap());
        config.callback_secret = "a secret of sixteen characters".into();
        Client::new(Provider::new(config).unwrap(), environment, CallPolicy::default())
    }

    async fn report_to(sandbox: &Sandbox, client: &Client, url: &Url) {
        let url = super::proven(client, url).to_string();
        sandbox.verificar_identidad().configure(|account| account.callback_url = Some(url)).unwrap();
    }

    fn demand(new: &mut NewVerification) {
        new.contact.phone = Some("+34600000001".into());
        new.document.number = Some("12345678Z".into());
    }

    fn act(sandbox: &Sandbox, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        sandbox.verificar_identidad().act(id.vendor_id.as_ref().map_or("", VendorId::as_str), scenario)
    }

    fn forgery(url: &Url, id: &VerificationId) -> Delivery {
        let body = serde_json::json!({ "Servicio": "VERIFICACION_IDENTIDAD", "ID": id.vendor_id, "Estado": "5100" });
        Delivery::callback(Method::POST, url.path().parse().unwrap(), HeaderMap::new(), body.to_string())
    }

    fn verifications(sandbox: &Sandbox) -> usize {
        sandbox.verificar_identidad().requests()
    }
}

idv_testkit::conformance!(Stage<VerificarIdentidad>);
