//! Masks personal data and secrets in recorded requests and responses.
//!
//! A value stays in clear only if its name is known to be public. Names of members, elements and
//! parameters always stay.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::escape::{escape, resolve_xml_entity, unescape};
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::{Map, Value};

use crate::record::Recorded;

/// Headers of HTTP whose values are neither personal data nor secrets.
const PUBLIC_HEADERS: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "expect",
    "expires",
    "host",
    "keep-alive",
    "last-modified",
    "pragma",
    "range",
    "retry-after",
    "server",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "x-sandbox-refusal",
];

/// Parts of the names of headers that contain secrets. They are masked even if a vendor declares
/// them public.
const SECRET_HEADERS: &[&str] = &["auth", "cookie", "key", "pass", "secret", "sign", "token"];

/// The maximum nesting of XML.
const MAX_DEPTH: usize = 64;

/// Masks the values of a vendor's messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mask {
    /// The names with public values, in any case.
    public: &'static [&'static str],
    /// Whether nothing is masked.
    shows_all: bool,
}

impl Mask {
    pub(crate) const fn new(public: &'static [&'static str], shows_all: bool) -> Self {
        Self { public, shows_all }
    }

    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str, value: &[u8]) -> String {
        let is_among = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let lower = name.to_ascii_lowercase();
        let is_secret = SECRET_HEADERS.iter().any(|part| lower.contains(part));
        let value = String::from_utf8_lossy(value);
        if self.shows_all || (!is_secret && (is_among(PUBLIC_HEADERS) || is_among(self.public))) {
            value.into_owned()
        } else {
            masked(&value)
        }
    }

    /// Returns the decoded parameters of a query or a form. A parameter without `=` is a value.
    pub(crate) fn parameters(&self, encoded: &str) -> Vec<(String, String)> {
        let mut parameters = Vec::new();
        for piece in encoded.split('&').filter(|piece| !piece.is_empty()) {
            for (name, value) in url::form_urlencoded::parse(piece.as_bytes()) {
                parameters.push(if piece.contains('=') {
                    let value = self.value(&name, &value);
                    (name.into_owned(), value)
                } else if self.shows_all {
                    (name.into_owned(), String::new())
                } else {
                    (masked(&name), String::new())
                });
            }
        }
        parameters
    }

    /// Returns an address without its user, its password and the values of its query.
    pub(crate) fn address(&self, address: &str) -> String {
        if self.shows_all {
            return address.to_owned();
        }
        let Ok(mut url) = url::Url::parse(address) else {
            return masked(address);
        };
        // These fail for addresses that cannot have them.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        let query = url.query().map(|query| self.parameters(query));
        url.set_query(None);
        let mut text = String::from(url);
        for (index, (name, value)) in query.into_iter().flatten().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            let _ = write!(text, "{separator}{name}={value}");
        }
        text
    }

    /// Returns the text of a body; empty if there is none.
    pub(crate) fn body(&self, content_type: Option<&str>, body: &Recorded) -> String {
        if body.length == 0 {
            return String::new();
        }
        let essence = essence(content_type.unwrap_or_default());
        let kind = Kind::of(&essence);
        let text = match std::str::from_utf8(&body.bytes) {
            Ok(text) => Some(text.to_owned()),
            // An older encoding, in which every byte is a character.
            Err(_) if kind != Kind::Other => {
                Some(body.bytes.iter().map(|byte| char::from(*byte)).collect())
            }
            // A body that was cut within a character.
            Err(error) if !body.is_complete() && error.error_len().is_none() => body
                .bytes
                .get(..error.valid_up_to())
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
            Err(_) => None,
        };
        let readable = match text {
            Some(text) if self.shows_all => Some(if body.is_complete() {
                text
            } else {
                format!("{text}\n‹{} bytes in all›", body.length)
            }),
            Some(text) if body.is_complete() => match kind {
                Kind::Json => self.json(&text),
                Kind::Xml => self.xml(&text),
                Kind::Form => Some(self.form(&text)),
                Kind::Text | Kind::Other => None,
            },
            _ => None,
        };
        readable.unwrap_or_else(|| {
            let separator = if essence.is_empty() { "" } else { " of " };
            format!("‹{} bytes{separator}{essence}›", body.length)
        })
    }

    fn is_public(&self, name: &str) -> bool {
        self.shows_all
            || self
                .public
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    }

    fn value(&self, name: &str, value: &str) -> String {
        if self.is_public(name) {
            value.to_owned()
        } else {
            masked(value)
        }
    }

    fn form(&self, text: &str) -> String {
        let lines = self.parameters(text).into_iter();
        lines
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn json(&self, text: &str) -> Option<String> {
        let mut value = serde_json::from_str(text).ok()?;
        self.mask_json("", &mut value);
        serde_json::to_string_pretty(&value).ok()
    }

    /// Masks the leaves of a value. The elements of an array have the array's name.
    fn mask_json(&self, name: &str, value: &mut Value) {
        match value {
            Value::Object(members) => {
                let masked = std::mem::take(members)
                    .into_iter()
                    .map(|(name, mut value)| {
                        self.mask_json(&name, &mut value);
                        (name, value)
                    });
                *members = masked.collect::<Map<_, _>>();
            }
            Value::Array(elements) => {
                for element in elements {
                    self.mask_json(name, element);
                }
            }
            Value::Null => {}
            _ if self.is_public(name) => {}
            // The length would tell the value.
            Value::Bool(_) => *value = "‹true or false›".into(),
            Value::Number(_) => *value = "‹number›".into(),
            Value::String(text) => *text = masked(text),
        }
    }

    /// Returns `None` if the text is not well-formed XML, or has a document type.
    fn xml(&self, text: &str) -> Option<String> {
        let mut reader = Reader::from_str(text);
        let mut output = String::new();
        // The names of the open elements, and the text since the latest tag.
        let mut open: Vec<String> = Vec::new();
        let mut content = String::new();
        loop {
            let event = reader.read_event().ok()?;
            match &event {
                Event::Text(piece) => content.push_str(&piece.xml10_content()),
                Event::CData(piece) => content.push_str(&piece.xml10_content()),
                Event::GeneralRef(reference) => content.push(resolved(reference)),
                _ => self.flush(&mut content, open.last(), &mut output),
            }
            match event {
                Event::Start(tag) => {
                    self.tag(&tag, "", &mut output)?;
                    open.push(tag.local_name().as_ref().to_owned());
                    if open.len() > MAX_DEPTH {
                        return None;
                    }
                }
                Event::Empty(tag) => self.tag(&tag, "/", &mut output)?,
                Event::End(tag) => {
                    open.pop()?;
                    let _ = write!(output, "</{}>", tag.name().as_ref());
                }
                Event::Comment(_) => output.push_str("<!--…-->"),
                Event::Decl(_) | Event::PI(_) => output.push_str("<?…?>"),
                Event::DocType(_) => return None,
                Event::Eof => return open.is_empty().then_some(output),
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {}
            }
        }
    }

    /// Writes the text of an element. White space between elements stays.
    fn flush(&self, content: &mut String, name: Option<&String>, output: &mut String) {
        let text = std::mem::take(content);
        if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
            output.push_str(&text);
        } else if name.is_some_and(|name| self.is_public(name)) {
            output.push_str(&escape(text.as_str()));
        } else {
            output.push_str(&masked(text.trim()));
        }
    }

    /// Writes a tag with its attributes.
    fn tag(&self, tag: &BytesStart<'_>, end: &str, output: &mut String) -> Option<()> {
        let _ = write!(output, "<{}", tag.name().as_ref());
        let mut attributes: Attributes<'_> = tag.attributes();
        // The check compares each attribute with the others.
        attributes.with_checks(false);
        for attribute in attributes {
            let attribute = attribute.ok()?;
            let name = attribute.key.as_ref();
            let value = unescape(&attribute.value).ok()?;
            let value = self.value(attribute.key.local_name().as_ref(), &value);
            let _ = write!(output, " {name}=\"{}\"", escape(value.as_str()));
        }
        let _ = write!(output, "{end}>");
        Some(())
    }
}

/// Returns the mask of a value.
pub(crate) fn masked(value: &str) -> String {
    match value.chars().count() {
        0 => String::new(),
        1 => "‹1 character›".to_owned(),
        count => format!("‹{count} characters›"),
    }
}

/// Returns the character of a reference; a replacement if XML does not define it.
fn resolved(reference: &BytesRef<'_>) -> char {
    let number = reference.resolve_char_ref().ok().flatten();
    let named = || resolve_xml_entity(reference)?.chars().next();
    number.or_else(named).unwrap_or('\u{fffd}')
}

/// The format of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Xml,
    Form,
    /// Text of another format.
    Text,
    Other,
}

impl Kind {
    fn of(essence: &str) -> Self {
        match essence {
            "application/json" | "text/json" => Self::Json,
            "application/xml" | "text/xml" => Self::Xml,
            "application/x-www-form-urlencoded" => Self::Form,
            _ if essence.ends_with("+json") => Self::Json,
            _ if essence.ends_with("+xml") => Self::Xml,
            _ if essence.starts_with("text/") => Self::Text,
            _ => Self::Other,
        }
    }
}

/// Returns a media type in lower case, without parameters; empty if it is none.
fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    match essence.split_once('/') {
        Some((kind, subtype)) if essence.len() <= 100 && is_token(kind) && is_token(subtype) => {
            essence.to_ascii_lowercase()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASK: Mask = Mask::new(&["status", "Code", "X-Vendor"], false);
    const ALL: Mask = Mask::new(&[], true);

    fn recorded(text: impl AsRef<[u8]>) -> Recorded {
        let bytes = text.as_ref();
        Recorded {
            bytes: bytes.to_vec().into(),
            length: bytes.len() as u64,
        }
    }

    fn body(media_type: &str, text: impl AsRef<[u8]>) -> String {
        MASK.body(Some(media_type), &recorded(text))
    }

    #[test]
    fn json_keeps_names_and_public_values() {
        let text = r#"{"STATUS":"done","name":"Érika","age":7,"ok":true,"none":null,
            "code":[1,{"x":"y"}],"empty":""}"#;
        let masked: Value = serde_json::from_str(&body("application/json", text)).unwrap();
        assert_eq!(
            masked,
            serde_json::json!({
                "STATUS": "done", "name": "‹5 characters›", "age": "‹number›",
                "ok": "‹true or false›", "none": null,
                "code": [1, { "x": "‹1 character›" }], "empty": "",
            })
        );
    }

    #[test]
    fn xml_keeps_names_and_public_values() {
        let text = "<?xml version='1.0'?><a status=\"1\" n=\"Erika\">\n <b>M&amp;M</b><!-- x -->\
            <v:code>A&lt;B</v:code><c><![CDATA[Erika]]></c><d/></a>";
        assert_eq!(
            body("text/xml; charset=utf-8", text),
            "<?…?><a status=\"1\" n=\"‹5 characters›\">\n <b>‹3 characters›</b><!--…-->\
            <v:code>A&lt;B</v:code><c>‹5 characters›</c><d/></a>"
        );
    }

    #[test]
    fn form_and_query_keep_names_and_public_values() {
        let text = "status=1&n=Erika+M&Erika&=x&code";
        assert_eq!(
            body("application/x-www-form-urlencoded", text),
            "status=1\nn=‹7 characters›\n‹5 characters›=\n=‹1 character›\n‹4 characters›="
        );
    }

    #[test]
    fn unreadable_body_is_masked_whole() {
        for (media_type, text, masked) in [
            (
                "application/json",
                "{\"a\":",
                "‹5 bytes of application/json›",
            ),
            ("text/xml", "<a>Erika", "‹8 bytes of text/xml›"),
            ("text/xml", "<!DOCTYPE a><a/>", "‹16 bytes of text/xml›"),
            ("text/plain", "Erika", "‹5 bytes of text/plain›"),
            ("image/jpeg;name=Erika", "\u{1}", "‹1 bytes of image/jpeg›"),
            ("Erika", "Erika", "‹5 bytes›"),
        ] {
            assert_eq!(body(media_type, text), masked, "{media_type}: {text}");
        }
        let nested = "[".repeat(5000) + &"]".repeat(5000);
        assert_eq!(
            body("application/json", nested),
            "‹10000 bytes of application/json›"
        );
        let mut cut = recorded("{}");
        cut.length = 70_000;
        assert_eq!(
            MASK.body(Some("application/json"), &cut),
            "‹70000 bytes of application/json›"
        );
    }

    #[test]
    fn secret_header_is_masked_though_declared_public() {
        let mask = Mask::new(&["X-API-KEY", "authorization", "X-Vendor"], false);
        assert_eq!(mask.header("x-api-key", b"secret"), "‹6 characters›");
        assert_eq!(mask.header("Authorization", b"Bearer x"), "‹8 characters›");
        assert_eq!(mask.header("Set-Cookie", b"a=b"), "‹3 characters›");
        assert_eq!(mask.header("x-vendor", b"plain"), "plain");
        assert_eq!(mask.header("content-type", b"text/html"), "text/html");
        assert_eq!(mask.header("x-person", b"Erika"), "‹5 characters›");
    }

    #[test]
    fn address_keeps_host_path_and_names() {
        assert_eq!(
            MASK.address("http://u:p@localhost:1/c?token=abc&status=2#x"),
            "http://localhost:1/c?token=‹3 characters›&status=2"
        );
        assert_eq!(MASK.address("not an address"), "‹14 characters›");
    }

    #[test]
    fn everything_is_in_clear_if_wanted() {
        let text = "<a n='Erika'>x</a>";
        assert_eq!(ALL.body(Some("text/xml"), &recorded(text)), text);
        assert_eq!(ALL.body(None, &recorded(b"\xff\xd8")), "‹2 bytes›");
        assert_eq!(ALL.header("cookie", b"a=b"), "a=b");
        assert_eq!(
            ALL.body(Some("text/plain"), &recorded(b"M\xfcller")),
            "Müller"
        );
    }

    /// A value that a mask cannot contain by chance.
    const VALUE: &str = "[A-Z]{4}[a-zäöü<>&;\"' ]{0,20}[A-Z]{4}";

    fn value(depth: u32) -> BoxedStrategy<Value> {
        let leaf = prop_oneof![
            VALUE.prop_map(Value::from),
            (1_000_000_000_u64..).prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ];
        leaf.prop_recursive(depth, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map("[a-z]{1,8}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
        .boxed()
    }

    fn leaves(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Array(elements) => elements.iter().for_each(|element| leaves(element, found)),
            Value::Object(members) => members.values().for_each(|member| leaves(member, found)),
            Value::String(text) => found.push(text.clone()),
            Value::Number(number) => found.push(number.to_string()),
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn no_value_of_json_survives(value in value(4)) {
            // Names of the generator are not public.
            let mask = Mask::new(&["STATUS"], false);
            let text = mask.body(Some("application/json"), &recorded(value.to_string()));
            let mut found = Vec::new();
            leaves(&value, &mut found);
            for leaf in found {
                prop_assert!(!text.contains(&leaf), "{leaf} in {text}");
            }
        }

        #[test]
        fn no_value_of_xml_survives(values in prop::collection::vec(VALUE, 1..6), cdata: bool) {
            let mut text = "<root>".to_owned();
            for value in &values {
                let written = escape(value.as_str());
                text += &if cdata {
                    format!("<a b=\"{written}\"><![CDATA[{value}]]></a>")
                } else {
                    format!("<a b=\"{written}\">{written}</a><!--{written}--><?p {written}?>")
                };
            }
            text += "</root>";
            let masked = MASK.body(Some("application/xml"), &recorded(&text));
            for value in &values {
                prop_assert!(!masked.contains(value.get(..4).unwrap()), "{value} in {masked}");
            }
        }

        #[test]
        fn no_value_of_a_form_survives(values in prop::collection::vec(VALUE, 1..6)) {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for value in &values {
                form.append_pair("n", value);
            }
            let query = form.finish();
            let address = MASK.address(&format!("http://localhost/?{query}"));
            let masked = body("application/x-www-form-urlencoded", &query) + &address;
            for value in &values {
                prop_assert!(!masked.contains(value.get(..4).unwrap()), "{value} in {masked}");
            }
        }

        #[test]
        fn any_bytes_are_masked_without_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            media_type in prop::sample::select(vec![
                "application/json", "text/xml", "application/x-www-form-urlencoded", "text/plain", "",
            ]),
        ) {
            let _ = body(media_type, &bytes);
            let _ = ALL.body(Some(media_type), &recorded(&bytes));
            let _ = MASK.header("x", &bytes);
            let _ = MASK.address(&String::from_utf8_lossy(&bytes));
        }
    }
}
