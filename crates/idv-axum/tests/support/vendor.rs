//! The five vendors: how an application is configured for each, and what somebody sets in the vendor's panel.

use bytes::Bytes;
use idv::adapter::settings::Secrets;
use idv::call::CallPolicy;
use idv::cm_id_scan::{CmIdScan, CmIdScanConfig};
use idv::identify24::{Identify24, Identify24Config};
use idv::identity_tm::{IdentityTm, IdentityTmConfig, Images};
use idv::idnow::{DataCentre, Idnow, IdnowConfig};
use idv::verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
use idv::{Client, Environment, Operation, Secret, Url};
use idv_sandbox::Sandbox;

/// What proves callbacks everywhere.
pub const SECRET: &str = "canarysecretofsixteen";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    CmIdScan,
    Identify24,
    IdentityTm,
    Idnow,
    VerificarIdentidad,
    /// The same, with callbacks that are proven by HTTP Basic.
    VerificarIdentidadByPassword,
    /// Identity.TM, with callbacks that must come from the vendor's documented addresses too.
    IdentityTmBySource,
}

impl Vendor {
    pub const ALL: [Self; 6] = [
        Self::CmIdScan,
        Self::Identify24,
        Self::IdentityTm,
        Self::Idnow,
        Self::VerificarIdentidad,
        Self::VerificarIdentidadByPassword,
    ];

    /// A client of it, with a secret for callbacks where `secret` says so.
    pub fn client(self, sandbox: &Sandbox, environment: Environment, secret: Option<&str>) -> Client {
        let policy = CallPolicy::default();
        let secret = secret.map(Secret::from);
        match self {
            Self::CmIdScan => Client::new(CmIdScan::new(self.cm_id_scan(sandbox, secret)).unwrap(), environment, policy),
            Self::Identify24 => {
                let vendor = sandbox.identify24();
                let project = vendor.project_id().parse().unwrap();
                let mut config = Identify24Config::new(vendor.partner(), vendor.api_key().into(), project);
                config.base_url = Some(vendor.base_url().parse().unwrap());
                config.callback_secret = secret.map(Secrets::from).unwrap_or_default();
                let words = "InReview = in_review, Identified = verified, Rejected = rejected";
                config.statuses = serde_json::from_value(words.into()).unwrap();
                Client::new(Identify24::new(config).unwrap(), environment, policy)
            }
            Self::IdentityTm | Self::IdentityTmBySource => {
                let vendor = sandbox.identity_tm();
                let mut config = IdentityTmConfig::new(vendor.user(), vendor.password().into());
                config.base_url = Some(vendor.base_url().parse().unwrap());
                config.callback_secret = secret.map(Secrets::from).unwrap_or_default();
                config.images = Images::Separate;
                config.check_source = self == Self::IdentityTmBySource;
                Client::new(IdentityTm::new(config).unwrap(), environment, policy)
            }
            Self::Idnow => {
                let vendor = sandbox.idnow();
                let url: Url = vendor.base_url().parse().unwrap();
                let mut config = IdnowConfig::new(vendor.company_id(), vendor.api_key().into(), DataCentre::Test);
                config.gateway_url = Some(url.clone());
                config.go_url = Some(url);
                config.callback_secret = secret.map(Secrets::from).unwrap_or_default();
                Client::new(Idnow::new(config).unwrap(), environment, policy)
            }
            Self::VerificarIdentidad | Self::VerificarIdentidadByPassword => {
                let vendor = sandbox.verificar_identidad();
                let mut config = VerificarIdentidadConfig::new(vendor.user(), vendor.token().into());
                config.base_url = Some(vendor.base_url().parse().unwrap());
                if self == Self::VerificarIdentidad {
                    config.callback_secret = secret.map(Secrets::from).unwrap_or_default();
                } else {
                    config.callback_user = Some("mensatek".into());
                    config.callback_password = secret.map(Secrets::from).unwrap_or_default();
                }
                Client::new(VerificarIdentidad::new(config).unwrap(), environment, policy)
            }
        }
    }

    /// What somebody does once: tells the vendor where it reports to.
    pub async fn report_to(self, sandbox: &Sandbox, client: &Client, base: &Url, secret: Option<&str>) {
        let address = idv_axum::account_callback_url(base, client).unwrap().expose().to_owned();
        match self {
            Self::CmIdScan => {
                let provider = CmIdScan::new(self.cm_id_scan(sandbox, secret.map(Secret::from))).unwrap();
                provider.register_webhook(&client.context(Operation::Other), address.parse().unwrap()).await.unwrap();
            }
            Self::Identify24 => sandbox.identify24().configure(|account| account.callback_url = Some(address)).unwrap(),
            // Each order brings the address of its own.
            Self::IdentityTm | Self::IdentityTmBySource => {}
            Self::Idnow => sandbox.idnow().configure(|account| account.callback_url = Some(address)).unwrap(),
            Self::VerificarIdentidad | Self::VerificarIdentidadByPassword => sandbox
                .verificar_identidad()
                .configure(|account| {
                    account.callback_url = Some(address);
                    if self == Self::VerificarIdentidadByPassword {
                        account.report_user = Some("mensatek".into());
                        account.report_password = secret.unwrap_or_default().to_owned();
                    }
                })
                .unwrap(),
        }
    }

    /// The person and the vendor's people do what they do in a scenario, for the latest verification.
    pub async fn act(self, sandbox: &Sandbox, reference: &str, scenario: &str) {
        match self {
            Self::CmIdScan => sandbox.cm_id_scan().act(&self.latest(sandbox, "transactions").await, scenario),
            Self::Identify24 => sandbox.identify24().act(&self.latest(sandbox, "idents").await, scenario),
            Self::IdentityTm | Self::IdentityTmBySource => {
                sandbox.identity_tm().act(&self.latest(sandbox, "orders").await, scenario)
            }
            Self::Idnow => sandbox.idnow().act(reference, scenario),
            Self::VerificarIdentidad | Self::VerificarIdentidadByPassword => {
                sandbox.verificar_identidad().act(&self.latest(sandbox, "requests").await, scenario)
            }
        }
        .unwrap();
    }

    /// The vendor's id of its latest verification.
    pub async fn latest(self, sandbox: &Sandbox, what: &str) -> String {
        let address = format!("{}{}/{what}", sandbox.control_url(), self.id());
        let answer = sandbox.exchange(http::Request::get(address).body(Bytes::new()).unwrap()).await.unwrap();
        let ids: Vec<String> = serde_json::from_slice(&answer.into_body().whole().unwrap()).unwrap();
        ids.last().unwrap().clone()
    }

    /// The provider's id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::CmIdScan => "cm-id-scan",
            Self::Identify24 => "identify24",
            Self::IdentityTm | Self::IdentityTmBySource => "identity-tm",
            Self::Idnow => "idnow",
            Self::VerificarIdentidad | Self::VerificarIdentidadByPassword => "verificar-identidad",
        }
    }

    fn cm_id_scan(self, sandbox: &Sandbox, secret: Option<Secret>) -> CmIdScanConfig {
        let vendor = sandbox.cm_id_scan();
        let mut config = CmIdScanConfig::new(vendor.key_id(), vendor.secret().into());
        config.base_url = Some(format!("{}/id-scan/v1/", vendor.base_url()).parse().unwrap());
        config.callback_secret = secret.map(Secrets::from).unwrap_or_default();
        config
    }
}
