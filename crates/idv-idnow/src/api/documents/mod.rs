//! eSigning: the documents that persons sign, and what comes of them (chapter 7).
//!
//! | call | chapter | |
//! |---|---|---|
//! | [`Api::create_document_definition`] | 7.1.3 | say which document is to be signed, once for all identifications |
//! | [`Api::update_document_definition`] | 7.1.4 | change that |
//! | [`Api::delete_document_definition`] | 7.1.5 | take it back |
//! | [`Api::document_definitions`], [`Api::document_definition`] | 7.1.6, 7.1.7 | what is to be signed |
//! | [`Api::upload_default_document`], [`Api::download_default_document`] | 7.1.8, 7.1.9 | the file for everybody |
//! | [`Api::documents`], [`Api::document`] | 7.2.1, 7.2.2 | what one person signs, and how far it is |
//! | [`Api::update_document`] | 7.2.3 | another name or other signatures for one person |
//! | [`Api::upload_document`] | 7.2.4 | the file for one person |
//! | [`Api::download_signed_document`] | 7.2.6 | the signed file; the result's archive has it too, as `<identifier>_signed.pdf` |
//!
//! An identification is started after its definitions are there, and needs a file for each of them, by default or of its own,
//! before the person begins: without, IDnow answers 412 `PRECONDITION_FAILED` (chapter 12).
//!
//! A person can also upload the file on a page of IDnow's, of the first definition only (chapter 7.2.5); that takes no call.
//!
//! # Two levels
//!
//! A definition holds for every person. A document is the definition's copy for one person; its name, version and signatures can
//! be its own. Signatures of both are placed, and of two of the same name the document's (chapter 7.1.2.6):
//! [`Document::effective_signatures`].
//!
//! # What is refused before it is sent
//!
//! Names and identifiers that are empty or of other letters, counts from 0, distances and sizes that cannot be, a file that is to
//! be PDF and is none; in the data centre of Switzerland a second signature, and in that of Germany the size of a second line.
//! [`ErrorKind::InvalidRequest`](idv_core::ErrorKind::InvalidRequest) names the element in IDnow's words.

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

/// A list as it is read, and how much of it is not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed<T> {
    /// The entries, in their order.
    pub entries: Vec<T>,
    /// The number of entries that cannot be read: they are no objects, say nothing, or are definitions without an identifier that can stand
    /// in an address.
    pub unreadable: usize,
}

/// Document definitions (chapter 7.1). The errors are those of [`Api`].
impl Api {
    /// Creates a document definition (chapter 7.1.3).
    ///
    /// It is not documented what IDnow makes of an identifier that is there already, and the definition is inserted before the
    /// one that stands at its place: so it is not repeated when its answer is lost. [`Api::document_definition`] tells whether it
    /// is there.
    ///
    /// # Errors
    ///
    /// See [`Api`]; those of [`DocumentDefinition::check`].
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

    /// Changes the document definition of this identifier (chapter 7.1.4). It sets what stands there, so that it is repeated when
    /// its answer is lost.
    ///
    /// # Errors
    ///
    /// See [`Api`]; those of [`DocumentDefinition::check`]; [`NotFound`](idv_core::ErrorKind::NotFound) if there is none.
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

    /// Deletes a document definition (chapter 7.1.5). It is repeated when its answer is lost; then
    /// [`NotFound`](idv_core::ErrorKind::NotFound) of unknown effect can mean that it is deleted.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`NotFound`](idv_core::ErrorKind::NotFound) if there is none.
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

    /// The account's document definitions (chapter 7.1.6).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn document_definitions(
        &self,
        cx: &CallContext,
    ) -> Result<Listed<DocumentDefinition>> {
        let reply = self
            .send(cx, |token| request::definitions(&self.endpoint, token))
            .await?;
        answer::definitions(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }

    /// One document definition (chapter 7.1.7).
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`NotFound`](idv_core::ErrorKind::NotFound) if there is none.
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

    /// Uploads the file that every person signs who has no other (chapter 7.1.8). The same file at the same address is the same,
    /// so that it is repeated when its answer is lost.
    ///
    /// # Errors
    ///
    /// See [`Api`].
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

    /// Streams the file that every person signs who has no other into `sink` (chapter 7.1.9).
    ///
    /// # Errors
    ///
    /// As [`Api::download`].
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
    /// The documents that are signed in this identification (chapter 7.2.1).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn documents(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
    ) -> Result<Listed<Document>> {
        let reply = self
            .send(cx, |token| {
                request::documents(&self.endpoint, token, transaction)
            })
            .await?;
        answer::documents(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }

    /// One of them (chapter 7.2.2).
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`NotFound`](idv_core::ErrorKind::NotFound) if there is none.
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

    /// Changes one of them, before the identification is started (chapter 7.2.3). It sets what stands there, so that it is
    /// repeated when its answer is lost.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) if the update is empty, or names or places a
    /// signature as the document does not allow.
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

    /// Uploads the file that this person signs (chapter 7.2.4). The same file at the same address is the same, so that it is
    /// repeated when its answer is lost. [`Document::holds`] tells whether it arrived whole.
    ///
    /// # Errors
    ///
    /// See [`Api`].
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
    /// As [`Api::download`]. A file that is not signed yet is an error too; the document does not say which.
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

/// A call that returns nothing.
fn done(reply: &Reply) -> Result<()> {
    answer::succeeded(reply.status, &reply.body).map_err(|error| reply.complement(error))
}
