//! Document definitions: the documents that a person has to sign (chapter 7.1).

use std::fmt;

use idv_core::{Error, Result};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::placement::{self, Signatures};
use crate::api::loose;
use crate::config::DataCentre;

/// The identifier of a document definition in URLs: `a-z`, `0-9`, `-` and `_`.
///
/// The table of chapter 7.1.1 omits digits, but every example has one (`doc1`), so they are
/// allowed. An identifier in a response may also contain upper-case letters, `.` and `~`, which
/// need no escaping in a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DefinitionId(Box<str>);

impl DefinitionId {
    /// Parses an identifier: `a-z`, `0-9`, `-` and `_` (chapter 7.1.1).
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_idnow::api::documents::DefinitionId;
    ///
    /// assert_eq!(DefinitionId::parse("doc1")?.to_string(), "doc1");
    /// let error = DefinitionId::parse("Doc 1").expect_err("upper case and a space");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "identifier".into() });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `identifier` if the text is
    /// empty or a character is not allowed.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        };
        if text.is_empty() || !text.bytes().all(allowed) {
            return Err(Error::invalid(
                "identifier",
                "expected an identifier of a-z, 0-9, - and _",
            ));
        }
        Ok(Self(text.into()))
    }

    /// Returns the identifier as in URLs and file names.
    ///
    /// ```
    /// use idv_idnow::api::documents::DefinitionId;
    ///
    /// // The name of the signed file in a result's archive (chapter 7.2.7):
    /// let id = DefinitionId::parse("doc1")?;
    /// assert_eq!(format!("{}_signed.pdf", id.as_str()), "doc1_signed.pdf");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(text: String) -> Option<Self> {
        // The unreserved characters of RFC 3986, section 2.3, without the segments `.` and `..`.
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

/// A document that persons have to sign (table of chapter 7.1.1).
///
/// Each started identification gets a [`Document`](super::Document) for each definition. It
/// serializes to the JSON of the calls; `None` and empty values are not sent.
///
/// ```
/// use idv_idnow::api::documents::{
///     Anchor, DefinitionId, DocumentDefinition, PDF, Position, Signature,
/// };
///
/// let id = DefinitionId::parse("contract")?;
/// let mut definition = DocumentDefinition::new(id, "Arbeitsvertrag", PDF);
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
    /// Whether the document is optional for a person. A mandatory document with a default file uses
    /// that file. IDnow's default is `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// The name that persons see. Required in requests; empty only if IDnow's response has none.
    pub name: String,
    /// The identifier in URLs.
    pub identifier: DefinitionId,
    /// The media type: [`PDF`] for a document to be signed. Required in requests; empty only if
    /// IDnow's response has none.
    pub mime_type: String,
    /// The position among the documents, from 1. The document is inserted before the one at that
    /// position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<u32>,
    /// The version, for documents without one of their own. The table of definitions lacks it, but
    /// chapter 7.2 refers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The signatures on the document, for every person. A document can add or replace signatures:
    /// see [`Document::effective_signatures`](super::Document::effective_signatures).
    #[serde(skip_serializing_if = "Signatures::is_empty")]
    pub signatures: Signatures,
    /// The view in a browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_policy: Option<ViewPolicy>,
}

/// The media type of PDF files.
pub const PDF: &str = "application/pdf";

/// The view of a PDF file in a browser (chapter 7.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViewPolicy {
    /// The whole file on a scrolling page: `SCROLL`.
    Scroll,
    /// A fixed height: `DEFAULT`.
    Default,
    /// An undocumented policy, in IDnow's word. It is parsed and never sent.
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
    /// Creates a definition with the mandatory values (chapter 7.1.1): the identifier, the name
    /// that persons see, and the media type.
    ///
    /// ```
    /// use idv_idnow::api::documents::{DefinitionId, DocumentDefinition, PDF};
    ///
    /// let id = DefinitionId::parse("doc1")?;
    /// let mut definition = DocumentDefinition::new(id, "Arbeitsvertrag", PDF);
    /// definition.optional = Some(false);
    /// definition.sort_order = Some(1);
    /// assert_eq!(
    ///     serde_json::to_value(&definition)?,
    ///     serde_json::json!({
    ///         "optional": false,
    ///         "name": "Arbeitsvertrag",
    ///         "identifier": "doc1",
    ///         "mimeType": "application/pdf",
    ///         "sortOrder": 1,
    ///     })
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Checks the definition against the document (chapters 7.1.1 and 7.1.2).
    ///
    /// The calls that send it check it, too, including the restrictions of the account's data
    /// centre.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_idnow::api::documents::{
    ///     Anchor, DefinitionId, DocumentDefinition, PDF, Position, Signature,
    /// };
    ///
    /// let id = DefinitionId::parse("doc1")?;
    /// let mut definition = DocumentDefinition::new(id, "Arbeitsvertrag", PDF);
    /// definition.check()?;
    ///
    /// let place = Position::new(Anchor::Page(0), 200, 35); // pages count from 1
    /// definition.signatures.insert("mysignature1".into(), Signature::at(place));
    /// let field = "signatures.position.page".into();
    /// assert_eq!(definition.check().unwrap_err().kind(), &ErrorKind::InvalidRequest { field });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest), naming the field by IDnow's name:
    /// `name`, `mimeType`, `signatures.position.page` and so on.
    pub fn check(&self) -> Result<()> {
        self.check_for(None)
    }

    pub(super) fn check_for(&self, centre: Option<DataCentre>) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(Error::invalid(
                "name",
                "a document definition needs a name that persons see",
            ));
        }
        check_media_type(&self.mime_type)?;
        if self.sort_order == Some(0) {
            return Err(Error::invalid("sortOrder", "expected a position from 1"));
        }
        if matches!(self.view_policy, Some(ViewPolicy::Other(_))) {
            return Err(Error::invalid(
                "viewPolicy",
                "expected SCROLL or DEFAULT, the only documented policies",
            ));
        }
        placement::check(&self.signatures, centre)
    }

    /// Parses a definition. One without an identifier that can be part of a URL is not valid.
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

/// Checks a type and a subtype (RFC 9110, section 8.3.1), without parameters.
pub(super) fn check_media_type(text: &str) -> Result<()> {
    let token = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty() && text.bytes().all(allowed)
    };
    match text.split_once('/') {
        Some((kind, subtype)) if token(kind) && token(subtype) => Ok(()),
        _ => Err(Error::invalid(
            "mimeType",
            "expected a media type such as application/pdf",
        )),
    }
}
