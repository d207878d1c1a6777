//! The documents of one identification (chapter 7.2), and files to upload.

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

/// A document of one identification, which IDnow creates from a [`DocumentDefinition`] when the
/// identification starts (table of chapter 7.2). Every member may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document {
    /// The name that the person sees: the definition's, or the document's own.
    pub name: Option<Pii<String>>,
    /// The version: the definition's, or the document's own.
    pub version: Option<String>,
    /// The SHA-256 digest of the file, in hexadecimal.
    pub hash: Option<String>,
    /// The part of the digest that the person sees, such as `094c-3350-4ab6`: its first 12 digits.
    /// The table calls them bytes.
    pub display_hash: Option<String>,
    /// The state.
    pub status: Option<DocumentStatus>,
    /// The definition of the document.
    pub definition: Option<DocumentDefinition>,
    /// The document's own signatures, which add to and replace the definition's: see
    /// [`Document::effective_signatures`].
    pub signatures: Signatures,
}

/// The state of a document (table of chapter 7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentStatus {
    /// The document has no file yet: `NEED_UPLOAD`.
    NeedUpload,
    /// The document can be signed: `UPLOADED`.
    Uploaded,
    /// The document is signed: `SIGNED`.
    Signed,
    /// An undocumented status, in IDnow's word.
    Other(String),
}

impl Document {
    /// Returns the signatures on the document (chapter 7.1.2.6): the definition's and its own.
    ///
    /// If both have a signature of the same name, the document's replaces the definition's
    /// entirely.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"[{"name":"Arbeitsvertrag","documentDefinition":{
    /// #     "name":"Arbeitsvertrag","identifier":"doc1","mimeType":"application/pdf",
    /// #     "signatures":{"mysignature1":{"type":"HANDWRITTEN"},"mysignature2":{}}},
    /// #     "signatures":{"mysignature1":{"type":"ELECTRONIC"},"mysignature3":{}}}]"#);
    /// # let number = account::number();
    /// use idv_idnow::api::documents::{Appearance, DefinitionId};
    ///
    /// // The definition has the signatures 1 and 2, the document has 1 and 3.
    /// let document = api.document(&cx, &number, &DefinitionId::parse("doc1")?).await?;
    /// let signatures = document.effective_signatures();
    /// assert!(signatures.keys().eq(["mysignature1", "mysignature2", "mysignature3"]));
    /// let replaced = signatures["mysignature1"].appearance.as_ref();
    /// assert!(matches!(replaced, Some(Appearance::Electronic(_))));
    /// # Ok(())
    /// # });
    /// ```
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

    /// Returns whether IDnow has this file, by its SHA-256 digest (chapter 7.2), or `None` if IDnow
    /// returns no digest.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"[{"hash":
    /// #     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]"#);
    /// # let number = account::number();
    /// use idv_idnow::api::documents::{DefinitionId, DocumentFile};
    ///
    /// let sent = DocumentFile::new("text/plain", "abc")?;
    /// let document = api.document(&cx, &number, &DefinitionId::parse("doc2")?).await?;
    /// assert_eq!(document.holds(&sent), Some(true));
    /// assert_eq!(document.holds(&DocumentFile::new("text/plain", "abcd")?), Some(false));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn holds(&self, file: &DocumentFile) -> Option<bool> {
        self.hash
            .as_ref()
            .map(|hash| hash.eq_ignore_ascii_case(&file.sha256_hex()))
    }

    /// Parses a document. An object without any known member is not a document.
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

/// Changes to one document, before its identification starts (chapter 7.2.3). `None` and empty
/// values leave the document unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DocumentUpdate {
    /// A name that replaces the definition's. The person sees it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub name: Option<Pii<String>>,
    /// A version that replaces the definition's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Signatures that replace the definition's of the same name, and additional signatures.
    #[serde(skip_serializing_if = "Signatures::is_empty")]
    pub signatures: Signatures,
}

impl DocumentUpdate {
    pub(super) fn check_for(&self, centre: Option<DataCentre>) -> Result<()> {
        if self.name.is_none() && self.version.is_none() && self.signatures.is_empty() {
            return Err(Error::invalid(
                "request",
                "the update is empty: set a name, a version or signatures",
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

/// A file to upload. `Debug` prints only its type and length.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentFile {
    media_type: String,
    bytes: Bytes,
}

impl DocumentFile {
    /// Creates a PDF file, to be signed (chapter 7.1.1).
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_idnow::api::documents::DocumentFile;
    ///
    /// assert!(DocumentFile::pdf("%PDF-1.4\n%%EOF\n").is_ok());
    /// let error = DocumentFile::pdf("PK\u{3}\u{4}").expect_err("a ZIP archive");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "data".into() });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`DocumentFile::new`].
    pub fn pdf(bytes: impl Into<Bytes>) -> Result<Self> {
        Self::new(PDF, bytes)
    }

    /// Creates a file with the media type of its document definition (chapter 7.1.1).
    ///
    /// The calls upload it as `application/octet-stream`.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_idnow::api::documents::DocumentFile;
    ///
    /// let file = DocumentFile::new("text/plain", "Allgemeine Geschäftsbedingungen")?;
    /// assert_eq!(format!("{file:?}"), r#"DocumentFile { media_type: "text/plain", length: 32 }"#);
    ///
    /// let error = DocumentFile::new("plain", "AGB").expect_err("not a media type");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "mimeType".into() });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `mimeType` if the media type
    /// is not valid, or `data` if the file is empty, or has the media type of a PDF but does not
    /// begin like one.
    pub fn new(media_type: impl Into<String>, bytes: impl Into<Bytes>) -> Result<Self> {
        let (media_type, bytes) = (media_type.into(), bytes.into());
        check_media_type(&media_type)?;
        if bytes.is_empty() {
            return Err(Error::invalid("data", "the file is empty"));
        }
        if media_type.eq_ignore_ascii_case(PDF) && !bytes.starts_with(b"%PDF-") {
            return Err(Error::invalid(
                "data",
                "expected a PDF file, which begins with %PDF-",
            ));
        }
        Ok(Self { media_type, bytes })
    }

    /// Returns the media type, such as [`PDF`].
    ///
    /// ```
    /// use idv_idnow::api::documents::{DocumentFile, PDF};
    ///
    /// assert_eq!(DocumentFile::pdf("%PDF-1.4\n%%EOF\n")?.media_type(), PDF);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Returns the contents.
    ///
    /// ```
    /// use idv_idnow::api::documents::DocumentFile;
    ///
    /// let file = DocumentFile::pdf("%PDF-1.4\n%%EOF\n")?;
    /// assert_eq!(file.bytes().len(), 15);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the SHA-256 digest in lower-case hexadecimal, which IDnow returns as
    /// [`Document::hash`].
    ///
    /// ```
    /// use idv_idnow::api::documents::DocumentFile;
    ///
    /// let digest = DocumentFile::new("text/plain", "abc")?.sha256_hex();
    /// assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
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

/// Returns the document of a definition from its response: a single object, or a list as in the
/// sample of chapter 7.2.2.
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
