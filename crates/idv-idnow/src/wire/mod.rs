//! IDnow's results, member by member: JSON (chapter 13.4) and XML (chapter 13.3).
//!
//! Parsing is tolerant because the document contradicts itself and the service has grown beyond it:
//! any member may be missing, null or of another type, and the last of repeated members counts. A
//! member without a field keeps its shape in the section's `others`. A truncated or ill-formed
//! payload is an error.
//!
//! Text borrows from the payload and has no `Display`.

pub mod archive;
mod entry;
mod error;
mod item;
mod list;
mod sections;

use idv_core::adapter::wire::{Members, decoded, decoded_xml, read_json, read_xml};
use idv_core::{Error, Result};

pub use entry::{Entries, Entry};
pub use error::{ErrorBody, VendorError};
pub use item::{ClassList, Classes, Item, Scalar};
pub use sections::{
    Address, ContactData, ESigning, Identification, IdentificationDocument, IdentificationProcess,
    UserData,
};

/// The identifications of a payload.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Payload<'a> {
    /// The identifications, in their order.
    pub identifications: Vec<Identification<'a>>,
    /// The number of list entries without a name, which cannot be attributed. They do not affect
    /// other entries.
    pub unreadable: usize,
    /// Whether the payload is a list. A single result is bare in responses and callbacks (chapters
    /// 8.3.3.2 and 14.4.1), and a list of one in files (chapters 13.3 and 13.4).
    pub listed: bool,
    /// Members beside the list.
    pub others: Members,
}

/// Parses a payload: a bare identification, `{"identifications": […]}`, an array, or XML. The first
/// byte determines the format.
///
/// ```
/// use idv_idnow::wire;
///
/// let json = br#"{"identificationprocess": {"result": "SUCCESS", "transactionnumber": "AH73JK3LM"}}"#;
/// let payload = wire::read(json)?;
/// let process = &payload.identifications[0].identificationprocess;
/// assert_eq!(process.result.as_deref().map(idv_core::Text::expose), Some("SUCCESS"));
/// assert!(!payload.listed);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload is truncated or ill-formed; if JSON
/// is not UTF-8, or XML is not in its declared encoding; if a bare object names no identification;
/// if the payload is an archive, whose result [`archive::result`] extracts; or if it has far more
/// members than its length suggests.
pub fn read(bytes: &[u8]) -> Result<Payload<'_>> {
    if archive::is_archive(bytes) {
        return Err(Error::malformed(
            "the payload is a ZIP archive: extract its result first",
        ));
    }
    let content = bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(bytes)
        .trim_ascii_start();
    match content.first() {
        Some(b'<') => read_xml::<list::Xml<'_>>(decoded_xml(bytes)?)?.into_payload(),
        Some(b'{' | b'[') => read_json::<list::Json<'_>>(decoded(bytes)?)?.into_payload(),
        Some(_) => Err(Error::malformed("expected JSON or XML")),
        None => Err(Error::malformed("the payload is empty")),
    }
}
