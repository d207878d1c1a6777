//! The ZIP archive of an identification (chapter 8.3.3.1), with limits on everything that a hostile one could make large.
//!
//! Without the feature `archive` the functions fail with [`Unsupported`](idv_core::ErrorKind::Unsupported), which names it.

use idv_core::Result;

/// What an archive may be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many entries it may have.
    pub entries: usize,
    /// How many bytes all entries may be when unpacked.
    pub total: u64,
    /// How many bytes one entry may be when unpacked.
    pub entry: u64,
    /// How many times as long as packed an entry may be when unpacked. Deflate cannot do more than 1032.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1000, total: 256 * 1024 * 1024, entry: 256 * 1024 * 1024, ratio: 200 }
    }
}

/// Whether bytes begin like an archive.
#[must_use]
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The result that lies in an archive: its `.xml`, or its `.json` where there is none.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where the archive cannot be read, holds no result or more than one, or names a place
/// outside of itself; [`LimitExceeded`](idv_core::ErrorKind::LimitExceeded) where it is larger than allowed.
pub fn result(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    implementation::result(bytes, limits)
}

/// One file of an archive: by its name, or by the key that the result's attachments have for it (13.1.6).
///
/// # Errors
///
/// [`NotFound`](idv_core::ErrorKind::NotFound) where there is none of that name, and as [`result`].
pub fn entry(bytes: &[u8], name_or_key: &str, limits: &Limits) -> Result<Vec<u8>> {
    implementation::entry(bytes, name_or_key, limits)
}

/// The names of all files of an archive.
///
/// # Errors
///
/// As [`result`].
pub fn names(bytes: &[u8], limits: &Limits) -> Result<Vec<String>> {
    implementation::names(bytes, limits)
}

#[cfg(not(feature = "archive"))]
mod implementation {
    use idv_core::{Error, ErrorKind, Result};

    use super::Limits;

    fn unsupported() -> Error {
        Error::new(ErrorKind::Unsupported).detail("reading ZIP archives needs the feature `archive`")
    }

    pub(super) fn result(_: &[u8], _: &Limits) -> Result<Vec<u8>> {
        Err(unsupported())
    }

    pub(super) fn entry(_: &[u8], _: &str, _: &Limits) -> Result<Vec<u8>> {
        Err(unsupported())
    }

    pub(super) fn names(_: &[u8], _: &Limits) -> Result<Vec<String>> {
        Err(unsupported())
    }
}

#[cfg(feature = "archive")]
mod implementation {
    use std::io::{Cursor, Read as _};

    use idv_core::{Error, ErrorKind, Result};
    use zip::ZipArchive;

    use super::Limits;

    type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

    pub(super) fn result(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>> {
        let (mut archive, names) = open(bytes, limits)?;
        let name = result_name(&names)?;
        unpack(&mut archive, name, limits)
    }

    pub(super) fn entry(bytes: &[u8], wanted: &str, limits: &Limits) -> Result<Vec<u8>> {
        let (mut archive, names) = open(bytes, limits)?;
        if names.iter().any(|name| name == wanted) {
            return unpack(&mut archive, wanted, limits);
        }
        let result = unpack(&mut archive, result_name(&names)?, limits)?;
        let payload = crate::wire::read(&result)?;
        let attachments = payload.identifications.iter().filter_map(|identification| identification.attachments.as_ref());
        let name = attachments.filter_map(|attachments| attachments.named(wanted)).next().ok_or_else(missing)?;
        unpack(&mut archive, name.expose(), limits)
    }

    pub(super) fn names(bytes: &[u8], limits: &Limits) -> Result<Vec<String>> {
        Ok(open(bytes, limits)?.1)
    }

    /// The name of the one result among the files.
    fn result_name(names: &[String]) -> Result<&String> {
        let ending =
            |ending: &str| -> Vec<&String> { names.iter().filter(|name| name.to_ascii_lowercase().ends_with(ending)).collect() };
        let mut found = ending(".xml");
        if found.is_empty() {
            found = ending(".json");
        }
        match found.as_slice() {
            [name] => Ok(name),
            [] => Err(Error::malformed("the archive holds no result: no .xml and no .json")),
            _ => Err(Error::malformed("the archive holds more than one result")),
        }
    }

    /// Opens an archive and checks all that its directory says, before anything is unpacked. Returns the names of its files too.
    fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<(Archive<'a>, Vec<String>)> {
        let unreadable = |_| Error::malformed("the ZIP archive cannot be read: it is truncated or broken");
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
        if archive.len() > limits.entries {
            return Err(too_large(format!("the archive has more than {} entries", limits.entries)));
        }
        let mut total = 0_u64;
        let mut names = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(unreadable)?;
            if entry.encrypted() {
                return Err(Error::malformed("the archive is encrypted"));
            }
            let name = entry.name().map_err(unreadable)?;
            if !stays_inside(&name) {
                return Err(Error::malformed("the archive names a place outside of itself"));
            }
            names.push(name.into_owned());
            total = total.saturating_add(entry.size());
            if total > limits.total {
                return Err(too_large(format!("the archive is more than {} bytes when unpacked", limits.total)));
            }
            if entry.size() > entry.compressed_size().saturating_mul(limits.ratio).saturating_add(1024) {
                return Err(too_large(format!("an entry of the archive grows by more than {} times", limits.ratio)));
            }
        }
        Ok((archive, names))
    }

    /// Unpacks one entry. What the directory says of its length is not believed.
    fn unpack(archive: &mut Archive<'_>, name: &str, limits: &Limits) -> Result<Vec<u8>> {
        let entry = archive.by_name(name).map_err(|error| match error {
            zip::result::ZipError::FileNotFound => missing(),
            _ => Error::malformed("an entry of the archive cannot be read"),
        })?;
        let mut unpacked = Vec::new();
        entry
            .take(limits.entry.saturating_add(1))
            .read_to_end(&mut unpacked)
            .map_err(|_| Error::malformed("an entry of the archive is broken"))?;
        if unpacked.len() as u64 > limits.entry {
            return Err(too_large(format!("an entry of the archive is more than {} bytes when unpacked", limits.entry)));
        }
        Ok(unpacked)
    }

    /// Whether a name is one of a file within the archive: relative, without `..`, without another system's separators.
    fn stays_inside(name: &str) -> bool {
        !name.is_empty()
            && !name.starts_with('/')
            && !name.contains(['\\', '\0', ':'])
            && name.split('/').all(|part| part != "..")
    }

    fn missing() -> Error {
        Error::new(ErrorKind::NotFound).detail("the archive holds no such file")
    }

    fn too_large(detail: String) -> Error {
        Error::new(ErrorKind::LimitExceeded).detail(detail)
    }
}
