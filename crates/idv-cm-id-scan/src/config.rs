//! The adapter's configuration: one struct and one validation, from a file or from the environment.

use std::fmt;
use std::time::Duration;

use idv_core::adapter::settings::{self, Variable};
use idv_core::{CallbackAuth, Error, Result, Secret, Url};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};

use crate::api::{DocumentScan, EventKind, Locale, NewTransaction, NewWebhook, Settings, Tasks};
use crate::normalize::{Acceptance, same_field};
use crate::session;

/// The address of the API ("Environment").
pub(crate) const BASE_URL: &str = "https://api.cm.com/id-scan/v1/";

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
/// Each key can be given by the environment instead: [`ENVIRONMENT`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CmIdScanConfig {
    /// The key id of the account's credentials ("Authentication").
    pub key_id: String,
    /// The secret of the account's credentials. It is used as it is written, without decoding.
    pub secret: Secret,
    /// The address of the API, with its version, in place of the vendor's own: it has moved once, and there are proxies and emulators.
    /// Images are downloaded from this host alone.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// The tasks of the person; all three by default. Without `face_match` nothing ties the person to the document.
    /// A result that lacks one of them is not verified, whatever had been configured when its transaction was created.
    #[serde(default, deserialize_with = "tasks")]
    pub tasks: Tasks,
    /// For how many days a document may have expired; if negative, for how many days it must still be valid. It is sent to the vendor, and
    /// judged again by the date that was read.
    #[serde(default, deserialize_with = "integer")]
    pub allowed_expiration: Option<i32>,
    /// Which fields are blacked out in the image of the document, such as `personal_number` and `signature`.
    #[serde(default, deserialize_with = "settings::words")]
    pub redact_fields: Vec<String>,
    /// Where images may come from: `camera`, `file`; both by default.
    #[serde(default, deserialize_with = "settings::words")]
    pub capture_sources: Vec<String>,
    /// The thoroughness of the scan: `advanced`, if the account has it.
    #[serde(default)]
    pub level: Option<String>,
    /// The least age of the person, in years. It is sent to the vendor, and judged again by the age and the day of birth.
    #[serde(default, deserialize_with = "number")]
    pub minimum_age: Option<u16>,
    /// The greatest age of the person, in years. It is sent to the vendor, and judged again by the age and the day of birth.
    #[serde(default, deserialize_with = "number")]
    pub maximum_age: Option<u16>,
    /// Which fields are checked in addition, such as `personal_number`.
    #[serde(default, deserialize_with = "settings::words")]
    pub validate_fields: Vec<String>,
    /// Which fields a result has; all if none is named. Images come only if `document_image` and `portrait` are among them.
    #[serde(default, deserialize_with = "settings::words")]
    pub extract_fields: Vec<String>,
    /// The language for persons whose own is not supported: `en-US`, `nl-NL`, `fr-FR`. The vendor's own default is `en-US`.
    #[serde(default)]
    pub locale: Option<Locale>,
    /// Whether the person has to use a mobile device.
    #[serde(default, deserialize_with = "settings::flag")]
    pub mobile_only: bool,
    /// After how many seconds a transaction expires: 3600, which is also the vendor's default, to 86400.
    #[serde(default, deserialize_with = "number")]
    pub expires_in: Option<u32>,
    /// Where the browser of a mobile device goes that took over by the QR code; the vendor has a page of its own for it.
    #[serde(default)]
    pub scan_return_url: Option<Url>,
    /// For how many seconds a token is valid: 60 to 3600. 300.
    #[serde(default = "token_lifetime", deserialize_with = "settings::number")]
    pub token_lifetime: u32,
    /// By how many seconds a token is dated back, for a clock of the vendor's that is behind: 0 to 300. 30.
    #[serde(default = "token_skew", deserialize_with = "settings::number")]
    pub token_skew: u32,
    /// The secret, of 16 characters at least, that the webhook's header carries. The vendor does not sign; without this each callback is a
    /// claim, and a reason to ask. [`CmIdScan::webhook`](crate::CmIdScan::webhook) registers a webhook with it.
    #[serde(default)]
    pub callback_secret: Option<Secret>,
    /// The name of the header that carries the secret.
    #[serde(default = "callback_header")]
    pub callback_header: String,
    /// The least score, from 0 to 1, of a task that counts as passed. 0.8. See [`Acceptance`] for this and the five that follow.
    #[serde(default = "min_score", deserialize_with = "fraction")]
    pub acceptance_min_score: f64,
    /// The score, from 0 to 1, of a task about the face below which the person is rejected. 0.5.
    #[serde(default = "face_floor", deserialize_with = "fraction")]
    pub acceptance_face_floor: f64,
    /// Whether every task must have a score. Otherwise a task may also be proven by a `valid` field, or by the word `valid` or `match`.
    #[serde(default, deserialize_with = "settings::flag")]
    pub acceptance_require_scores: bool,
    /// Whether a completed task about the face has come out well if its result says nothing else. The vendor's document does not say so;
    /// set it only if the vendor has confirmed it for the account. Otherwise such a result is inconclusive.
    #[serde(default, deserialize_with = "settings::flag")]
    pub acceptance_completed_means_match: bool,
    /// The fields that a result must have, by any of their names. By default `document_number` and `surname`, if they are extracted.
    #[serde(default, deserialize_with = "settings::words")]
    pub acceptance_required_fields: Vec<String>,
    /// The fields that may be invalid or contradict themselves all the same, by any of their names. None. Limits stay: an age or a day of
    /// expiry beyond them is not verified.
    #[serde(default, deserialize_with = "settings::words")]
    pub acceptance_tolerated_fields: Vec<String>,
}

impl CmIdScanConfig {
    /// An account; the rest is set on the value.
    #[must_use]
    pub fn new(key_id: impl Into<String>, secret: Secret) -> Self {
        Self {
            key_id: key_id.into(),
            secret,
            base_url: None,
            tasks: Tasks::default(),
            allowed_expiration: None,
            redact_fields: Vec::new(),
            capture_sources: Vec::new(),
            level: None,
            minimum_age: None,
            maximum_age: None,
            validate_fields: Vec::new(),
            extract_fields: Vec::new(),
            locale: None,
            mobile_only: false,
            expires_in: None,
            scan_return_url: None,
            token_lifetime: token_lifetime(),
            token_skew: token_skew(),
            callback_secret: None,
            callback_header: callback_header(),
            acceptance_min_score: min_score(),
            acceptance_face_floor: face_floor(),
            acceptance_require_scores: false,
            acceptance_completed_means_match: false,
            acceptance_required_fields: Vec::new(),
            acceptance_tolerated_fields: Vec::new(),
        }
    }

    /// Checks all of it.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key and says what to do.
    pub fn check(&self) -> Result<()> {
        self.check_access()?;
        // The fields of a transaction are called as the keys are.
        self.transaction().check().map_err(|error| Error::config(error.to_string()))?;
        self.auth()?;
        self.check_extraction()?;
        self.acceptance().check()
    }

    /// Checks what calls need. What a transaction asks for is checked when it is created.
    pub(crate) fn check_access(&self) -> Result<()> {
        session::check(&self.key_id, &self.secret)?;
        self.address()?;
        if !(60..=3_600).contains(&self.token_lifetime) {
            return Err(Error::config("token_lifetime is 60 to 3600 seconds"));
        }
        if self.token_skew > 300 {
            return Err(Error::config("token_skew is 0 to 300 seconds"));
        }
        Ok(())
    }

    /// The address of the API.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if it is no address that can be used.
    pub fn address(&self) -> Result<Url> {
        let url = match &self.base_url {
            Some(url) => url.clone(),
            None => Url::parse(BASE_URL).map_err(|_| Error::config("base_url has no default"))?,
        };
        settings::check_address("base_url", &url, |_| false)?;
        Ok(url)
    }

    /// Returns what proves callbacks.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the secret is too short, or the name is none of a header.
    pub fn auth(&self) -> Result<CallbackAuth> {
        if http::HeaderName::try_from(&self.callback_header).is_err() {
            return Err(Error::config("callback_header is not a name of a header, such as X-Callback-Secret"));
        }
        let Some(secret) = &self.callback_secret else { return Ok(CallbackAuth::none()) };
        if http::HeaderValue::try_from(secret.expose()).is_err() {
            return Err(Error::config("callback_secret has a character that no header can carry"));
        }
        CallbackAuth::header(&self.callback_header, [secret.clone()])
    }

    /// The rule that judges results.
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
        acceptance.tolerated_fields.clone_from(&self.acceptance_tolerated_fields);
        if self.acceptance_required_fields.is_empty() {
            acceptance.required_fields.retain(|field| self.extracts(field));
        } else {
            acceptance.required_fields.clone_from(&self.acceptance_required_fields);
        }
        acceptance
    }

    /// Checks that a result has what it is judged by: the vendor leaves out what is not extracted.
    fn check_extraction(&self) -> Result<()> {
        let lacks = |fields: &[&str]| !fields.iter().any(|field| self.extracts(field));
        for required in &self.acceptance_required_fields {
            if is_image(required) {
                return Err(Error::config(format!(
                    "acceptance_required_fields names {required}, which is an image: name fields such as document_number"
                )));
            }
            if lacks(&[required]) {
                return Err(Error::config(format!(
                    "acceptance_required_fields names {required}, which extract_fields leaves out: no result would be good enough"
                )));
            }
        }
        if self.acceptance().required_fields.is_empty() {
            return Err(Error::config(
                "extract_fields leaves out document_number and surname, so that a result says nothing of the person: extract one of them, \
                 or name in acceptance_required_fields what a result must have",
            ));
        }
        for (key, is_set) in [("minimum_age", self.minimum_age.is_some()), ("maximum_age", self.maximum_age.is_some())] {
            if is_set && lacks(&["age", "date_of_birth"]) {
                return Err(Error::config(format!(
                    "{key} is judged by age or date_of_birth, which extract_fields leaves out: add one of them"
                )));
            }
        }
        if self.allowed_expiration.is_some() && lacks(&["date_of_expiry"]) {
            return Err(Error::config("allowed_expiration is judged by date_of_expiry, which extract_fields leaves out: add it"));
        }
        Ok(())
    }

    /// Whether a result has a field, by any of its names, if the document has it.
    fn extracts(&self, field: &str) -> bool {
        self.extract_fields.is_empty() || self.extract_fields.iter().any(|extracted| same_field(extracted, field))
    }

    /// A transaction with everything that is configured.
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
        transaction.scan_return_url.clone_from(&self.scan_return_url);
        transaction
    }

    /// A webhook at this address, for every event, with the secret that proves them.
    #[must_use]
    pub fn webhook(&self, url: Url) -> NewWebhook {
        let mut webhook = NewWebhook::new(url);
        webhook.events = EventKind::ALL.to_vec();
        match &self.callback_secret {
            Some(secret) => webhook.with_header(&self.callback_header, secret.clone()),
            None => webhook,
        }
    }

    /// For how long a transaction can be worked on.
    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.expires_in.unwrap_or(3_600).into())
    }

    pub(crate) fn token_lifetime(&self) -> Duration {
        Duration::from_secs(self.token_lifetime.into())
    }

    pub(crate) fn token_skew(&self) -> Duration {
        Duration::from_secs(self.token_skew.into())
    }
}

/// Whether a name in `extract_fields` stands for an image, and not for a field.
fn is_image(name: &str) -> bool {
    ["document_image", "portrait"].iter().any(|image| name.trim().eq_ignore_ascii_case(image))
}

/// Every key of [`CmIdScanConfig`] with the environment variable that can stand for it.
pub const ENVIRONMENT: &[Variable] = &[
    Variable::plain("IDV_CM_ID_SCAN_KEY_ID", "key_id"),
    Variable::secret("IDV_CM_ID_SCAN_SECRET", "secret"),
    Variable::plain("IDV_CM_ID_SCAN_BASE_URL", "base_url"),
    Variable::plain("IDV_CM_ID_SCAN_TASKS", "tasks"),
    Variable::plain("IDV_CM_ID_SCAN_ALLOWED_EXPIRATION", "allowed_expiration"),
    Variable::plain("IDV_CM_ID_SCAN_REDACT_FIELDS", "redact_fields"),
    Variable::plain("IDV_CM_ID_SCAN_CAPTURE_SOURCES", "capture_sources"),
    Variable::plain("IDV_CM_ID_SCAN_LEVEL", "level"),
    Variable::plain("IDV_CM_ID_SCAN_MINIMUM_AGE", "minimum_age"),
    Variable::plain("IDV_CM_ID_SCAN_MAXIMUM_AGE", "maximum_age"),
    Variable::plain("IDV_CM_ID_SCAN_VALIDATE_FIELDS", "validate_fields"),
    Variable::plain("IDV_CM_ID_SCAN_EXTRACT_FIELDS", "extract_fields"),
    Variable::plain("IDV_CM_ID_SCAN_LOCALE", "locale"),
    Variable::plain("IDV_CM_ID_SCAN_MOBILE_ONLY", "mobile_only"),
    Variable::plain("IDV_CM_ID_SCAN_EXPIRES_IN", "expires_in"),
    Variable::plain("IDV_CM_ID_SCAN_SCAN_RETURN_URL", "scan_return_url"),
    Variable::plain("IDV_CM_ID_SCAN_TOKEN_LIFETIME", "token_lifetime"),
    Variable::plain("IDV_CM_ID_SCAN_TOKEN_SKEW", "token_skew"),
    Variable::secret("IDV_CM_ID_SCAN_CALLBACK_SECRET", "callback_secret"),
    Variable::plain("IDV_CM_ID_SCAN_CALLBACK_HEADER", "callback_header"),
    Variable::plain("IDV_CM_ID_SCAN_ACCEPTANCE_MIN_SCORE", "acceptance_min_score"),
    Variable::plain("IDV_CM_ID_SCAN_ACCEPTANCE_FACE_FLOOR", "acceptance_face_floor"),
    Variable::plain("IDV_CM_ID_SCAN_ACCEPTANCE_REQUIRE_SCORES", "acceptance_require_scores"),
    Variable::plain("IDV_CM_ID_SCAN_ACCEPTANCE_COMPLETED_MEANS_MATCH", "acceptance_completed_means_match"),
    Variable::plain("IDV_CM_ID_SCAN_ACCEPTANCE_REQUIRED_FIELDS", "acceptance_required_fields"),
    Variable::plain("IDV_CM_ID_SCAN_ACCEPTANCE_TOLERATED_FIELDS", "acceptance_tolerated_fields"),
];

const fn token_lifetime() -> u32 {
    300
}

const fn token_skew() -> u32 {
    30
}

fn callback_header() -> String {
    "X-Callback-Secret".to_owned()
}

const fn min_score() -> f64 {
    Acceptance::MIN_SCORE
}

const fn face_floor() -> f64 {
    Acceptance::FACE_FLOOR
}

fn tasks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tasks, D::Error> {
    Tasks::of(&settings::words(deserializer)?).ok_or_else(|| {
        D::Error::custom(
            "tasks is document_scan; or document_scan and face_liveness; or document_scan, face_liveness and face_match",
        )
    })
}

fn number<'de, T: TryFrom<u64>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    settings::number(deserializer).map(Some)
}

/// A whole number that may be negative, or the text that an environment variable has in place of one.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    struct Integer;

    impl Visitor<'_> for Integer {
        type Value = i64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number")
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<i64, E> {
            Ok(value)
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<i64, E> {
            i64::try_from(value).map_err(|_| E::custom("the number is too large"))
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<i64, E> {
            value.parse().map_err(|_| E::custom("a whole number is written in digits, with a minus if it is negative"))
        }
    }

    let integer = deserializer.deserialize_any(Integer)?;
    i32::try_from(integer).map(Some).map_err(|_| D::Error::custom("the number is too large"))
}

/// A number with a fraction, or the text that an environment variable has in place of one.
fn fraction<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    struct Fraction;

    impl Visitor<'_> for Fraction {
        type Value = f64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number from 0 to 1")
        }

        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<f64, E> {
            Ok(value)
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<f64, E> {
            i32::try_from(value).map(f64::from).map_err(|_| E::custom("it is a number from 0 to 1"))
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<f64, E> {
            u32::try_from(value).map(f64::from).map_err(|_| E::custom("it is a number from 0 to 1"))
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<f64, E> {
            value.parse().map_err(|_| E::custom("it is a number from 0 to 1, such as 0.8"))
        }
    }

    deserializer.deserialize_any(Fraction)
}
