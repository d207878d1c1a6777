//! The adapter's configuration, from a file or from environment variables.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use idv_core::adapter::VendorEntry;
use idv_core::adapter::settings::{self, Address, Fault, Secrets, SettingValue, Value};
use idv_core::{CallbackAuth, Error, Result, Secret, Url, VendorInfo, setting_words, settings};

use crate::api::{DocumentScan, EventKind, Locale, NewTransaction, NewWebhook, Settings, Tasks};
use crate::normalize::{self, Acceptance, same_field};
use crate::{CmIdScan, session};

/// Registers CM.com ID Scan with the facade, the program and the configuration schema.
pub const ENTRY: VendorEntry = VendorEntry {
    id: "cm-id-scan",
    name: "CM.com ID Scan",
    domains: &["cm.com"],
    settings: CmIdScanConfig::SETTINGS,
    build: |table| Ok(Arc::new(CmIdScan::new(CmIdScanConfig::from_table(table)?)?)),
    describe: || {
        let config = CmIdScanConfig::new("example", "example of a secret, long enough".into());
        Ok(VendorInfo::of(&CmIdScan::new(
            config.callback_secret("an example of a secret"),
        )?))
    },
    // If a result has no time of completion, the document's expiry is compared with the present
    // date.
    normalize: |payload| {
        normalize::kind_at(
            payload.bytes,
            payload.kind,
            &Acceptance::strict(),
            payload.now,
        )
    },
    normalize_options: &[],
};

/// The base URL of the API ("Environment").
pub(crate) const BASE_URL: &str = "https://api.cm.com/id-scan/v1/";

settings! {
    /// The configuration of an account at CM.com ID Scan.
    ///
    /// ```toml
    /// [cm-id-scan]
    /// key_id = "3b438437-04a4-40bb-8389-54bb02766fba"
    /// secret = { env = "IDV_CM_ID_SCAN_SECRET" }
    /// tasks = ["document_scan", "face_liveness", "face_match"]
    /// callback_secret = { env = "IDV_CM_ID_SCAN_CALLBACK_SECRET" }
    /// ```
    ///
    /// Environment variables set each key as `IDV_`, the provider and the key in upper case.
    pub struct CmIdScanConfig {
        required {
            /// The key id of the account's credentials ("Authentication").
            key_id: String,
            /// The secret of the account's credentials, used verbatim, without decoding.
            secret: Secret,
        }
        optional {
            /// A base URL, with the API's version, that replaces the vendor's: for proxies and
            /// emulators, or if the vendor moves the API again. Images are downloaded only from
            /// this host.
            base_url: Option<Url> as Address,
            /// The person's tasks; all three by default. Without `face_match` nothing links the
            /// person to the document. A result that lacks one of these tasks is not verified,
            /// whatever the configuration was when the transaction was created.
            tasks: Tasks,
            /// The number of days by which a document may be expired; if negative, the number of
            /// days for which it must still be valid. The vendor receives this limit, and the
            /// adapter enforces it again by the date on the document.
            allowed_expiration: Option<i32>,
            /// The fields to black out in the image of the document, such as `personal_number` and
            /// `signature`.
            redact_fields: Vec<String>,
            /// The permitted sources of images: `camera`, `file`. Both by default.
            capture_sources: Vec<String>,
            /// The level of the scan: `advanced`, if the account has it.
            level: Option<String>,
            /// The minimum age of the person, in years. The vendor receives this limit, and the
            /// adapter enforces it again by the age and the date of birth.
            minimum_age: Option<u16>,
            /// The maximum age of the person, in years. The vendor receives this limit, and the
            /// adapter enforces it again by the age and the date of birth.
            maximum_age: Option<u16>,
            /// Additional fields to validate, such as `personal_number`.
            validate_fields: Vec<String>,
            /// The fields of a result; all fields if empty. A result has images only if this list
            /// contains `document_image` and `portrait`, or is empty.
            extract_fields: Vec<String>,
            /// The language for persons whose own language is not supported: `en-US`, `nl-NL`,
            /// `fr-FR`. The vendor's default is `en-US`.
            locale: Option<Locale>,
            /// Whether the person must use a mobile device.
            mobile_only: bool,
            /// The lifetime of a transaction in seconds: 3600 to 86400. The vendor's default is
            /// 3600.
            expires_in: Option<u32>,
            /// The URL to which a mobile device returns after it took over by the QR code. The
            /// default is a page of the vendor's.
            scan_return_url: Option<Url>,
            /// The lifetime of a token in seconds: 60 to 3600. The default is 300.
            token_lifetime: u32 = 300,
            /// The number of seconds by which a token's start is backdated, in case the vendor's
            /// clock is slow: 0 to 300. The default is 30.
            token_skew: u32 = 30,
            /// The secret in the webhook's header: 16 characters or more. The vendor does not sign;
            /// without this secret a callback is an unauthenticated claim that only triggers a
            /// poll. [`CmIdScan::webhook`](crate::CmIdScan::webhook) builds a webhook with it.
            callback_secret: Secrets,
            /// The name of the header that carries the secret.
            callback_header: String = "X-Callback-Secret".to_owned(),
            /// The minimum score, from 0 to 1, of a passed task. The default is 0.8. [`Acceptance`]
            /// describes this setting and the five that follow.
            acceptance_min_score: f64 = Acceptance::MIN_SCORE,
            /// The score, from 0 to 1, below which a face task rejects the person. The default is
            /// 0.5.
            acceptance_face_floor: f64 = Acceptance::FACE_FLOOR,
            /// Whether every task needs a score. Otherwise a `valid` field or the word `valid` or
            /// `match` also proves a task.
            acceptance_require_scores: bool,
            /// Whether a completed face task has passed if its result says nothing else. The
            /// vendor's document does not say so; set this only if the vendor has confirmed it for
            /// the account. Otherwise such a result is inconclusive.
            acceptance_completed_means_match: bool,
            /// The fields that a result must have, by any of their names. The default is
            /// `document_number` and `surname`, if they are extracted.
            acceptance_required_fields: Vec<String>,
            /// The fields that may be invalid or contradictory without consequences, by any of
            /// their names. The default is none. Limits still apply: an age or an expiry date
            /// outside them is not verified.
            acceptance_tolerated_fields: Vec<String>,
        }
    }
}

impl CmIdScanConfig {
    /// Creates the configuration of an account. All other settings have their defaults.
    ///
    /// ```
    /// use idv_cm_id_scan::CmIdScanConfig;
    ///
    /// let key_id = "3b438437-04a4-40bb-8389-54bb02766fba";
    /// let mut config = CmIdScanConfig::new(key_id, "example secret".into());
    /// config.minimum_age = Some(18);
    /// config.allowed_expiration = Some(0);
    /// config.check()?;
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(key_id: impl Into<String>, secret: Secret) -> Self {
        Self::required(key_id.into(), secret)
    }

    /// Checks every setting.
    ///
    /// ```
    /// use idv_cm_id_scan::CmIdScanConfig;
    ///
    /// let key_id = "3b438437-04a4-40bb-8389-54bb02766fba";
    /// let config = CmIdScanConfig::new(key_id, "the account's secret".into());
    /// config.clone().expires_in(86_400).check()?;
    /// let error = config.expires_in(600).check().unwrap_err();
    /// assert!(error.to_string().contains("3600"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), naming the key and the accepted values.
    pub fn check(&self) -> Result<()> {
        self.check_access()?;
        // The keys have the names of the transaction's fields.
        self.transaction()
            .check()
            .map_err(|error| Error::config(error.to_string()))?;
        self.auth()?;
        self.check_extraction()?;
        self.acceptance().check()
    }

    /// Checks the settings that calls need. [`NewTransaction::check`] checks the rest when a
    /// transaction is created.
    pub(crate) fn check_access(&self) -> Result<()> {
        session::check(&self.key_id, &self.secret)?;
        self.address()?;
        if !(60..=3_600).contains(&self.token_lifetime) {
            return Err(Error::config(
                "invalid token_lifetime: expected 60 to 3600 seconds",
            ));
        }
        if self.token_skew > 300 {
            return Err(Error::config(
                "invalid token_skew: expected 0 to 300 seconds",
            ));
        }
        Ok(())
    }

    /// Returns the base URL of the API.
    ///
    /// ```
    /// use idv_cm_id_scan::CmIdScanConfig;
    ///
    /// let config = CmIdScanConfig::new("key id", "the account's secret".into());
    /// assert_eq!(config.address()?.as_str(), "https://api.cm.com/id-scan/v1/");
    ///
    /// let emulator: idv_core::Url = "http://127.0.0.1:8080/id-scan/v1/".parse().unwrap();
    /// assert_eq!(config.base_url(emulator).address()?.port(), Some(8080));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if `base_url` is not a usable URL.
    pub fn address(&self) -> Result<Url> {
        settings::base_url(self.base_url.as_ref(), BASE_URL)
    }

    /// Returns the authentication of callbacks.
    ///
    /// ```
    /// use idv_cm_id_scan::CmIdScanConfig;
    ///
    /// let config = CmIdScanConfig::new("key id", "the account's secret".into());
    /// assert!(config.auth().is_ok()); // events are claims
    /// assert!(config.clone().callback_secret("0123456789abcdef0123").auth().is_ok());
    /// let error = config.callback_secret("too short").auth().unwrap_err();
    /// assert!(error.to_string().contains("16"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the secret is too short or the header's name is
    /// not valid.
    pub fn auth(&self) -> Result<CallbackAuth> {
        if http::HeaderName::try_from(&self.callback_header).is_err() {
            return Err(Error::config(
                "invalid callback_header: expected the name of a header, such as \
                 X-Callback-Secret",
            ));
        }
        if self
            .callback_secret
            .iter()
            .any(|secret| http::HeaderValue::try_from(secret.expose()).is_err())
        {
            return Err(Error::config(
                "callback_secret has a character that a header cannot carry",
            ));
        }
        if self.callback_secret.is_empty() {
            return Ok(CallbackAuth::none());
        }
        CallbackAuth::header(&self.callback_header, self.callback_secret.clone())
    }

    /// Returns the rule that judges results.
    ///
    /// ```
    /// use idv_cm_id_scan::CmIdScanConfig;
    ///
    /// let config = CmIdScanConfig::new("key id", "the account's secret".into())
    ///     .acceptance_min_score(0.9)
    ///     .minimum_age(18_u16);
    /// let acceptance = config.acceptance();
    /// assert_eq!((acceptance.min_score, acceptance.minimum_age), (0.9, Some(18)));
    /// assert_eq!(acceptance.required_fields, ["document_number", "surname"]);
    /// ```
    #[must_use]
    pub fn acceptance(&self) -> Acceptance {
        let mut acceptance = Acceptance::strict();
        acceptance.min_score = self.acceptance_min_score;
        acceptance.face_floor = self.acceptance_face_floor;
        acceptance.require_scores = self.acceptance_require_scores;
        acceptance.completed_means_match = self.acceptance_completed_means_match;
        acceptance.ordered = Some(self.tasks);
        acceptance.allowed_expiration = self.allowed_expiration;
        (acceptance.minimum_age, acceptance.maximum_age) = (self.minimum_age, self.maximum_age);
        acceptance
            .tolerated_fields
            .clone_from(&self.acceptance_tolerated_fields);
        if self.acceptance_required_fields.is_empty() {
            acceptance
                .required_fields
                .retain(|field| self.extracts(field));
        } else {
            acceptance
                .required_fields
                .clone_from(&self.acceptance_required_fields);
        }
        acceptance
    }

    /// Checks that a result contains the fields on which it is judged. The vendor omits fields that
    /// are not extracted.
    fn check_extraction(&self) -> Result<()> {
        let lacks = |fields: &[&str]| !fields.iter().any(|field| self.extracts(field));
        for required in &self.acceptance_required_fields {
            if is_image(required) {
                return Err(Error::config(format!(
                    "acceptance_required_fields names {required}, which is an image: \
                     expected fields such as document_number"
                )));
            }
            if lacks(&[required]) {
                return Err(Error::config(format!(
                    "acceptance_required_fields names {required}, which extract_fields \
                     omits: no result could be verified"
                )));
            }
        }
        if self.acceptance().required_fields.is_empty() {
            return Err(Error::config(
                "extract_fields omits document_number and surname, so a result would not \
                 identify the person: extract one of them, or set acceptance_required_fields",
            ));
        }
        for (key, is_set) in [
            ("minimum_age", self.minimum_age.is_some()),
            ("maximum_age", self.maximum_age.is_some()),
        ] {
            if is_set && lacks(&["age", "date_of_birth"]) {
                return Err(Error::config(format!(
                    "{key} needs age or date_of_birth, which extract_fields omits: add one \
                     of them"
                )));
            }
        }
        if self.allowed_expiration.is_some() && lacks(&["date_of_expiry"]) {
            return Err(Error::config(
                "allowed_expiration needs date_of_expiry, which extract_fields omits: add it",
            ));
        }
        Ok(())
    }

    /// Returns whether a result contains a field, by any of its names, if the document has it.
    fn extracts(&self, field: &str) -> bool {
        self.extract_fields.is_empty()
            || self
                .extract_fields
                .iter()
                .any(|extracted| same_field(extracted, field))
    }

    /// Builds a transaction with the configured tasks and settings.
    ///
    /// ```
    /// use idv_cm_id_scan::CmIdScanConfig;
    ///
    /// let config = CmIdScanConfig::new("key id", "the account's secret".into())
    ///     .minimum_age(18_u16)
    ///     .expires_in(86_400_u32);
    /// let transaction = config.transaction();
    /// assert_eq!(transaction.settings.document_scan.minimum_age, Some(18));
    /// assert_eq!(transaction.expires_in, Some(86_400));
    /// ```
    #[must_use]
    pub fn transaction(&self) -> NewTransaction {
        let mut transaction = NewTransaction::new(self.tasks);
        let document_scan = DocumentScan {
            allowed_expiration: self.allowed_expiration,
            redact_fields: self.redact_fields.clone(),
            capture_sources: self.capture_sources.clone(),
            level: self.level.clone(),
            minimum_age: self.minimum_age,
            maximum_age: self.maximum_age,
            validate_fields: self.validate_fields.clone(),
            extract_fields: self.extract_fields.clone(),
        };
        transaction.settings = Settings { document_scan };
        transaction.locale = self.locale;
        transaction.mobile_only = self.mobile_only.then_some(true);
        transaction.expires_in = self.expires_in;
        transaction
            .scan_return_url
            .clone_from(&self.scan_return_url);
        transaction
    }

    /// Builds a webhook for every event at this URL, with the secret that authenticates them.
    ///
    /// ```
    /// use idv_cm_id_scan::CmIdScanConfig;
    ///
    /// let config = CmIdScanConfig::new("key id", "the account's secret".into())
    ///     .callback_secret("0123456789abcdef0123");
    /// let webhook = config.webhook("https://www.example.com/webhook".parse().unwrap());
    /// assert_eq!(webhook.events.len(), 2);
    /// assert!(webhook.headers.contains_key("X-Callback-Secret"));
    /// ```
    #[must_use]
    pub fn webhook(&self, url: Url) -> NewWebhook {
        let mut webhook = NewWebhook::new(url);
        webhook.events = EventKind::ALL.to_vec();
        match self.callback_secret.first() {
            Some(secret) => webhook.with_header(&self.callback_header, secret.clone()),
            None => webhook,
        }
    }

    /// Returns the lifetime of a transaction.
    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.expires_in.unwrap_or(3_600).into())
    }
}

/// Returns whether a name in `extract_fields` selects an image and not a field.
fn is_image(name: &str) -> bool {
    ["document_image", "portrait"]
        .iter()
        .any(|image| name.trim().eq_ignore_ascii_case(image))
}

impl SettingValue for Tasks {
    fn form() -> Cow<'static, str> {
        "document_scan; or document_scan and face_liveness; or document_scan, face_liveness and face_match".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        Self::of::<String>(&Vec::read(value).map_err(|_| Fault::FORM)?).ok_or(Fault::FORM)
    }
}

setting_words!(Locale { English = "en-US", Dutch = "nl-NL", French = "fr-FR" });
