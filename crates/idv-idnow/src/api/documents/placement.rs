//! Signatures on a document: their appearance and their place (chapter 7.1.2).

use std::collections::BTreeMap;

use idv_core::{Error, Pii, Result};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::api::loose::{self, Object};
use crate::config::DataCentre;

/// The signatures of a document, by the names that the company gives them: "mysignature1".
pub type Signatures = BTreeMap<String, Signature>;

/// A signature to be placed on a document (table of chapter 7.1.2). What is `None` is not sent, and IDnow's default holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// Its place. To be sent always; absent only if IDnow's answer has none that can be read.
    pub position: Option<Position>,
    /// Its appearance. IDnow's default is [`Appearance::Electronic`].
    pub appearance: Option<Appearance>,
    /// Whether the document may do without: without the page or the form field, IDnow refuses a signature that it may not do
    /// without. IDnow's default is that it may not.
    pub optional: Option<bool>,
}

/// The appearance of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Appearance {
    /// A seal with text: `ELECTRONIC`.
    Electronic(Seal),
    /// Written by the person with the mouse or a finger: `HANDWRITTEN`. IDnow activates it by account.
    Handwritten,
    /// A type that the document does not have, as IDnow wrote it. It is read and never sent.
    Other(String),
}

/// A seal with text. What is `None` is not sent, and IDnow's default holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seal {
    /// The size of the text; IDnow's default is 8.
    pub font_size: Option<u32>,
    /// The size of the second line; IDnow's default is 8. Only the data centre in Switzerland has it.
    pub second_font_size: Option<u32>,
    /// The name of the image behind the text, of `a-z`, `0-9` and `_`; IDnow's default is `idnow_seal`, which is 250 pixels wide
    /// and 35 high and needs the room. A company can give IDnow images of its own.
    pub image: Option<String>,
}

/// Where a signature stands: what it is placed by, and its place from there.
///
/// The document gives the lengths no unit; it counts images in pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// The anchor that it is placed by.
    pub anchor: Anchor,
    /// The distance from the left border of the anchor: of the field, or of the page. Beside a text it may be negative.
    pub left: i32,
    /// The distance from the bottom border of the anchor. Beside a text it may be negative.
    pub bottom: i32,
    /// The width of the space for the signature.
    pub width: u32,
    /// The height of the space for the signature.
    pub height: u32,
}

/// The anchor of a signature: one of three, which exclude each other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Anchor {
    /// The form field of this name in the PDF file, called acrofield (chapter 7.1.2.1).
    Field(String),
    /// The page of this number, from 1 (chapter 7.1.2.2).
    Page(u32),
    /// Every occurrence of this text in the document (chapter 7.1.2.3). Ligatures and the like hide a text that is there to the
    /// eye: a field is surer. It may hold a person's name.
    Text(Pii<String>),
}

impl Signature {
    /// A signature at a place, as IDnow draws it by default.
    #[must_use]
    pub fn at(position: Position) -> Self {
        Self {
            position: Some(position),
            ..Self::default()
        }
    }

    /// The same signature with a look.
    #[must_use]
    pub fn with_appearance(mut self, appearance: Appearance) -> Self {
        self.appearance = Some(appearance);
        self
    }

    /// The same signature, which the document may do without or not.
    #[must_use]
    pub const fn with_optional(mut self, optional: bool) -> Self {
        self.optional = Some(optional);
        self
    }

    fn check(&self, centre: Option<DataCentre>) -> Result<()> {
        let position = self.position.as_ref();
        position
            .ok_or_else(|| Error::invalid("signatures.position", "a signature needs a place"))?
            .check()?;
        match &self.appearance {
            None | Some(Appearance::Handwritten) => Ok(()),
            Some(Appearance::Electronic(seal)) => seal.check(centre),
            Some(Appearance::Other(_)) => Err(Error::invalid(
                "signatures.type",
                "a signature is ELECTRONIC or HANDWRITTEN: the document has no other type",
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
                "a font has a size of 1 at least",
            ));
        }
        if self.second_font_size == Some(0) {
            return Err(Error::invalid(
                "signatures.signatureFontSize2",
                "a font has a size of 1 at least",
            ));
        }
        // Of the test system nobody says which of the two it is.
        if self.second_font_size.is_some() && centre == Some(DataCentre::De) {
            return Err(Error::invalid(
                "signatures.signatureFontSize2",
                "only the data centre in Switzerland has it",
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
                "the name of an image has only a-z, 0-9 and _",
            ));
        }
        Ok(())
    }
}

impl Position {
    /// A space of this width and height, at the left and bottom border of its anchor.
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

    /// The same space, this far from the left and the bottom border.
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
                    "the form field needs its name",
                ));
            }
            Anchor::Page(0) => {
                return Err(Error::invalid(
                    "signatures.position.page",
                    "pages are counted from 1",
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
        let outside = "the distance from a border is not negative";
        if self.left < 0 && !may_be_negative {
            return Err(Error::invalid("signatures.position.left", outside));
        }
        if self.bottom < 0 && !may_be_negative {
            return Err(Error::invalid("signatures.position.bottom", outside));
        }
        if self.width == 0 {
            return Err(Error::invalid(
                "signatures.position.width",
                "the space for a signature has a width",
            ));
        }
        if self.height == 0 {
            return Err(Error::invalid(
                "signatures.position.height",
                "the space for a signature has a height",
            ));
        }
        Ok(())
    }

    /// A position that is whole. One that names two anchors has no place, and is none.
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
            // A text, as both of the document's examples have it here (chapters 7.1.2.4 and 7.1.2.5).
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
            // A text, as the document's example has it (chapter 7.1.2.5).
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

/// Refuses signatures that the document does not allow. A data centre that is not known allows what any does.
pub(super) fn check(signatures: &Signatures, centre: Option<DataCentre>) -> Result<()> {
    if centre == Some(DataCentre::Ch) && signatures.len() > 1 {
        return Err(Error::invalid(
            "signatures",
            "the data centre in Switzerland places one signature on a document",
        ));
    }
    if signatures.keys().any(String::is_empty) {
        return Err(Error::invalid("signatures", "a signature needs a name"));
    }
    signatures
        .values()
        .try_for_each(|signature| signature.check(centre))
}

/// The signatures of an object; what is none is passed over.
pub(super) fn read(object: &Object) -> Signatures {
    let named = loose::object(object, "signatures").into_iter().flatten();
    named
        .filter_map(|(name, value)| Some((name.clone(), Signature::read(value.as_object()?))))
        .collect()
}
