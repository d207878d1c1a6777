//! The adapter's configuration, from a file or from environment variables.

use std::sync::Arc;

use http::HeaderValue;
use idv_core::adapter::VendorEntry;
use idv_core::adapter::settings::{self, Address, CALLBACK_PARAMETER, Secrets};
use idv_core::{CallbackAuth, Error, Result, Secret, Url, VendorInfo, settings};

use crate::Identify24;
use crate::normalize::{self, Statuses};

/// Registers Identify24 with the facade, the program and the configuration schema.
pub const ENTRY: VendorEntry = VendorEntry {
    id: "identify24",
    name: "Identify24 VideoIdent",
    domains: &["identify24.de"],
    settings: Identify24Config::SETTINGS,
    build: |table| {
        Ok(Arc::new(Identify24::new(Identify24Config::from_table(
            table,
        )?)?))
    },
    describe: || {
        let config = Identify24Config::new("example", "example".into(), 1);
        Ok(VendorInfo::of(&Identify24::new(
            config.callback_secret("an example of a secret"),
        )?))
    },
    normalize: |payload| normalize::kind(payload.bytes, payload.kind, &Statuses::of_document()),
    normalize_options: &[],
};

/// The base URL of the API.
const BASE_URL: &str = "https://api.identify24.de";

settings! {
    /// The configuration of an account at Identify24.
    ///
    /// ```toml
    /// [identify24]
    /// partner = "911-internet"
    /// api_key = { env = "IDV_IDENTIFY24_API_KEY" }
    /// project_id = 6
    /// callback_secret = { env = "IDV_IDENTIFY24_CALLBACK_SECRET" }
    ///
    /// [identify24.statuses]
    /// "Some Word" = "verified"
    /// "Another Word" = { before_agent = "awaiting_person", after_agent = "rejected" }
    /// ```
    ///
    /// Environment variables set each key as `IDV_`, the provider and the key in upper case.
    pub struct Identify24Config {
        required {
            /// The partner's user name, sent with every call.
            partner: String,
            /// The account's API key, sent only to log in.
            api_key: Secret,
            /// The number of the project in which idents are created.
            /// [`Api::projects`](crate::api::Api::projects) lists the projects.
            project_id: u64,
        }
        optional {
            /// A base URL that replaces the vendor's, for proxies and emulators.
            base_url: Option<Url> as Address,
            /// The secret in the query of the webhook's URL: 16 characters or more.
            ///
            /// The webhook's URL is set once, in the partner portal under the merchant's details.
            /// Identify24 does not sign webhooks. Without this secret a webhook is an
            /// unauthenticated claim that only triggers a poll, its report is ignored, and the
            /// report has only the personal data that a poll returns.
            callback_secret: Secrets,
            /// The name of the query parameter that carries the secret.
            callback_parameter: String = CALLBACK_PARAMETER.to_owned(),
            /// The meanings of the states of this account's idents. The document defines no state
            /// for an outcome, so without this table no verification gets an outcome.
            statuses: Statuses,
        }
    }
}

impl Identify24Config {
    /// Creates the configuration of an account and one of its projects. All other settings have
    /// their defaults.
    ///
    /// ```
    /// use idv_core::{Outcome, Status};
    /// use idv_identify24::Identify24Config;
    ///
    /// let mut config = Identify24Config::new("911-internet", "example-api-key".into(), 6);
    /// config.statuses = config.statuses.with("Some Word", Status::Finished(Outcome::Verified))?;
    /// config.check()?;
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(partner: impl Into<String>, api_key: Secret, project_id: u64) -> Self {
        Self::required(partner.into(), api_key, project_id)
    }

    /// Checks every setting.
    ///
    /// ```
    /// use idv_identify24::Identify24Config;
    ///
    /// let config = |project| Identify24Config::new("911-internet", "example-api-key".into(), project);
    /// config(6).check()?;
    /// let error = config(0).check().unwrap_err();
    /// assert!(error.to_string().contains("project_id"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), naming the key and the accepted values.
    pub fn check(&self) -> Result<()> {
        self.partner_header()?;
        if self.api_key.is_empty() || self.api_key.expose().chars().any(char::is_control) {
            return Err(Error::config(
                "api_key is empty or has a control character: copy it from the account's set-up",
            ));
        }
        if self.project_id == 0 {
            return Err(Error::config(
                "project_id must not be 0: expected the number of a project of the account",
            ));
        }
        self.address()?;
        self.auth()?;
        Ok(())
    }

    /// Returns the base URL of the API.
    ///
    /// ```
    /// use idv_identify24::Identify24Config;
    ///
    /// let config = Identify24Config::new("911-internet", "example-api-key".into(), 6);
    /// assert_eq!(config.address()?.host_str(), Some("api.identify24.de"));
    ///
    /// let plain: idv_core::Url = "http://api.identify24.de".parse().unwrap();
    /// assert!(config.base_url(plain).address().is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if `base_url` is not a usable URL. The document
    /// forbids plain HTTP.
    pub fn address(&self) -> Result<Url> {
        settings::base_url(self.base_url.as_ref(), BASE_URL)
    }

    /// Returns the authentication of callbacks.
    ///
    /// ```
    /// use idv_identify24::Identify24Config;
    ///
    /// let config = Identify24Config::new("911-internet", "example-api-key".into(), 6);
    /// assert!(config.auth().is_ok()); // webhooks are claims
    /// assert!(config.clone().callback_secret("0123456789abcdef0123").auth().is_ok());
    /// let error = config.callback_secret("too short").auth().unwrap_err();
    /// assert!(error.to_string().contains("16"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the secret is too short or the parameter's name
    /// is not valid.
    pub fn auth(&self) -> Result<CallbackAuth> {
        settings::query_auth(&self.callback_parameter, &self.callback_secret)
    }

    /// Returns the partner's name as a header value.
    pub(crate) fn partner_header(&self) -> Result<HeaderValue> {
        let plain =
            !self.partner.is_empty() && self.partner.bytes().all(|byte| byte.is_ascii_graphic());
        HeaderValue::from_str(&self.partner)
            .ok()
            .filter(|_| plain)
            .ok_or_else(|| {
                Error::config(
                    "partner is not a valid user name: expected printable ASCII without spaces",
                )
            })
    }
}
