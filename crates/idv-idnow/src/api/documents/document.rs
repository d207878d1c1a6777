//! The documents of one identification (chapter 7.2), and the files that are uploaded.

use std::fmt;

use bytes::Bytes;
use idv_core::{Error, Pii, Result, pii};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::definition::{DefinitionId, DocumentDefinition, PDF, check_media_type};
use super::placement::{self, Signatures};
use crate::api::loose;
use crate::config::DataCentre;

/// A document of one identification, made of a [`DocumentDefinition`] when the identification was started (table of chapter 7.2).
/// Every part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document {
    /// The name that the person sees: the definition's, or its own.
    pub name: Option<Pii<String>>,
    /// The version of the document: the definition's, or its own.
    pub version: Option<String>,
    /// The SHA-256 digest of the file, in hexadecimal.
    pub hash: Option<String>,
    /// The part of the digest that the person is shown, such as `094c-3350-4ab6`: its first 12 digits. The table speaks of bytes.
    pub display_hash: Option<String>,
    /// The state.
    pub status: Option<DocumentStatus>,
    /// The definition that it was made of.
    pub definition: Option<DocumentDefinition>,
    /// Its own signatures, beside and in place of the definition's: see [`Document::effective_signatures`].
    pub signatures: Signatures,
}

/// The state of a document (table of chapter 7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentStatus {
    /// It has no file yet: `NEED_UPLOAD`.
    NeedUpload,
    /// It can be signed: `UPLOADED`.
    Uploaded,
    /// It is signed: `SIGNED`.
    Signed,
    /// A status that the document does not have, as IDnow wrote it.
    Other(String),
}

impl Document {
    /// The signatures that are placed on it (chapter 7.1.2.6): the definition's and its own. Of two of the same name its own one
    /// holds, whole: the definition's look is not mixed with the document's place.
    #[must_use]
    pub fn effective_signatures(&self) -> Signatures {
        let mut signatures = self
            .definition
            .as_ref()
            .map(|definition| definition.signatures.clone())
            .unwrap_or_default();
        signatures.extend(
            self.signatures
                .iter()
                .map(|(name, signature)| (name.clone(), signature.clone())),
        );
        signatures
    }

    /// Whether IDnow holds this very file, by its digest; `None` if IDnow tells no digest.
    #[must_use]
    pub fn holds(&self, file: &DocumentFile) -> Option<bool> {
        self.hash
            .as_ref()
            .map(|hash| hash.eq_ignore_ascii_case(&file.sha256_hex()))
    }

    /// A document as IDnow answers it. One of which nothing is said is none.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let document = Self {
            name: loose::text(object, "name").map(Pii::new),
            version: loose::text(object, "version"),
            hash: loose::text(object, "hash"),
            display_hash: loose::text(object, "displayHash"),
            status: loose::text(object, "status").map(|word| match word.as_str() {
                "NEED_UPLOAD" => DocumentStatus::NeedUpload,
                "UPLOADED" => DocumentStatus::Uploaded,
                "SIGNED" => DocumentStatus::Signed,
                _ => DocumentStatus::Other(word),
            }),
            definition: object
                .get("documentDefinition")
                .and_then(DocumentDefinition::read),
            signatures: placement::read(object),
        };
        (document != Self::default()).then_some(document)
    }
}

/// The changes to one document, before its identification is started (chapter 7.2.3). A value that is `None` or empty stays as it
/// is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DocumentUpdate {
    /// Another name than the definition's. The person sees it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub name: Option<Pii<String>>,
    /// Another version than the definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Signatures that take the place of the definition's of the same name, and signatures that come in addition.
    #[serde(skip_serializing_if = "Signatures::is_empty")]
    pub signatures: Signatures,
}

impl DocumentUpdate {
    pub(super) fn check_for(&self, centre: Option<DataCentre>) -> Result<()> {
        if self.name.is_none() && self.version.is_none() && self.signatures.is_empty() {
            return Err(Error::invalid(
                "request",
                "the update changes nothing: give it a name, a version or signatures",
            ));
        }
        if self
            .name
            .as_ref()
            .is_some_and(|name| name.expose().trim().is_empty())
        {
            return Err(Error::invalid(
                "name",
                "the name that the person sees is empty",
            ));
        }
        placement::check(&self.signatures, centre)
    }
}

/// A file to be uploaded. `Debug` prints its type and length only.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentFile {
    media_type: String,
    bytes: Bytes,
}

impl DocumentFile {
    /// A PDF file.
    ///
    /// # Errors
    ///
    /// As [`DocumentFile::new`].
    pub fn pdf(bytes: impl Into<Bytes>) -> Result<Self> {
        Self::new(PDF, bytes)
    }

    /// A file of the media type that its document definition has.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest): naming `mimeType`, if that is none; naming `data`, if the
    /// file is empty, or is to be a PDF file and does not begin like one.
    pub fn new(media_type: impl Into<String>, bytes: impl Into<Bytes>) -> Result<Self> {
        let (media_type, bytes) = (media_type.into(), bytes.into());
        check_media_type(&media_type)?;
        if bytes.is_empty() {
            return Err(Error::invalid("data", "the file is empty"));
        }
        if media_type.eq_ignore_ascii_case(PDF) && !bytes.starts_with(b"%PDF-") {
            return Err(Error::invalid(
                "data",
                "the document is to be a PDF file, which begins with %PDF-, and this one does not",
            ));
        }
        Ok(Self { media_type, bytes })
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its SHA-256 digest in lower-case hexadecimal, which is what IDnow answers as [`Document::hash`].
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        hex::encode(Sha256::digest(&self.bytes))
    }
}

impl fmt::Debug for DocumentFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentFile")
            .field("media_type", &self.media_type)
            .field("length", &self.bytes.len())
            .finish()
    }
}

/// The document that a definition's address is answered with: alone, or in a list as the sample of chapter 7.2.2 has it.
pub(super) fn of_definition(documents: Vec<Document>, id: &DefinitionId) -> Option<Document> {
    let is_it = |document: &Document| {
        document
            .definition
            .as_ref()
            .is_some_and(|definition| &definition.identifier == id)
    };
    if let [only] = documents.as_slice()
        && only.definition.is_none()
    {
        return documents.into_iter().next();
    }
    documents.into_iter().find(is_it)
}
