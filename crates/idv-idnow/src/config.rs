//! The configuration of the adapter: one struct, one validation, whether it came from a file or from the environment.

use std::sync::Arc;

use http::HeaderValue;
use idv_core::adapter::VendorEntry;
use idv_core::adapter::settings::{self, Address, CALLBACK_PARAMETER, Secrets};
use idv_core::{CallbackAuth, Error, Result, Secret, Url, VendorInfo, setting_words, settings};

use crate::callback::Sources;
use crate::{Idnow, normalize};

/// IDnow, for a registry of vendors.
pub const ENTRY: VendorEntry = VendorEntry {
    id: "idnow",
    name: "IDnow",
    domains: &["idnow.de", "online-ident.ch"],
    settings: IdnowConfig::SETTINGS,
    build: |table| Ok(Arc::new(Idnow::new(IdnowConfig::from_table(table)?)?)),
    describe: || {
        let config = IdnowConfig::new("example", "example".into(), DataCentre::Test);
        Ok(VendorInfo::of(&Idnow::new(
            config.callback_secret("an example of a secret"),
        )?))
    },
    normalize: |payload| normalize::kind(payload.bytes, payload.kind),
    normalize_options: &[],
};

/// The default limit for archives and their files, in bytes.
const MAX_ARCHIVE: u64 = 256 * 1024 * 1024;

settings! {
    /// The configuration of an account at IDnow.
    ///
    /// ```toml
    /// [idnow]
    /// company = "ihrebank"
    /// api_key = { env = "IDV_IDNOW_API_KEY" }
    /// host = "test"
    /// ```
    ///
    /// AutoIdent and VideoIdent are accounts of their own, each with a company id and a key: configure one provider for each.
    /// The environment gives each key as `IDV_`, the provider and the key in capitals.
    pub struct IdnowConfig {
        required {
            /// The company id that IDnow assigned to the account (chapter 3.2.5).
            company: String,
            /// The account's API key (chapter 1.4). It creates, logs in and signs links.
            api_key: Secret,
        }
        optional {
            /// The data centre (chapters 3.2.2, 4.4 and 8.2.1). Required unless both addresses below are given: there is no default, since
            /// a person's data would go there.
            host: Option<DataCentre>,
            /// The address of the gateway in place of the data centre's: white labels, proxies, emulators. Without `/api`.
            gateway_url: Option<Url> as Address,
            /// The address that persons visit in place of the data centre's: white labels, emulators.
            go_url: Option<Url> as Address,
            /// The secret, of 16 characters at least, that the webhook's address carries in its query. IDnow signs no webhooks; without
            /// this each one is a claim, and a reason to ask.
            callback_secret: Secrets,
            /// The name of the query parameter that carries the secret.
            callback_parameter: String = CALLBACK_PARAMETER.to_owned(),
            /// Whether a callback must also come from the vendor's documented addresses (chapter 14.3): those of the data centre in `host`, or
            /// of any if there is none. The application has to know for certain where a delivery came from:
            /// [`Delivery::from_source`](idv_core::Delivery::from_source).
            check_source: bool,
            /// The password of encrypted archives, which the company chose and gave to IDnow (chapter 10.1). It needs the feature `archive`.
            archive_password: Option<Secret>,
            /// In which form a result is fetched. All give the same report.
            result_format: ResultFormat,
            /// The account's product, if it has only one. It tells the method of an identification whose result does not.
            product: Option<Product>,
            /// Which link a person is sent to. Both are equivalent (chapter 6.1.1).
            link: LinkStyle,
            /// The longest ZIP archive that is read for the files in it, in bytes; 256 MiB. It lies in memory while it is read, so
            /// raise it only if videos are that long. The piece of evidence `archive`, the whole ZIP, is streamed and not bound by it.
            max_archive_bytes: u64 = MAX_ARCHIVE,
            /// The longest file that is unpacked from an archive, in bytes; 256 MiB.
            max_entry_bytes: u64 = MAX_ARCHIVE,
        }
    }
}

impl IdnowConfig {
    /// An account at a data centre; the rest is set on the value.
    #[must_use]
    pub fn new(company: impl Into<String>, api_key: Secret, host: DataCentre) -> Self {
        Self {
            host: Some(host),
            ..Self::required(company.into(), api_key)
        }
    }

    /// The address of the gateway.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if it is missing, or is no address that can be used.
    pub fn gateway(&self) -> Result<Url> {
        self.address(
            "gateway_url",
            self.gateway_url.as_ref(),
            DataCentre::gateway,
        )
    }

    /// The address that persons visit.
    ///
    /// # Errors
    ///
    /// As [`IdnowConfig::gateway`].
    pub fn go(&self) -> Result<Url> {
        self.address("go_url", self.go_url.as_ref(), DataCentre::go)
    }

    /// Returns the addresses that callbacks may come from.
    #[must_use]
    pub const fn sources(&self) -> Sources {
        match (self.check_source, self.host) {
            (false, _) => Sources::Any,
            (true, Some(host)) => Sources::Of(host),
            (true, None) => Sources::Documented,
        }
    }

    /// Returns the guard that proves callbacks.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the secret is too short, or the name of its parameter is not a name.
    pub fn auth(&self) -> Result<CallbackAuth> {
        settings::query_auth(&self.callback_parameter, &self.callback_secret)
    }

    /// Checks all of it.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key and says what to do.
    pub fn check(&self) -> Result<()> {
        check_company(&self.company)?;
        check_api_key(&self.api_key)?;
        self.gateway()?;
        self.go()?;
        self.auth()?;
        if self
            .archive_password
            .as_ref()
            .is_some_and(|password| password.expose().is_empty())
        {
            return Err(Error::config(
                "archive_password is empty: write the password that the company chose, or leave it out",
            ));
        }
        if self.max_archive_bytes == 0 || self.max_entry_bytes == 0 {
            return Err(Error::config(
                "max_archive_bytes and max_entry_bytes must not be 0: nothing could be read",
            ));
        }
        Ok(())
    }

    fn address(
        &self,
        key: &str,
        given: Option<&Url>,
        of: impl Fn(DataCentre) -> &'static str,
    ) -> Result<Url> {
        let url = match (given, self.host) {
            (Some(url), _) => url.clone(),
            (None, Some(host)) => {
                Url::parse(of(host)).map_err(|_| Error::config("the data centre has no address"))?
            }
            (None, None) => {
                return Err(Error::config(format!(
                    "neither host nor {key} is given: write host = \"de\", \"ch\" or \"test\", or gateway_url and go_url"
                )));
            }
        };
        check_url(key, &url)?;
        Ok(url)
    }
}

/// IDnow's data centres and its test system (chapters 1.5, 3.2.2, 4.4 and 8.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataCentre {
    /// Germany: `gateway.idnow.de` and `go.idnow.de`.
    De,
    /// Switzerland: `gateway.online-ident.ch` and `go.online-ident.ch`.
    Ch,
    /// The test system: `gateway.test.idnow.de` and `go.test.idnow.de`.
    Test,
}

setting_words!(DataCentre { De = "de", Ch = "ch", Test = "test" });

impl DataCentre {
    /// Every data centre.
    pub const ALL: &'static [Self] = &[Self::De, Self::Ch, Self::Test];

    /// The address of the gateway.
    #[must_use]
    pub const fn gateway(self) -> &'static str {
        match self {
            Self::De => "https://gateway.idnow.de",
            Self::Ch => "https://gateway.online-ident.ch",
            Self::Test => "https://gateway.test.idnow.de",
        }
    }

    /// The address that persons visit.
    #[must_use]
    pub const fn go(self) -> &'static str {
        match self {
            Self::De => "https://go.idnow.de",
            Self::Ch => "https://go.online-ident.ch",
            Self::Test => "https://go.test.idnow.de",
        }
    }

    /// The name in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::Ch => "ch",
            Self::Test => "test",
        }
    }
}

/// In which form a result is fetched. A poll always asks for JSON, the one form that is documented for the state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResultFormat {
    /// JSON (chapter 8.3.3.2).
    #[default]
    Json,
    /// XML (chapter 13.3). The document names no address for it: see
    /// [`Api::identification_as_xml`](crate::api::Api::identification_as_xml).
    Xml,
    /// The XML or JSON inside the ZIP archive (chapter 8.3.3.1). It needs the feature `archive`.
    Zip,
}

setting_words!(ResultFormat { Json = "json", Xml = "xml", Zip = "zip" });

/// IDnow's products that differ in how the person is identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Product {
    /// VideoIdent and eSign: a call by video with an agent.
    Video,
    /// AutoIdent: photographs that a machine reads.
    Auto,
}

setting_words!(Product { Video = "video", Auto = "auto" });

/// Which link a person is sent to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkStyle {
    /// With the company id and the transaction number (chapter 6.1.1.1). The only one that can be embedded in a page.
    #[default]
    Long,
    /// With the Ident-ID alone (chapter 6.1.1.2).
    Short,
}

setting_words!(LinkStyle { Long = "long", Short = "short" });

/// A company id that can stand in a path. Anything but the two names that a path gives a meaning of its own can be encoded.
pub(crate) fn check_company(company: &str) -> Result<()> {
    if company.is_empty()
        || company == "."
        || company == ".."
        || company.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return Err(Error::config(
            "company is not a company id: copy the one that IDnow assigned, without white space",
        ));
    }
    Ok(())
}

/// A key that can stand in a header.
fn check_api_key(api_key: &Secret) -> Result<()> {
    let text = api_key.expose();
    if text.is_empty() {
        return Err(Error::config("api_key is empty"));
    }
    if text.trim() != text || !text.is_ascii() || HeaderValue::from_str(text).is_err() {
        return Err(Error::config(
            "api_key cannot be sent: it has white space at an end, a line break or letters that are not ASCII",
        ));
    }
    Ok(())
}

/// A base address: https, or http if nothing personal can leave the machine or if the document allows it (chapter 8.2.1).
pub(crate) fn check_url(key: &str, url: &Url) -> Result<()> {
    settings::check_address(key, url, |host| {
        host == "test.idnow.de" || host.ends_with(".test.idnow.de")
    })
}

#[cfg(test)]
mod tests;
