//! The adapter's configuration: one struct and one validation, from a file or from the environment.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use idv_core::adapter::VendorEntry;
use idv_core::adapter::settings::{self, Address, Fault, Secrets, SettingValue, Value};
use idv_core::{CallbackAuth, Error, Result, Secret, Url, VendorInfo, setting_words, settings};

use crate::api::{DocumentScan, EventKind, Locale, NewTransaction, NewWebhook, Settings, Tasks};
use crate::normalize::{self, Acceptance, same_field};
use crate::{CmIdScan, session};

/// CM.com ID Scan, for a registry of vendors.
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
    // Without a time of completion, a document is judged by the present date.
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

/// The address of the API ("Environment").
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
    /// The environment gives each key as `IDV_`, the provider and the key in capitals.
    pub struct CmIdScanConfig {
        required {
            /// The key id of the account's credentials ("Authentication").
            key_id: String,
            /// The secret of the account's credentials. It is used as it is written, without decoding.
            secret: Secret,
        }
        optional {
            /// The address of the API, with its version, in place of the vendor's own: it has moved once, and there are proxies and emulators.
            /// Images are downloaded from this host alone.
            base_url: Option<Url> as Address,
            /// The tasks of the person; all three by default. Without `face_match` nothing ties the person to the document.
            /// A result that lacks one of them is not verified, whatever had been configured when its transaction was created.
            tasks: Tasks,
            /// For how many days a document may have expired; if negative, for how many days it must still be valid. It is sent to the vendor, and
            /// judged again by the date that was read.
            allowed_expiration: Option<i32>,
            /// Which fields are blacked out in the image of the document, such as `personal_number` and `signature`.
            redact_fields: Vec<String>,
            /// Where images may come from: `camera`, `file`; both by default.
            capture_sources: Vec<String>,
            /// The thoroughness of the scan: `advanced`, if the account has it.
            level: Option<String>,
            /// The least age of the person, in years. It is sent to the vendor, and judged again by the age and the day of birth.
            minimum_age: Option<u16>,
            /// The greatest age of the person, in years. It is sent to the vendor, and judged again by the age and the day of birth.
            maximum_age: Option<u16>,
            /// Which fields are checked in addition, such as `personal_number`.
            validate_fields: Vec<String>,
            /// Which fields a result has; all if none is named. Images come only if `document_image` and `portrait` are among them.
            extract_fields: Vec<String>,
            /// The language for persons whose own is not supported: `en-US`, `nl-NL`, `fr-FR`. The vendor's own default is `en-US`.
            locale: Option<Locale>,
            /// Whether the person has to use a mobile device.
            mobile_only: bool,
            /// After how many seconds a transaction expires: 3600, which is also the vendor's default, to 86400.
            expires_in: Option<u32>,
            /// Where the browser of a mobile device goes that took over by the QR code; the vendor has a page of its own for it.
            scan_return_url: Option<Url>,
            /// For how many seconds a token is valid: 60 to 3600. 300.
            token_lifetime: u32 = 300,
            /// By how many seconds a token is dated back, for a clock of the vendor's that is behind: 0 to 300. 30.
            token_skew: u32 = 30,
            /// The secret, of 16 characters at least, that the webhook's header carries. The vendor does not sign; without this each callback is a
            /// claim, and a reason to ask. [`CmIdScan::webhook`](crate::CmIdScan::webhook) registers a webhook with it.
            callback_secret: Secrets,
            /// The name of the header that carries the secret.
            callback_header: String = "X-Callback-Secret".to_owned(),
            /// The least score, from 0 to 1, of a task that counts as passed. 0.8. See [`Acceptance`] for this and the five that follow.
            acceptance_min_score: f64 = Acceptance::MIN_SCORE,
            /// The score, from 0 to 1, of a task about the face below which the person is rejected. 0.5.
            acceptance_face_floor: f64 = Acceptance::FACE_FLOOR,
            /// Whether every task must have a score. Otherwise a task may also be proven by a `valid` field, or by the word `valid` or `match`.
            acceptance_require_scores: bool,
            /// Whether a completed task about the face has come out well if its result says nothing else. The vendor's document does not say so;
            /// set it only if the vendor has confirmed it for the account. Otherwise such a result is inconclusive.
            acceptance_completed_means_match: bool,
            /// The fields that a result must have, by any of their names. By default `document_number` and `surname`, if they are extracted.
            acceptance_required_fields: Vec<String>,
            /// The fields that may be invalid or contradict themselves all the same, by any of their names. None. Limits stay: an age or a day of
            /// expiry beyond them is not verified.
            acceptance_tolerated_fields: Vec<String>,
        }
    }
}

impl CmIdScanConfig {
    /// An account; the rest is set on the value.
    #[must_use]
    pub fn new(key_id: impl Into<String>, secret: Secret) -> Self {
        Self::required(key_id.into(), secret)
    }

    /// Checks all of it.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key and says what to do.
    pub fn check(&self) -> Result<()> {
        self.check_access()?;
        // The fields of a transaction are called as the keys are.
        self.transaction()
            .check()
            .map_err(|error| Error::config(error.to_string()))?;
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
        settings::base_url(self.base_url.as_ref(), BASE_URL)
    }

    /// Returns what proves callbacks.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the secret is too short, or the name is none of a header.
    pub fn auth(&self) -> Result<CallbackAuth> {
        if http::HeaderName::try_from(&self.callback_header).is_err() {
            return Err(Error::config(
                "callback_header is not a name of a header, such as X-Callback-Secret",
            ));
        }
        if self
            .callback_secret
            .iter()
            .any(|secret| http::HeaderValue::try_from(secret.expose()).is_err())
        {
            return Err(Error::config(
                "callback_secret has a character that no header can carry",
            ));
        }
        if self.callback_secret.is_empty() {
            return Ok(CallbackAuth::none());
        }
        CallbackAuth::header(&self.callback_header, self.callback_secret.clone())
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
        for (key, is_set) in [
            ("minimum_age", self.minimum_age.is_some()),
            ("maximum_age", self.maximum_age.is_some()),
        ] {
            if is_set && lacks(&["age", "date_of_birth"]) {
                return Err(Error::config(format!(
                    "{key} is judged by age or date_of_birth, which extract_fields leaves out: add one of them"
                )));
            }
        }
        if self.allowed_expiration.is_some() && lacks(&["date_of_expiry"]) {
            return Err(Error::config(
                "allowed_expiration is judged by date_of_expiry, which extract_fields leaves out: add it",
            ));
        }
        Ok(())
    }

    /// Whether a result has a field, by any of its names, if the document has it.
    fn extracts(&self, field: &str) -> bool {
        self.extract_fields.is_empty()
            || self
                .extract_fields
                .iter()
                .any(|extracted| same_field(extracted, field))
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
        transaction
            .scan_return_url
            .clone_from(&self.scan_return_url);
        transaction
    }

    /// A webhook at this address, for every event, with the secret that proves them.
    #[must_use]
    pub fn webhook(&self, url: Url) -> NewWebhook {
        let mut webhook = NewWebhook::new(url);
        webhook.events = EventKind::ALL.to_vec();
        match self.callback_secret.first() {
            Some(secret) => webhook.with_header(&self.callback_header, secret.clone()),
            None => webhook,
        }
    }

    /// For how long a transaction can be worked on.
    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.expires_in.unwrap_or(3_600).into())
    }
}

/// Whether a name in `extract_fields` stands for an image, and not for a field.
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
