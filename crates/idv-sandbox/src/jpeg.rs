//! A JPEG image of one grey pixel, of any length (ITU-T T.81).

use std::sync::LazyLock;

/// The shortest image.
pub(crate) static PIXEL: LazyLock<Vec<u8>> = LazyLock::new(|| image("", 0));

/// The start of the image, and the JFIF header.
const HEADER: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00";

/// The tables and the pixel.
const CONTENT: &[u8] = b"\
    \xff\xdb\x00\x43\x00\x08\x06\x06\x07\x06\x05\x08\x07\x07\x07\x09\x09\x08\x0a\x0c\x14\x0d\
    \x0c\x0b\x0b\x0c\x19\x12\x13\x0f\x14\x1d\x1a\x1f\x1e\x1d\x1a\x1c\x1c\x20\x24\x2e\x27\x20\
    \x22\x2c\x23\x1c\x1c\x28\x37\x29\x2c\x30\x31\x34\x34\x34\x1f\x27\x39\x3d\x38\x32\x3c\x2e\
    \x33\x34\x32\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00\xff\xc4\x00\x14\x00\x01\
    \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08\xff\xc4\x00\x14\x10\x01\
    \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xda\x00\x08\x01\x01\
    \x00\x00\x3f\x00\x37";

/// The end of the image.
const END: &[u8] = b"\xff\xd9";

/// Returns an image of at least `length` bytes that contains a comment, unless that is empty.
pub(crate) fn image(comment: &str, length: usize) -> Vec<u8> {
    let mut image = HEADER.to_vec();
    if let Ok(size) = u16::try_from(comment.len() + 2)
        && !comment.is_empty()
    {
        image.extend_from_slice(b"\xff\xfe");
        image.extend_from_slice(&size.to_be_bytes());
        image.extend_from_slice(comment.as_bytes());
    }
    image.extend_from_slice(CONTENT);
    // Any number of these bytes may precede a marker.
    image.resize(image.len().max(length.saturating_sub(END.len())), 0xff);
    image.extend_from_slice(END);
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_has_the_requested_length() {
        assert!(PIXEL.starts_with(HEADER) && PIXEL.ends_with(END));
        assert_eq!(image("", 5000).len(), 5000);
        let commented = image("front", 0);
        assert_eq!(commented.len(), PIXEL.len() + 9);
        assert!(
            commented
                .windows(9)
                .any(|bytes| bytes == b"\xff\xfe\x00\x07front")
        );
    }
}
