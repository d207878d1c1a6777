//! Lists of a payload.

use idv_core::Text;
use idv_core::wire::Part;
use serde::de::{MapAccess, SeqAccess};

/// A list of objects, of which it can matter whether it is there at all.
///
/// Null is an empty one, which is how the vendor's language writes those, and an object is a list of one without its brackets. Text and
/// numbers are no list.
#[derive(Default)]
pub(super) enum List<P> {
    #[default]
    Nothing,
    Something,
    Of(Vec<P>),
}

impl<'de, P: Part<'de>> Part<'de> for List<P> {
    fn text(_: Text<'de>) -> Self {
        Self::Something
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Vec::object(map).map(Self::Of)
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Self, A::Error> {
        Vec::array(seq).map(Self::Of)
    }
}

impl<P> From<List<P>> for Vec<P> {
    fn from(list: List<P>) -> Self {
        match list {
            List::Of(list) => list,
            List::Nothing | List::Something => Self::new(),
        }
    }
}

impl<P> From<List<P>> for Option<Vec<P>> {
    fn from(list: List<P>) -> Self {
        match list {
            List::Of(list) => Some(list),
            List::Nothing => Some(Vec::new()),
            List::Something => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_there_unless_something_else_is() {
        for (json, length) in
            [("[1,2]", Some(2)), ("[]", Some(0)), ("null", Some(0)), ("{}", Some(1)), ("\"x\"", None), ("1", None)]
        {
            let read = || List::<Option<Text<'_>>>::read(&mut serde_json::Deserializer::from_str(json)).unwrap();
            assert_eq!(Option::from(read()).map(|list: Vec<_>| list.len()), length, "{json}");
            assert_eq!(Vec::from(read()).len(), length.unwrap_or(0), "{json}");
        }
    }
}
