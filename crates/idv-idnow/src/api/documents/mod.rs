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

    /// Replaces the document definition of this identifier (chapter 7.1.4). The call is idempotent,
    /// so it is retried after a lost response.
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

    /// Deletes a document definition (chapter 7.1.5). The call is retried after a lost response;
    /// [`NotFound`](idv_core::ErrorKind::NotFound) with an unknown effect can then mean that the
    /// definition is deleted.
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

    /// Uploads the default file, which every person signs who has no other (chapter 7.1.8). The
    /// call is idempotent, so it is retried after a lost response.
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

    /// Changes one document before the identification starts (chapter 7.2.3). The call is
    /// idempotent, so it is retried after a lost response.
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

    /// Uploads the file for one person (chapter 7.2.4). The call is idempotent, so it is retried
    /// after a lost response. [`Document::holds`] tells whether the file arrived intact.
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
