//! Lists in the form of objects.

use serde::de::{DeserializeSeed, MapAccess};
use serde_json::Value;

use super::part::{Name, Part, Shape, TextDeserializer, entry_of, list_beside, place};

/// Reads an object without the members whose names are indices: those are the entries of a list.
pub(super) struct Places<'l, P, A> {
    map: A,
    list: &'l mut Vec<P>,
    lost: &'l mut Vec<Value>,
    has_members: &'l mut bool,
}

impl<P, A> Places<'_, P, A> {
    /// Reads a list from an object: its entries, or the object as a single entry.
    pub(super) fn read<'de>(map: A) -> Result<Shape<Vec<P>>, A::Error>
    where
        P: Part<'de>,
        A: MapAccess<'de>,
    {
        let (mut list, mut lost, mut has_members) = (Vec::new(), Vec::new(), false);
        let entry = P::object(Places {
            map,
            list: &mut list,
            lost: &mut lost,
            has_members: &mut has_members,
        });
        match entry {
            Ok(_) if !has_members && !list.is_empty() => {}
            Ok(Shape::Other(value)) if list.is_empty() => return Ok(Shape::Other(value)),
            Ok(Shape::Expected(part)) if list.is_empty() => list = vec![part],
            Ok(Shape::Expected(part)) => list.push(part),
            Ok(entry) => list.extend(entry_of(entry, &mut lost)?),
            Err(error) => return Err(error),
        }
        Ok(list_beside(list, lost))
    }
}

impl<'de, P: Part<'de>, A: MapAccess<'de>> MapAccess<'de> for Places<'_, P, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.map.next_key_seed(Name)? {
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_digit()) {
                *self.has_members = true;
                return seed.deserialize(TextDeserializer::new(name)).map(Some);
            }
            let entry = self.map.next_value_seed(place())?;
            self.list.extend(entry_of(entry, self.lost)?);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::adapter::wire::{Members, object, read, read_json};
    use crate::pii::Pii;
    use crate::text::Text;

    object! {
        #[derive(Debug, Clone, Default, PartialEq)]
        struct Thing<'a> {
            "Name" | "Nane" name: Option<Text<'a>>,
            "Flag" flag: Option<bool>,
            "Things" things: Vec<Thing<'a>>,
            "Free" free: Members,
            ..
            others: Members,
        }
    }

    fn thing(json: &str) -> Thing<'_> {
        read(json.as_bytes()).unwrap()
    }

    fn others(thing: &Thing<'_>) -> Value {
        thing
            .others
            .iter()
            .map(|(name, value)| (name.to_owned(), value.expose().clone()))
            .collect()
    }

    #[test]
    fn member_of_another_shape_is_kept() {
        let thing = thing(
            r#"{"Name":["x"],"Flag":"perhaps","Things":"none","Free":[1],"New":{"a":[null]},"Null":null,"Nane":{"b":1}}"#,
        );
        let expected = json!({"Name": ["x"], "Flag": "perhaps", "Things": "none", "Free": [1], "New": {"a": [null]}, "Nane": {"b": 1}});
        assert_eq!(others(&thing), expected);
        assert_eq!(
            (
                thing.name,
                thing.flag,
                thing.things.len(),
                thing.free.is_empty()
            ),
            (None, None, 0, true)
        );
        assert_eq!(
            others(&self::thing(r#"{"Flag":2,"Things":7}"#)),
            json!({"Flag": 2, "Things": 7})
        );
    }

    #[test]
    fn blank_member_says_nothing() {
        let thing = thing(r#"{"Flag":" ","Things":"","Free":[],"Name":""}"#);
        assert_eq!(others(&thing), json!({}));
        assert_eq!(thing.name.as_ref().map(Text::expose), Some(""));
        assert_eq!((thing.flag, thing.things.len()), (None, 0));
    }

    #[test]
    fn list_is_read_in_each_form() {
        for (list, names) in [
            (r#"[{"Name":"a"},{"Name":"b"}]"#, "a,b"),
            (r#"{"Name":"a"}"#, "a"),
            (r#"{"0":{"Name":"a"},"1":{"Name":"b"}}"#, "a,b"),
            (
                r#"{"1":{"Name":"a"},"Name":"c","2":[{"Name":"b"}]}"#,
                "a,b,c",
            ),
            (r#"[[{"Name":"a"}],null,{"Name":"b"}]"#, "a,,b"),
            ("{}", ""),
            ("[]", ""),
            ("null", ""),
        ] {
            let json = format!("{{\"Things\":{list}}}");
            let thing = thing(&json);
            let found: Vec<_> = thing
                .things
                .iter()
                .map(|it| it.name.as_ref().map_or("", Text::expose))
                .collect();
            assert_eq!(found.join(","), names, "{list}");
        }
    }

    #[test]
    fn list_tells_whether_it_is_there() {
        for (json, length) in [
            ("[{},{}]", Some(2)),
            ("[]", Some(0)),
            ("null", Some(0)),
            ("{}", Some(1)),
            ("\"x\"", None),
            ("\"\"", None),
            ("1", None),
        ] {
            let list: Option<Vec<Thing<'_>>> = read_json(json).unwrap();
            assert_eq!(list.map(|list| list.len()), length, "{json}");
        }
    }

    #[test]
    fn entry_that_is_no_object_is_kept() {
        let thing = thing(r#"{"Things":["x",7,[1,2],true]}"#);
        let kept: Vec<_> = thing
            .things
            .iter()
            .map(|it| it.others.get("").map(Pii::expose).cloned())
            .collect();
        assert_eq!(
            kept,
            [
                Some(json!("x")),
                Some(json!(7)),
                Some(json!([1, 2])),
                Some(json!(true))
            ]
        );
    }

    #[test]
    fn odd_entries_are_bounded() {
        let list = |count: usize| format!("[{}]", vec!["0"; count].join(","));
        assert_eq!(
            read_json::<Vec<Thing<'_>>>(&list(5_000)).unwrap().len(),
            5_000
        );
        assert!(read_json::<Vec<Thing<'_>>>(&list(200_000)).is_err());
    }
}
