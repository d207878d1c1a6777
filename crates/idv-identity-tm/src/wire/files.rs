//! Files that the vendor sends within JSON: images (chapter 3.8), audio (3.11), signed documents (3.5) and signed hashes (3.6).

use serde::de::MapAccess;

use super::encoded::Encoded;
use super::result::Image;
use idv_core::Text;
use idv_core::adapter::wire::{Members, Name, Part, Shape, object, place};

object! {
    /// The images that were recorded (chapter 3.8.3): `getImages`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Images<'a> {
        /// The images. Missing if none were recorded.
        "Images" images: Vec<Image<'a>>,
        ..
        /// Members that the document does not have or that have another shape than documented, by their names.
        others: Members,
    }
}

object! {
    /// The recordings of sound (chapter 3.11.5): `getVoiceFiles`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct VoiceFiles<'a> {
        /// The recordings.
        "Voicefiles" | "VoiceFiles" voice_files: Vec<VoiceFile<'a>>,
        ..
        /// Members that the document does not have or that have another shape than documented, by their names.
        others: Members,
    }
}

object! {
    /// A recording of sound (chapter 3.11.5).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct VoiceFile<'a> {
        /// Its name.
        "Filename" filename: Option<Text<'a>>,
        /// The file.
        "Base64Data" base64_data: Option<Encoded<'a>>,
        ..
        /// Members that the document does not have or that have another shape than documented, by their names.
        others: Members,
    }
}

object! {
    /// The documents that were signed (chapter 3.5.4): `getESignPDF`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct SignedDocuments<'a> {
        /// The documents, in the order in which they were submitted.
        "PDFs" pdfs: Vec<SignedDocument<'a>>,
        ..
        /// Members that the document does not have or that have another shape than documented, by their names.
        others: Members,
    }
}

object! {
    /// A document that was signed (chapter 3.5.4).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct SignedDocument<'a> {
        /// The file, a PDF.
        "Base64Data" base64_data: Option<Encoded<'a>>,
        /// Its name. The document does not list it, and says that elements may be added.
        "Filename" filename: Option<Text<'a>>,
        ..
        /// Members that the document does not have or that have another shape than documented, by their names.
        others: Members,
    }
}

object! {
    /// The hashes that were signed (chapter 3.6.3): `getESignHash`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Hashes<'a> {
        /// Names, as the order gave them, and signed hashes.
        "Hashes" hashes: NamedHashes<'a>,
    }
}

/// Hashes by name. The vendor sends an array of objects, each with one name; one object with all of them is read too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedHashes<'a> {
    /// Names and hashes, in their order.
    pub entries: Vec<(Text<'a>, Text<'a>)>,
}

impl<'de> Part<'de> for NamedHashes<'de> {
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Shape<Self>, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key_seed(Name)? {
            let hash = map.next_value_seed(place())?.expected();
            entries.extend(hash.map(|hash| (Text::new(name), hash)));
        }
        Ok(Shape::Expected(Self { entries }))
    }

    fn array<A: serde::de::SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        let hashes = Vec::<Self>::array(seq)?;
        Ok(hashes.map(|hashes| Self {
            entries: hashes
                .into_iter()
                .flat_map(|hashes| hashes.entries)
                .collect(),
        }))
    }
}
