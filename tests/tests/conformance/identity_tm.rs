//! Identity.TM.

use http::{HeaderMap, Method};
use idv::call::CallPolicy;
use idv::identity_tm::{IdentityTmConfig, Images};
use idv::report::Country;
use idv::{Client, Delivery, Environment, NewVerification, Url, VendorId, VerificationId};
use idv_sandbox::{Sandbox, SandboxError, Step};

use super::{Stage, Vendor};

pub struct IdentityTm;

#[async_trait::async_trait]
impl Vendor for IdentityTm {
    const CREATE: &'static str = "/putOrder";
    const POLL: &'static str = "/getStatus";

    fn client(sandbox: &Sandbox, environment: Environment) -> Client {
        let vendor = sandbox.identity_tm();
        let mut config = IdentityTmConfig::new(vendor.user(), vendor.password().into());
        config.base_url = Some(vendor.base_url().parse().unwrap());
        config.callback_secret = "a secret of sixteen characters".into();
        config.images = Images::Separate;
        config.recordings.pdf = true;
        Client::new(idv::identity_tm::IdentityTm::new(config).unwrap(), environment, CallPolicy::default())
    }

    fn demand(new: &mut NewVerification) {
        new.person.address.country = Country::from_alpha2("DE").map(Into::into);
        new.contact.email = Some("e.mustermann@example.com".into());
    }

    fn act(sandbox: &Sandbox, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        sandbox.identity_tm().act(id.vendor_id.as_ref().map_or("", VendorId::as_str), scenario)
    }

    fn forgery(url: &Url, id: &VerificationId) -> Delivery {
        let order = id.vendor_id.as_ref().map_or("", VendorId::as_str);
        let uri = format!("{}?event=OnStatusChange&orderId={order}&ref={}&statusCode=6", url.path(), id.reference.as_str());
        Delivery::callback(Method::GET, uri.parse().unwrap(), HeaderMap::new(), "")
    }

    fn verifications(sandbox: &Sandbox) -> usize {
        sandbox.identity_tm().orders()
    }
}

idv_testkit::conformance!(Stage<IdentityTm>);
