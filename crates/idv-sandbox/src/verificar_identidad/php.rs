//! JSON as the vendor writes what is in a report: slashes escaped, and the numbers of a result with 17 digits.

use serde_json::Value;

/// How numbers with a fraction are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    /// With as many digits as tell them apart.
    Shortest,
    /// With 17 digits.
    Seventeen,
}

/// The text of a value.
pub(super) fn text(value: &Value, digits: Digits) -> String {
    match value {
        Value::Object(object) => {
            let parts: Vec<String> =
                object.iter().map(|(name, value)| format!("{}:{}", string(name), text(value, digits))).collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(array) => {
            let parts: Vec<String> = array.iter().map(|value| text(value, digits)).collect();
            format!("[{}]", parts.join(","))
        }
        Value::String(text) => string(text),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && digits == Digits::Seventeen => seventeen(float),
            _ => number.to_string(),
        },
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

/// `"…"`, slashes escaped.
fn string(text: &str) -> String {
    Value::from(text).to_string().replace('/', "\\/")
}

/// 17 significant digits, and no zeros at the end.
fn seventeen(float: f64) -> String {
    let whole = format!("{:.0}", float.trunc().abs());
    let digits = if whole == "0" { 0 } else { whole.len() };
    let text = format!("{:.*}", 17_usize.saturating_sub(digits), float);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
