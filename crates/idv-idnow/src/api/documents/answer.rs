//! The answers of chapter 7, as pure functions of status and body.

use http::StatusCode;
use idv_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::Listed;
use super::definition::{DefinitionId, DocumentDefinition};
use super::document::{self, Document};
use crate::api::answer;
use crate::wire::ErrorBody;

/// The elements of the tables of chapter 7, as errors name them.
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

/// An answer of which the body tells nothing: `{}`, or none.
pub(super) fn succeeded(status: StatusCode, body: &[u8]) -> Result<()> {
    answer::succeeded(status, body).map_err(|error| {
        match error.kind() {
            // The detail about an identification's results would mislead here.
            ErrorKind::NotFound if error.vendor_code().is_some() => {
                error.detail("IDnow has no such document, definition or identification, or no file of it")
            }
            ErrorKind::Conflict if status == StatusCode::CONFLICT => error.detail(
                "the identification is finished, or the document definition exists: it can no longer be changed this way",
            ),
            ErrorKind::InvalidRequest { .. } => match element(&ErrorBody::read(body)) {
                Some(element) => error
                    .with_kind(ErrorKind::InvalidRequest { field: element.into() })
                    .detail("IDnow does not take this element or its value"),
                None => error,
            },
            _ => error,
        }
    })
}

/// The list of document definitions (chapter 7.1.6).
pub(super) fn definitions(status: StatusCode, body: &[u8]) -> Result<Listed<DocumentDefinition>> {
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
pub(super) fn documents(status: StatusCode, body: &[u8]) -> Result<Listed<Document>> {
    list(status, body, Document::read)
}

/// One of an identification's documents (chapter 7.2.2).
pub(super) fn document(status: StatusCode, body: &[u8], id: &DefinitionId) -> Result<Document> {
    document::of_definition(list(status, body, Document::read)?.entries, id)
        .ok_or_else(not_in_answer)
}

/// Reads an array, or an object as an array of one: the sample of chapter 7.2.2 has an array although one is asked for.
fn list<T>(
    status: StatusCode,
    body: &[u8],
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Listed<T>> {
    succeeded(status, body)?;
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let values =
        match serde_json::from_slice(body).map_err(|error| Error::malformed_json(&error))? {
            Value::Array(values) => values,
            object @ Value::Object(_) => vec![object],
            _ => return Err(Error::malformed("it is neither a list nor an object")),
        };
    let entries: Vec<_> = values.iter().filter_map(read).collect();
    Ok(Listed {
        unreadable: values.len() - entries.len(),
        entries,
    })
}

/// The element that an error names, in our own copy of its name: the vendor's text may be anything.
fn element(errors: &ErrorBody) -> Option<&'static str> {
    let key = errors.key()?;
    FIELDS.iter().find(|field| **field == key).copied()
}

fn not_in_answer() -> Error {
    Error::malformed("what was asked for is not in the answer")
}
