//! Reads members of a JSON object whose types vary: the document itself has `"optional": "false"`
//! in one place and `"optional": false` in another (chapters 7.1.2.4 and 7.1.3.2).

use serde_json::{Map, Value};

/// An object's members by name.
pub(crate) type Object = Map<String, Value>;

/// Returns a text, or the text of a number or boolean. Null and empty text are absent.
pub(crate) fn text(object: &Object, name: &str) -> Option<String> {
    let text = match object.get(name)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// Returns a boolean, also from its word or from 0 and 1.
pub(crate) fn flag(object: &Object, name: &str) -> Option<bool> {
    match text(object, name)?.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Returns a whole number, also from its digits or with a zero fraction.
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

/// Returns a nested object.
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
    fn value_is_parsed_from_each_type() {
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
