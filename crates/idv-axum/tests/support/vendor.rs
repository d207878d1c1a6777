//! The vendors: the application's configuration for each, and the settings in the vendor's panel.

use idv::{Capability, Client, Config, CreateSafety, Environment, ProofKind, VendorInfo};
use idv_sandbox::{CALLBACK_SECRET, Sandbox};

/// The secret of all callbacks.
pub const SECRET: &str = CALLBACK_SECRET;

/// A vendor, and the authentication of its callbacks.
#[derive(Debug, Clone)]
pub struct Vendor {
    pub info: VendorInfo,
    by: By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Secret,
    /// Uses HTTP Basic.
    Password,
    /// Also requires the vendor's documented addresses.
    Source,
}

impl Vendor {
    /// Returns every vendor, and those that support it a second time with HTTP Basic.
    pub async fn all() -> Vec<Self> {
        let sandbox = Sandbox::builder().in_process().start().await.unwrap();
        let by_password = |info: &VendorInfo| {
            let settings = sandbox
                .vendor(info.provider.as_str())
                .unwrap()
                .settings_with_password();
            settings.map(|_| Self {
                info: info.clone(),
                by: By::Password,
            })
        };
        let infos = idv::providers();
        let with_password: Vec<Self> = infos.iter().filter_map(by_password).collect();
        assert!(!with_password.is_empty());
        infos
            .into_iter()
            .map(|info| Self {
                info,
                by: By::Secret,
            })
            .chain(with_password)
            .collect()
    }

    /// Returns the vendor with this id.
    pub fn named(id: &str) -> Self {
        let info = idv::providers()
            .into_iter()
            .find(|info| info.provider.as_str() == id)
            .unwrap();
        Self {
            info,
            by: By::Secret,
        }
    }

    /// Returns a vendor whose create requests can be repeated.
    pub fn keyed() -> Self {
        let info = idv::providers()
            .into_iter()
            .find(|info| info.create_safety == CreateSafety::Keyed)
            .unwrap();
        Self {
            info,
            by: By::Secret,
        }
    }

    /// Also requires the vendor's addresses as the source of callbacks.
    pub fn by_source(self) -> Self {
        Self {
            by: By::Source,
            ..self
        }
    }

    pub fn is(&self, id: &str) -> bool {
        self.id() == id
    }

    pub fn has_password(&self) -> bool {
        self.by == By::Password
    }

    pub fn can_be_polled(&self) -> bool {
        self.info.has(Capability::Polling)
    }

    /// Returns the kind of authentication of its callbacks.
    pub fn proof(&self) -> ProofKind {
        if self.has_password() {
            ProofKind::Basic
        } else {
            self.info.callback_proof.unwrap()
        }
    }

    /// Returns a client of the vendor, with a secret for callbacks if `secret` is set.
    pub fn client(&self, sandbox: &Sandbox, environment: Environment, secret: bool) -> Client {
        let vendor = self.of(sandbox);
        let mut settings = match self.by {
            By::Password => vendor.settings_with_password().unwrap(),
            _ => vendor.settings(),
        };
        settings.retain(|(name, _)| secret || !name.ends_with("_CALLBACK_SECRET"));
        if self.by == By::Source {
            settings.push((
                format!(
                    "IDV_{}_CHECK_SOURCE",
                    self.id().replace('-', "_").to_uppercase()
                ),
                "true".to_owned(),
            ));
        }
        idv::connect_in(&Config::from_env(settings).unwrap(), environment).unwrap()
    }

    /// Returns the vendor in the sandbox.
    pub fn of<'a>(&self, sandbox: &'a Sandbox) -> idv_sandbox::Vendor<'a> {
        sandbox.vendor(self.id()).unwrap()
    }

    /// Plays a scenario for the latest verification.
    pub fn act(&self, sandbox: &Sandbox, scenario: &str) {
        self.of(sandbox)
            .act(&self.latest(sandbox), scenario)
            .unwrap();
    }

    /// Returns the vendor's id of its latest verification.
    pub fn latest(&self, sandbox: &Sandbox) -> String {
        self.of(sandbox).ids().pop().unwrap()
    }

    /// Returns the provider's id.
    pub fn id(&self) -> &str {
        self.info.provider.as_str()
    }
}
