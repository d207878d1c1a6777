//! The configuration of the adapter: one struct, one validation, from a file or from the environment.

use std::sync::Arc;

use http::HeaderValue;
use idv_core::adapter::VendorEntry;
use idv_core::adapter::settings::{self, Address, CALLBACK_PARAMETER, Secrets};
use idv_core::{CallbackAuth, Error, Result, Secret, Url, VendorInfo, settings};

use crate::Identify24;
use crate::normalize::{self, Statuses};

/// Identify24, for a registry of vendors.
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

/// The address of the API.
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
    /// The environment gives each key as `IDV_`, the provider and the key in capitals.
    pub struct Identify24Config {
        required {
            /// The partner's user name. It is sent with every call.
            partner: String,
            /// The API key of the account. It is sent to log in, and with no other call.
            api_key: Secret,
            /// The number of the project that idents are created in. [`Api::projects`](crate::api::Api::projects) lists them.
            project_id: u64,
        }
        optional {
            /// The address of the API in place of the vendor's own: proxies, emulators.
            base_url: Option<Url> as Address,
            /// The secret, of 16 characters at least, that the webhook's address carries in its query. The address is set once, in the partner
            /// portal under the merchant's details. Identify24 signs no webhooks; without this each one is a claim and a reason to ask, its
            /// report cannot be believed, and the little that a poll tells of the person takes its place.
            callback_secret: Secrets,
            /// The name of the query parameter that carries the secret.
            callback_parameter: String = CALLBACK_PARAMETER.to_owned(),
            /// The meanings of the vendor's words for the states of this account's idents. Without any, no verification comes to an end here: the
            /// document shows no word for an outcome.
            statuses: Statuses,
        }
    }
}

impl Identify24Config {
    /// An account and one of its projects; the rest is set on the value.
    #[must_use]
    pub fn new(partner: impl Into<String>, api_key: Secret, project_id: u64) -> Self {
        Self::required(partner.into(), api_key, project_id)
    }

    /// Checks all of it.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key and says what to do.
    pub fn check(&self) -> Result<()> {
        self.partner_header()?;
        if self.api_key.is_empty() || self.api_key.expose().chars().any(char::is_control) {
            return Err(Error::config(
                "api_key is empty or has a control character: copy it from the account's set-up",
            ));
        }
        if self.project_id == 0 {
            return Err(Error::config(
                "project_id must not be 0: write the number of a project of the account",
            ));
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
        settings::base_url(self.base_url.as_ref(), BASE_URL)
    }

    /// Returns the proof of callbacks.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the secret is too short, or the parameter's name is none.
    pub fn auth(&self) -> Result<CallbackAuth> {
        settings::query_auth(&self.callback_parameter, &self.callback_secret)
    }

    /// The partner's name as the value of a header.
    pub(crate) fn partner_header(&self) -> Result<HeaderValue> {
        let plain =
            !self.partner.is_empty() && self.partner.bytes().all(|byte| byte.is_ascii_graphic());
        HeaderValue::from_str(&self.partner)
            .ok()
            .filter(|_| plain)
            .ok_or_else(|| Error::config("partner is no user name: it is visible characters of ASCII without white space"))
    }
}
