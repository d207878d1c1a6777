//! Documents and hashes to be signed, and the positions of signatures.

use idv_core::{Pii, pii};
use serde::{Deserialize, Serialize};

use super::json::{base64, number, one_or_many, or_default};
use crate::api::OrderId;

/// A document to be signed (chapter 3.1.4, `eSignPDF`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DocumentWire", into = "DocumentWire")]
#[non_exhaustive]
pub struct SignDocument {
    /// The PDF, without protection. It is sent as Base64.
    pub data: Option<Pii<Vec<u8>>>,
    /// The file name; 50 characters.
    pub filename: Option<Pii<String>>,
    /// The position of the signature.
    pub placement: Option<Placement>,
    /// Stamps on the document, if the trust service is Namirial.
    pub stamps: Vec<Stamp>,
}

impl SignDocument {
    /// Creates a document from the bytes of a PDF and its file name, which has at most 50
    /// characters.
    ///
    /// The vendor chooses the position of the signature.
    ///
    /// ```
    /// use idv_identity_tm::api::order::{Placement, SignDocument};
    ///
    /// let mut contract = SignDocument::new(b"%PDF-1.7".to_vec(), "contract.pdf".to_owned());
    /// contract.placement = Some(Placement::Field("signature".to_owned()));
    /// assert_eq!(
    ///     serde_json::to_value(&contract)?,
    ///     serde_json::json!({
    ///         "Data": "JVBERi0xLjc=",
    ///         "Filename": "contract.pdf",
    ///         "SignatureFieldName": "signature",
    ///     })
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
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

/// The position of a signature. The document forbids combinations. Lengths are in PDF points (1/72
/// inch) from the lower left corner.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Placement {
    /// At coordinates of a page.
    At {
        /// The distance from the left edge.
        x: i32,
        /// The distance from the bottom edge.
        y: i32,
        /// The width.
        width: Option<i32>,
        /// The height.
        height: Option<i32>,
        /// The page, from 1.
        page: Option<u32>,
    },
    /// In an existing signature field of the PDF.
    Field(String),
    /// At a text that occurs once in the document.
    Tag {
        /// The text.
        tag: String,
        /// The offset from the text, to the right and up.
        offset: Option<(i32, i32)>,
    },
}

/// A stamp on a document (chapter 3.1.4, `Stamping`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StampWire", into = "StampWire")]
#[non_exhaustive]
pub struct Stamp {
    /// The page, from 1. The default is the first page.
    pub page: Option<u32>,
    /// The position. The default is 100;100.
    pub position: Option<StampPosition>,
    /// The width and height. The default is 200;60.
    pub size: Option<(i32, i32)>,
    /// The text; 500 characters. The vendor replaces `[DATE]`, `[TIME]`, `[DT]` and `[SIGNEE]`.
    pub content: Pii<String>,
}

impl Stamp {
    /// Creates a stamp with this text of at most 500 characters, at the vendor's default position.
    ///
    /// Lengths are in PDF points (1/72 inch).
    ///
    /// ```
    /// use idv_identity_tm::api::order::{Stamp, StampPosition};
    ///
    /// let mut stamp = Stamp::new("Signed by [SIGNEE] on [DATE]".to_owned());
    /// stamp.position = Some(StampPosition::At(72, 36)); // one inch from the left, half from below
    /// assert_eq!(
    ///     serde_json::to_value(&stamp)?,
    ///     serde_json::json!({"PosX": 72, "PosY": 36, "Content": "Signed by [SIGNEE] on [DATE]"})
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
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

/// The position of a stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StampPosition {
    /// The distances from the left and bottom edges.
    At(i32, i32),
    /// At every occurrence of this text.
    Tag {
        /// The text.
        tag: String,
        /// The offset from the text, to the right and up.
        offset: Option<(i32, i32)>,
    },
}

/// The hash of a prepared PDF, to be signed (chapter 3.1.4, `eSignHash`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SignHash {
    /// The hash. It is sent as Base64.
    #[serde(with = "base64", default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Pii<Vec<u8>>>,
    /// The file name, under which the vendor returns the signed hash; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub filename: Option<Pii<String>>,
}

impl SignHash {
    /// Creates the hash of a file, from the bytes of the hash and a file name of at most 50
    /// characters.
    ///
    /// ```
    /// use idv_identity_tm::api::order::SignHash;
    ///
    /// let hash = SignHash::new(vec![0xBA, 0x78, 0x16], "contract.pdf".to_owned());
    /// assert_eq!(
    ///     serde_json::to_value(&hash)?,
    ///     serde_json::json!({"Hash": "ungW", "Filename": "contract.pdf"})
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn new(hash: Vec<u8>, filename: impl Into<Pii<String>>) -> Self {
        Self {
            hash: Some(Pii::new(hash)),
            filename: Some(filename.into()),
        }
    }
}

/// Signs the documents of a first order, as another party (chapter 3.1.4, `MultiSignOptions`). Each
/// party needs their own mobile number (chapter 3.1.1.2).
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
    /// The positions of this party's signatures on the first order's files.
    #[serde(with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub sign_parameters: Vec<SignParameters>,
}

impl MultiSign {
    /// Signs the documents of this order, at the vendor's default positions.
    ///
    /// ```
    /// use idv_identity_tm::api::OrderId;
    /// use idv_identity_tm::api::order::MultiSign;
    ///
    /// let first = OrderId::parse("99920006C38842")?;
    /// let json = serde_json::to_value(MultiSign::of(first))?;
    /// assert_eq!(json, serde_json::json!({"FirstOrderID": "99920006C38842"}));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn of(first_order_id: OrderId) -> Self {
        Self {
            first_order_id: Some(first_order_id),
            sign_parameters: Vec::new(),
        }
    }
}

/// The position of a further party's signature on a file (chapter 3.1.4, `SignParameters`). The
/// document has no tag for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DocumentWire", into = "DocumentWire")]
#[non_exhaustive]
pub struct SignParameters {
    /// The file name in the first order; 50 characters.
    pub filename: Option<Pii<String>>,
    /// The position of the signature. The default is 100;100 on the first page, with a size of
    /// 200;60.
    pub placement: Option<Placement>,
}

impl SignParameters {
    /// Creates a signature on a file of the first order: at coordinates in PDF points (1/72 inch),
    /// or in a field.
    ///
    /// ```
    /// use idv_identity_tm::api::order::{Placement, SignParameters};
    ///
    /// let field = Placement::Field("second signature".to_owned());
    /// let json = serde_json::to_value(SignParameters::new("contract.pdf".to_owned(), field))?;
    /// assert_eq!(json["SignatureFieldName"], "second signature");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn new(filename: impl Into<Pii<String>>, placement: Placement) -> Self {
        Self {
            filename: Some(filename.into()),
            placement: Some(placement),
        }
    }
}

/// The wire form of a document.
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
                    "expected a position with both of its numbers, a field, or a tag for a \
                     signature",
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

/// The wire form of a stamp.
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
            return Err("expected two numbers each for a stamp's position and size");
        }
        let position = match (both(wire.pos_x, wire.pos_y), wire.tag) {
            (None, None) => None,
            (Some((x, y)), None) => Some(StampPosition::At(x, y)),
            (None, Some(tag)) => Some(StampPosition::Tag {
                tag,
                offset: both(wire.offset_pos_x, wire.offset_pos_y),
            }),
            (Some(_), Some(_)) => return Err("expected either a position or a tag for a stamp"),
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
            OrderId::parse(text)
                .map_err(|_| serde::de::Error::custom("FirstOrderID is not a valid OrderID"))
        })
        .transpose()
    }
}
