//! The images of a result as evidence, and their ids (chapters 3.3.4 and 3.8).

use std::collections::HashSet;

use idv_core::adapter::{find_word, non_empty};
use idv_core::report::{Evidence, EvidenceKind};
use idv_core::{EvidenceId, Pii};

use crate::wire::Image;

/// The prefix of the ids of images.
const PREFIX: &str = "image/";

/// Returns the images with contents as evidence, in their order.
///
/// The id of an image is its name: `image/front_20211008-091623-123.jpg`. Without a name, or with a
/// repeated one, the id is its position, counted from 1: `image/#2`.
///
/// ```
/// use idv_core::report::EvidenceKind;
/// use idv_identity_tm::normalize;
/// use idv_identity_tm::wire::Images;
///
/// let response = Images::read(br#"{"Images":[
///     {"Image":"/9j/4AAQSkZJRg==","Filename":"back_20211008-091705-123.jpg"},
///     {"Image":"/9j/4AAQSkZJRg=="}]}"#)?;
/// let evidence = normalize::images(&response.images);
/// assert_eq!(evidence[0].id.as_str(), "image/back_20211008-091705-123.jpg");
/// assert_eq!(evidence[0].kind, EvidenceKind::DocumentBack);
/// assert_eq!(evidence[1].id.as_str(), "image/#2");
/// # Ok::<(), idv_core::Error>(())
/// ```
#[must_use]
pub fn images<'i, 'a: 'i>(images: impl IntoIterator<Item = &'i Image<'a>>) -> Vec<Evidence> {
    let mut seen = HashSet::new();
    let mut evidence = Vec::new();
    for (image, place) in images.into_iter().zip(1_usize..) {
        // A repeated name is ignored, even if the first image of that name is empty.
        let telling = telling(image).filter(|name| seen.insert(*name));
        if image.image.is_some() {
            let id = telling.map_or_else(
                || format!("{PREFIX}#{place}"),
                |name| [PREFIX, name].concat(),
            );
            evidence.push(piece(image, id));
        }
    }
    evidence
}

/// Returns the image with an id of [`images`], in the same list or in another response about the
/// same order.
///
/// ```
/// use idv_core::EvidenceId;
/// use idv_identity_tm::normalize;
/// use idv_identity_tm::wire::Images;
///
/// let response = Images::read(br#"{"Images":[
///     {"Image":"/9j/4AAQSkZJRg==","Filename":"back_20211008-091705-123.jpg"},
///     {"Image":"/9j/4AAQSkZJRg==","Filename":"front_20211008-091623-123.jpg"}]}"#)?;
/// let id = EvidenceId::new("image/front_20211008-091623-123.jpg");
/// let image = normalize::find_image(&response.images, &id);
/// assert_eq!(image, response.images.get(1));
/// # Ok::<(), idv_core::Error>(())
/// ```
#[must_use]
pub fn find_image<'i, 'a: 'i>(
    images: impl IntoIterator<Item = &'i Image<'a>>,
    id: &EvidenceId,
) -> Option<&'i Image<'a>> {
    let name = id.as_str().strip_prefix(PREFIX)?;
    let mut images = images.into_iter();
    match name.strip_prefix('#') {
        Some(place) => images.nth(place.parse::<usize>().ok()?.checked_sub(1)?),
        None => images.find(|image| telling(image) == Some(name)),
    }
}

fn piece(image: &Image<'_>, id: String) -> Evidence {
    let name = non_empty(image.filename.as_ref());
    let mut evidence = Evidence::new(EvidenceId::new(id), name.map_or(EvidenceKind::Other, shown));
    evidence.media_type = name.and_then(media_type).map(str::to_owned);
    evidence.name = name.map(Pii::from);
    evidence
}

/// Returns the name, unless it looks like a position.
fn telling<'i>(image: &'i Image<'_>) -> Option<&'i str> {
    non_empty(image.filename.as_ref()).filter(|name| !name.starts_with('#'))
}

/// Returns the kind of an image by its name: the sample of chapter 3.8.6 has `front_…` and
/// `back_…`.
fn shown(name: &str) -> EvidenceKind {
    let word = name
        .split(|character: char| !character.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    let known = [
        ("front", EvidenceKind::DocumentFront),
        ("back", EvidenceKind::DocumentBack),
    ];
    find_word(&known, word).unwrap_or(EvidenceKind::Other)
}

/// Returns the media type of a file name's extension.
fn media_type(name: &str) -> Option<&'static str> {
    #[rustfmt::skip]
    static ENDINGS: &[(&str, &str)] = &[
        ("jpg", "image/jpeg"), ("jpeg", "image/jpeg"), ("png", "image/png"), ("pdf", "application/pdf"),
    ];
    let (_, ending) = name.rsplit_once('.')?;
    find_word(ENDINGS, ending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Images;

    #[test]
    fn every_file_has_a_unique_id_that_finds_it() {
        let json = br##"{"Images":[{"Image":"AA==","Filename":"a.jpg"},{"Image":"AQ==","Filename":"a.jpg"},{"Image":"Ag=="},
            {"Image":"Aw==","Filename":"#1"},{"Filename":"empty.jpg"},null,{"Image":"BA==","Filename":"front.PNG"}]}"##;
        let images = Images::read(json).unwrap().images;
        let pieces = super::images(&images);
        let ids: Vec<_> = pieces.iter().map(|piece| piece.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "image/a.jpg",
                "image/#2",
                "image/#3",
                "image/#4",
                "image/front.PNG"
            ]
        );
        for (piece, byte) in pieces.iter().zip(0_u8..) {
            let mut file = Vec::new();
            let contents = find_image(&images, &piece.id)
                .unwrap()
                .image
                .as_ref()
                .unwrap();
            contents
                .decode(|piece| {
                    file.extend_from_slice(piece);
                    Ok(())
                })
                .unwrap();
            assert_eq!(file, [byte], "{:?}", piece.name);
        }
        for id in [
            "image/#0",
            "image/#99",
            "image/#x",
            "image/b.jpg",
            "image/",
            "image/#1x",
            "voice/a.jpg",
            "a.jpg",
            "",
        ] {
            assert!(find_image(&images, &EvidenceId::new(id)).is_none(), "{id}");
        }
    }

    #[test]
    fn file_names_tell_the_kind_of_image() {
        let json = br#"{"Images":[{"Image":"AA==","Filename":"front_20211008-091623-123.jpg"},
            {"Image":"AA==","Filename":"back_1.png"},{"Image":"AA==","Filename":"frontier.gif"}]}"#;
        let images = Images::read(json).unwrap().images;
        let kinds: Vec<_> = super::images(&images)
            .into_iter()
            .map(|piece| (piece.kind, piece.media_type))
            .collect();
        let media_type = |text: &str| Some(text.to_owned());
        assert_eq!(
            kinds,
            [
                (EvidenceKind::DocumentFront, media_type("image/jpeg")),
                (EvidenceKind::DocumentBack, media_type("image/png")),
                (EvidenceKind::Other, None),
            ]
        );
    }
}
