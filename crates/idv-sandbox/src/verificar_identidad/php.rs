//! JSON in the style of the vendor's reports: slashes escaped, and the numbers of a result with 17
//! digits.

use serde_json::Value;

/// The format of numbers with a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    /// As many digits as necessary.
    Shortest,
    /// 17 digits.
    Seventeen,
}

/// Formats a value.
pub(super) fn text(value: &Value, digits: Digits) -> String {
    match value {
        Value::Object(object) => {
            let parts: Vec<String> = object
                .iter()
                .map(|(name, value)| format!("{}:{}", string(name), text(value, digits)))
                .collect();
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

/// Formats a string with slashes escaped.
fn string(text: &str) -> String {
    Value::from(text).to_string().replace('/', "\\/")
}

/// Formats 17 significant digits without trailing zeros.
fn seventeen(float: f64) -> String {
    let whole = format!("{:.0}", float.trunc().abs());
    let digits = if whole == "0" { 0 } else { whole.len() };
    let text = format!("{:.*}", 17_usize.saturating_sub(digits), float);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Digits, text};

    #[test]
    fn numbers_have_17_digits_and_no_zeros_behind() {
        let numbers = json!([
            93.957_847_595_214_84,
            15.5,
            0.1,
            80.0,
            100.0,
            4.25,
            -0.5,
            7,
            0.0,
            1_234.5
        ]);
        let expected = "[93.957847595214844,15.5,0.10000000000000001,80,100,4.25,-0.5,7,0,1234.5]";
        assert_eq!(text(&numbers, Digits::Seventeen), expected);
        assert_eq!(text(&numbers, Digits::Shortest), numbers.to_string());
    }

    #[test]
    fn slashes_and_quotes_are_escaped_in_names_and_values() {
        let value = json!({ "a/\"b": ["N/A", "\\", null, true, "ñ"] });
        let text = text(&value, Digits::Seventeen);
        assert_eq!(text, r#"{"a\/\"b":["N\/A","\\",null,true,"ñ"]}"#);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).ok(),
            Some(value)
        );
    }
}
