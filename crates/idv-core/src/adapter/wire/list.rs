//! Lists that are written as objects.

use serde::de::{DeserializeSeed, MapAccess};
use serde_json::Value;

use super::part::{Name, Part, Shape, TextDeserializer, entry_of, list_beside, place};

/// Reads an object without the members that are called by their places: those are entries of a list.
pub(super) struct Places<'l, P, A> {
    map: A,
    list: &'l mut Vec<P>,
    lost: &'l mut Vec<Value>,
    has_members: &'l mut bool,
}

impl<P, A> Places<'_, P, A> {
    /// Reads a list from an object: its entries, or the one entry that the object is.
    pub(super) fn read<'de>(map: A) -> Result<Shape<Vec<P>>, A::Error>
    where
        P: Part<'de>,
        A: MapAccess<'de>,
    {
        let (mut list, mut lost, mut has_members) = (Vec::new(), Vec::new(), false);
        let entry = P::object(Places { map, list: &mut list, lost: &mut lost, has_members: &mut has_members })?;
        match entry {
            _ if !has_members && !list.is_empty() => {}
            Shape::Other(value) if list.is_empty() => return Ok(Shape::Other(value)),
            entry => list.extend(entry_of(entry, &mut lost)?),
        }
        Ok(list_beside(list, lost))
    }
}

impl<'de, P: Part<'de>, A: MapAccess<'de>> MapAccess<'de> for Places<'_, P, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
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
