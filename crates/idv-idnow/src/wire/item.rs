//! The values of results: a value with its status, and the classes of a driver's licence.

use std::ops::Deref;

use idv_core::Text;
use idv_core::adapter::MaybeText;
use idv_core::adapter::wire::{Loose, Members, Part, Shape, object, repeats_are_lists, take_room};
use serde::de::{Deserializer, MapAccess, SeqAccess};
use serde_json::Value;

/// Text, also from a number or a boolean, and from an object `{"value": …}`, which also represents
/// an XML element with text and attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar<'a>(Text<'a>);

impl<'a> Deref for Scalar<'a> {
    type Target = Text<'a>;

    fn deref(&self) -> &Text<'a> {
        &self.0
    }
}

impl MaybeText for Scalar<'_> {
    fn maybe_text(&self) -> Option<&str> {
        Some(self.expose())
    }
}

impl<'de> Part<'de> for Scalar<'de> {
    fn text(text: Text<'de>) -> Shape<Self> {
        Shape::Expected(Self(text))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        let value = <Value as Part>::object(map)?.expected().unwrap_or_default();
        let Value::Object(mut members) = value else {
            return Ok(Shape::Other(value));
        };
        let Some(text) = members.get("value").and_then(scalar) else {
            return Ok(Shape::Other(Value::Object(members)));
        };
        members.remove("value");
        let text = Self(text);
        Ok(if members.is_empty() {
            Shape::Expected(text)
        } else {
            Shape::Partly(text, Value::Object(members))
        })
    }
}

/// Returns the text of a scalar.
pub(super) fn scalar<'a>(value: &Value) -> Option<Text<'a>> {
    match value {
        Value::String(text) => Some(Text::new(text.clone())),
        Value::Number(number) => Some(Text::new(number.to_string())),
        Value::Bool(flag) => Some(Text::new(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

object! {
    /// A value with its status (chapter 13.1.4). Every member is optional: a redacted value has
    /// none, a value of an aborted identification has only `original`, and `status` has words
    /// outside the tables.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Item<'a> {
        /// The value.
        "value" value: Option<Scalar<'a>>,
        /// The comparison with the submitted value: `MATCH`, `CHANGE`, `NEW`, `ORIGINAL`, and in
        /// samples `REDACTION`.
        "status" status: Option<Scalar<'a>>,
        /// The submitted value.
        "original" original: Option<Box<Scalar<'a>>>,
        /// The comparison of the reviewer's value with the agent's: `MATCH`, `CHANGE`, `NEW`.
        "reviewstatus" reviewstatus: Option<Box<Scalar<'a>>>,
        /// The agent's value, if the reviewer changed it.
        "identification" identification: Option<Box<Scalar<'a>>>,
        ..
        /// Members without a field, in their own shapes.
        others: Members,
    }
    else |text| Self { value: Some(Scalar(text)), ..Self::default() }
}

object! {
    /// The classes of a driver's licence (chapter 13.1.5): an item whose value is a list.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Classes<'a> {
        /// The classes. In XML each may have an element of its own, `<type>B</type>`.
        "value" | "type" | "class" value: ClassList<'a>,
        /// As [`Item::status`].
        "status" status: Option<Scalar<'a>>,
        /// The submitted classes.
        "original" original: ClassList<'a>,
        /// As [`Item::reviewstatus`].
        "reviewstatus" reviewstatus: Option<Scalar<'a>>,
        /// The agent's classes, if the reviewer changed them.
        "identification" identification: ClassList<'a>,
        ..
        /// Members without a field, in their own shapes.
        others: Members,
    }
    else |text| Self { value: ClassList::written(text), ..Self::default() }
}

/// Deserializes classes with or without their status.
#[derive(Default)]
pub(super) struct LicenceClasses<'a>(Option<Box<Classes<'a>>>);

impl<'a> From<LicenceClasses<'a>> for Option<Box<Classes<'a>>> {
    fn from(LicenceClasses(classes): LicenceClasses<'a>) -> Self {
        classes
    }
}

impl<'de> LicenceClasses<'de> {
    fn of(classes: Classes<'de>) -> Self {
        Self(Some(Box::new(classes)))
    }
}

impl<'de> Part<'de> for LicenceClasses<'de> {
    fn text(text: Text<'de>) -> Shape<Self> {
        Classes::text(text).map(Self::of)
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        Classes::object(map).map(|classes| classes.map(Self::of))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        let list = ClassList::array(seq)?;
        Ok(list.map(|value| {
            Self::of(Classes {
                value,
                ..Classes::default()
            })
        }))
    }
}

/// Classes of a driver's licence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassList<'a> {
    /// The single classes. Restrictions in brackets belong to the class before them:
    /// `B (79.03, 79.04)`.
    pub classes: Vec<Text<'a>>,
    /// The original text, if the vendor wrote the classes in one text.
    pub written: Option<Text<'a>>,
}

/// Deserializes classes from one text or from a value of any shape: `[{"type": …}]`, `["…"]`, one
/// class without brackets, and nested elements.
impl<'de> Part<'de> for ClassList<'de> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Shape<Self>, D::Error> {
        // The report holds a second copy.
        take_room(2 * size_of::<Self>())?;
        Loose::read(deserializer).map(Self::of)
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        Loose::array(seq).map(Self::of)
    }

    fn after(mut self, earlier: &mut Self) -> Self {
        if repeats_are_lists() && !earlier.is_empty() {
            earlier.classes.append(&mut self.classes);
            return std::mem::take(earlier);
        }
        self
    }
}

impl<'a> ClassList<'a> {
    /// Splits one text at commas, semicolons or blanks.
    fn written(text: Text<'a>) -> Self {
        let classes: Vec<_> = split(text.expose())
            .into_iter()
            .map(|class| Text::new(class.to_owned()))
            .collect();
        let is_one = matches!(classes.as_slice(), [class] if class.expose() == text.expose());
        Self {
            classes,
            written: Some(text).filter(|text| !is_one && !text.expose().trim().is_empty()),
        }
    }

    /// Extracts the classes from a value of any shape. The whole value is kept if it has other
    /// contents.
    fn of(value: Shape<Loose<'a>>) -> Shape<Self> {
        let value = match value.expected() {
            None => return Shape::Expected(Self::default()),
            Some(Loose::Text(text)) => return Shape::Expected(Self::written(text)),
            Some(Loose::Other(value)) => (*value).into_exposed(),
        };
        let mut list = Self::default();
        if list.collect(&value) {
            Shape::Expected(list)
        } else {
            Shape::Partly(list, value)
        }
    }

    /// Returns whether the value contains only classes, after visiting all of it.
    fn collect(&mut self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Bool(_) => false,
            Value::String(_) | Value::Number(_) => {
                self.classes.extend(scalar(value));
                true
            }
            Value::Array(array) => array.iter().filter(|value| !self.collect(value)).count() == 0,
            Value::Object(object) => {
                let mut is_class = |name: &str, value| {
                    matches!(name, "type" | "class" | "value") && self.collect(value)
                };
                object
                    .iter()
                    .filter(|(name, value)| !is_class(name, value))
                    .count()
                    == 0
            }
        }
    }

    /// Returns whether there are no classes.
    ///
    /// ```
    /// use idv_idnow::wire;
    ///
    /// let payload = wire::read(br#"{"identificationprocess": {"id": "IBA-H7GB6"},
    ///     "identificationdocument": {"driversclasses": "AM/A1, B (79.03, 79.04)"}}"#)?;
    /// let document = &payload.identifications[0].identificationdocument;
    /// let classes = document.driversclasses.as_ref().expect("a driver's licence");
    /// assert_eq!(classes.value.classes[1].expose(), "B (79.03, 79.04)");
    /// assert!(classes.original.is_empty()); // none were submitted
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }
}

/// Splits at commas, semicolons and blanks outside of brackets; a bracket belongs to the class
/// before it.
fn split(text: &str) -> Vec<&str> {
    let mut classes: Vec<&str> = Vec::new();
    let (mut start, mut depth, mut ended) = (None, 0_usize, 0);
    for (at, character) in text.char_indices() {
        let separates = depth == 0 && (character.is_whitespace() || matches!(character, ',' | ';'));
        match character {
            '(' => {
                // Only blanks separate it from its class.
                if start.is_none()
                    && text
                        .get(ended..at)
                        .is_some_and(|between| between.trim().is_empty())
                {
                    start = classes
                        .pop()
                        .and_then(|class| ended.checked_sub(class.len()));
                }
                depth += 1;
            }
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if separates {
            if let Some(class) = start.take().and_then(|start: usize| text.get(start..at)) {
                classes.push(class);
                ended = at;
            }
        } else if start.is_none() {
            start = Some(at);
        }
    }
    classes.extend(start.and_then(|start| text.get(start..)).map(str::trim_end));
    classes
}

#[cfg(test)]
mod tests {
    use idv_core::Pii;
    use idv_core::adapter::wire::read_json;
    use serde_json::json;

    use super::*;
    use crate::wire::{IdentificationDocument, IdentificationProcess};

    #[test]
    fn scalar_is_parsed_from_each_type() {
        for (json, text, kept) in [
            ("1", Some("1"), None),
            ("1.5", Some("1.5"), None),
            ("true", Some("true"), None),
            ("\"\"", Some(""), None),
            (
                "12345678901234567890123",
                Some("12345678901234567890123"),
                None,
            ),
            (r#"{"value":"x"}"#, Some("x"), None),
            (
                r#"{"value":"x","more":1}"#,
                Some("x"),
                Some(json!({"more": 1})),
            ),
            ("null", None, None),
            ("[]", None, None),
            (r#"[1,{"a":[]}]"#, None, Some(json!([1, {"a": []}]))),
            (r#"{"a":"b"}"#, None, Some(json!({"a": "b"}))),
            (
                r#"{"value":{"a":1}}"#,
                None,
                Some(json!({"value": {"a": 1}})),
            ),
        ] {
            let payload = format!(r#"{{"agentname":{json}}}"#);
            let process: IdentificationProcess<'_> = read_json(&payload).unwrap();
            assert_eq!(
                process.agentname.as_deref().map(Text::expose),
                text,
                "{json}"
            );
            assert_eq!(
                process.others.get("agentname").map(Pii::expose),
                kept.as_ref(),
                "{json}"
            );
        }
    }

    #[test]
    fn member_of_another_shape_leaves_its_field_empty() {
        let process: IdentificationProcess<'_> =
            read_json(r#"{"result":"SUCCESS","result":["ABORTED"]}"#).unwrap();
        assert!(process.result.is_none() && process.others.get("result").is_some());
    }

    #[test]
    fn classes_are_split_outside_of_brackets() {
        for (text, classes) in [
            ("", &[][..]),
            (" , ;", &[]),
            ("B", &["B"]),
            ("ML, B", &["ML", "B"]),
            ("AM/A1;B\nC1E", &["AM/A1", "B", "C1E"]),
            ("AM/A1, B (79.03, 79.04)", &["AM/A1", "B (79.03, 79.04)"]),
            ("B(96) , T", &["B(96)", "T"]),
            ("B, (79.03)", &["B", "(79.03)"]),
            ("(79.03), B", &["(79.03)", "B"]),
            ("B (79.03", &["B (79.03"]),
            ("B) C", &["B)", "C"]),
            ("A B (1) (2) C", &["A", "B (1) (2)", "C"]),
        ] {
            assert_eq!(split(text), classes, "{text:?}");
        }
    }

    #[test]
    fn classes_are_parsed_from_each_shape() {
        for (value, classes, complete) in [
            (
                json!([{"type": "ML"}, {"type": "B"}]),
                &["ML", "B"][..],
                true,
            ),
            (json!(["ML", "B (96)"]), &["ML", "B (96)"], true),
            (json!({"type": "ML"}), &["ML"], true),
            (
                json!({"class": [{"type": "ML"}, {"type": "B"}]}),
                &["ML", "B"],
                true,
            ),
            (json!("ML B"), &["ML", "B"], true),
            (json!([null, 7]), &["7"], true),
            (json!([{"type": "B", "since": "2001-02-03"}]), &["B"], false),
            (json!([{"a": 1, "type": "B"}]), &["B"], false),
            (json!([true, "B"]), &["B"], false),
        ] {
            let payload = json!({ "driversclasses": value }).to_string();
            let document: IdentificationDocument<'_> = read_json(&payload).unwrap();
            let list = &document.driversclasses.as_ref().unwrap().value;
            assert_eq!(
                list.classes.iter().map(Text::expose).collect::<Vec<_>>(),
                classes,
                "{value}"
            );
            assert_eq!(document.others.is_empty(), complete, "{value}");
        }
    }

    #[test]
    fn raw_text_is_kept_unless_it_is_the_class() {
        let written = |text: &str| {
            ClassList::written(Text::new(text.to_owned()))
                .written
                .map(|text| text.expose().to_owned())
        };
        assert_eq!(written("ML, B").as_deref(), Some("ML, B"));
        assert_eq!((written("B"), written(" ")), (None, None));
    }
}
