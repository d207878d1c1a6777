//! Files within JSON: images (chapter 3.8), audio (3.11), signed documents (3.5) and signed hashes
//! (3.6).

use serde::de::MapAccess;

use super::encoded::Encoded;
use super::result::Image;
use idv_core::Text;
use idv_core::adapter::wire::{Members, Name, Part, Shape, object, place};

object! {
    /// The recorded images (chapter 3.8.3): `getImages`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Images<'a> {
        /// The images, absent if none were recorded.
        "Images" images: Vec<Image<'a>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

object! {
    /// The audio recordings (chapter 3.11.5): `getVoiceFiles`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct VoiceFiles<'a> {
        /// The recordings.
        "Voicefiles" | "VoiceFiles" voice_files: Vec<VoiceFile<'a>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

object! {
    /// An audio recording (chapter 3.11.5).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct VoiceFile<'a> {
        /// The file name.
        "Filename" filename: Option<Text<'a>>,
        /// The file.
        "Base64Data" base64_data: Option<Encoded<'a>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

object! {
    /// The signed documents (chapter 3.5.4): `getESignPDF`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct SignedDocuments<'a> {
        /// The documents, in the order of submission.
        "PDFs" pdfs: Vec<SignedDocument<'a>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

object! {
    /// A signed document (chapter 3.5.4).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct SignedDocument<'a> {
        /// The file, a PDF.
        "Base64Data" base64_data: Option<Encoded<'a>>,
        /// The file name. The document does not list it, but announces further elements.
        "Filename" filename: Option<Text<'a>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

object! {
    /// The signed hashes (chapter 3.6.3): `getESignHash`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Hashes<'a> {
        /// The order's file names, and the signed hashes.
        "Hashes" hashes: NamedHashes<'a>,
    }
}

/// Hashes by name. The vendor sends an array of objects with one name each; one object with all
/// names is accepted, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedHashes<'a> {
    /// The names and hashes, in their order.
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
