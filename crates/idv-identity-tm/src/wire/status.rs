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
        /// The application's reference.
        "Ref" reference: Option<Text<'a>>,
        /// The time of the response: ISO 8601 with an offset.
        "Executed" executed: Option<Text<'a>>,
        /// The events in the vendor's order. If it is absent, the payload is not a response of
        /// `getStatus`.
        "Status" status: Option<Vec<StatusEntry<'a>>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

object! {
    /// An event of an order (chapter 3.2.6).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct StatusEntry<'a> {
        /// A code of chapter 3.2.3, or a newer one.
        "Kind" kind: Option<Code<'a>>,
        /// A code of chapter 3.2.3.1, or a newer one. Only with `/IncludeSubKind`.
        "SubKind" sub_kind: Option<Code<'a>>,
        /// The time of the event: ISO 8601 with an offset.
        "Time" time: Option<Text<'a>>,
        /// The vendor's explanation.
        "Text" text: Option<Text<'a>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

/// The ids of the orders under a reference (chapter 3.13): `getOrdersByRef`. Orders older than 90
/// days are not included.
///
/// The sample, `{ [ … ] }`, is not JSON. The parser accepts a bare array, an object around one, and
/// the sample verbatim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Orders<'a> {
    /// The vendor's ids in their order, or `None` if there is no list.
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

/// An id alone, or in an object as in `getStatus`.
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

/// Returns the text within the braces of the sample of chapter 3.13.4, or the unchanged payload.
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
