//! The status of an order (chapter 3.2) and the orders of a reference (chapter 3.13).

use super::code::Code;
use idv_core::Text;
use idv_core::adapter::wire::{Members, Part, Shape, object, place};

object! {
    /// The history of an order (chapter 3.2.6): `getStatus`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct StatusList<'a> {
        /// The vendor's id of the order.
        "OrderID" order_id: Option<Text<'a>>,
        /// Our reference.
        "Ref" reference: Option<Text<'a>>,
        /// When the vendor answered: ISO 8601, with an offset.
        "Executed" executed: Option<Text<'a>>,
        /// The events of the order, in its order. None if it is missing, which makes it no answer of `getStatus`.
        "Status" status: Option<Vec<StatusEntry<'a>>>,
        ..
        /// Members that the document does not have or that have another shape than documented, by their names.
        others: Members,
    }
}

object! {
    /// An event of an order (chapter 3.2.6).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct StatusEntry<'a> {
        /// A code of chapter 3.2.3, or a newer one.
        "Kind" kind: Option<Code<'a>>,
        /// A code of chapter 3.2.3.1, or a newer one. Only in the variant `/IncludeSubKind`.
        "SubKind" sub_kind: Option<Code<'a>>,
        /// When it happened: ISO 8601, with an offset.
        "Time" time: Option<Text<'a>>,
        /// The vendor's explanation.
        "Text" text: Option<Text<'a>>,
        ..
        /// Members that the document does not have or that have another shape than documented, by their names.
        others: Members,
    }
}

/// The ids of the orders that have a reference (chapter 3.13): `getOrdersByRef`. Orders older than 90 days are not among them.
///
/// The sample, `{ [ … ] }`, is not JSON. A bare array is read, and an object that wraps one, and the sample as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Orders<'a> {
    /// The vendor's ids, in their order. None if no list was found.
    pub order_ids: Option<Vec<Text<'a>>>,
}

impl<'de> Part<'de> for Orders<'de> {
    fn object<A: serde::de::MapAccess<'de>>(mut map: A) -> Result<Shape<Self>, A::Error> {
        let mut order_ids = None;
        while map.next_key::<serde::de::IgnoredAny>()?.is_some() {
            let found = map.next_value_seed(place::<Self>())?.expected();
            order_ids = order_ids.or(found.and_then(|found| found.order_ids));
        }
        Ok(Shape::Expected(Self { order_ids }))
    }

    fn array<A: serde::de::SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        let entries = Vec::<OrderId<'_>>::array(seq)?;
        Ok(entries.map(|entries| Self {
            order_ids: Some(entries.into_iter().filter_map(|entry| entry.0).collect()),
        }))
    }
}

/// An id that stands alone, or in an object as `getStatus` has it.
#[derive(Default)]
struct OrderId<'a>(Option<Text<'a>>);

impl<'de> Part<'de> for OrderId<'de> {
    fn text(text: Text<'de>) -> Shape<Self> {
        Shape::Expected(Self(Some(text).filter(|text| !text.expose().is_empty())))
    }

    fn object<A: serde::de::MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        Ok(StatusList::object(map)?.map(|order| Self(order.order_id)))
    }
}

/// Returns the text between the braces of the sample of chapter 3.13.4, if a payload is written like it; else the payload.
pub(super) fn without_braces(text: &str) -> &str {
    let inside = text
        .trim_ascii()
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .map(str::trim_ascii);
    inside
        .filter(|inside| inside.starts_with('['))
        .unwrap_or(text)
}
