//! The adapter's configuration, from a file or from environment variables.

use std::sync::Arc;

use http::HeaderValue;
use idv_core::adapter::VendorEntry;
use idv_core::adapter::settings::{self, Address, CALLBACK_PARAMETER, Secrets};
use idv_core::{CallbackAuth, Error, Result, Secret, Url, VendorInfo, setting_words, settings};

use crate::callback::Sources;
use crate::{Idnow, normalize};

/// Registers IDnow with the facade, the program and the configuration schema.
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

/// The default limit of archives and their files, in bytes.
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
    /// AutoIdent and VideoIdent are separate accounts with their own company id and key: configure
    /// one provider for each. Environment variables set each key as `IDV_`, the provider and the
    /// key in upper case.
    pub struct IdnowConfig {
        required {
            /// The company id that IDnow assigned to the account (chapter 3.2.5).
            company: String,
            /// The account's API key (chapter 1.4). It creates identifications, logs in and signs
            /// links.
            api_key: Secret,
        }
        optional {
            /// The data centre (chapters 3.2.2, 4.4 and 8.2.1). Required unless both URLs below are
            /// set. There is no default, because the data centre receives personal data.
            host: Option<DataCentre>,
            /// A gateway URL that replaces the data centre's, without `/api`: for white labels,
            /// proxies and emulators.
            gateway_url: Option<Url> as Address,
            /// A base URL of the person's pages that replaces the data centre's: for white labels
            /// and emulators.
            go_url: Option<Url> as Address,
            /// The secret in the query of the webhook's URL: 16 characters or more. IDnow does not
            /// sign webhooks; without this secret a webhook is an unauthenticated claim that only
            /// triggers a poll.
            callback_secret: Secrets,
            /// The name of the query parameter that carries the secret.
            callback_parameter: String = CALLBACK_PARAMETER.to_owned(),
            /// Whether a callback must also come from the vendor's documented IP addresses (chapter
            /// 14.3): those of the data centre in `host`, or of any without `host`. The application
            /// must pass the true source:
            /// [`Delivery::from_source`](idv_core::Delivery::from_source).
            check_source: bool,
            /// The password of encrypted archives, which the company chose and gave to IDnow
            /// (chapter 10.1). It needs the feature `archive`.
            archive_password: Option<Secret>,
            /// The format in which results are fetched. Every format gives the same report.
            result_format: ResultFormat,
            /// The account's product, if it has only one. It determines the method of
            /// identifications whose result does not name it.
            product: Option<Product>,
            /// The kind of link for the person. Both kinds are equivalent (chapter 6.1.1).
            link: LinkStyle,
            /// The maximum size in bytes of a ZIP archive that is parsed for its files. The default
            /// is 256 MiB.
            ///
            /// The archive is held in memory, so raise the limit only for long videos. The evidence
            /// `archive`, the whole ZIP, is streamed and not limited by it.
            max_archive_bytes: u64 = MAX_ARCHIVE,
            /// The maximum size in bytes of a file unpacked from an archive. The default is 256
            /// MiB.
            max_entry_bytes: u64 = MAX_ARCHIVE,
        }
    }
}

impl IdnowConfig {
    /// Creates the configuration of an account at a data centre.
    ///
    /// All other settings have their defaults.
    ///
    /// ```
    /// use idv_idnow::{DataCentre, IdnowConfig, LinkStyle};
    ///
    /// let mut config = IdnowConfig::new("ihrebank", "example-api-key".into(), DataCentre::Test);
    /// config.link = LinkStyle::Short;
    /// config.check()?;
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(company: impl Into<String>, api_key: Secret, host: DataCentre) -> Self {
        Self {
            host: Some(host),
            ..Self::required(company.into(), api_key)
        }
    }

    /// Returns the URL of the gateway (chapter 3.2.2): `gateway_url`, or the data centre's.
    ///
    /// ```
    /// use idv_idnow::{DataCentre, IdnowConfig};
    ///
    /// let mut config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Ch);
    /// assert_eq!(config.gateway()?.as_str(), "https://gateway.online-ident.ch/");
    ///
    /// config.gateway_url = Some("http://127.0.0.1:8080/idnow".parse().expect("a URL"));
    /// assert_eq!(config.gateway()?.as_str(), "http://127.0.0.1:8080/idnow");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the URL is missing or not usable.
    pub fn gateway(&self) -> Result<Url> {
        self.address(
            "gateway_url",
            self.gateway_url.as_ref(),
            DataCentre::gateway,
        )
    }

    /// Returns the base URL of the person's pages (chapter 6.1): `go_url`, or the data centre's.
    ///
    /// ```
    /// use idv_idnow::{DataCentre, IdnowConfig};
    ///
    /// let mut config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::De);
    /// assert_eq!(config.go()?.as_str(), "https://go.idnow.de/");
    ///
    /// config.go_url = Some("http://ident.ihrebank.de".parse().expect("a URL"));
    /// assert!(config.go().is_err()); // personal data need https
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`IdnowConfig::gateway`].
    pub fn go(&self) -> Result<Url> {
        self.address("go_url", self.go_url.as_ref(), DataCentre::go)
    }

    /// Returns the permitted sources of callbacks (chapter 14.3).
    ///
    /// ```
    /// use idv_idnow::callback::Sources;
    /// use idv_idnow::{DataCentre, IdnowConfig};
    ///
    /// let mut config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::De);
    /// assert_eq!(config.sources(), Sources::Any);
    /// config.check_source = true;
    /// assert_eq!(config.sources(), Sources::Of(DataCentre::De));
    /// ```
    #[must_use]
    pub const fn sources(&self) -> Sources {
        match (self.check_source, self.host) {
            (false, _) => Sources::Any,
            (true, Some(host)) => Sources::Of(host),
            (true, None) => Sources::Documented,
        }
    }

    /// Returns the authentication of callbacks: a secret in the query of the webhook's URL, or
    /// none.
    ///
    /// ```
    /// use idv_idnow::{DataCentre, IdnowConfig};
    ///
    /// let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::De);
    /// let config = config.callback_secret("0123456789abcdef0123").callback_parameter("key");
    /// let auth = config.auth()?;
    /// let (name, secret) = auth.parameter_for("AH73JK3LM").expect("a secret is set");
    /// assert_eq!((name, secret.expose()), ("key", "0123456789abcdef0123"));
    ///
    /// assert!(config.callback_secret("too short").auth().is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the secret is too short or the parameter's name
    /// is not valid.
    pub fn auth(&self) -> Result<CallbackAuth> {
        settings::query_auth(&self.callback_parameter, &self.callback_secret)
    }

    /// Checks every setting.
    ///
    /// ```
    /// use idv_idnow::{DataCentre, IdnowConfig};
    ///
    /// let mut config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
    /// assert!(config.check().is_ok());
    /// config.host = None;
    /// let error = config.check().expect_err("neither a data centre nor URLs");
    /// assert!(error.to_string().contains(r#"set host to "de", "ch" or "test""#));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), naming the key and the accepted values.
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
                "archive_password is empty: set the password that the company chose, or \
                 remove the key",
            ));
        }
        if self.max_archive_bytes == 0 || self.max_entry_bytes == 0 {
            return Err(Error::config(
                "max_archive_bytes and max_entry_bytes must not be 0",
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
            (None, Some(host)) => Url::parse(of(host))
                .map_err(|_| Error::config("the data centre has no valid URL"))?,
            (None, None) => {
                return Err(Error::config(format!(
                    "host and {key} are missing: set host to \"de\", \"ch\" or \"test\", or \
                     set gateway_url and go_url"
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

    /// Returns the URL of the gateway (chapters 1.5 and 3.2.2).
    ///
    /// ```
    /// use idv_idnow::DataCentre;
    ///
    /// assert_eq!(DataCentre::Test.gateway(), "https://gateway.test.idnow.de");
    /// ```
    #[must_use]
    pub const fn gateway(self) -> &'static str {
        match self {
            Self::De => "https://gateway.idnow.de",
            Self::Ch => "https://gateway.online-ident.ch",
            Self::Test => "https://gateway.test.idnow.de",
        }
    }

    /// Returns the base URL of the person's pages (chapters 1.5 and 4.4).
    ///
    /// ```
    /// use idv_idnow::DataCentre;
    ///
    /// assert_eq!(DataCentre::Ch.go(), "https://go.online-ident.ch");
    /// ```
    #[must_use]
    pub const fn go(self) -> &'static str {
        match self {
            Self::De => "https://go.idnow.de",
            Self::Ch => "https://go.online-ident.ch",
            Self::Test => "https://go.test.idnow.de",
        }
    }

    /// Returns the name in configurations.
    ///
    /// ```
    /// use idv_idnow::DataCentre;
    ///
    /// let names: Vec<_> = DataCentre::ALL.iter().map(|centre| centre.name()).collect();
    /// assert_eq!(names, ["de", "ch", "test"]);
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::Ch => "ch",
            Self::Test => "test",
        }
    }
}

/// The format in which results are fetched. A poll always uses JSON, the only format that the
/// document defines for the state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResultFormat {
    /// JSON (chapter 8.3.3.2).
    #[default]
    Json,
    /// XML (chapter 13.3). The document has no path for it: see
    /// [`Api::identification_as_xml`](crate::api::Api::identification_as_xml).
    Xml,
    /// The XML or JSON in the ZIP archive (chapter 8.3.3.1). It needs the feature `archive`.
    Zip,
}

setting_words!(ResultFormat { Json = "json", Xml = "xml", Zip = "zip" });

/// IDnow's products with different methods of identification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Product {
    /// VideoIdent and eSign: a video call with an agent.
    Video,
    /// AutoIdent: automatically read photographs.
    Auto,
}

setting_words!(Product { Video = "video", Auto = "auto" });

/// The kind of link for the person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkStyle {
    /// With the company id and the transaction number (chapter 6.1.1.1). Only this link can be
    /// embedded in a page.
    #[default]
    Long,
    /// With only the Ident-ID (chapter 6.1.1.2).
    Short,
}

setting_words!(LinkStyle { Long = "long", Short = "short" });

/// Checks that a company id can be a path segment. Everything except the segments `.` and `..` can
/// be encoded.
pub(crate) fn check_company(company: &str) -> Result<()> {
    if company.is_empty()
        || company == "."
        || company == ".."
        || company.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return Err(Error::config(
            "invalid company: expected the company id that IDnow assigned, without white space",
        ));
    }
    Ok(())
}

/// Checks that a key is a valid header value.
fn check_api_key(api_key: &Secret) -> Result<()> {
    let text = api_key.expose();
    if text.is_empty() {
        return Err(Error::config("api_key is empty"));
    }
    if text.trim() != text || !text.is_ascii() || HeaderValue::from_str(text).is_err() {
        return Err(Error::config(
            "invalid api_key: white space at an end, line breaks and non-ASCII characters \
             are not allowed",
        ));
    }
    Ok(())
}

/// Checks a base URL: https, or http if personal data cannot leave the machine or the document
/// allows it (chapter 8.2.1).
pub(crate) fn check_url(key: &str, url: &Url) -> Result<()> {
    settings::check_address(key, url, |host| {
        host == "test.idnow.de" || host.ends_with(".test.idnow.de")
    })
}

#[cfg(test)]
mod tests;
