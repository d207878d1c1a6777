//! Reports as a form: `application/x-www-form-urlencoded`, or `multipart/form-data`, since the document says "FORM-DATA".

use std::borrow::Cow;

use idv_core::adapter::wire::decoded_tolerantly;
use idv_core::{Error, Result, Text};
use percent_encoding::percent_decode;

use super::tree::{Member, Tree};

/// The number of fields that a form may have. A report has a dozen.
const FIELDS: usize = 1000;

/// The number of brackets that the name of a field may have: `Result[DNI][Edad]` has two.
const BRACKETS: usize = 4;

/// Reads the fields of a form as the members of an object. The text is UTF-8 or windows-1252, within each field.
pub(super) fn read(text: &str) -> Result<Vec<Member<'_>>> {
    let text = text.trim_ascii();
    let fields = if text.starts_with("--") { multipart(text)? } else { urlencoded(text)? };
    if fields.len() > FIELDS {
        return Err(Error::malformed("the form has more fields than any report"));
    }
    let mut members = Vec::new();
    for (name, value) in fields {
        insert(&mut members, &path(&name), Tree::Text(Text::new(value)));
    }
    Ok(members.into_iter().map(|(name, value)| (name, lists(value))).collect())
}

type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

fn urlencoded(text: &str) -> Result<Vec<Field<'_>>> {
    if !text.contains('=') || text.bytes().any(|byte| byte.is_ascii_control() || byte == b'<') {
        return Err(Error::malformed("it is neither JSON nor a form"));
    }
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).take(FIELDS + 1);
    Ok(pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (unescaped(name), unescaped(value))
        })
        .collect())
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let bytes: Vec<u8> = percent_decode(text.replace('+', " ").as_bytes()).collect();
    Cow::Owned(decoded_tolerantly(&bytes).into_owned())
}

/// A form in parts (RFC 7578). Its first line is the delimiter, so that the header that names it is not needed.
fn multipart(text: &str) -> Result<Vec<Field<'_>>> {
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
    Ok(fields)
}

fn field_name(line: &str) -> Option<&str> {
    let (header, value) = line.split_once(':')?;
    if !header.trim().eq_ignore_ascii_case("content-disposition") {
        return None;
    }
    value.split(';').find_map(|parameter| parameter.trim().strip_prefix("name=")).map(|name| name.trim_matches('"'))
}

/// Divides `Result[DNI][Edad]` into its parts. A name whose brackets are not in order is one part.
fn path(name: &str) -> Vec<String> {
    let whole = || vec![name.to_owned()];
    let Some((first, inner)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) else { return whole() };
    let parts: Vec<_> = inner.split("][").collect();
    if first.is_empty() || parts.len() > BRACKETS || parts.iter().any(|part| part.contains(['[', ']'])) {
        return whole();
    }
    std::iter::once(first).chain(parts).map(str::to_owned).collect()
}

fn insert<'a>(members: &mut Vec<Member<'a>>, path: &[String], value: Tree<'a>) {
    match path {
        [] => {}
        [name] => members.push((Cow::Owned(name.clone()), value)),
        [name, rest @ ..] => {
            let known = members.iter().position(|(known, value)| *known == *name && matches!(value, Tree::Object(_)));
            let at = known.unwrap_or_else(|| {
                members.push((Cow::Owned(name.clone()), Tree::Object(Vec::new())));
                members.len() - 1
            });
            if let Some((_, Tree::Object(inner))) = members.get_mut(at) {
                insert(inner, rest, value);
            }
        }
    }
}

/// Turns objects whose names are all numbers, or empty, into arrays.
fn lists(tree: Tree<'_>) -> Tree<'_> {
    let Tree::Object(members) = tree else { return tree };
    let is_list = members.iter().all(|(name, _)| name.bytes().all(|byte| byte.is_ascii_digit()));
    let members = members.into_iter().map(|(name, value)| (name, lists(value)));
    if is_list { Tree::Array(members.map(|(_, value)| value).collect()) } else { Tree::Object(members.collect()) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fields(text: &str) -> Result<Value> {
        read(text).map(|members| Tree::Object(members).into())
    }

    #[test]
    fn both_kinds_of_form_have_the_same_fields() {
        let expected = json!({"ID": "7", "Result": "{\"a\":\"b c;=&\"}"});
        assert_eq!(fields("ID=7&Result=%7B%22a%22%3A%22b+c%3B%3D%26%22%7D").unwrap(), expected);
        for end in ["\r\n", "\n"] {
            let body = "--x\nContent-Disposition: form-data; name=\"ID\"\n\n7\n--x\ncontent-disposition: form-data; name=\"Result\"\n\
                        Content-Type: text/plain\n\n{\"a\":\"b c;=&\"}\n--x--\n";
            assert_eq!(fields(&body.replace('\n', end)).unwrap(), expected);
        }
    }

    #[test]
    fn field_is_utf8_or_windows_1252() {
        for value in ["ma%C3%B1ana", "ma%F1ana", "mañana"] {
            assert_eq!(fields(&format!("a={value}")).unwrap(), json!({"a": "mañana"}), "{value}");
        }
        assert_eq!(fields("a=100%&b&c=%zz").unwrap(), json!({"a": "100%", "b": "", "c": "%zz"}));
    }

    #[test]
    fn brackets_in_a_name_are_objects_and_lists() {
        for (form, expected) in [
            ("R[a]=1&R[b][c]=2&R[b][d]=3", json!({"R": {"a": "1", "b": {"c": "2", "d": "3"}}})),
            ("A[0][IP]=x&A[1][IP]=y", json!({"A": [{"IP": "x"}, {"IP": "y"}]})),
            ("A[]=x&A[]=y", json!({"A": ["x", "y"]})),
            ("A%5Bb%5D=x", json!({"A": {"b": "x"}})),
            ("A[b=x&[c]=y&d]=z&A[b]c]=u", json!({"A[b": "x", "[c]": "y", "d]": "z", "A[b]c]": "u"})),
            ("A[1][2][3][4]=x", json!({"A": [[[["x"]]]]})),
            ("A[a][b][c][d][e]=x", json!({"A[a][b][c][d][e]": "x"})),
        ] {
            assert_eq!(fields(form).unwrap(), expected, "{form}");
        }
    }

    #[test]
    fn text_that_is_no_form_is_refused() {
        let many = "a=b&".repeat(FIELDS + 1);
        for text in
            ["", "hello", "<a b=\"c\">", "a=b\nc", "--x\n", "--x\nContent-Disposition: form-data; name=\"ID\"\n\n7", &many]
        {
            assert!(read(text).is_err(), "{}", text.get(..20).unwrap_or(text));
        }
        assert_eq!(read(&"a=b&".repeat(FIELDS)).unwrap().len(), FIELDS);
    }
}
