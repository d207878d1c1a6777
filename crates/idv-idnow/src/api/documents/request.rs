//! Builds the requests of chapter 7 as pure functions.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use idv_core::Result;

use super::definition::{DefinitionId, DocumentDefinition};
use super::document::{DocumentFile, DocumentUpdate};
use crate::api::TransactionNumber;
use crate::api::request::{Endpoint, bare, in_session, with_bytes};

const DEFINITIONS: &str = "documentdefinitions";
const IDENTIFICATIONS: &str = "identifications";
const DOCUMENTS: &str = "documents";

/// The media type of every uploaded file (chapters 7.1.8.2 and 7.2.4.2).
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// `POST …/documentdefinitions` (chapter 7.1.3).
pub(super) fn create(
    endpoint: &Endpoint,
    token: &str,
    definition: &DocumentDefinition,
) -> Result<Request<Bytes>> {
    in_session(
        Method::POST,
        &endpoint.address(&[DEFINITIONS]),
        token,
        definition,
    )
}

/// `POST …/documentdefinitions/{identifier}` (chapter 7.1.4).
pub(super) fn update(
    endpoint: &Endpoint,
    token: &str,
    definition: &DocumentDefinition,
) -> Result<Request<Bytes>> {
    let url = endpoint.address(&[DEFINITIONS, definition.identifier.as_str()]);
    in_session(Method::POST, &url, token, definition)
}

/// `DELETE …/documentdefinitions/{identifier}` (chapter 7.1.5). The sample sends an empty object.
pub(super) fn delete(
    endpoint: &Endpoint,
    token: &str,
    id: &DefinitionId,
) -> Result<Request<Bytes>> {
    let nothing = serde_json::Map::new();
    in_session(
        Method::DELETE,
        &endpoint.address(&[DEFINITIONS, id.as_str()]),
        token,
        &nothing,
    )
}

/// `GET …/documentdefinitions` (chapter 7.1.6).
pub(super) fn definitions(endpoint: &Endpoint, token: &str) -> Result<Request<Bytes>> {
    bare(Method::GET, &endpoint.address(&[DEFINITIONS]), token)
}

/// `GET …/documentdefinitions/{identifier}` (chapter 7.1.7).
pub(super) fn definition(
    endpoint: &Endpoint,
    token: &str,
    id: &DefinitionId,
) -> Result<Request<Bytes>> {
    bare(
        Method::GET,
        &endpoint.address(&[DEFINITIONS, id.as_str()]),
        token,
    )
}

/// `POST …/documentdefinitions/{identifier}/data` (chapter 7.1.8).
pub(super) fn upload_default(
    endpoint: &Endpoint,
    token: &str,
    id: &DefinitionId,
    file: &DocumentFile,
) -> Result<Request<Bytes>> {
    upload(
        &endpoint.address(&[DEFINITIONS, id.as_str(), "data"]),
        token,
        file,
    )
}

/// `GET …/documentdefinitions/{identifier}/data` (chapter 7.1.9).
pub(super) fn download_default(
    endpoint: &Endpoint,
    token: &str,
    id: &DefinitionId,
) -> Result<Request<Bytes>> {
    bare(
        Method::GET,
        &endpoint.address(&[DEFINITIONS, id.as_str(), "data"]),
        token,
    )
}

/// `GET …/identifications/{transactionnumber}/documents` (chapter 7.2.1).
pub(super) fn documents(
    endpoint: &Endpoint,
    token: &str,
    transaction: &TransactionNumber,
) -> Result<Request<Bytes>> {
    bare(
        Method::GET,
        &endpoint.address(&[IDENTIFICATIONS, transaction.as_str(), DOCUMENTS]),
        token,
    )
}

/// `GET …/identifications/{transactionnumber}/documents/{identifier}` (chapter 7.2.2).
pub(super) fn document(
    endpoint: &Endpoint,
    token: &str,
    transaction: &TransactionNumber,
    id: &DefinitionId,
) -> Result<Request<Bytes>> {
    bare(
        Method::GET,
        &of_document(endpoint, transaction, id, ""),
        token,
    )
}

/// `POST …/identifications/{transactionnumber}/documents/{identifier}` (chapter 7.2.3).
pub(super) fn update_document(
    endpoint: &Endpoint,
    token: &str,
    transaction: &TransactionNumber,
    id: &DefinitionId,
    update: &DocumentUpdate,
) -> Result<Request<Bytes>> {
    in_session(
        Method::POST,
        &of_document(endpoint, transaction, id, ""),
        token,
        update,
    )
}

/// `POST …/identifications/{transactionnumber}/documents/{identifier}/data` (chapter 7.2.4): the
/// path of the paragraph "Path". The sample beside it omits `/identifications`.
pub(super) fn upload_document(
    endpoint: &Endpoint,
    token: &str,
    transaction: &TransactionNumber,
    id: &DefinitionId,
    file: &DocumentFile,
) -> Result<Request<Bytes>> {
    upload(&of_document(endpoint, transaction, id, "data"), token, file)
}

/// `GET …/identifications/{transactionnumber}/documents/{identifier}/signed` (chapter 7.2.6). The
/// paragraph "Path" has POST, but the sample beside it has GET, like all other downloads.
pub(super) fn download_signed(
    endpoint: &Endpoint,
    token: &str,
    transaction: &TransactionNumber,
    id: &DefinitionId,
) -> Result<Request<Bytes>> {
    bare(
        Method::GET,
        &of_document(endpoint, transaction, id, "signed"),
        token,
    )
}

fn of_document(
    endpoint: &Endpoint,
    transaction: &TransactionNumber,
    id: &DefinitionId,
    rest: &str,
) -> String {
    let parts = [
        IDENTIFICATIONS,
        transaction.as_str(),
        DOCUMENTS,
        id.as_str(),
        rest,
    ];
    endpoint.address(if rest.is_empty() { &parts[..4] } else { &parts })
}

fn upload(url: &str, token: &str, file: &DocumentFile) -> Result<Request<Bytes>> {
    let mut request = with_bytes(Method::POST, url, token, file.bytes().clone())?;
    request.headers_mut().insert(CONTENT_TYPE, OCTETS);
    Ok(request)
}
