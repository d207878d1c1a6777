//! The parts of a result beyond the model, by the vendor's names as paths.

use idv_core::adapter::{CustomValues, NameClash, path};

use crate::wire::{Code, Image, Named};

/// The prefix of values that were submitted with the order and not checked.
pub(super) const SUBMITTED: &str = "InitialData";

/// If a name has several values, all are kept.
pub(super) const CLASH: NameClash = NameClash::Number;

/// Adds texts below a path.
pub(super) fn add_texts<'r, 'a: 'r>(
    custom: &mut CustomValues,
    parent: &str,
    texts: impl IntoIterator<Item = Named<'r, 'a>>,
) {
    for (name, text) in texts {
        custom.text(parent, name, text);
    }
}

/// Adds a code below a path.
pub(super) fn add_code(
    custom: &mut CustomValues,
    parent: &str,
    name: &str,
    code: Option<&Code<'_>>,
) {
    if let Some(code) = code {
        custom.add_filled(path(parent, name), code.to_value());
    }
}

/// Adds the members of images that evidence lacks: unknown members, and the names of images without
/// contents.
pub(super) fn add_images<'i, 'a: 'i>(
    custom: &mut CustomValues,
    parent: &str,
    images: impl IntoIterator<Item = &'i Image<'a>>,
) {
    for (index, image) in images.into_iter().enumerate() {
        if image.image.is_some() && image.others.is_empty() {
            continue;
        }
        let index = index.to_string();
        let parent = path(parent, &index);
        if image.image.is_none() {
            custom.text(&parent, "Filename", image.filename.as_ref());
        }
        custom.members(&parent, &image.others);
    }
}
