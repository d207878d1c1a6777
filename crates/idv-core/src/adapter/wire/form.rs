//! Forms, with the same parts as JSON.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use serde::de::value::{
    BorrowedStrDeserializer, Error as Fault, MapDeserializer, SeqDeserializer, StringDeserializer,
};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::decoded_tolerantly;
use super::part::Part;
use super::reading::reading;
use crate::error::{Error, Result};

/// Maximum number of fields in a form.
const FIELDS: usize = 1000;

/// Maximum number of brackets in the name of a field: `Result[DNI][Edad]` has two.
const BRACKETS: usize = 4;

/// Parses a form: `application/x-www-form-urlencoded`, or `multipart/form-data` that begins with
/// its delimiter.
///
/// The form is an object, and its fields are text. Each field is decoded on its own, as UTF-8 or
/// windows-1252. Brackets in a name denote objects, `a[b]=1`, or lists if they are empty or contain
/// numbers: `a[]=1&a[]=2`. The last of several fields with the same name counts.
///
/// ```
/// use idv_core::Text;
/// use idv_core::adapter::wire::{object, read_form};
///
/// object! {
///     #[derive(Default)]
///     struct Person<'a> {
///         "name" name: Option<Text<'a>>,
///         "mails" mails: Vec<Text<'a>>,
///     }
/// }
///
/// let person: Person<'_> = read_form("name=Erika+M%C3%BCller&mails[]=a%40example.com&mails[]=b%40example.com")?;
/// assert_eq!(person.name, Some(Text::new("Erika Müller")));
/// assert_eq!(person.mails, [Text::new("a@example.com"), Text::new("b@example.com")]);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) if the text is not a complete form, or if it has more
/// than 1000 fields.
pub fn read_form<'a, P: Part<'a> + Default>(text: &'a str) -> Result<P> {
    let trimmed = text.trim_ascii();
    let fields = if trimmed.starts_with("--") {
        multipart(trimmed)?
    } else {
        urlencoded(trimmed)?
    };
    if fields.len() > FIELDS {
        return Err(Error::malformed("the form has more than 1000 fields"));
    }
    let mut members = Vec::new();
    for (name, value) in fields {
        insert(&mut members, &path(&name), Node::Text(value));
    }
    let members = members
        .into_iter()
        .map(|(name, value)| (name, lists(value)))
        .collect();
    let part = reading(text.len(), false, || P::read(Node::Object(members)));
    let part = part.map_err(|_| Error::malformed("the form has another shape than documented"))?;
    Ok(part.expected().unwrap_or_default())
}

/// A field, or several fields whose names have brackets.
enum Node<'a> {
    Text(Cow<'a, str>),
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
}

impl<'de> IntoDeserializer<'de> for Node<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Self::Text(Cow::Borrowed(text)) => {
                BorrowedStrDeserializer::new(text).deserialize_any(visitor)
            }
            Self::Text(Cow::Owned(text)) => StringDeserializer::new(text).deserialize_any(visitor),
            Self::Object(members) => {
                MapDeserializer::new(members.into_iter()).deserialize_any(visitor)
            }
            Self::Array(entries) => {
                SeqDeserializer::new(entries.into_iter()).deserialize_any(visitor)
            }
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

fn urlencoded(text: &str) -> Result<Vec<Field<'_>>> {
    if !text.contains('=')
        || text
            .bytes()
            .any(|byte| byte.is_ascii_control() || byte == b'<')
    {
        return Err(Error::malformed("it is neither JSON nor a form"));
    }
    let pairs = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .take(FIELDS + 1);
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

/// Parses a multipart form (RFC 7578). Its first line is the delimiter, so the `Content-Type`
/// header is not needed.
fn multipart(text: &str) -> Result<Vec<Field<'_>>> {
    let broken =
        || Error::malformed("invalid multipart form: expected named parts between delimiters");
    let (delimiter, rest) = text.split_once('\n').ok_or_else(broken)?;
    let delimiter = delimiter.trim_end();
    // The last delimiter is followed by two hyphens.
    let (parts, _) = rest
        .rsplit_once(&format!("{delimiter}--"))
        .ok_or_else(broken)?;
    let separator = format!("\n{delimiter}");
    let mut fields = Vec::new();
    for part in parts.split(separator.as_str()).take(FIELDS + 1) {
        let part = part.trim_start_matches(['\r', '\n']);
        if part.is_empty() {
            continue;
        }
        let (head, value) = part
            .split_once("\r\n\r\n")
            .or_else(|| part.split_once("\n\n"))
            .ok_or_else(broken)?;
        let name = head.lines().find_map(field_name).ok_or_else(broken)?;
        let value = value.strip_suffix('\n').unwrap_or(value);
        fields.push((
            Cow::Borrowed(name),
            Cow::Borrowed(value.strip_suffix('\r').unwrap_or(value)),
        ));
    }
    Ok(fields)
}

fn field_name(line: &str) -> Option<&str> {
    let (header, value) = line.split_once(':')?;
    if !header.trim().eq_ignore_ascii_case("content-disposition") {
        return None;
    }
    value
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("name="))
        .map(|name| name.trim_matches('"'))
}

/// Splits `Result[DNI][Edad]` into its parts. A name with unbalanced brackets is a single part.
fn path(name: &str) -> Vec<String> {
    let whole = || vec![name.to_owned()];
    let Some((first, inner)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) else {
        return whole();
    };
    let parts: Vec<_> = inner.split("][").collect();
    if first.is_empty()
        || parts.len() > BRACKETS
        || parts.iter().any(|part| part.contains(['[', ']']))
    {
        return whole();
    }
    std::iter::once(first)
        .chain(parts)
        .map(str::to_owned)
        .collect()
}

fn insert<'a>(members: &mut Vec<(String, Node<'a>)>, path: &[String], value: Node<'a>) {
    match path {
        [] => {}
        [name] => members.push((name.clone(), value)),
        [name, rest @ ..] => {
            let known = members
                .iter()
                .position(|(known, value)| known == name && matches!(value, Node::Object(_)));
            let at = known.unwrap_or_else(|| {
                members.push((name.clone(), Node::Object(Vec::new())));
                members.len() - 1
            });
            if let Some((_, Node::Object(inner))) = members.get_mut(at) {
                insert(inner, rest, value);
            }
        }
    }
}

/// Converts objects whose names are all numbers or empty into arrays.
fn lists(node: Node<'_>) -> Node<'_> {
    let Node::Object(members) = node else {
        return node;
    };
    let is_list = members
        .iter()
        .all(|(name, _)| name.bytes().all(|byte| byte.is_ascii_digit()));
    let members = members
        .into_iter()
        .map(|(name, value)| (name, lists(value)));
    if is_list {
        Node::Array(members.map(|(_, value)| value).collect())
    } else {
        Node::Object(members.collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fields(text: &str) -> Result<Value> {
        read_form::<Option<Value>>(text).map(Option::unwrap_or_default)
    }

    #[test]
    fn both_kinds_of_form_have_the_same_fields() {
        let expected = json!({"ID": "7", "Result": "{\"a\":\"b c;=&\"}"});
        assert_eq!(
            fields("ID=7&Result=%7B%22a%22%3A%22b+c%3B%3D%26%22%7D").unwrap(),
            expected
        );
        for end in ["\r\n", "\n"] {
            let body = "--x\nContent-Disposition: form-data; name=\"ID\"\n\n7\n--x\ncontent-disposition: form-data; name=\"Result\"\n\
                        Content-Type: text/plain\n\n{\"a\":\"b c;=&\"}\n--x--\n";
            assert_eq!(fields(&body.replace('\n', end)).unwrap(), expected);
        }
    }

    #[test]
    fn field_is_utf8_or_windows_1252() {
        for value in ["ma%C3%B1ana", "ma%F1ana", "mañana"] {
            assert_eq!(
                fields(&format!("a={value}")).unwrap(),
                json!({"a": "mañana"}),
                "{value}"
            );
        }
        assert_eq!(
            fields("a=100%&b&c=%zz").unwrap(),
            json!({"a": "100%", "b": "", "c": "%zz"})
        );
    }

    #[test]
    fn brackets_in_a_name_are_objects_and_lists() {
        for (form, expected) in [
            (
                "R[a]=1&R[b][c]=2&R[b][d]=3",
                json!({"R": {"a": "1", "b": {"c": "2", "d": "3"}}}),
            ),
            (
                "A[0][IP]=x&A[1][IP]=y",
                json!({"A": [{"IP": "x"}, {"IP": "y"}]}),
            ),
            ("A[]=x&A[]=y", json!({"A": ["x", "y"]})),
            ("A%5Bb%5D=x", json!({"A": {"b": "x"}})),
            (
                "A[b=x&[c]=y&d]=z&A[b]c]=u",
                json!({"A[b": "x", "[c]": "y", "d]": "z", "A[b]c]": "u"}),
            ),
            ("A[1][2][3][4]=x", json!({"A": [[[["x"]]]]})),
            ("A[a][b][c][d][e]=x", json!({"A[a][b][c][d][e]": "x"})),
        ] {
            assert_eq!(fields(form).unwrap(), expected, "{form}");
        }
    }

    #[test]
    fn text_that_is_no_form_is_refused() {
        let many = "a=b&".repeat(FIELDS + 1);
        for text in [
            "",
            "hello",
            "<a b=\"c\">",
            "a=b\nc",
            "--x\n",
            "--x\nContent-Disposition: form-data; name=\"ID\"\n\n7",
            &many,
        ] {
            assert!(fields(text).is_err(), "{}", text.get(..20).unwrap_or(text));
        }
        assert!(fields(&"a=b&".repeat(FIELDS)).is_ok());
    }
}
