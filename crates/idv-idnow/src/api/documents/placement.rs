//! Signatures on a document: their appearance and their position (chapter 7.1.2).

use std::collections::BTreeMap;

use idv_core::{Error, Pii, Result};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::api::loose::{self, Object};
use crate::config::DataCentre;

/// The signatures of a document, by names of the company's choice, such as "mysignature1".
pub type Signatures = BTreeMap<String, Signature>;

/// A signature on a document (table of chapter 7.1.2). `None` is not sent and means IDnow's
/// default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// The position. Required in requests; absent only if IDnow's response has no valid one.
    pub position: Option<Position>,
    /// The appearance. IDnow's default is [`Appearance::Electronic`].
    pub appearance: Option<Appearance>,
    /// Whether the signature is optional. IDnow refuses a mandatory signature if its page or form
    /// field is missing. IDnow's default is mandatory.
    pub optional: Option<bool>,
}

/// The appearance of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Appearance {
    /// A seal with text: `ELECTRONIC`.
    Electronic(Seal),
    /// Drawn by the person with the mouse or a finger: `HANDWRITTEN`. IDnow activates it per
    /// account.
    Handwritten,
    /// An undocumented type, in IDnow's word. It is parsed and never sent.
    Other(String),
}

/// A seal with text. `None` is not sent and means IDnow's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seal {
    /// The font size of the text. IDnow's default is 8.
    pub font_size: Option<u32>,
    /// The font size of the second line. IDnow's default is 8. Only the data centre in Switzerland
    /// supports it.
    pub second_font_size: Option<u32>,
    /// The name of the image behind the text, of `a-z`, `0-9` and `_`. IDnow's default is
    /// `idnow_seal`, which is 250 pixels wide and 35 pixels high. A company can give IDnow further
    /// images.
    pub image: Option<String>,
}

/// The position of a signature: an anchor, and a rectangle relative to it.
///
/// The document gives no unit for the lengths; it measures images in pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// The anchor of the position.
    pub anchor: Anchor,
    /// The distance from the left border of the anchor: of the field, or of the page. It may be
    /// negative beside a text.
    pub left: i32,
    /// The distance from the bottom border of the anchor. It may be negative beside a text.
    pub bottom: i32,
    /// The width of the signature's area.
    pub width: u32,
    /// The height of the signature's area.
    pub height: u32,
}

/// The anchor of a signature: one of three, which exclude each other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Anchor {
    /// The PDF form field of this name, called acrofield (chapter 7.1.2.1).
    Field(String),
    /// The page of this number, from 1 (chapter 7.1.2.2).
    Page(u32),
    /// Every occurrence of this text in the document (chapter 7.1.2.3). Ligatures can prevent a
    /// match with visible text: a field is more reliable. The text may contain a person's name.
    Text(Pii<String>),
}

impl Signature {
    /// Creates a signature at a position, with IDnow's default appearance (chapter 7.1.2).
    ///
    /// ```
    /// use idv_idnow::api::documents::{Anchor, Position, Signature};
    ///
    /// let field = Anchor::Field("my_acrofield_signature".into());
    /// let signature = Signature::at(Position::new(field, 200, 35).from_corner(50, 50));
    /// let json = serde_json::to_value(&signature)?;
    /// assert_eq!(json["position"]["acrofield"], "my_acrofield_signature");
    /// assert_eq!(json["position"]["left"], 50);
    /// assert!(json.get("type").is_none()); // IDnow's default
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn at(position: Position) -> Self {
        Self {
            position: Some(position),
            ..Self::default()
        }
    }

    /// Sets the appearance: the `type` of chapter 7.1.2.
    ///
    /// ```
    /// use idv_idnow::api::documents::{Anchor, Appearance, Position, Signature};
    ///
    /// let place = Position::new(Anchor::Page(1), 200, 35).from_corner(800, 100);
    /// let signature = Signature::at(place).with_appearance(Appearance::Handwritten);
    /// assert_eq!(serde_json::to_value(&signature)?["type"], "HANDWRITTEN");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn with_appearance(mut self, appearance: Appearance) -> Self {
        self.appearance = Some(appearance);
        self
    }

    /// Sets whether the signature is optional (chapter 7.1.2).
    ///
    /// ```
    /// use idv_idnow::api::documents::{Anchor, Position, Signature};
    ///
    /// let place = Position::new(Anchor::Page(1), 200, 35);
    /// let signature = Signature::at(place).with_optional(false);
    /// // IDnow expects text (chapter 7.1.2.5).
    /// assert_eq!(serde_json::to_value(&signature)?["optional"], "false");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn with_optional(mut self, optional: bool) -> Self {
        self.optional = Some(optional);
        self
    }

    fn check(&self, centre: Option<DataCentre>) -> Result<()> {
        let position = self.position.as_ref();
        position
            .ok_or_else(|| Error::invalid("signatures.position", "a signature needs a position"))?
            .check()?;
        match &self.appearance {
            None | Some(Appearance::Handwritten) => Ok(()),
            Some(Appearance::Electronic(seal)) => seal.check(centre),
            Some(Appearance::Other(_)) => Err(Error::invalid(
                "signatures.type",
                "expected ELECTRONIC or HANDWRITTEN, the only documented types",
            )),
        }
    }

    fn read(object: &Object) -> Self {
        let kind = loose::text(object, "type");
        let seal = Seal {
            font_size: loose::number(object, "signatureFontSize"),
            second_font_size: loose::number(object, "signatureFontSize2"),
            image: loose::text(object, "signatureImage"),
        };
        let appearance = match kind.as_deref() {
            Some("HANDWRITTEN") => Some(Appearance::Handwritten),
            Some("ELECTRONIC") => Some(Appearance::Electronic(seal)),
            Some(other) => Some(Appearance::Other(other.to_owned())),
            None => (seal != Seal::default()).then_some(Appearance::Electronic(seal)),
        };
        Self {
            position: loose::object(object, "position").and_then(Position::read),
            appearance,
            optional: loose::flag(object, "optional"),
        }
    }
}

impl Seal {
    fn check(&self, centre: Option<DataCentre>) -> Result<()> {
        if self.font_size == Some(0) {
            return Err(Error::invalid(
                "signatures.signatureFontSize",
                "expected a font size of at least 1",
            ));
        }
        if self.second_font_size == Some(0) {
            return Err(Error::invalid(
                "signatures.signatureFontSize2",
                "expected a font size of at least 1",
            ));
        }
        // The document does not say which of the two the test system resembles.
        if self.second_font_size.is_some() && centre == Some(DataCentre::De) {
            return Err(Error::invalid(
                "signatures.signatureFontSize2",
                "only the data centre in Switzerland supports a second font size",
            ));
        }
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if self
            .image
            .as_ref()
            .is_some_and(|image| image.is_empty() || !image.bytes().all(allowed))
        {
            return Err(Error::invalid(
                "signatures.signatureImage",
                "expected a name of a-z, 0-9 and _",
            ));
        }
        Ok(())
    }
}

impl Position {
    /// Creates an area of this width and height at the lower left corner of its anchor.
    ///
    /// The document gives no unit; it measures images in pixels.
    ///
    /// ```
    /// use idv_idnow::api::documents::{Anchor, Position};
    ///
    /// // The size of IDnow's default seal.
    /// let place = Position::new(Anchor::Page(2), 250, 35);
    /// assert_eq!((place.left, place.bottom), (0, 0));
    /// ```
    #[must_use]
    pub const fn new(anchor: Anchor, width: u32, height: u32) -> Self {
        Self {
            anchor,
            left: 0,
            bottom: 0,
            width,
            height,
        }
    }

    /// Moves the area to this distance from the left and the bottom border, in the unit of the
    /// width and the height.
    ///
    /// Only beside a text may the distance be negative.
    ///
    /// ```
    /// use idv_idnow::api::documents::{Anchor, Position};
    ///
    /// // To the left of every occurrence of the text, on its line.
    /// let anchor = Anchor::Text("Unterschrift".into());
    /// let place = Position::new(anchor, 250, 35).from_corner(-260, 0);
    /// assert_eq!((place.left, place.bottom), (-260, 0));
    /// ```
    #[must_use]
    pub const fn from_corner(mut self, left: i32, bottom: i32) -> Self {
        self.left = left;
        self.bottom = bottom;
        self
    }

    fn check(&self) -> Result<()> {
        match &self.anchor {
            Anchor::Field(name) if name.is_empty() => {
                return Err(Error::invalid(
                    "signatures.position.acrofield",
                    "the form field needs a name",
                ));
            }
            Anchor::Page(0) => {
                return Err(Error::invalid(
                    "signatures.position.page",
                    "expected a page number from 1",
                ));
            }
            Anchor::Text(text) if text.expose().trim().is_empty() => {
                return Err(Error::invalid(
                    "signatures.position.textcontent",
                    "the text to search for is empty",
                ));
            }
            Anchor::Field(_) | Anchor::Page(_) | Anchor::Text(_) => {}
        }
        let may_be_negative = matches!(self.anchor, Anchor::Text(_));
        let outside = "the distance from a border must not be negative";
        if self.left < 0 && !may_be_negative {
            return Err(Error::invalid("signatures.position.left", outside));
        }
        if self.bottom < 0 && !may_be_negative {
            return Err(Error::invalid("signatures.position.bottom", outside));
        }
        if self.width == 0 {
            return Err(Error::invalid(
                "signatures.position.width",
                "the width must not be 0",
            ));
        }
        if self.height == 0 {
            return Err(Error::invalid(
                "signatures.position.height",
                "the height must not be 0",
            ));
        }
        Ok(())
    }

    /// Parses a complete position. One with two anchors is not valid.
    fn read(object: &Object) -> Option<Self> {
        let field = loose::text(object, "acrofield").map(Anchor::Field);
        let page = loose::number(object, "page").map(Anchor::Page);
        let text = loose::text(object, "textcontent").map(|text| Anchor::Text(text.into()));
        let mut anchors = [field, page, text].into_iter().flatten();
        let (Some(anchor), None) = (anchors.next(), anchors.next()) else {
            return None;
        };
        Some(Self {
            anchor,
            left: loose::number(object, "left")?,
            bottom: loose::number(object, "bottom")?,
            width: loose::number(object, "width")?,
            height: loose::number(object, "height")?,
        })
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(position) = &self.position {
            map.serialize_entry("position", position)?;
        }
        match &self.appearance {
            None => {}
            Some(Appearance::Handwritten) => map.serialize_entry("type", "HANDWRITTEN")?,
            Some(Appearance::Other(kind)) => map.serialize_entry("type", kind)?,
            Some(Appearance::Electronic(seal)) => {
                map.serialize_entry("type", "ELECTRONIC")?;
                for (name, size) in [
                    ("signatureFontSize", seal.font_size),
                    ("signatureFontSize2", seal.second_font_size),
                ] {
                    if let Some(size) = size {
                        map.serialize_entry(name, &size)?;
                    }
                }
                if let Some(image) = &seal.image {
                    map.serialize_entry("signatureImage", image)?;
                }
            }
        }
        if let Some(optional) = self.optional {
            // Text, as in both of the document's examples (chapters 7.1.2.4 and 7.1.2.5).
            map.serialize_entry("optional", if optional { "true" } else { "false" })?;
        }
        map.end()
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5))?;
        match &self.anchor {
            Anchor::Field(name) => map.serialize_entry("acrofield", name)?,
            // Text, as in the document's example (chapter 7.1.2.5).
            Anchor::Page(number) => map.serialize_entry("page", &number.to_string())?,
            Anchor::Text(text) => map.serialize_entry("textcontent", text.expose())?,
        }
        map.serialize_entry("left", &self.left)?;
        map.serialize_entry("width", &self.width)?;
        map.serialize_entry("bottom", &self.bottom)?;
        map.serialize_entry("height", &self.height)?;
        map.end()
    }
}

/// Refuses signatures that the document does not allow. An unknown data centre allows all that any
/// allows.
pub(super) fn check(signatures: &Signatures, centre: Option<DataCentre>) -> Result<()> {
    if centre == Some(DataCentre::Ch) && signatures.len() > 1 {
        return Err(Error::invalid(
            "signatures",
            "the data centre in Switzerland supports only one signature on a document",
        ));
    }
    if signatures.keys().any(String::is_empty) {
        return Err(Error::invalid("signatures", "a signature needs a name"));
    }
    signatures
        .values()
        .try_for_each(|signature| signature.check(centre))
}

/// Parses the signatures of an object and skips invalid ones.
pub(super) fn read(object: &Object) -> Signatures {
    let named = loose::object(object, "signatures").into_iter().flatten();
    named
        .filter_map(|(name, value)| Some((name.clone(), Signature::read(value.as_object()?))))
        .collect()
}
