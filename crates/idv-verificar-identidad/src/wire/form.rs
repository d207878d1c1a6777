//! Reports as a form: `application/x-www-form-urlencoded`, or `multipart/form-data`, since the document says "FORM-DATA".

use std::borrow::Cow;

use idv_core::{Error, Result};
use url::form_urlencoded;

/// How many fields a form may have. A report has a dozen.
const FIELDS: usize = 1000;

/// The fields of a form, in their order.
pub(super) fn read(text: &str) -> Result<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let text = text.trim_ascii();
    if text.starts_with("--") {
        return multipart(text);
    }
    if !text.contains('=') || text.bytes().any(|byte| byte.is_ascii_control() || byte == b'<') {
        return Err(Error::malformed("it is neither JSON nor a form"));
    }
    let fields: Vec<_> = form_urlencoded::parse(text.as_bytes()).take(FIELDS + 1).collect();
    if fields.iter().any(|(_, value)| value.contains('\u{fffd}')) {
        return Err(Error::malformed("a field of the form is not UTF-8"));
    }
    bounded(fields)
}

/// A form in parts (RFC 7578). Its first line is the delimiter, so that the header that names it is not needed.
fn multipart(text: &str) -> Result<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let broken = || Error::malformed("the form's parts cannot be told from each other");
    let (delimiter, rest) = text.split_once('\n').ok_or_else(broken)?;
    let delimiter = delimiter.trim_end();
    // With two hyphens after it, the delimiter is the last one.
    let (parts, _) = rest.rsplit_once(&format!("{delimiter}--")).ok_or_else(broken)?;
    let separator = format!("\n{delimiter}");
    let mut fields = Vec::new();
    for part in parts.split(separator.as_str()).take(FIELDS + 1) {
        let part = part.trim_start_matches(['\r', '\n']);
        if part.is_empty() {
            continue;
        }
        let (head, value) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n")).ok_or_else(broken)?;
        let name = head.lines().find_map(field_name).ok_or_else(broken)?;
        let value = value.strip_suffix('\n').unwrap_or(value);
        fields.push((Cow::Borrowed(name), Cow::Borrowed(value.strip_suffix('\r').unwrap_or(value))));
    }
    bounded(fields)
}

fn field_name(line: &str) -> Option<&str> {
    let (header, value) = line.split_once(':')?;
    if !header.trim().eq_ignore_ascii_case("content-disposition") {
        return None;
    }
    value.split(';').find_map(|parameter| parameter.trim().strip_prefix("name=")).map(|name| name.trim_matches('"'))
}

fn bounded<T>(fields: Vec<T>) -> Result<Vec<T>> {
    if fields.len() > FIELDS {
        return Err(Error::malformed("the form has more fields than any report"));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Result<Vec<(String, String)>> {
        read(text).map(|fields| fields.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    #[test]
    fn both_kinds_of_form_are_the_same_fields() {
        let expected = vec![("ID".to_owned(), "7".to_owned()), ("Result".to_owned(), "{\"a\":\"b c;=&\"}".to_owned())];
        assert_eq!(pairs("ID=7&Result=%7B%22a%22%3A%22b+c%3B%3D%26%22%7D").unwrap(), expected);
        for end in ["\r\n", "\n"] {
            let body = "--x\nContent-Disposition: form-data; name=\"ID\"\n\n7\n--x\ncontent-disposition: form-data; name=\"Result\"\n\
                        Content-Type: text/plain\n\n{\"a\":\"b c;=&\"}\n--x--\n";
            assert_eq!(pairs(&body.replace('\n', end)).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let many = "a=b&".repeat(FIELDS + 2);
        for text in ["", "hello", "<a b=\"c\">", "a=%FF", "--x\n", "--x\nContent-Disposition: form-data; name=\"ID\"\n\n7", &many]
        {
            assert!(read(text).is_err(), "{}", text.get(..20).unwrap_or(text));
        }
    }
}
