//! Interprets the responses of chapter 7 as pure functions of status and body.

use http::StatusCode;
use idv_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::ParsedList;
use super::definition::{DefinitionId, DocumentDefinition};
use super::document::{self, Document};
use crate::api::answer;
use crate::wire::ErrorBody;

/// The element names of the tables of chapter 7, for errors.
const FIELDS: &[&str] = &[
    "identifier",
    "name",
    "mimeType",
    "optional",
    "sortOrder",
    "version",
    "viewPolicy",
    "signatures",
    "position",
    "acrofield",
    "page",
    "textcontent",
    "left",
    "width",
    "bottom",
    "height",
    "type",
    "signatureFontSize",
    "signatureFontSize2",
    "signatureImage",
];

/// A response without content: `{}`, or an empty body.
pub(super) fn succeeded(status: StatusCode, body: &[u8]) -> Result<()> {
    answer::succeeded(status, body).map_err(|error| {
        match error.kind() {
            // The text about an identification's results would mislead here.
            ErrorKind::NotFound if error.vendor_code().is_some() => error.detail(
                "IDnow has no such document, definition or identification, or no file of it",
            ),
            ErrorKind::Conflict if status == StatusCode::CONFLICT => error.detail(
                "the identification is finished, or the document definition exists: this \
                 change is no longer possible",
            ),
            ErrorKind::InvalidRequest { .. } => match element(&ErrorBody::read(body)) {
                Some(element) => error
                    .with_kind(ErrorKind::InvalidRequest {
                        field: element.into(),
                    })
                    .detail("IDnow does not accept this element or its value"),
                None => error,
            },
            _ => error,
        }
    })
}

/// The list of document definitions (chapter 7.1.6).
pub(super) fn definitions(
    status: StatusCode,
    body: &[u8],
) -> Result<ParsedList<DocumentDefinition>> {
    list(status, body, DocumentDefinition::read)
}

/// One document definition (chapter 7.1.7).
pub(super) fn definition(
    status: StatusCode,
    body: &[u8],
    id: &DefinitionId,
) -> Result<DocumentDefinition> {
    let found = list(status, body, DocumentDefinition::read)?
        .entries
        .into_iter()
        .find(|definition| &definition.identifier == id);
    found.ok_or_else(not_in_answer)
}

/// The list of an identification's documents (chapter 7.2.1).
pub(super) fn documents(status: StatusCode, body: &[u8]) -> Result<ParsedList<Document>> {
    list(status, body, Document::read)
}

/// One of an identification's documents (chapter 7.2.2).
pub(super) fn document(status: StatusCode, body: &[u8], id: &DefinitionId) -> Result<Document> {
    document::of_definition(list(status, body, Document::read)?.entries, id)
        .ok_or_else(not_in_answer)
}

/// Parses an array, or an object as an array of one: the sample of chapter 7.2.2 has an array for a
/// single document.
fn list<T>(
    status: StatusCode,
    body: &[u8],
    read: impl Fn(&Value) -> Option<T>,
) -> Result<ParsedList<T>> {
    succeeded(status, body)?;
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let values =
        match serde_json::from_slice(body).map_err(|error| Error::malformed_json(&error))? {
            Value::Array(values) => values,
            object @ Value::Object(_) => vec![object],
            _ => return Err(Error::malformed("expected a JSON array or object")),
        };
    let entries: Vec<_> = values.iter().filter_map(read).collect();
    Ok(ParsedList {
        unreadable: values.len() - entries.len(),
        entries,
    })
}

/// Returns the element in an error, by this crate's copy of its name: the vendor's text may be
/// anything.
fn element(errors: &ErrorBody) -> Option<&'static str> {
    let key = errors.key()?;
    FIELDS.iter().find(|field| **field == key).copied()
}

fn not_in_answer() -> Error {
    Error::malformed("the requested element is not in the response")
}
