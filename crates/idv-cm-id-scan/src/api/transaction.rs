//! The request that creates a transaction, and its response ("Create a transaction", "Settings").

use idv_core::{Error, Result, SessionUrl, Text, Timestamp, Url};
use serde::{Serialize, Serializer};

use super::TransactionId;
use crate::wire;

/// A transaction to be created. `Default` has all three tasks and the vendor's own settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewTransaction {
    /// The person's tasks.
    pub tasks: Tasks,
    /// The settings of the tasks.
    #[serde(skip_serializing_if = "Settings::is_empty")]
    pub settings: Settings,
    /// The language. The vendor's default is English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Whether the person must use a mobile device. The vendor's default is no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile_only: Option<bool>,
    /// The lifetime of the transaction in seconds: 3600 to 86400. The vendor's default is 3600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
    /// The URL to which the person's browser returns at the end. The vendor adds `trxid` and
    /// `resultid` to its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<Url>,
    /// The URL to which a mobile device returns after it took over by the QR code. The default is a
    /// page of the vendor's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan_return_url: Option<Url>,
}

/// The valid combinations of tasks ("Valid combinations").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tasks {
    /// `document_scan`.
    Document,
    /// `document_scan`, `face_liveness`.
    DocumentAndLiveness,
    /// `document_scan`, `face_liveness`, `face_match`. Only this combination links the person to
    /// the document.
    #[default]
    DocumentLivenessAndMatch,
}

impl Tasks {
    /// Every valid combination.
    pub const ALL: [Self; 3] = [
        Self::Document,
        Self::DocumentAndLiveness,
        Self::DocumentLivenessAndMatch,
    ];

    /// Returns the vendor's names of the tasks.
    ///
    /// ```
    /// use idv_cm_id_scan::api::Tasks;
    ///
    /// assert_eq!(Tasks::DocumentAndLiveness.names(), ["document_scan", "face_liveness"]);
    /// ```
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Document => &[DOCUMENT_SCAN],
            Self::DocumentAndLiveness => &[DOCUMENT_SCAN, FACE_LIVENESS],
            Self::DocumentLivenessAndMatch => &[DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH],
        }
    }

    /// Returns the combination of these tasks, in any order, or `None` if it is not valid.
    ///
    /// ```
    /// use idv_cm_id_scan::api::Tasks;
    ///
    /// assert_eq!(Tasks::of(&["document_scan"]), Some(Tasks::Document));
    /// assert_eq!(Tasks::of(&["face_match", "document_scan"]), None); // it needs face_liveness
    /// ```
    #[must_use]
    pub fn of<T: AsRef<str>>(names: &[T]) -> Option<Self> {
        Self::ALL.into_iter().find(|tasks| {
            let wanted = tasks.names();
            wanted.len() == names.len()
                && wanted
                    .iter()
                    .all(|task| names.iter().any(|name| name.as_ref() == *task))
        })
    }
}

/// The task that scans the front and the back of a document.
pub const DOCUMENT_SCAN: &str = "document_scan";
/// The task that checks for a living person in front of the camera.
pub const FACE_LIVENESS: &str = "face_liveness";
/// The task that compares that person with the document's photo.
pub const FACE_MATCH: &str = "face_match";

impl Serialize for Tasks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}

/// The settings of the tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Settings {
    /// The settings of the document scan.
    #[serde(skip_serializing_if = "DocumentScan::is_empty")]
    pub document_scan: DocumentScan,
}

impl Settings {
    /// Returns whether all settings are the vendor's defaults.
    ///
    /// ```
    /// use idv_cm_id_scan::api::Settings;
    ///
    /// let mut settings = Settings::default();
    /// assert!(settings.is_empty()); // the request omits `settings`
    /// settings.document_scan.minimum_age = Some(18);
    /// assert!(!settings.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The settings of the document scan. The vendor has a default for each setting.
///
/// Field names are the vendor's. The document shows a few: `document_number`, `given_names`,
/// `surname`, `nationality`, `personal_number`, `signature`, `age`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DocumentScan {
    /// The number of days by which a document may be expired; if negative, the number of days for
    /// which it must still be valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_expiration: Option<i32>,
    /// The fields to black out in the image of the document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redact_fields: Vec<String>,
    /// The permitted sources of images: `camera`, `file`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capture_sources: Vec<String>,
    /// The level of the scan: `advanced`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The minimum age of the person, in years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_age: Option<u16>,
    /// The maximum age of the person, in years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_age: Option<u16>,
    /// Additional fields to validate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub validate_fields: Vec<String>,
    /// The fields of a result; all fields if empty. `document_image` and `portrait` select the
    /// images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extract_fields: Vec<String>,
}

impl DocumentScan {
    /// Returns whether all settings are the vendor's defaults.
    ///
    /// ```
    /// use idv_cm_id_scan::api::DocumentScan;
    ///
    /// let mut scan = DocumentScan::default();
    /// assert!(scan.is_empty());
    /// scan.redact_fields = vec!["personal_number".to_owned()];
    /// assert!(!scan.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self) -> Result<()> {
        const WORDS: &str = "expected names of the characters a-z, A-Z, 0-9 and _";
        let word = |word: &String| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        for (field, words) in [
            ("redact_fields", &self.redact_fields),
            ("validate_fields", &self.validate_fields),
            ("extract_fields", &self.extract_fields),
        ] {
            if !words.iter().all(word) {
                return Err(Error::invalid(field, WORDS));
            }
        }
        if !self
            .capture_sources
            .iter()
            .all(|source| matches!(source.as_str(), "camera" | "file"))
        {
            return Err(Error::invalid("capture_sources", "expected camera or file"));
        }
        if self.level.as_ref().is_some_and(|level| !word(level)) {
            return Err(Error::invalid("level", WORDS));
        }
        if self
            .minimum_age
            .zip(self.maximum_age)
            .is_some_and(|(minimum, maximum)| minimum > maximum)
        {
            return Err(Error::invalid(
                "minimum_age",
                "above maximum_age: no person could pass",
            ));
        }
        Ok(())
    }
}

/// The supported languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Locale {
    /// English.
    #[serde(rename = "en-US")]
    English,
    /// Dutch.
    #[serde(rename = "nl-NL")]
    Dutch,
    /// French.
    #[serde(rename = "fr-FR")]
    French,
}

impl Locale {
    /// Returns the supported variant of a language, or `None` if the language is not supported.
    ///
    /// ```
    /// use idv_cm_id_scan::api::Locale;
    ///
    /// assert_eq!(Locale::of(&"nl-BE".parse()?), Some(Locale::Dutch));
    /// assert_eq!(Locale::of(&"de".parse()?), None);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn of(locale: &idv_core::Locale) -> Option<Self> {
        match locale.language() {
            "en" => Some(Self::English),
            "nl" => Some(Self::Dutch),
            "fr" => Some(Self::French),
            _ => None,
        }
    }
}

impl NewTransaction {
    /// Creates a transaction with these tasks. All other fields have their defaults.
    ///
    /// ```
    /// use idv_cm_id_scan::api::{NewTransaction, Tasks};
    ///
    /// let mut new = NewTransaction::new(Tasks::Document);
    /// new.expires_in = Some(86_400); // seconds
    /// let json = serde_json::to_string(&new).unwrap();
    /// assert_eq!(json, r#"{"tasks":["document_scan"],"expiresIn":86400}"#);
    /// ```
    #[must_use]
    pub fn new(tasks: Tasks) -> Self {
        Self {
            tasks,
            ..Self::default()
        }
    }

    /// Checks each value against the document.
    ///
    /// ```
    /// use idv_cm_id_scan::api::{NewTransaction, Tasks};
    ///
    /// let mut new = NewTransaction::new(Tasks::Document);
    /// new.check()?;
    /// new.expires_in = Some(600); // less than an hour
    /// let error = new.check().unwrap_err();
    /// assert!(error.to_string().contains("expires_in"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest), naming the field.
    pub fn check(&self) -> Result<()> {
        if self
            .expires_in
            .is_some_and(|seconds| !(3_600..=86_400).contains(&seconds))
        {
            return Err(Error::invalid(
                "expires_in",
                "expected 3600 (one hour) to 86400 seconds (one day)",
            ));
        }
        let taken = |url: &Url| {
            url.query_pairs()
                .any(|(name, _)| is_return_parameter(&name))
                || url.fragment().is_some()
        };
        if self.return_url.as_ref().is_some_and(taken) {
            return Err(Error::invalid(
                "return_url",
                "a fragment, or a parameter trxid or resultid, would hide the parameters \
                 that the vendor adds",
            ));
        }
        self.settings.document_scan.check()
    }
}

/// Returns whether the vendor adds a parameter of this name to a return URL.
pub(crate) fn is_return_parameter(name: &str) -> bool {
    name.eq_ignore_ascii_case("trxid") || name.eq_ignore_ascii_case("resultid")
}

/// A created transaction.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CreateTransactionResponse {
    /// The vendor's id of the transaction.
    pub id: TransactionId,
    /// The vendor's word for the state: `pending`.
    pub state: String,
    /// The URL of the person's session.
    pub url: SessionUrl,
    /// The time at which the transaction expires, if the vendor states it.
    pub expires: Option<Timestamp>,
}

impl CreateTransactionResponse {
    /// Parses the response. [`wire::Transaction`] has its other members.
    ///
    /// ```
    /// use idv_cm_id_scan::api::CreateTransactionResponse;
    ///
    /// let body = br#"{"id":"c3b92333-0000-4000-8000-000000000000","state":"pending",
    ///     "url":"https://id-scan.identity.cm.com/en-us/identifications/8f14e45fceea167a",
    ///     "expires":"2024-01-01T13:00:00+00:00"}"#;
    /// let created = CreateTransactionResponse::read(body)?;
    /// assert_eq!(created.id.as_str(), "c3b92333-0000-4000-8000-000000000000");
    /// assert!(CreateTransactionResponse::read(br#"{"state":"pending"}"#).is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the response cannot be parsed, or lacks the
    /// id or the URL.
    pub fn read(body: &[u8]) -> Result<Self> {
        let transaction = wire::Transaction::read(body)?;
        let text = |text: &Option<Text<'_>>| {
            text.as_ref()
                .map(|text| text.expose().to_owned())
                .unwrap_or_default()
        };
        let id = TransactionId::parse(&text(&transaction.id))
            .map_err(|_| Error::malformed("the transaction has an unusable id"))?;
        let url = Url::parse(&text(&transaction.url))
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http"))
            .ok_or_else(|| Error::malformed("the transaction has no usable URL for the person"))?;
        let expires = transaction
            .expires
            .as_ref()
            .and_then(|time| time.text()?.expose().parse().ok());
        Ok(Self {
            id,
            state: text(&transaction.state),
            url: SessionUrl::new(url),
            expires,
        })
    }
}
