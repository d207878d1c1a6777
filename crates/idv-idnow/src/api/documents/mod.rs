//! eSigning: the documents that persons sign, and the signed files (chapter 7).
//!
//! | call | chapter | effect |
//! |---|---|---|
//! | [`Api::create_document_definition`] | 7.1.3 | defines a document to be signed, once for all identifications |
//! | [`Api::update_document_definition`] | 7.1.4 | changes a definition |
//! | [`Api::delete_document_definition`] | 7.1.5 | deletes a definition |
//! | [`Api::document_definitions`], [`Api::document_definition`] | 7.1.6, 7.1.7 | return definitions |
//! | [`Api::upload_default_document`], [`Api::download_default_document`] | 7.1.8, 7.1.9 | upload and download the file for every person |
//! | [`Api::documents`], [`Api::document`] | 7.2.1, 7.2.2 | return the documents of one person, with their state |
//! | [`Api::update_document`] | 7.2.3 | changes the name or the signatures for one person |
//! | [`Api::upload_document`] | 7.2.4 | uploads the file for one person |
//! | [`Api::download_signed_document`] | 7.2.6 | downloads the signed file, which the result's archive also contains as `<identifier>_signed.pdf` |
//!
//! Start an identification after its definitions exist. Before the person begins, each definition
//! needs a file, either the default or the person's own; otherwise IDnow responds with 412
//! `PRECONDITION_FAILED` (chapter 12).
//!
//! A person can also upload the file of the first definition on a page of IDnow's (chapter 7.2.5),
//! without a call of the application.
//!
//! # Definitions and documents
//!
//! A definition applies to every person. A document is the copy of a definition for one person; its
//! name, version and signatures can differ. IDnow places the signatures of both; if two have the
//! same name, the document's replaces the definition's (chapter 7.1.2.6):
//! [`Document::effective_signatures`].
//!
//! # Checks before a request
//!
//! The calls refuse names and identifiers that are empty or contain other characters, counts below
//! 1, impossible distances and sizes, and a file that should be a PDF and is not. For the data
//! centre in Switzerland they also refuse a second signature, and for that in Germany the font size
//! of a second line. [`ErrorKind::InvalidRequest`](idv_core::ErrorKind::InvalidRequest) names the
//! element by IDnow's name.

mod answer;
mod definition;
mod document;
mod placement;
mod request;

use idv_core::call::{Answer as Reply, Call, CallContext};
use idv_core::{Download, Result, Sink};

pub use definition::{DefinitionId, DocumentDefinition, PDF, ViewPolicy};
pub use document::{Document, DocumentFile, DocumentStatus, DocumentUpdate};
pub use placement::{Anchor, Appearance, Position, Seal, Signature, Signatures};

use super::{Api, TransactionNumber};

/// A parsed list, with the number of unreadable entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParsedList<T> {
    /// The entries, in their order.
    pub entries: Vec<T>,
    /// The number of unreadable entries: those that are not objects, are empty, or are definitions
    /// without an identifier that can be part of a URL.
    pub unreadable: usize,
}

/// Document definitions (chapter 7.1). The errors are those of [`Api`].
impl Api {
    /// Creates a document definition (chapter 7.1.3).
    ///
    /// The call is not repeated if its response is lost: the document does not define the effect of
    /// an existing identifier, and each definition is inserted before the one at its position.
    /// [`Api::document_definition`] tells whether the definition exists.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(201, "{}");
    /// use idv_idnow::api::documents::{DefinitionId, DocumentDefinition, PDF};
    ///
    /// let id = DefinitionId::parse("doc1")?;
    /// let mut definition = DocumentDefinition::new(id, "Arbeitsvertrag", PDF);
    /// api.create_document_definition(&cx, &definition).await?;
    /// assert_eq!(server.line(), "POST /api/v1/ihrebank/documentdefinitions");
    ///
    /// // A definition that IDnow cannot accept is not sent.
    /// definition.name.clear();
    /// assert!(api.create_document_definition(&cx, &definition).await.is_err());
    /// assert_eq!(server.count(), 1);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]; those of [`DocumentDefinition::check`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn create_document_definition(
        &self,
        cx: &CallContext,
        definition: &DocumentDefinition,
    ) -> Result<()> {
        definition.check_for(self.centre)?;
        let call = Call::once().in_session(self);
        done(
            &cx.send(call, |attempt| {
                request::create(&self.endpoint, attempt.token(), definition)
            })
            .await?,
        )
    }

    /// Replaces the document definition of this identifier (chapter 7.1.4).
    ///
    /// The call is idempotent, so it is retried after a lost response.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, "{}");
    /// use idv_idnow::api::documents::{DefinitionId, DocumentDefinition, PDF, ViewPolicy};
    ///
    /// let id = DefinitionId::parse("doc1")?;
    /// let mut definition = DocumentDefinition::new(id, "Arbeitsvertrag", PDF);
    /// definition.view_policy = Some(ViewPolicy::Scroll);
    /// api.update_document_definition(&cx, &definition).await?;
    /// assert_eq!(server.line(), "POST /api/v1/ihrebank/documentdefinitions/doc1");
    /// assert!(server.body().contains(r#""viewPolicy":"SCROLL""#));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]; those of [`DocumentDefinition::check`];
    /// [`NotFound`](idv_core::ErrorKind::NotFound) if the definition does not exist.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted. The call can be repeated.
    pub async fn update_document_definition(
        &self,
        cx: &CallContext,
        definition: &DocumentDefinition,
    ) -> Result<()> {
        definition.check_for(self.centre)?;
        done(
            &self
                .send(cx, |token| {
                    request::update(&self.endpoint, token, definition)
                })
                .await?,
        )
    }

    /// Deletes a document definition (chapter 7.1.5).
    ///
    /// The call is retried after a lost response; [`NotFound`](idv_core::ErrorKind::NotFound) with
    /// an unknown effect can then mean that the definition is deleted.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, "{}");
    /// use idv_idnow::api::documents::DefinitionId;
    ///
    /// api.delete_document_definition(&cx, &DefinitionId::parse("doc1")?).await?;
    /// assert_eq!(server.line(), "DELETE /api/v1/ihrebank/documentdefinitions/doc1");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`NotFound`](idv_core::ErrorKind::NotFound) if the definition does not exist.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted. The call can be repeated.
    pub async fn delete_document_definition(
        &self,
        cx: &CallContext,
        id: &DefinitionId,
    ) -> Result<()> {
        done(
            &self
                .send(cx, |token| request::delete(&self.endpoint, token, id))
                .await?,
        )
    }

    /// Returns the account's document definitions (chapter 7.1.6).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"[{"optional":false,"name":"Arbeitsvertrag","identifier":"doc1",
    /// #     "mimeType":"application/pdf","sortOrder":1},{"optional":false,"name":"AGB",
    /// #     "identifier":"doc2","mimeType":"text/plain","sortOrder":2},null]"#);
    /// let definitions = api.document_definitions(&cx).await?;
    /// let names = definitions.entries.iter().map(|definition| definition.name.as_str());
    /// assert!(names.eq(["Arbeitsvertrag", "AGB"]));
    /// assert_eq!(definitions.unreadable, 1); // the response also has a null
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank/documentdefinitions");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn document_definitions(
        &self,
        cx: &CallContext,
    ) -> Result<ParsedList<DocumentDefinition>> {
        let reply = self
            .send(cx, |token| request::definitions(&self.endpoint, token))
            .await?;
        answer::definitions(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }

    /// Returns one document definition (chapter 7.1.7).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"optional":false,"name":"Arbeitsvertrag","identifier":"doc1",
    /// #     "mimeType":"application/pdf","sortOrder":1}"#);
    /// use idv_idnow::api::documents::DefinitionId;
    ///
    /// let definition = api.document_definition(&cx, &DefinitionId::parse("doc1")?).await?;
    /// assert_eq!((definition.optional, definition.sort_order), (Some(false), Some(1)));
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank/documentdefinitions/doc1");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`NotFound`](idv_core::ErrorKind::NotFound) if the definition does not exist.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn document_definition(
        &self,
        cx: &CallContext,
        id: &DefinitionId,
    ) -> Result<DocumentDefinition> {
        let reply = self
            .send(cx, |token| request::definition(&self.endpoint, token, id))
            .await?;
        answer::definition(reply.status, &reply.body, id).map_err(|error| reply.complement(error))
    }

    /// Uploads the default file, which every person signs who has no other (chapter 7.1.8).
    ///
    /// The call is idempotent, so it is retried after a lost response.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, "");
    /// use idv_idnow::api::documents::{DefinitionId, DocumentFile};
    ///
    /// let file = DocumentFile::pdf("%PDF-1.4\n%%EOF\n")?;
    /// api.upload_default_document(&cx, &DefinitionId::parse("doc1")?, &file).await?;
    /// assert_eq!(server.line(), "POST /api/v1/ihrebank/documentdefinitions/doc1/data");
    /// assert_eq!(server.header("content-type").as_deref(), Some("application/octet-stream"));
    /// assert_eq!(server.body(), "%PDF-1.4\n%%EOF\n");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted. The call can be repeated.
    pub async fn upload_default_document(
        &self,
        cx: &CallContext,
        id: &DefinitionId,
        file: &DocumentFile,
    ) -> Result<()> {
        done(
            &self
                .send(cx, |token| {
                    request::upload_default(&self.endpoint, token, id, file)
                })
                .await?,
        )
    }

    /// Streams the default file into `sink` (chapter 7.1.9).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.file(b"%PDF-1.4\n%%EOF\n");
    /// use idv_idnow::api::documents::DefinitionId;
    ///
    /// let (id, mut file) = (DefinitionId::parse("doc1")?, Vec::new());
    /// let limit = 10 * 1024 * 1024; // bytes
    /// let download = api.download_default_document(&cx, &id, limit, &mut file).await?;
    /// assert_eq!(download.length, 15);
    /// assert!(file.starts_with(b"%PDF-"));
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank/documentdefinitions/doc1/data");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Api::download`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the file, which must not be used.
    pub async fn download_default_document(
        &self,
        cx: &CallContext,
        id: &DefinitionId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let build = |token: &str| request::download_default(&self.endpoint, token, id);
        self.stream(cx, limit, sink, answer::succeeded, build).await
    }
}

/// The documents of one identification (chapter 7.2). The errors are those of [`Api`].
impl Api {
    /// Returns the documents of an identification (chapter 7.2.1).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"[{"name":"Arbeitsvertrag","version":null,
    /// #     "hash":"094c33504ab62a49957ed5f051fc10fc0e1bd7feadfdb223654270835e693bb4",
    /// #     "displayHash":"094c-3350-4ab6","status":"UPLOADED","documentDefinition":
    /// #     {"optional":false,"name":"Arbeitsvertrag","identifier":"doc1",
    /// #     "mimeType":"application/pdf","sortOrder":1}}]"#);
    /// # let number = account::number();
    /// use idv_idnow::api::documents::DocumentStatus;
    ///
    /// let documents = api.documents(&cx, &number).await?;
    /// let document = &documents.entries[0];
    /// assert_eq!(document.status, Some(DocumentStatus::Uploaded));
    /// assert_eq!(document.display_hash.as_deref(), Some("094c-3350-4ab6"));
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank/identifications/AH73JK3LM/documents");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn documents(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
    ) -> Result<ParsedList<Document>> {
        let reply = self
            .send(cx, |token| {
                request::documents(&self.endpoint, token, transaction)
            })
            .await?;
        answer::documents(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }

    /// Returns one document of an identification (chapter 7.2.2).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"[{"name":"Arbeitsvertrag","status":"NEED_UPLOAD","documentDefinition":
    /// #     {"name":"Arbeitsvertrag","identifier":"doc1","mimeType":"application/pdf"}}]"#);
    /// # let number = account::number();
    /// use idv_idnow::api::documents::{DefinitionId, DocumentStatus};
    ///
    /// let document = api.document(&cx, &number, &DefinitionId::parse("doc1")?).await?;
    /// assert_eq!(document.status, Some(DocumentStatus::NeedUpload));
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank/identifications/AH73JK3LM/documents/doc1");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`NotFound`](idv_core::ErrorKind::NotFound) if the document does not exist.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn document(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        id: &DefinitionId,
    ) -> Result<Document> {
        let reply = self
            .send(cx, |token| {
                request::document(&self.endpoint, token, transaction, id)
            })
            .await?;
        answer::document(reply.status, &reply.body, id).map_err(|error| reply.complement(error))
    }

    /// Changes one document before the identification starts (chapter 7.2.3).
    ///
    /// The call is idempotent, so it is retried after a lost response.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, "{}");
    /// # let number = account::number();
    /// use idv_idnow::api::documents::{DefinitionId, DocumentUpdate};
    ///
    /// let id = DefinitionId::parse("doc1")?;
    /// let mut update = DocumentUpdate::default();
    /// assert!(api.update_document(&cx, &number, &id, &update).await.is_err()); // empty
    ///
    /// update.name = Some("My Extended Contract".into());
    /// api.update_document(&cx, &number, &id, &update).await?;
    /// assert_eq!(server.line(), "POST /api/v1/ihrebank/identifications/AH73JK3LM/documents/doc1");
    /// assert_eq!(server.body(), r#"{"name":"My Extended Contract"}"#);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) if the update is empty,
    /// or has a signature whose name or position the document does not allow.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted. The call can be repeated.
    pub async fn update_document(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        id: &DefinitionId,
        update: &DocumentUpdate,
    ) -> Result<()> {
        update.check_for(self.centre)?;
        done(
            &self
                .send(cx, |token| {
                    request::update_document(&self.endpoint, token, transaction, id, update)
                })
                .await?,
        )
    }

    /// Uploads the file for one person (chapter 7.2.4).
    ///
    /// The call is idempotent, so it is retried after a lost response. [`Document::holds`] tells
    /// whether the file arrived intact.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, "");
    /// # let number = account::number();
    /// use idv_idnow::api::documents::{DefinitionId, DocumentFile};
    ///
    /// let contract = DocumentFile::pdf("%PDF-1.4\n%%EOF\n")?;
    /// api.upload_document(&cx, &number, &DefinitionId::parse("doc1")?, &contract).await?;
    /// assert_eq!(
    ///     server.line(),
    ///     "POST /api/v1/ihrebank/identifications/AH73JK3LM/documents/doc1/data"
    /// );
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted. The call can be repeated.
    pub async fn upload_document(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        id: &DefinitionId,
        file: &DocumentFile,
    ) -> Result<()> {
        done(
            &self
                .send(cx, |token| {
                    request::upload_document(&self.endpoint, token, transaction, id, file)
                })
                .await?,
        )
    }

    /// Streams the signed file into `sink` (chapter 7.2.6).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.file(b"%PDF-1.4 signed");
    /// # server.json(404, r#"{"errors":[{"cause":"OBJECT_NOT_FOUND","id":"487800773"}]}"#);
    /// # let number = account::number();
    /// use idv_core::ErrorKind;
    /// use idv_idnow::api::documents::DefinitionId;
    ///
    /// let (id, limit, mut file) = (DefinitionId::parse("doc1")?, 10 * 1024 * 1024, Vec::new());
    /// api.download_signed_document(&cx, &number, &id, limit, &mut file).await?;
    /// assert_eq!(file, b"%PDF-1.4 signed");
    /// assert_eq!(
    ///     server.line(),
    ///     "GET /api/v1/ihrebank/identifications/AH73JK3LM/documents/doc1/signed"
    /// );
    ///
    /// // If the file does not exist, nothing is written.
    /// let mut empty = Vec::new();
    /// let missing = api.download_signed_document(&cx, &number, &id, limit, &mut empty).await;
    /// assert_eq!(missing.expect_err("no file").kind(), &ErrorKind::NotFound);
    /// assert!(empty.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Api::download`]. An unsigned file is also an error, which the document does not define.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the file, which must not be used.
    pub async fn download_signed_document(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        id: &DefinitionId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let build = |token: &str| request::download_signed(&self.endpoint, token, transaction, id);
        self.stream(cx, limit, sink, answer::succeeded, build).await
    }
}

/// Checks the response of a call without a result.
fn done(reply: &Reply) -> Result<()> {
    answer::succeeded(reply.status, &reply.body).map_err(|error| reply.complement(error))
}
