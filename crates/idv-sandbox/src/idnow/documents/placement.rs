//! The placement of signatures (7.1.2), enforced.

use serde_json::{Map, Value};

use super::Terms;
use super::fields::{is_flag, members, whole_number};
use crate::idnow::failure::Failure;
use crate::idnow::rules;
use crate::rule::Rule;

/// The three kinds of place (7.1.2.1 to 7.1.2.3). A position has one of them.
const PLACES: [&str; 3] = ["acrofield", "page", "textcontent"];
/// The measures of a position, in points of the page.
const MEASURES: [&str; 4] = ["left", "width", "bottom", "height"];

/// Parses the signatures of a definition or of a document, by name.
pub(super) fn read(value: &Value, terms: Terms) -> Result<Map<String, Value>, Failure> {
    let signatures = members(value, &rules::SIGNATURES, "signatures")?;
    if signatures.keys().any(String::is_empty) {
        return Err(Failure::bad_value(&rules::SIGNATURES, "signatures"));
    }
    signatures
        .into_iter()
        .map(|(name, signature)| Ok((name, Value::Object(read_one(&signature, terms)?))))
        .collect()
}

/// Checks that a document has at most as many signatures as the data centre allows (7.1.2),
/// including its definition's.
pub(super) fn demand_count(signatures: &Map<String, Value>, terms: Terms) -> Result<(), Failure> {
    if signatures.len() > 1 && !terms.several_signatures {
        return Err(Failure::bad_value(&rules::SIGNATURE_COUNT, "signatures"));
    }
    Ok(())
}

/// Merges the signatures of a definition with those of a person's document, which take precedence
/// (7.1.2.6).
pub(super) fn combined(
    definition: &Map<String, Value>,
    document: &Map<String, Value>,
) -> Map<String, Value> {
    definition
        .iter()
        .chain(document)
        .map(|(name, signature)| (name.clone(), signature.clone()))
        .collect()
}

/// Returns whether the place of a required signature is missing in a document (7.1.2). It only
/// judges PDFs whose objects are readable in place, and no text places, since letters rarely appear
/// in the file as they are displayed.
pub(super) fn lacks_a_place(signatures: &Map<String, Value>, bytes: &[u8]) -> bool {
    let readable = || {
        bytes.starts_with(b"%PDF-") && !contains(bytes, b"/ObjStm") && !contains(bytes, b"/Encrypt")
    };
    let missing = |signature: &Value| {
        let optional = matches!(signature.get("optional"), Some(Value::Bool(true)))
            || signature.get("optional").and_then(Value::as_str) == Some("true");
        let position = signature.get("position");
        let field = position
            .and_then(|position| position.get("acrofield"))
            .and_then(Value::as_str);
        let page = position
            .and_then(|position| position.get("page"))
            .and_then(whole_number);
        !optional
            && (field.is_some_and(|name| !has_field(bytes, name))
                || page.is_some_and(|number| number > pages(bytes) as u64))
    };
    signatures.values().any(missing) && readable()
}

fn read_one(signature: &Value, terms: Terms) -> Result<Map<String, Value>, Failure> {
    let signature = members(signature, &rules::SIGNATURES, "signatures")?;
    for (key, value) in &signature {
        let is_size = || whole_number(value).is_some_and(|size| size > 0);
        let (right, rule): (bool, &Rule) = match key.as_str() {
            "position" => {
                read_position(value)?;
                continue;
            }
            // The vendor has to activate it.
            "type" if value == "HANDWRITTEN" => (terms.handwritten, &rules::SIGNATURE_HANDWRITTEN),
            "type" => (value == "ELECTRONIC", &rules::SIGNATURE_TYPE),
            "signatureFontSize" => (is_size(), &rules::SIGNATURE_FONT_SIZE),
            // Only the Swiss environment has the second line.
            "signatureFontSize2" if !terms.second_line => {
                return Err(Failure::unrecognized_field(
                    &rules::SIGNATURE_SECOND_LINE,
                    key,
                ));
            }
            "signatureFontSize2" => (is_size(), &rules::SIGNATURE_FONT_SIZE),
            "signatureImage" => (
                value.as_str().is_some_and(is_image),
                &rules::SIGNATURE_IMAGE,
            ),
            "optional" => (is_flag(value), &rules::SIGNATURE_OPTIONAL),
            _ => return Err(Failure::unrecognized_field(&rules::SIGNATURE_FIELDS, key)),
        };
        if !right {
            return Err(Failure::bad_value(rule, key));
        }
    }
    // Without a position the signature cannot be placed; all other fields have defaults.
    if !signature.contains_key("position") {
        return Err(Failure::bad_value(&rules::SIGNATURE_POSITION, "position"));
    }
    Ok(signature)
}

fn read_position(position: &Value) -> Result<(), Failure> {
    let position = members(position, &rules::SIGNATURE_POSITION, "position")?;
    for (key, value) in &position {
        let (right, rule): (bool, &Rule) = match key.as_str() {
            "acrofield" | "textcontent" => (
                value.as_str().is_some_and(|text| !text.is_empty()),
                &rules::POSITION_NAME,
            ),
            // Pages are counted from 1; the sample uses a string.
            "page" => (
                whole_number(value).is_some_and(|page| page > 0),
                &rules::POSITION_PAGE,
            ),
            // From a border, the distance lies within the page; a text can be beside or below the
            // place.
            "left" | "bottom" => (
                value.as_f64().is_some_and(|distance| {
                    distance >= 0.0 || position.contains_key("textcontent")
                }),
                &rules::POSITION_NUMBER,
            ),
            "width" | "height" => (
                value.as_f64().is_some_and(|length| length > 0.0),
                &rules::POSITION_NUMBER,
            ),
            _ => return Err(Failure::unrecognized_field(&rules::POSITION_FIELDS, key)),
        };
        if !right {
            return Err(Failure::bad_value(rule, key));
        }
    }
    if PLACES
        .iter()
        .filter(|place| position.contains_key(**place))
        .count()
        != 1
    {
        return Err(Failure::bad_value(&rules::POSITION_KIND, "position"));
    }
    MEASURES
        .iter()
        .find(|measure| !position.contains_key(**measure))
        .map_or(Ok(()), |measure| {
            Err(Failure::bad_value(&rules::POSITION_MEASURES, measure))
        })
}

/// Returns whether a name has the alphabet of images (7.1.2).
fn is_image(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Returns the number of pages of a PDF.
fn pages(bytes: &[u8]) -> usize {
    let after = |start: usize| {
        bytes
            .get(start..)
            .unwrap_or_default()
            .iter()
            .skip_while(|byte| byte.is_ascii_whitespace())
    };
    let is_page = |start: usize| {
        let mut rest = after(start);
        b"/Page".iter().all(|letter| rest.next() == Some(letter))
            && !rest.next().is_some_and(u8::is_ascii_alphanumeric)
    };
    let types = bytes
        .windows(5)
        .enumerate()
        .filter(|(_, window)| *window == b"/Type");
    types.filter(|(start, _)| is_page(start + 5)).count()
}

/// Returns whether a PDF has a field of this name.
fn has_field(bytes: &[u8], name: &str) -> bool {
    contains(bytes, format!("/T({name})").as_bytes())
        || contains(bytes, format!("/T ({name})").as_bytes())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes
        .windows(part.len().max(1))
        .any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PDF: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type /Pages/Kids[3 0 R 4 0 R]>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R>>endobj\n4 0 obj<</Type /Page>>endobj\n5 0 obj<</FT/Sig/T(here)>>endobj\n%%EOF\n";

    fn at(position: &Value, optional: &Value) -> Map<String, Value> {
        Map::from_iter([(
            "one".to_owned(),
            json!({ "position": position, "optional": optional }),
        )])
    }

    #[test]
    fn a_place_that_a_document_does_not_have_is_found_out() {
        assert_eq!(pages(PDF), 2);
        assert!(!lacks_a_place(
            &at(&json!({ "page": "2" }), &json!(false)),
            PDF
        ));
        assert!(lacks_a_place(
            &at(&json!({ "page": 3 }), &json!("false")),
            PDF
        ));
        assert!(!lacks_a_place(
            &at(&json!({ "acrofield": "here" }), &json!(false)),
            PDF
        ));
        assert!(lacks_a_place(
            &at(&json!({ "acrofield": "there" }), &json!(false)),
            PDF
        ));
    }

    #[test]
    fn what_may_be_missing_or_cannot_be_seen_is_no_error() {
        for optional in [json!(true), json!("true")] {
            assert!(!lacks_a_place(&at(&json!({ "page": 3 }), &optional), PDF));
        }
        assert!(!lacks_a_place(
            &at(&json!({ "textcontent": "nowhere" }), &json!(false)),
            PDF
        ));
        assert!(!lacks_a_place(
            &at(&json!({ "page": 3 }), &json!(false)),
            b"plain text"
        ));
        let packed = [PDF, b"6 0 obj<</Type/ObjStm>>"].concat();
        assert!(!lacks_a_place(
            &at(&json!({ "acrofield": "there" }), &json!(false)),
            &packed
        ));
    }
}
