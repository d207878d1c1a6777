//! Documents and hashes to be signed, and the places of signatures.

use idv_core::{Pii, pii};
use serde::{Deserialize, Serialize};

use super::json::{base64, number, one_or_many, or_default};
use crate::api::OrderId;

/// A document that is to be signed (chapter 3.1.4, `eSignPDF`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DocumentWire", into = "DocumentWire")]
#[non_exhaustive]
pub struct SignDocument {
    /// The PDF, not protected. It is sent as Base64.
    pub data: Option<Pii<Vec<u8>>>,
    /// Its name; 50 characters.
    pub filename: Option<Pii<String>>,
    /// The place of the signature.
    pub placement: Option<Placement>,
    /// Stamps to be put on it, if the trust service is Namirial.
    pub stamps: Vec<Stamp>,
}

impl SignDocument {
    /// A document, signed where the vendor puts a signature of itself.
    #[must_use]
    pub fn new(data: Vec<u8>, filename: impl Into<Pii<String>>) -> Self {
        Self {
            data: Some(Pii::new(data)),
            filename: Some(filename.into()),
            placement: None,
            stamps: Vec::new(),
        }
    }
}

/// The place of a signature. One of these, since the document forbids to combine them. Lengths are in PDF points, 1/72 inch, from the
/// lower left corner.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Placement {
    /// At a place of a page.
    At {
        /// From the left.
        x: i32,
        /// From below.
        y: i32,
        /// Its width.
        width: Option<i32>,
        /// Its height.
        height: Option<i32>,
        /// The page, from 1.
        page: Option<u32>,
    },
    /// In a signature field that the PDF has.
    Field(String),
    /// At a text that stands once in the document.
    Tag {
        /// The text.
        tag: String,
        /// The distance from it, to the right and up.
        offset: Option<(i32, i32)>,
    },
}

/// Something to be stamped on a document (chapter 3.1.4, `Stamping`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StampWire", into = "StampWire")]
#[non_exhaustive]
pub struct Stamp {
    /// The page, from 1; the first if it is not given.
    pub page: Option<u32>,
    /// Its place; 100;100 if it is not given.
    pub position: Option<StampPosition>,
    /// Its width and its height; 200;60 if they are not given.
    pub size: Option<(i32, i32)>,
    /// Its text; 500 characters. `[DATE]`, `[TIME]`, `[DT]` and `[SIGNEE]` are replaced.
    pub content: Pii<String>,
}

impl Stamp {
    /// A stamp with this text.
    #[must_use]
    pub fn new(content: impl Into<Pii<String>>) -> Self {
        Self {
            page: None,
            position: None,
            size: None,
            content: content.into(),
        }
    }
}

/// The place of a stamp: one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StampPosition {
    /// So far from the left and from below.
    At(i32, i32),
    /// At each place where this text stands.
    Tag {
        /// The text.
        tag: String,
        /// The distance from it, to the right and up.
        offset: Option<(i32, i32)>,
    },
}

/// The hash of a prepared PDF that is to be signed (chapter 3.1.4, `eSignHash`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SignHash {
    /// The hash. It is sent as Base64.
    #[serde(with = "base64", default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Pii<Vec<u8>>>,
    /// The file's name, by which the signed hash comes back; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub filename: Option<Pii<String>>,
}

impl SignHash {
    /// The hash of a file.
    #[must_use]
    pub fn new(hash: Vec<u8>, filename: impl Into<Pii<String>>) -> Self {
        Self {
            hash: Some(Pii::new(hash)),
            filename: Some(filename.into()),
        }
    }
}

/// Signing what a first order has to be signed, as another party (chapter 3.1.4, `MultiSignOptions`). Each party needs a mobile number
/// of their own (chapter 3.1.1.2).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct MultiSign {
    /// The first order; 14 characters.
    #[serde(
        rename = "FirstOrderID",
        with = "order_id",
        skip_serializing_if = "Option::is_none"
    )]
    pub first_order_id: Option<OrderId>,
    /// The places where this party signs each of the first order's files.
    #[serde(with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub sign_parameters: Vec<SignParameters>,
}

impl MultiSign {
    /// Signing what this order has to be signed.
    #[must_use]
    pub const fn of(first_order_id: OrderId) -> Self {
        Self {
            first_order_id: Some(first_order_id),
            sign_parameters: Vec::new(),
        }
    }
}

/// The place where a further party signs a file (chapter 3.1.4, `SignParameters`). A tag is not documented for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DocumentWire", into = "DocumentWire")]
#[non_exhaustive]
pub struct SignParameters {
    /// The file's name in the first order; 50 characters.
    pub filename: Option<Pii<String>>,
    /// The place of the signature; 100;100 of the first page, 200;60 large, if it is not given.
    pub placement: Option<Placement>,
}

impl SignParameters {
    /// A signature on a file of the first order.
    #[must_use]
    pub fn new(filename: impl Into<Pii<String>>, placement: Placement) -> Self {
        Self {
            filename: Some(filename.into()),
            placement: Some(placement),
        }
    }
}

/// A document as it is sent.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DocumentWire {
    #[serde(with = "base64", skip_serializing_if = "Option::is_none")]
    data: Option<Pii<Vec<u8>>>,
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    filename: Option<Pii<String>>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    signature_pos_x: Option<i32>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    signature_pos_y: Option<i32>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    signature_height: Option<i32>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    signature_width: Option<i32>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    signature_page: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_field_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_tag: Option<String>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    signature_offset_pos_x: Option<i32>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    signature_offset_pos_y: Option<i32>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    stamping: Vec<Stamp>,
}

impl DocumentWire {
    fn place(&mut self, placement: Option<Placement>) {
        match placement {
            Some(Placement::At {
                x,
                y,
                width,
                height,
                page,
            }) => {
                (self.signature_pos_x, self.signature_pos_y) = (Some(x), Some(y));
                (
                    self.signature_width,
                    self.signature_height,
                    self.signature_page,
                ) = (width, height, page);
            }
            Some(Placement::Field(name)) => self.signature_field_name = Some(name),
            Some(Placement::Tag { tag, offset }) => {
                self.signature_tag = Some(tag);
                (self.signature_offset_pos_x, self.signature_offset_pos_y) = offset.unzip();
            }
            None => {}
        }
    }

    fn placement(&self) -> Result<Option<Placement>, &'static str> {
        let position = (self.signature_pos_x, self.signature_pos_y);
        let placed = match (position, &self.signature_field_name, &self.signature_tag) {
            ((None, None), None, None) if self.signature_page.is_none() => return Ok(None),
            ((Some(x), Some(y)), None, None) => Placement::At {
                x,
                y,
                width: self.signature_width,
                height: self.signature_height,
                page: self.signature_page,
            },
            ((None, None), Some(name), None) => Placement::Field(name.clone()),
            ((None, None), None, Some(tag)) => Placement::Tag {
                tag: tag.clone(),
                offset: both(self.signature_offset_pos_x, self.signature_offset_pos_y),
            },
            _ => {
                return Err(
                    "a signature is placed by a position, with both of its numbers, or a field, or a tag",
                );
            }
        };
        Ok(Some(placed))
    }
}

impl From<SignDocument> for DocumentWire {
    fn from(document: SignDocument) -> Self {
        let SignDocument {
            data,
            filename,
            placement,
            stamps,
        } = document;
        let mut wire = Self {
            data,
            filename,
            stamping: stamps,
            ..Self::default()
        };
        wire.place(placement);
        wire
    }
}

impl TryFrom<DocumentWire> for SignDocument {
    type Error = &'static str;

    fn try_from(wire: DocumentWire) -> Result<Self, Self::Error> {
        let placement = wire.placement()?;
        Ok(Self {
            data: wire.data,
            filename: wire.filename,
            placement,
            stamps: wire.stamping,
        })
    }
}

impl From<SignParameters> for DocumentWire {
    fn from(parameters: SignParameters) -> Self {
        let mut wire = Self {
            filename: parameters.filename,
            ..Self::default()
        };
        wire.place(parameters.placement);
        wire
    }
}

impl TryFrom<DocumentWire> for SignParameters {
    type Error = &'static str;

    fn try_from(wire: DocumentWire) -> Result<Self, Self::Error> {
        let placement = wire.placement()?;
        Ok(Self {
            filename: wire.filename,
            placement,
        })
    }
}

/// A stamp as it is sent.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct StampWire {
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    page: Option<u32>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pos_x: Option<i32>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pos_y: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    offset_pos_x: Option<i32>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    offset_pos_y: Option<i32>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    width: Option<i32>,
    #[serde(
        deserialize_with = "number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    height: Option<i32>,
    #[serde(serialize_with = "pii::exposed")]
    content: Pii<String>,
}

impl From<Stamp> for StampWire {
    fn from(stamp: Stamp) -> Self {
        let Stamp {
            page,
            position,
            size,
            content,
        } = stamp;
        let (width, height) = size.unzip();
        let mut wire = Self {
            page,
            width,
            height,
            content,
            ..Self::default()
        };
        match position {
            Some(StampPosition::At(x, y)) => (wire.pos_x, wire.pos_y) = (Some(x), Some(y)),
            Some(StampPosition::Tag { tag, offset }) => {
                wire.tag = Some(tag);
                (wire.offset_pos_x, wire.offset_pos_y) = offset.unzip();
            }
            None => {}
        }
        wire
    }
}

impl TryFrom<StampWire> for Stamp {
    type Error = &'static str;

    fn try_from(wire: StampWire) -> Result<Self, Self::Error> {
        if wire.pos_x.is_some() != wire.pos_y.is_some()
            || wire.width.is_some() != wire.height.is_some()
        {
            return Err("a stamp's position and its size are two numbers each");
        }
        let position = match (both(wire.pos_x, wire.pos_y), wire.tag) {
            (None, None) => None,
            (Some((x, y)), None) => Some(StampPosition::At(x, y)),
            (None, Some(tag)) => Some(StampPosition::Tag {
                tag,
                offset: both(wire.offset_pos_x, wire.offset_pos_y),
            }),
            (Some(_), Some(_)) => return Err("a stamp is placed by a position or by a tag"),
        };
        Ok(Self {
            page: wire.page,
            position,
            size: both(wire.width, wire.height),
            content: wire.content,
        })
    }
}

fn both<T>(first: Option<T>, second: Option<T>) -> Option<(T, T)> {
    first.zip(second)
}

mod order_id {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::OrderId;

    pub(super) fn serialize<S: Serializer>(
        id: &Option<OrderId>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        id.as_ref().map(OrderId::as_str).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OrderId>, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Loose {
            Text(String),
            Number(u64),
        }
        let text = Option::<Loose>::deserialize(deserializer)?.map(|id| match id {
            Loose::Text(text) => text,
            Loose::Number(number) => number.to_string(),
        });
        text.map(|text| {
            OrderId::parse(text).map_err(|_| serde::de::Error::custom("FirstOrderID is no OrderID"))
        })
        .transpose()
    }
}
