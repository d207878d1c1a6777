//! Parsing of the fields that the objects of chapter 7 share.

use serde_json::{Map, Value};

use crate::idnow::failure::Failure;
use crate::idnow::rules;
use crate::rule::Rule;

/// Returns the fields of a body. `null` counts as omitted.
pub(super) fn body(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(given(object)),
        _ => Err(Failure::unparseable_json()),
    }
}

/// Returns the fields of an object within a body, which this rule requires.
pub(super) fn members(
    value: &Value,
    rule: &'static Rule,
    key: &str,
) -> Result<Map<String, Value>, Failure> {
    value
        .as_object()
        .cloned()
        .map(given)
        .ok_or_else(|| Failure::bad_value(rule, key))
}

/// Returns a text that is not empty.
pub(super) fn text(key: &str, value: Value) -> Result<String, Failure> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(Failure::bad_value(&rules::DOCUMENT_TEXT, key)),
    }
}

/// Returns whether a value is true or false. The samples of signatures write booleans as strings
/// (7.1.2.4).
pub(super) fn is_flag(value: &Value) -> bool {
    value.is_boolean() || matches!(value.as_str(), Some("true" | "false"))
}

/// Returns a whole number. The samples write page numbers as strings (7.1.2.5).
pub(super) fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok()
        }
        value => value.as_u64(),
    }
}

fn given(object: Map<String, Value>) -> Map<String, Value> {
    object
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect()
}
