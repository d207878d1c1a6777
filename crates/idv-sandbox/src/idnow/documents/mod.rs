//! eSigning (chapter 7): definitions, documents and signatures.

mod definition;
mod document;
mod fields;
mod placement;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

pub(crate) use self::definition::Definitions;
use self::definition::Submitted;
use self::document::Update;
pub(crate) use self::document::{
    Document, MAX_TOTAL, instances, is_missing_any, person_can_upload,
};
use super::account::{Account, DataCentre};
use super::api::{Call, demand_json};
use super::case::Case;
use super::failure::Failure;
use super::rules;
use crate::exchange::{Answer, Incoming};

/// The account's permissions for signatures (7.1.2).
#[derive(Debug, Clone, Copy)]
struct Terms {
    /// Several signatures per document.
    several_signatures: bool,
    /// A second line in the vendor's seal.
    second_line: bool,
    /// Handwritten signatures.
    handwritten: bool,
}

impl Terms {
    fn of(account: &Account) -> Self {
        let swiss = account.data_centre == DataCentre::Ch;
        Self {
            several_signatures: !swiss,
            second_line: swiss,
            handwritten: account.handwritten_signatures,
        }
    }
}

/// Answers a request to `/api/v1/{company}/documentdefinitions…` (7.1).
pub(super) fn definitions(call: &mut Call<'_, '_>, path: &[&str]) -> Result<Answer, Failure> {
    let terms = signing(call)?;
    let definitions = call
        .world
        .own
        .definitions
        .entry(call.company.to_owned())
        .or_default();
    match (&call.request.method, path) {
        (&Method::POST, []) => {
            demand_json(call.request)?;
            definitions.create(Submitted::read(&call.request.body, terms)?)?;
            Ok(Answer::json_with_charset(StatusCode::CREATED, &json!({})))
        }
        (&Method::GET, []) => {
            let listed: Vec<Value> = definitions
                .each()
                .map(|(order, definition)| definition.to_json(order))
                .collect();
            Ok(Answer::json_with_charset(StatusCode::OK, &listed.into()))
        }
        (&Method::GET, [identifier]) => Ok(Answer::json_with_charset(
            StatusCode::OK,
            &definitions.to_json(identifier)?,
        )),
        (&Method::POST, [identifier]) => {
            demand_json(call.request)?;
            definitions.one(identifier)?;
            definitions.update(identifier, Submitted::read(&call.request.body, terms)?)?;
            Ok(Answer::json_with_charset(StatusCode::OK, &json!({})))
        }
        (&Method::DELETE, [identifier]) => {
            definitions.delete(identifier)?;
            Ok(Answer::json_with_charset(StatusCode::OK, &json!({})))
        }
        (&Method::POST, [identifier, "data"]) => {
            let others = definitions.length_beside(identifier);
            let definition = definitions.one_mut(identifier)?;
            let bytes = uploaded(call.request, &definition.mime_type)?;
            demand_room(others + bytes.len())?;
            if placement::lacks_a_place(&definition.signatures, &bytes) {
                return Err(Failure::bad_value(&rules::SIGNATURE_PLACE, "signatures"));
            }
            definition.default = Some(bytes);
            Ok(Answer::empty(StatusCode::OK))
        }
        (&Method::GET, [identifier, "data"]) => {
            let definition = definitions.one(identifier)?;
            let bytes = definition
                .default
                .clone()
                .ok_or_else(|| Failure::by(&rules::DEFAULT_DOCUMENT))?;
            Ok(Answer::new(StatusCode::OK, &definition.mime_type, bytes))
        }
        _ => Err(Failure::by(&rules::PATH)),
    }
}

/// Answers a request to `/api/v1/{company}/identifications/{transaction}/documents…` (7.2).
pub(super) fn documents(
    call: &mut Call<'_, '_>,
    transaction: &str,
    path: &[&str],
) -> Result<Answer, Failure> {
    let terms = signing(call)?;
    let key = call.key(transaction)?;
    let case = call
        .world
        .cases
        .get_mut(&key)
        .ok_or_else(|| Failure::by(&rules::IDENTIFICATION))?;
    let signed = case.is_signed();
    match (&call.request.method, path) {
        (&Method::GET, []) => {
            let listed: Vec<Value> = case
                .documents
                .iter()
                .map(|document| document.to_json(signed))
                .collect();
            Ok(Answer::json_with_charset(StatusCode::OK, &listed.into()))
        }
        // The sample contains an array with the one document.
        (&Method::GET, [identifier]) => Ok(Answer::json_with_charset(
            StatusCode::OK,
            &json!([one(case, identifier)?.to_json(signed)]),
        )),
        (&Method::POST, [identifier]) => {
            demand_json(call.request)?;
            demand_not_begun(case)?;
            let document = one(case, identifier)?;
            document.update(Update::read(&call.request.body, terms)?, terms)?;
            Ok(Answer::json_with_charset(StatusCode::OK, &json!({})))
        }
        (&Method::POST, [identifier, "data"]) => {
            demand_not_begun(case)?;
            let others = case
                .documents
                .iter()
                .filter(|document| document.identifier() != *identifier);
            let others: usize = others.map(Document::length).sum();
            let document = one(case, identifier)?;
            let bytes = uploaded(call.request, document.mime_type())?;
            demand_room(others + bytes.len())?;
            document.upload(bytes)?;
            Ok(Answer::empty(StatusCode::OK))
        }
        // The heading says POST, the sample GET.
        (&Method::GET | &Method::POST, [identifier, "signed"]) => {
            let ident_id = case.ident_id.clone();
            let document = one(case, identifier)?;
            let bytes = document
                .signed(&ident_id)
                .filter(|_| signed)
                .ok_or_else(|| Failure::by(&rules::SIGNED_DOCUMENT))?;
            Ok(Answer::new(StatusCode::OK, document.mime_type(), bytes))
        }
        _ => Err(Failure::by(&rules::PATH)),
    }
}

/// Returns the permissions of an account with eSign. Other accounts have no routes of this chapter.
fn signing(call: &mut Call<'_, '_>) -> Result<Terms, Failure> {
    let account = call.authorized()?;
    if account.e_sign {
        Ok(Terms::of(&account))
    } else {
        Err(Failure::by(&rules::E_SIGN))
    }
}

fn one<'a>(case: &'a mut Case, identifier: &str) -> Result<&'a mut Document, Failure> {
    case.documents
        .iter_mut()
        .find(|document| document.identifier() == identifier)
        .ok_or_else(|| Failure::by(&rules::DOCUMENT))
}

/// Checks that the documents can still be changed: the identification has not started (7.2.3).
fn demand_not_begun(case: &Case) -> Result<(), Failure> {
    if case.is_finished() {
        return Err(Failure::by(&rules::DOCUMENTS_UNFINISHED));
    }
    if case.is_begun() {
        Err(Failure::by(&rules::DOCUMENTS_BEFORE_START))
    } else {
        Ok(())
    }
}

/// Checks the total length of an identification's documents.
fn demand_room(length: usize) -> Result<(), Failure> {
    if length > MAX_TOTAL {
        Err(Failure::bad_request(
            &rules::DOCUMENTS_SIZE,
            "Please provide smaller documents",
        ))
    } else {
        Ok(())
    }
}

/// Returns the uploaded document. Its content type must be that of the samples, and its content
/// that of the definition.
fn uploaded(request: &Incoming, mime_type: &str) -> Result<Bytes, Failure> {
    if !request
        .media_type()
        .eq_ignore_ascii_case("application/octet-stream")
    {
        return Err(Failure::bad_request(
            &rules::UPLOAD_CONTENT_TYPE,
            "Please provide the header Content-Type: application/octet-stream",
        ));
    }
    let wrong =
        mime_type.eq_ignore_ascii_case("application/pdf") && !request.body.starts_with(b"%PDF-");
    if request.body.is_empty() || wrong {
        return Err(Failure::bad_request(
            &rules::DOCUMENT_TYPE,
            &format!("Please provide a document of the type {mime_type}"),
        ));
    }
    Ok(request.body.clone())
}
