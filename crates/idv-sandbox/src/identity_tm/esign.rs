//! The documents to sign: `eSignPDF`, `eSignHash` and `MultiSignOptions` of 3.1.4.

use std::io::Read as _;

use flate2::read::ZlibDecoder;
use serde_json::{Map, Value};

use super::account::Account;
use super::check;
use super::failure::Failure;
use super::order::{Submitted, add, product};
use super::rules;

/// The maximum number of bytes that are read from a compressed part of a document.
const MAX_INFLATED: u64 = 16 * 1024 * 1024;

/// A document or a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

/// Checks the rules that concern several rows.
pub(crate) fn check(order: &Submitted, account: &Account) -> Result<(), Failure> {
    for document in objects(order, &["eSignPDF"]) {
        check_document(document, account)?;
    }
    for hash in objects(order, &["eSignHash"]) {
        if text(hash, "Hash").is_none() {
            return Err(Failure::by(&rules::HASH, "eSignHash.Hash is required"));
        }
    }
    for parameters in objects(order, &["MultiSignOptions", "SignParameters"]) {
        demand_one_place(parameters, "MultiSignOptions.SignParameters")?;
    }
    let first = order.text(&["MultiSignOptions", "FirstOrderID"]);
    if order.value(&["MultiSignOptions"]).is_some() && first.is_none() {
        return Err(Failure::by(
            &rules::FIRST_ORDER_ID,
            "MultiSignOptions.FirstOrderID is required",
        ));
    }
    let given = order.value(&["eSignPDF"]).is_some() || order.value(&["eSignHash"]).is_some();
    if given && first.is_some() {
        return Err(Failure::by(
            &rules::DOCUMENTS_OF_FIRST_ORDER,
            "MultiSignOptions: the documents come from the first order",
        ));
    }
    if order.is_signed() && !given && first.is_none() {
        return Err(Failure::by(
            &rules::DOCUMENT_TO_SIGN,
            "eSignPDF is required: there is nothing to sign",
        ));
    }
    if order.product != product::ESIGN && order.value(&["eSignTanSmsText"]).is_some() {
        return Err(Failure::by(
            &rules::TAN_TEXT_FOR_SIGNING,
            "eSignTanSmsText is for eSign orders only",
        ));
    }
    if order.adds(add::SIGN_ME_USE) && order.product != product::ESIGN {
        return Err(Failure::by(
            &rules::SIGN_ME_SIGNATURE,
            "Add: a sign-me account can only be used to sign",
        ));
    }
    Ok(())
}

/// Returns the documents of an order.
pub(crate) fn documents(order: &Submitted) -> Vec<Document> {
    contents(order, "eSignPDF", "Data", "document")
}

/// Returns the hashes of an order.
pub(crate) fn hashes(order: &Submitted) -> Vec<Document> {
    contents(order, "eSignHash", "Hash", "hash")
}

/// Returns the names of an order's documents and hashes.
pub(crate) fn names(order: &Submitted) -> Vec<String> {
    let of = |element, word| {
        objects(order, &[element])
            .into_iter()
            .enumerate()
            .map(move |(index, object)| name(object, word, index))
    };
    of("eSignPDF", "document")
        .chain(of("eSignHash", "hash"))
        .collect()
}

/// Returns the names by which a further order's signature parameters refer to the first order's
/// documents.
pub(crate) fn named_documents(order: &Submitted) -> Vec<&str> {
    objects(order, &["MultiSignOptions", "SignParameters"])
        .into_iter()
        .filter_map(|object| text(object, "Filename"))
        .collect()
}

fn contents(order: &Submitted, element: &str, content: &str, word: &str) -> Vec<Document> {
    let read = |(index, object): (usize, &Map<String, Value>)| Document {
        name: name(object, word, index),
        content: text(object, content)
            .and_then(check::decode)
            .unwrap_or_default(),
    };
    objects(order, &[element])
        .into_iter()
        .enumerate()
        .map(read)
        .collect()
}

/// Returns the name of a document, or its number if it has none.
fn name(object: &Map<String, Value>, word: &str, index: usize) -> String {
    text(object, "Filename").map_or_else(|| format!("{word}-{}", index + 1), str::to_owned)
}

/// Returns the objects of an element that is an object or an array of them.
fn objects<'a>(order: &'a Submitted, path: &[&str]) -> Vec<&'a Map<String, Value>> {
    match order.value(path) {
        Some(Value::Object(object)) => vec![object],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

fn check_document(document: &Map<String, Value>, account: &Account) -> Result<(), Failure> {
    let content = text(document, "Data")
        .and_then(check::decode)
        .unwrap_or_default();
    if !content.starts_with(b"%PDF-") {
        return Err(Failure::by(
            &rules::PDF,
            "eSignPDF.Data must be a PDF as Base64",
        ));
    }
    if count(&content, b"/Encrypt") > 0 {
        return Err(Failure::by(
            &rules::PDF_UNPROTECTED,
            "eSignPDF.Data: the PDF must be unprotected",
        ));
    }
    demand_one_place(document, "eSignPDF")?;
    if let Some(tag) = text(document, "SignatureTag") {
        let (times, readable) = occurrences(&content, tag);
        if times > 1 || (times == 0 && readable) {
            return Err(Failure::by(
                &rules::SIGNATURE_TAG,
                "eSignPDF.SignatureTag must appear exactly once in the document",
            ));
        }
    }
    if document
        .get("Stamping")
        .is_some_and(|stamps| !stamps.is_null())
        && !account.namirial
    {
        return Err(Failure::by(
            &rules::STAMPING,
            "eSignPDF.Stamping is only available when using Namirial",
        ));
    }
    Ok(())
}

/// Checks that a signature has one place: a position, a field, or a tag.
fn demand_one_place(object: &Map<String, Value>, path: &str) -> Result<(), Failure> {
    let given = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
    let position = given("SignaturePosX") || given("SignaturePosY");
    let places = [position, given("SignatureFieldName"), given("SignatureTag")];
    if places.into_iter().filter(|place| *place).count() > 1 {
        return Err(Failure::by(
            &rules::SIGNATURE_PLACE,
            format!("{path}: position, field name and tag cannot be used at the same time"),
        ));
    }
    Ok(())
}

/// Returns how often a text appears in a PDF, in plain and in compressed parts, and whether the PDF
/// writes its text as letters. A font that maps its own codes to letters is not supported.
fn occurrences(content: &[u8], tag: &str) -> (usize, bool) {
    let mut times = count(content, tag.as_bytes());
    let mut readable = count(content, b"/ToUnicode") == 0;
    for start in positions(content, b"stream") {
        let Some(rest) = content.get(start + b"stream".len()..) else {
            continue;
        };
        let rest = rest
            .strip_prefix(b"\r\n")
            .or_else(|| rest.strip_prefix(b"\n"))
            .unwrap_or(rest);
        let mut inflated = Vec::new();
        // A part that is not compressed yields nothing.
        let _ = ZlibDecoder::new(rest)
            .take(MAX_INFLATED)
            .read_to_end(&mut inflated);
        times += count(&inflated, tag.as_bytes());
        readable &= count(&inflated, b"/ToUnicode") == 0;
    }
    (times, readable)
}

fn count(content: &[u8], needle: &[u8]) -> usize {
    positions(content, needle).count()
}

fn positions<'a>(content: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    content
        .windows(needle.len().max(1))
        .enumerate()
        .filter(move |(_, window)| *window == needle)
        .map(|(start, _)| start)
}
