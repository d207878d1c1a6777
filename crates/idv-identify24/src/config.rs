//! The configuration of the adapter: one struct, one validation, from a file or from the environment.

use http::HeaderValue;
use idv_core::adapter::settings::{self, Variable};
use idv_core::{CallbackAuth, Error, Result, Secret, Url};
use serde::Deserialize;

use crate::normalize::Statuses;

/// The address of the API.
const BASE_URL: &str = "https://api.identify24.de";

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
/// Each key can be given by the environment instead: [`ENVIRONMENT`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Identify24Config {
    /// The partner's user name. It is sent with every call.
    pub partner: String,
    /// The API key of the account. It is sent to log in, and with no other call.
    pub api_key: Secret,
    /// The number of the project that idents are created in. [`Api::projects`](crate::api::Api::projects) lists them.
    #[serde(deserialize_with = "settings::number")]
    pub project_id: u64,
    /// The address of the API in place of the vendor's own: proxies, emulators.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// The secret, of 16 characters at least, that the webhook's address carries in its query. The address is set once, in the partner
    /// portal under the merchant's details. Identify24 signs no webhooks; without this each one is a claim and a reason to ask, its
    /// report cannot be believed, and the little that a poll tells of the person takes its place.
    #[serde(default)]
    pub callback_secret: Option<Secret>,
    /// The name of the query parameter that carries the secret.
    #[serde(default = "token")]
    pub callback_parameter: String,
    /// The meanings of the vendor's words for the states of this account's idents. Without any, no verification comes to an end here: the
    /// document shows no word for an outcome.
    #[serde(default)]
    pub statuses: Statuses,
}

impl Identify24Config {
    /// An account and one of its projects; the rest is set on the value.
    #[must_use]
    pub fn new(partner: impl Into<String>, api_key: Secret, project_id: u64) -> Self {
        Self {
            partner: partner.into(),
            api_key,
            project_id,
            base_url: None,
            callback_secret: None,
            callback_parameter: token(),
            statuses: Statuses::of_document(),
        }
    }

    /// Checks all of it.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key and says what to do.
    pub fn check(&self) -> Result<()> {
        self.partner_header()?;
        if self.api_key.is_empty() || self.api_key.expose().chars().any(char::is_control) {
            return Err(Error::config("api_key is empty or has a control character: copy it from the account's set-up"));
        }
        if self.project_id == 0 {
            return Err(Error::config("project_id must not be 0: write the number of a project of the account"));
        }
        self.address()?;
        self.auth()?;
        Ok(())
    }

    /// The address of the API.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if it is no address that can be used: the document forbids plain HTTP.
    pub fn address(&self) -> Result<Url> {
        let url = match &self.base_url {
            Some(url) => url.clone(),
            None => Url::parse(BASE_URL).map_err(|_| Error::config("base_url has no default"))?,
        };
        settings::check_address("base_url", &url, |_| false)?;
        Ok(url)
    }

    /// Returns the proof of callbacks.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the secret is too short, or the parameter's name is none.
    pub fn auth(&self) -> Result<CallbackAuth> {
        if self.callback_parameter.is_empty() || !self.callback_parameter.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::config("callback_parameter is not a name of ASCII letters and digits, such as token"));
        }
        self.callback_secret.as_ref().map_or_else(
            || Ok(CallbackAuth::none()),
            |secret| CallbackAuth::query(self.callback_parameter.clone(), [secret.clone()]),
        )
    }

    /// The partner's name as the value of a header.
    pub(crate) fn partner_header(&self) -> Result<HeaderValue> {
        let plain = !self.partner.is_empty() && self.partner.bytes().all(|byte| byte.is_ascii_graphic());
        HeaderValue::from_str(&self.partner)
            .ok()
            .filter(|_| plain)
            .ok_or_else(|| Error::config("partner is no user name: it is visible characters of ASCII without white space"))
    }
}

/// Every key of [`Identify24Config`] with the environment variable that can stand for it. `statuses` is one text there:
/// `Some Word=verified,Another Word=awaiting_person/rejected`.
pub const ENVIRONMENT: &[Variable] = &[
    Variable::plain("IDV_IDENTIFY24_PARTNER", "partner"),
    Variable::secret("IDV_IDENTIFY24_API_KEY", "api_key"),
    Variable::plain("IDV_IDENTIFY24_PROJECT_ID", "project_id"),
    Variable::plain("IDV_IDENTIFY24_BASE_URL", "base_url"),
    Variable::secret("IDV_IDENTIFY24_CALLBACK_SECRET", "callback_secret"),
    Variable::plain("IDV_IDENTIFY24_CALLBACK_PARAMETER", "callback_parameter"),
    Variable::plain("IDV_IDENTIFY24_STATUSES", "statuses"),
];

fn token() -> String {
    "token".to_owned()
}
