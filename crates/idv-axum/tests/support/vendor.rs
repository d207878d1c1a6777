//! The vendors: how an application is configured for each, and what its owner sets in the vendor's panel.

use idv::{Capability, Client, Config, CreateSafety, Environment, ProofKind, VendorInfo};
use idv_sandbox::{CALLBACK_SECRET, Sandbox};

/// What proves callbacks everywhere.
pub const SECRET: &str = CALLBACK_SECRET;

/// A vendor, and how its callbacks are proven.
#[derive(Debug, Clone)]
pub struct Vendor {
    pub info: VendorInfo,
    by: By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Secret,
    /// HTTP Basic instead.
    Password,
    /// The vendor's documented addresses too.
    Source,
}

impl Vendor {
    /// Every vendor, and those that can do it once more, with HTTP Basic.
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

    /// The vendor with this id.
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

    /// A vendor whose creations can be repeated.
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

    /// The same, with callbacks that must come from the vendor's addresses.
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

    pub fn can_be_asked(&self) -> bool {
        self.info.has(Capability::Polling)
    }

    /// The proof of its callbacks.
    pub fn proof(&self) -> ProofKind {
        if self.has_password() {
            ProofKind::Basic
        } else {
            self.info.callback_proof.unwrap()
        }
    }

    /// A client of it, with a secret for callbacks if `secret` says so.
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

    /// The vendor in the sandbox.
    pub fn of<'a>(&self, sandbox: &'a Sandbox) -> idv_sandbox::Vendor<'a> {
        sandbox.vendor(self.id()).unwrap()
    }

    /// The person and the vendor's people do what they do in a scenario, for the latest verification.
    pub fn act(&self, sandbox: &Sandbox, scenario: &str) {
        self.of(sandbox)
            .act(&self.latest(sandbox), scenario)
            .unwrap();
    }

    /// The vendor's id of its latest verification.
    pub fn latest(&self, sandbox: &Sandbox) -> String {
        self.of(sandbox).ids().pop().unwrap()
    }

    /// The provider's id.
    pub fn id(&self) -> &str {
        self.info.provider.as_str()
    }
}
