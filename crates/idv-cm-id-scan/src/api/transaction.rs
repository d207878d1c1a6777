//! Creating a transaction: what is asked for, and what is answered ("Create a transaction", "Settings").

use idv_core::{Error, Result, SessionUrl, Text, Timestamp, Url};
use serde::{Serialize, Serializer};

use super::TransactionId;
use crate::wire;

/// A transaction to be created. `Default` is all three tasks and the vendor's own settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewTransaction {
    /// The tasks of the person.
    pub tasks: Tasks,
    /// Settings of the tasks.
    #[serde(skip_serializing_if = "Settings::is_empty")]
    pub settings: Settings,
    /// The language; the vendor's default is English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Whether the person has to use a mobile device; the vendor's default is no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile_only: Option<bool>,
    /// After how many seconds the transaction expires: 3600 to 86400; the vendor's default is 3600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
    /// Where the person's browser goes when all is done; `trxid` and `resultid` are added to its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<Url>,
    /// Where the browser of a mobile device goes that took over by the QR code; the vendor has a page of its own for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan_return_url: Option<Url>,
}

/// The combinations of tasks that are valid ("Valid combinations").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tasks {
    /// `document_scan`.
    Document,
    /// `document_scan`, `face_liveness`.
    DocumentAndLiveness,
    /// `document_scan`, `face_liveness`, `face_match`. Only this one ties the person to the document.
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

    /// The vendor's words for them.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Document => &[DOCUMENT_SCAN],
            Self::DocumentAndLiveness => &[DOCUMENT_SCAN, FACE_LIVENESS],
            Self::DocumentLivenessAndMatch => &[DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH],
        }
    }

    /// The combination of these tasks, in any order; none if it is not valid.
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

/// Scanning the front and the back of a document.
pub const DOCUMENT_SCAN: &str = "document_scan";
/// Whether a living person is in front of the camera.
pub const FACE_LIVENESS: &str = "face_liveness";
/// Whether that person is the one on the document.
pub const FACE_MATCH: &str = "face_match";

impl Serialize for Tasks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}

/// Settings of the tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Settings {
    /// Settings of the scan of a document.
    #[serde(skip_serializing_if = "DocumentScan::is_empty")]
    pub document_scan: DocumentScan,
}

impl Settings {
    /// Whether everything is as the vendor has it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Settings of the scan of a document. The vendor has a default for each that is not set. The names of fields are the vendor's, of which a few are
/// documented: `document_number`, `given_names`, `surname`, `nationality`, `personal_number`, `signature`, `age`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DocumentScan {
    /// For how many days a document may have expired; if negative, for how many days it must still be valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_expiration: Option<i32>,
    /// Which fields are blacked out in the image of the document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redact_fields: Vec<String>,
    /// Where images may come from: `camera`, `file`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capture_sources: Vec<String>,
    /// The thoroughness: `advanced`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The least age of the person, in years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_age: Option<u16>,
    /// The greatest age of the person, in years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_age: Option<u16>,
    /// Which fields are checked in addition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub validate_fields: Vec<String>,
    /// The fields that a result has; all if none is named. `document_image` and `portrait` stand for the images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extract_fields: Vec<String>,
}

impl DocumentScan {
    /// Whether everything is as the vendor has it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn check(&self) -> Result<()> {
        const WORDS: &str = "a name is made of a-z, A-Z, 0-9 and _";
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
            return Err(Error::invalid(
                "capture_sources",
                "an image comes from camera or file",
            ));
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
                "it is above maximum_age: no person could pass",
            ));
        }
        Ok(())
    }
}

/// The languages that are supported.
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
    /// The variety of a language that is supported; none if the language is not.
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
    /// A transaction with these tasks; the rest is set on the value.
    #[must_use]
    pub fn new(tasks: Tasks) -> Self {
        Self {
            tasks,
            ..Self::default()
        }
    }

    /// Checks what the document says of each value.
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
                "it is 3600 seconds, an hour, to 86400, a day",
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
                "it has a fragment, or a parameter trxid or resultid: what the vendor adds would not count",
            ));
        }
        self.settings.document_scan.check()
    }
}

/// Whether the vendor adds a parameter of this name to an address that the person comes back to.
pub(crate) fn is_return_parameter(name: &str) -> bool {
    name.eq_ignore_ascii_case("trxid") || name.eq_ignore_ascii_case("resultid")
}

/// A transaction that the vendor has created.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransactionCreated {
    /// The vendor's id.
    pub id: TransactionId,
    /// The vendor's word for how far it is: `pending`.
    pub state: String,
    /// Where to send the person.
    pub url: SessionUrl,
    /// When it expires, if the vendor says so.
    pub expires: Option<Timestamp>,
}

impl TransactionCreated {
    /// Reads the answer. Its other parts are [`wire::Transaction`]'s.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it cannot be read, or lacks the id or the address.
    pub fn read(body: &[u8]) -> Result<Self> {
        let transaction = wire::Transaction::read(body)?;
        let text = |text: &Option<Text<'_>>| {
            text.as_ref()
                .map(|text| text.expose().to_owned())
                .unwrap_or_default()
        };
        let id = TransactionId::parse(&text(&transaction.id)).map_err(|_| {
            Error::malformed("the transaction's id is none that could be asked about")
        })?;
        let url = Url::parse(&text(&transaction.url))
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http"))
            .ok_or_else(|| {
                Error::malformed("the transaction has no address that the person could be sent to")
            })?;
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
