//! Parts of a JSON object whose types are loose: the document itself writes `"optional": "false"` here and `"optional": false`
//! there (chapters 7.1.2.4 and 7.1.3.2).

use serde_json::{Map, Value};

/// An object's parts, by name.
pub(crate) type Object = Map<String, Value>;

/// A text, or a number or truth value as the text that it is written as. Absent if it is null or empty.
pub(crate) fn text(object: &Object, name: &str) -> Option<String> {
    let text = match object.get(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A truth value: one, its word, or 0 and 1.
pub(crate) fn flag(object: &Object, name: &str) -> Option<bool> {
    match text(object, name)?.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number: one, its digits, or one with a fraction of nothing.
pub(crate) fn number<N: TryFrom<i64>>(object: &Object, name: &str) -> Option<N> {
    let text = text(object, name)?;
    let whole = text
        .trim()
        .split_once('.')
        .map_or(Some(text.trim()), |(whole, fraction)| {
            fraction.bytes().all(|digit| digit == b'0').then_some(whole)
        })?;
    N::try_from(whole.parse().ok()?).ok()
}

/// The object that stands there.
pub(crate) fn object<'a>(object: &'a Object, name: &str) -> Option<&'a Object> {
    object.get(name)?.as_object()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(value: &str) -> Object {
        serde_json::from_str(&format!(r#"{{"part":{value}}}"#)).unwrap()
    }

    #[test]
    fn a_value_is_read_in_each_of_its_types() {
        for (value, expected) in [
            ("true", Some(true)),
            ("\"true\"", Some(true)),
            ("\"False\"", Some(false)),
            ("0", Some(false)),
            ("\"1\"", Some(true)),
            ("null", None),
            ("\"\"", None),
            ("{}", None),
            ("\"maybe\"", None),
        ] {
            assert_eq!(flag(&parts(value), "part"), expected, "{value}");
        }
        for (value, expected) in [
            ("1", Some(1)),
            ("\"1\"", Some(1)),
            ("\" 1 \"", Some(1)),
            ("1.0", Some(1)),
            ("1.5", None),
            ("-1", None),
            ("4294967296", None),
            ("1e3", Some(1000)),
            ("1e300", None),
            ("\"one\"", None),
            ("[1]", None),
        ] {
            assert_eq!(number::<u32>(&parts(value), "part"), expected, "{value}");
        }
        assert_eq!(number::<i32>(&parts("-5"), "part"), Some(-5));
        assert_eq!(text(&parts("7"), "part").as_deref(), Some("7"));
        assert_eq!(text(&parts("7"), "other"), None);
    }
}
