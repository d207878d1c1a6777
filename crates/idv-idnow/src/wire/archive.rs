//! Results and files in ZIP archives (chapter 8.3.3.1).
//!
//! An archive is read for names and for single entries, within [`Limits`]; nothing is unpacked onto a disk, and an archive in an
//! archive stays closed. Reading needs the feature `archive` of this crate.

use idv_core::Result;
#[cfg(not(feature = "archive"))]
use idv_core::{Error, ErrorKind};

/// How large an archive may be when it is read.
///
/// The defaults suit a call by video of the usual length; where [`Limits::entry`] is raised for longer ones, raise
/// [`Limits::total`] too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many entries it may have: 1000.
    pub entries: usize,
    /// How long all its entries may be together, unpacked, in bytes: 1 GiB. They are never unpacked all at once.
    pub total: u64,
    /// How long the entry that is read may be, unpacked, in bytes: 256 MiB.
    pub entry: u64,
    /// How many times longer an entry may be unpacked than packed: 200. What is shorter than 1 MiB is never too long by this.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1000, total: 1 << 30, entry: 256 << 20, ratio: 200 }
    }
}

/// Whether a payload is a ZIP archive, by its first bytes.
#[must_use]
pub fn is_archive(bytes: &[u8]) -> bool {
    // A file, or the end of an archive without files.
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The result in an archive: its XML, else its JSON. [`wire::read`](super::read) reads it.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where the archive cannot be read, has no result, or has an entry with a name that
/// leads out of it, a name twice, or an encrypted entry; [`LimitExceeded`](idv_core::ErrorKind::LimitExceeded) where it is larger
/// than `limits` allow; [`Unsupported`](idv_core::ErrorKind::Unsupported) without the feature `archive`.
pub fn result(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    #[cfg(feature = "archive")]
    return unzip::result(bytes, limits);
    #[cfg(not(feature = "archive"))]
    return unsupported(bytes, limits);
}

/// One file of an archive: by its name, or by the key under which the result's attachments list it.
///
/// # Errors
///
/// Those of [`result`]; [`NotFound`](idv_core::ErrorKind::NotFound) where there is no such file.
pub fn entry(bytes: &[u8], name_or_key: &str, limits: &Limits) -> Result<Vec<u8>> {
    #[cfg(feature = "archive")]
    return unzip::entry(bytes, name_or_key, limits);
    #[cfg(not(feature = "archive"))]
    return {
        let _ = name_or_key;
        unsupported(bytes, limits)
    };
}

/// The names of an archive's files, in their order. They hold the transaction number and, by account, custom data (chapter 9.2.2).
///
/// # Errors
///
/// Those of [`result`], but for the want of a result.
pub fn names(bytes: &[u8], limits: &Limits) -> Result<Vec<String>> {
    #[cfg(feature = "archive")]
    return unzip::names(bytes, limits);
    #[cfg(not(feature = "archive"))]
    return unsupported(bytes, limits);
}

/// The result that [`result`] finds, and the signature beside it: the file of the same name that ends in `.sig` (chapter 13.3.1).
/// Only XML is signed.
#[cfg(all(feature = "archive", feature = "signature"))]
pub(crate) fn signed(bytes: &[u8], limits: &Limits) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
    unzip::signed(bytes, limits)
}

#[cfg(not(feature = "archive"))]
fn unsupported<T>(_: &[u8], _: &Limits) -> Result<T> {
    Err(Error::new(ErrorKind::Unsupported).detail("reading ZIP archives needs the feature `archive` of the crate idv-idnow"))
}

#[cfg(feature = "archive")]
mod unzip {
    use std::io::{Cursor, Read};

    use idv_core::{Error, ErrorKind, Result};
    use zip::ZipArchive;
    use zip::read::ZipReadOptions;

    use super::Limits;

    /// An entry that is as short as this cannot do harm by its ratio.
    const HARMLESS: u64 = 1 << 20;
    /// How long a result may be that is read only to find a file.
    const RESULT: u64 = 16 << 20;
    /// How long a signature may be: one of the longest key has a thousand bytes.
    #[cfg(feature = "signature")]
    const SIGNATURE: u64 = 64 << 10;

    pub(super) fn result(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>> {
        let mut archive = Archive::open(bytes, limits)?;
        let file = archive.result().ok_or_else(|| Error::malformed("there is no result in the archive: no XML, no JSON"))?;
        archive.read(&file, limits.entry)
    }

    pub(super) fn entry(bytes: &[u8], name_or_key: &str, limits: &Limits) -> Result<Vec<u8>> {
        let mut archive = Archive::open(bytes, limits)?;
        let file = match archive.named(name_or_key) {
            Some(file) => Some(file),
            None => archive.listed(name_or_key)?,
        };
        let file = file.ok_or_else(|| Error::new(ErrorKind::NotFound).detail("the archive has no such file"))?;
        archive.read(&file, limits.entry)
    }

    pub(super) fn names(bytes: &[u8], limits: &Limits) -> Result<Vec<String>> {
        let archive = Archive::open(bytes, limits)?;
        Ok(archive.files.into_iter().map(|file| file.name).collect())
    }

    #[cfg(feature = "signature")]
    pub(super) fn signed(bytes: &[u8], limits: &Limits) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
        let mut archive = Archive::open(bytes, limits)?;
        let xml = archive.find(|file| file.has_extension("xml"));
        let xml = xml.ok_or_else(|| Error::malformed("there is no result as XML in the archive, which is what IDnow signs"))?;
        let signature = archive.find(|file| file.has_extension("sig") && file.stem() == xml.stem());
        let signature = signature.map(|file| archive.read(&file, SIGNATURE.min(limits.entry))).transpose()?;
        Ok((archive.read(&xml, limits.entry)?, signature))
    }

    /// An archive whose every entry has been looked at.
    struct Archive<'a> {
        zip: ZipArchive<Cursor<&'a [u8]>>,
        files: Vec<File>,
        limits: Limits,
    }

    #[derive(Clone)]
    struct File {
        name: String,
        index: usize,
        length: u64,
    }

    impl<'a> Archive<'a> {
        fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
            if is_zip64(bytes) {
                return Err(exceeded("the archive is written as one of 4 GiB or of 65,536 entries (ZIP64)".to_owned()));
            }
            let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
            if zip.len() > limits.entries {
                return Err(exceeded(format!("the archive has more than {} entries", limits.entries)));
            }
            if zip.has_duplicate_names() {
                return Err(Error::malformed("two entries of the archive have the same name"));
            }
            let mut archive = Self { files: Vec::with_capacity(zip.len()), zip, limits: *limits };
            archive.look_at_every_entry()?;
            Ok(archive)
        }

        fn look_at_every_entry(&mut self) -> Result<()> {
            let mut total = 0_u64;
            for index in 0..self.zip.len() {
                let entry = self.zip.by_index_data(index).map_err(|_| unreadable())?;
                if entry.encrypted() {
                    return Err(Error::malformed("an entry of the archive is encrypted"));
                }
                let name = entry.name().map_err(|_| unreadable())?;
                if !stays_inside(&name) || entry.is_symlink() {
                    return Err(Error::malformed("an entry of the archive leads out of it"));
                }
                total = total.saturating_add(entry.size());
                if total > self.limits.total {
                    return Err(exceeded(format!("the archive holds more than {} bytes", self.limits.total)));
                }
                if entry.size() > HARMLESS && entry.size() / entry.compressed_size().max(1) > self.limits.ratio {
                    return Err(exceeded(format!("an entry of the archive is packed more than {} times", self.limits.ratio)));
                }
                if !entry.is_dir() {
                    self.files.push(File { name: name.into_owned(), index, length: entry.size() });
                }
            }
            Ok(())
        }

        /// The result: the XML, which is what IDnow signs (chapter 13.3.1), else the JSON.
        fn result(&self) -> Option<File> {
            ["xml", "json"].into_iter().find_map(|extension| self.find(|file| file.has_extension(extension)))
        }

        fn named(&self, name: &str) -> Option<File> {
            self.find(|file| file.name == name)
        }

        fn find(&self, is_it: impl Fn(&File) -> bool) -> Option<File> {
            self.files.iter().find(|file| is_it(file)).cloned()
        }

        /// The file that the result lists under a key; without a result, the one that has the name that the document gives it
        /// (chapter 13.1.6): `<transactionnumber>_<key>.<ending>`.
        fn listed(&mut self, key: &str) -> Result<Option<File>> {
            let Some(result) = self.result() else {
                return Ok(self.find(|file| file.stem().strip_suffix(key).is_some_and(|rest| rest.ends_with('_'))));
            };
            // What is wanted may be shorter than the result that says where it is.
            let bytes = self.read(&result, self.limits.entry.max(RESULT))?;
            let payload = crate::wire::read(&bytes)?;
            let attachments = payload.identifications.iter().flat_map(|identification| &identification.attachments);
            let name = attachments.filter(|entry| entry.name.expose() == key).map(|entry| entry.value.expose()).next_back();
            Ok(name.and_then(|name| self.named(name)))
        }

        fn read(&mut self, file: &File, limit: u64) -> Result<Vec<u8>> {
            if file.length > limit {
                return Err(exceeded(format!("the file is longer than {limit} bytes")));
            }
            let options = ZipReadOptions::new().enforce_header_consistency(true);
            let entry = self.zip.by_index_with_options(file.index, options).map_err(|_| unreadable())?;
            // What the archive says of a length is not believed: neither for the memory that is set aside nor for when to stop.
            let mut bytes = Vec::with_capacity(usize::try_from(file.length.min(HARMLESS)).unwrap_or(0));
            let read = entry.take(file.length.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| unreadable())?;
            if read as u64 != file.length {
                return Err(unreadable());
            }
            Ok(bytes)
        }
    }

    impl File {
        fn has_extension(&self, extension: &str) -> bool {
            self.name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case(extension))
        }

        fn stem(&self) -> &str {
            self.name.rsplit_once('.').map_or(self.name.as_str(), |(stem, _)| stem)
        }
    }

    /// Whether an archive says, at its end, that its directory needs 64 bits: the locator of such a directory stands 20 bytes before
    /// the usual end (APPNOTE 4.3.15 and 4.3.16). Such a directory can claim any number of entries, for which memory would be set aside
    /// before they are counted.
    fn is_zip64(bytes: &[u8]) -> bool {
        bytes.windows(24).any(|window| window.starts_with(b"PK\x06\x07") && window.ends_with(b"PK\x05\x06"))
    }

    /// Whether a name is a path below the archive's root, on every system.
    fn stays_inside(name: &str) -> bool {
        let path = name.strip_suffix('/').unwrap_or(name);
        !name.contains(['\\', '\0', ':']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
    }

    fn unreadable() -> Error {
        Error::malformed("the archive cannot be read: it is damaged, not whole, or packed in a way that is not supported")
    }

    fn exceeded(detail: String) -> Error {
        Error::new(ErrorKind::LimitExceeded).detail(detail)
    }
}
