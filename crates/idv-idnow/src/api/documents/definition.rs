//! Document definitions: which documents a person is to sign (chapter 7.1).

use std::fmt;

use idv_core::{Error, Result};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::placement::{self, Signatures};
use crate::api::loose;
use crate::config::DataCentre;

/// The name of a document definition in addresses: `a-z`, `0-9`, `-` and `_`.
///
/// The table of chapter 7.1.1 leaves the digits out, and every example has one (`doc1`), so they are allowed. An identifier that
/// IDnow answers may have upper-case letters, `.` and `~` too: what can stand in an address as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DefinitionId(Box<str>);

impl DefinitionId {
    /// Takes an identifier.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `identifier`, if it is empty or a character is not
    /// allowed.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        };
        if text.is_empty() || !text.bytes().all(allowed) {
            return Err(Error::invalid(
                "identifier",
                "a document definition's identifier has only a-z, 0-9, - and _",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(text: String) -> Option<Self> {
        // What RFC 3986, 2.3, allows unencoded, but for the two names that a path gives a meaning of its own.
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        let usable = text.bytes().all(allowed) && !matches!(text.as_str(), "" | "." | "..");
        usable.then(|| Self(text.into()))
    }
}

impl fmt::Display for DefinitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for DefinitionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A document that persons are to sign (table of chapter 7.1.1).
///
/// Each identification that is started gets a [`Document`](super::Document) for each definition. It serializes to the JSON of the
/// calls; what is `None` or empty is not sent.
///
/// ```
/// use idv_idnow::api::documents::{Anchor, DefinitionId, DocumentDefinition, PDF, Position, Signature};
///
/// let mut definition = DocumentDefinition::new(DefinitionId::parse("contract")?, "Arbeitsvertrag", PDF);
/// definition.sort_order = Some(1);
/// let place = Position::new(Anchor::Field("signature_customer".into()), 250, 35);
/// definition.signatures.insert("customer".into(), Signature::at(place));
/// definition.check()?;
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DocumentDefinition {
    /// Whether a person can do without it. If it is not optional and there is a default file, that is used. IDnow's default is
    /// `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// The name that persons see. To be sent always; empty only if IDnow's answer has none.
    pub name: String,
    /// Its name in addresses.
    pub identifier: DefinitionId,
    /// Its media type, [`PDF`] for a document that is to be signed. To be sent always; empty only if IDnow's answer has none.
    pub mime_type: String,
    /// The place among the documents, from 1: the document is inserted before the one that stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<u32>,
    /// The version of the document, for documents that say no other. The table of definitions does not have it; chapter 7.2 takes
    /// it from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The signatures that are placed on it, for every person. A document can have others beside them and in place of them: see
    /// [`Document::effective_signatures`](super::Document::effective_signatures).
    #[serde(skip_serializing_if = "Signatures::is_empty")]
    pub signatures: Signatures,
    /// Its view in a browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_policy: Option<ViewPolicy>,
}

/// The media type of PDF files.
pub const PDF: &str = "application/pdf";

/// The view of a PDF file in a browser (chapter 7.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViewPolicy {
    /// The whole file on a page that is scrolled: `SCROLL`.
    Scroll,
    /// With a fixed height: `DEFAULT`.
    Default,
    /// One that the document does not have, as IDnow wrote it. It is read and never sent.
    Other(String),
}

impl Serialize for ViewPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Scroll => "SCROLL",
            Self::Default => "DEFAULT",
            Self::Other(word) => word,
        })
    }
}

impl DocumentDefinition {
    /// A definition with what is mandatory.
    #[must_use]
    pub fn new(
        identifier: DefinitionId,
        name: impl Into<String>,
        mime_type: impl Into<String>,
    ) -> Self {
        Self {
            optional: None,
            name: name.into(),
            identifier,
            mime_type: mime_type.into(),
            sort_order: None,
            version: None,
            signatures: Signatures::new(),
            view_policy: None,
        }
    }

    /// Whether the document allows it. The calls that send it ask this first, and for what the account's data centre allows.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest), naming the field in IDnow's words: `name`, `mimeType`,
    /// `signatures.position.page` and so on.
    pub fn check(&self) -> Result<()> {
        self.check_for(None)
    }

    pub(super) fn check_for(&self, centre: Option<DataCentre>) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(Error::invalid(
                "name",
                "a document definition has a name that persons see",
            ));
        }
        check_media_type(&self.mime_type)?;
        if self.sort_order == Some(0) {
            return Err(Error::invalid("sortOrder", "documents are counted from 1"));
        }
        if matches!(self.view_policy, Some(ViewPolicy::Other(_))) {
            return Err(Error::invalid(
                "viewPolicy",
                "the view policy is SCROLL or DEFAULT: the document has no other",
            ));
        }
        placement::check(&self.signatures, centre)
    }

    /// A definition as IDnow answers it. One without an identifier that can stand in an address is none.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        Some(Self {
            optional: loose::flag(object, "optional"),
            name: loose::text(object, "name").unwrap_or_default(),
            identifier: loose::text(object, "identifier").and_then(DefinitionId::read)?,
            mime_type: loose::text(object, "mimeType").unwrap_or_default(),
            sort_order: loose::number(object, "sortOrder"),
            version: loose::text(object, "version"),
            signatures: placement::read(object),
            view_policy: loose::text(object, "viewPolicy").map(|word| match word.as_str() {
                "SCROLL" => ViewPolicy::Scroll,
                "DEFAULT" => ViewPolicy::Default,
                _ => ViewPolicy::Other(word),
            }),
        })
    }
}

/// A type and a subtype (RFC 9110, 8.3.1), without parameters.
pub(super) fn check_media_type(text: &str) -> Result<()> {
    let token = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty() && text.bytes().all(allowed)
    };
    match text.split_once('/') {
        Some((kind, subtype)) if token(kind) && token(subtype) => Ok(()),
        _ => Err(Error::invalid(
            "mimeType",
            "write a media type such as application/pdf",
        )),
    }
}
