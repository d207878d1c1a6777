//! The vendors of the family, and which of them are compiled in.

use std::sync::Arc;

use idv_core::adapter::settings::Variable;
use idv_core::{Error, ErrorKind, Provider, Result, VendorInfo};
use serde_json::Value;

/// A vendor of the family.
pub(crate) struct Vendor {
    /// The provider's id; its table in a configuration has the same name.
    pub(crate) id: &'static str,
    /// The feature that compiles it in.
    pub(crate) feature: &'static str,
    compiled: Option<Compiled>,
}

/// What a vendor that is compiled in brings along.
#[cfg_attr(
    not(any(
        feature = "cm-id-scan",
        feature = "identify24",
        feature = "identity-tm",
        feature = "idnow",
        feature = "verificar-identidad"
    )),
    allow(dead_code, reason = "no vendor is compiled in")
)]
struct Compiled {
    build: fn(Value) -> Result<Arc<dyn Provider>>,
    /// `None` would mean that the adapter refuses its own example.
    capabilities: fn() -> Option<VendorInfo>,
    settings: &'static [Variable],
}

/// Every vendor of the family, in the order of their ids.
pub(crate) static ALL: &[Vendor] = &[
    Vendor {
        id: "cm-id-scan",
        feature: "cm-id-scan",
        #[cfg(feature = "cm-id-scan")]
        compiled: Some(cm_id_scan::COMPILED),
        #[cfg(not(feature = "cm-id-scan"))]
        compiled: None,
    },
    Vendor {
        id: "identify24",
        feature: "identify24",
        #[cfg(feature = "identify24")]
        compiled: Some(identify24::COMPILED),
        #[cfg(not(feature = "identify24"))]
        compiled: None,
    },
    Vendor {
        id: "identity-tm",
        feature: "identity-tm",
        #[cfg(feature = "identity-tm")]
        compiled: Some(identity_tm::COMPILED),
        #[cfg(not(feature = "identity-tm"))]
        compiled: None,
    },
    Vendor {
        id: "idnow",
        feature: "idnow",
        #[cfg(feature = "idnow")]
        compiled: Some(idnow::COMPILED),
        #[cfg(not(feature = "idnow"))]
        compiled: None,
    },
    Vendor {
        id: "verificar-identidad",
        feature: "verificar-identidad",
        #[cfg(feature = "verificar-identidad")]
        compiled: Some(verificar_identidad::COMPILED),
        #[cfg(not(feature = "verificar-identidad"))]
        compiled: None,
    },
];

impl Vendor {
    /// The provider that a table describes.
    pub(crate) fn build(&self, table: Value) -> Result<Arc<dyn Provider>> {
        (self.compiled()?.build)(table)
    }

    /// What it can do, whatever account is used.
    pub(crate) fn capabilities(&self) -> Option<VendorInfo> {
        self.compiled.as_ref().and_then(|compiled| (compiled.capabilities)())
    }

    /// Its settings; none where it is not compiled in.
    pub(crate) fn settings(&self) -> &'static [Variable] {
        self.compiled.as_ref().map(|compiled| compiled.settings).unwrap_or_default()
    }

    fn compiled(&self) -> Result<&Compiled> {
        self.compiled.as_ref().ok_or_else(|| Error::new(ErrorKind::Unsupported).detail(not_compiled_in(self)))
    }
}

/// The vendor with this id, if it is compiled in.
pub(crate) fn named(id: &str) -> Result<&'static Vendor> {
    let vendor = ALL
        .iter()
        .find(|vendor| vendor.id == id)
        .ok_or_else(|| Error::config(format!("there is no provider `{id}`; compiled in: {}", list())))?;
    vendor.compiled()?;
    Ok(vendor)
}

/// What to do about a vendor that is not compiled in.
pub(crate) fn not_compiled_in(vendor: &Vendor) -> String {
    format!(
        "the provider `{}` is not compiled in: enable the feature `{}` of the crate idv; compiled in: {}",
        vendor.id,
        vendor.feature,
        list()
    )
}

/// What is compiled in, in words.
pub(crate) fn list() -> String {
    let ids: Vec<&str> = ALL.iter().filter(|vendor| vendor.compiled.is_some()).map(|vendor| vendor.id).collect();
    if ids.is_empty() {
        return "no vendor at all (each has a feature of the crate idv)".to_owned();
    }
    ids.join(", ")
}

/// The provider that a table describes, by the adapter's own rules; an error says in which table it is.
#[cfg_attr(
    not(any(
        feature = "cm-id-scan",
        feature = "identify24",
        feature = "identity-tm",
        feature = "idnow",
        feature = "verificar-identidad"
    )),
    allow(dead_code, reason = "no vendor is compiled in")
)]
fn read<T: serde::de::DeserializeOwned>(id: &str, table: Value) -> Result<T> {
    serde_json::from_value(table).map_err(|error| Error::config(format!("in the table `{id}`: {error}")))
}

/// What a vendor that is compiled in brings along: its feature, a module for it, its crate's provider and configuration, and a
/// configuration of no account at all, by which it tells what it can do at best.
macro_rules! compiled {
    ($id:literal, $module:ident, $library:ident::$provider:ident, $config:ident, $example:expr) => {
        #[cfg(feature = $id)]
        mod $module {
            use std::sync::Arc;

            use idv_core::{Secret, VendorInfo};
            use $library::{ENVIRONMENT, $config, $provider};

            use super::{Compiled, read};

            pub(super) const COMPILED: Compiled = Compiled {
                build: |table| Ok(Arc::new($provider::new(read($id, table)?)?)),
                capabilities: || {
                    let mut config: $config = $example;
                    config.callback_secret = Some(Secret::from("of no account at all"));
                    // The configuration is a constant, and the adapter's tests hold that such a one is taken.
                    $provider::new(config).ok().map(|provider| VendorInfo::of(&provider))
                },
                settings: ENVIRONMENT,
            };
        }
    };
}

compiled!(
    "cm-id-scan",
    cm_id_scan,
    idv_cm_id_scan::CmIdScan,
    CmIdScanConfig,
    CmIdScanConfig::new("example", Secret::from("example of a secret, long enough"))
);
compiled!(
    "identify24",
    identify24,
    idv_identify24::Identify24,
    Identify24Config,
    Identify24Config::new("example", Secret::from("example"), 1)
);
compiled!(
    "identity-tm",
    identity_tm,
    idv_identity_tm::IdentityTm,
    IdentityTmConfig,
    IdentityTmConfig::new("example", Secret::from("example"))
);
compiled!(
    "idnow",
    idnow,
    idv_idnow::Idnow,
    IdnowConfig,
    IdnowConfig::new("example", Secret::from("example"), idv_idnow::DataCentre::Test)
);
compiled!(
    "verificar-identidad",
    verificar_identidad,
    idv_verificar_identidad::VerificarIdentidad,
    VerificarIdentidadConfig,
    VerificarIdentidadConfig::new("example", Secret::from("example"))
);
