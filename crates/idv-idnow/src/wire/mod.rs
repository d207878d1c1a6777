//! Results as IDnow sends them: JSON (chapter 13.4) and XML (chapter 13.3), in the vendor's own words.
//!
//! Reading is tolerant, since the document contradicts itself and the service has grown beyond it: every part may be missing, null
//! or of another type, and of a part that is repeated the last one counts. A part that no field can hold is kept in its own shape, in
//! the section's `others`. A payload that is not whole or not well formed is refused: half a result is no result.
//!
//! Text borrows from the payload, and none of it can be printed.

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
    /// The number of entries of a list that name no identification, and so cannot be read. They spoil nothing but themselves.
    pub unreadable: usize,
    /// Whether they came as a list. A single result comes bare over the API and in callbacks (chapters 8.3.3.2 and 14.4.1), and as a
    /// list of one in files (chapters 13.3 and 13.4).
    pub listed: bool,
    /// Members that stand beside the list.
    pub others: Members,
}

/// Reads a payload: a bare identification, `{"identifications": […]}`, an array, or XML. Its first byte tells which one it is.
///
/// ```
/// use idv_idnow::wire;
///
/// let payload = wire::read(br#"{"identificationprocess": {"result": "SUCCESS", "transactionnumber": "AH73JK3LM"}}"#)?;
/// let process = &payload.identifications[0].identificationprocess;
/// assert_eq!(process.result.as_deref().map(idv_core::Text::expose), Some("SUCCESS"));
/// assert!(!payload.listed);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not whole or not well formed; if JSON is not UTF-8, or XML is not in the
/// encoding that it declares; if it is a bare object that names no identification; if it is an archive, of which
/// [`archive::result`] finds the result; or if it has far more parts than its length suggests.
pub fn read(bytes: &[u8]) -> Result<Payload<'_>> {
    if archive::is_archive(bytes) {
        return Err(Error::malformed(
            "it is a ZIP archive: read the result in it on its own",
        ));
    }
    let content = bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(bytes)
        .trim_ascii_start();
    match content.first() {
        Some(b'<') => read_xml::<list::Xml<'_>>(decoded_xml(bytes)?)?.into_payload(),
        Some(b'{' | b'[') => read_json::<list::Json<'_>>(decoded(bytes)?)?.into_payload(),
        Some(_) => Err(Error::malformed("it is neither JSON nor XML")),
        None => Err(Error::malformed("it is empty")),
    }
}
