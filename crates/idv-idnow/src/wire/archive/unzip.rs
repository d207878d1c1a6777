//! Reads archives.

use std::io::{Cursor, Read};

use idv_core::{Error, ErrorKind, Result, Text};
use zip::ZipArchive;
use zip::read::ZipReadOptions;
use zip::result::ZipError;

use super::{Options, name};
use crate::wire;

/// The ratio limit does not apply to entries shorter than this.
const HARMLESS: u64 = 1 << 20;
/// The maximum size of a result that is only parsed to find a file.
const RESULT: u64 = 16 << 20;
/// The maximum size of a signature. The longest key's signature has a thousand bytes.
#[cfg(feature = "signature")]
const SIGNATURE: u64 = 64 << 10;
/// The maximum number of files without a result's extension that are inspected.
const UNNAMED_FILES: usize = 64;
/// The number of bytes of such a file that are inspected.
const BEGINNING: u64 = 64;

pub(super) fn result(bytes: &[u8], options: &Options<'_>) -> Result<Vec<u8>> {
    let mut archive = Archive::open(bytes, options)?;
    archive
        .result(Form::ALL, options.limits.entry)
        .map(|(_, bytes)| bytes)
}

pub(super) fn entry(bytes: &[u8], name_or_key: &str, options: &Options<'_>) -> Result<Vec<u8>> {
    let mut archive = Archive::open(bytes, options)?;
    let file = match archive.named(name_or_key, "") {
        Found::One(file) => file,
        Found::Several => {
            return Err(not_found(
                "several folders of the archive have a file of this name: use its path",
            ));
        }
        Found::None => archive
            .listed(name_or_key)?
            .ok_or_else(|| not_found("the archive has no such file"))?,
    };
    archive.read(&file, options.limits.entry)
}

pub(super) fn names(bytes: &[u8], options: &Options<'_>) -> Result<Vec<String>> {
    let archive = Archive::open(bytes, options)?;
    Ok(archive.files.into_iter().map(|file| file.path).collect())
}

#[cfg(feature = "signature")]
pub(super) fn signed(bytes: &[u8], options: &Options<'_>) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
    let mut archive = Archive::open(bytes, options)?;
    let (file, xml) = archive
        .result(&[Form::Xml], options.limits.entry)
        .map_err(|error| match error.kind() {
            ErrorKind::Malformed => {
                error.detail("the archive has no result as XML, the form that IDnow signs")
            }
            _ => error,
        })?;
    let signature = archive
        .files
        .iter()
        .find(|other| {
            name::has_extension(&other.path, "sig")
                && name::stem(&other.path) == name::stem(&file.path)
        })
        .cloned();
    let signature = signature
        .map(|file| archive.read(&file, SIGNATURE.min(options.limits.entry)))
        .transpose()?;
    Ok((xml, signature))
}

/// The forms of a result, beginning with the one that IDnow signs (chapter 13.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Xml,
    Json,
    /// A file whose name does not tell its form.
    Unnamed,
}

impl Form {
    const ALL: &'static [Self] = &[Self::Xml, Self::Json, Self::Unnamed];

    fn is_of(self, path: &str) -> bool {
        match self {
            Self::Xml => name::has_extension(path, "xml"),
            Self::Json => name::has_extension(path, "json"),
            Self::Unnamed => !Self::Xml.is_of(path) && !Self::Json.is_of(path),
        }
    }
}

/// An archive with only checked entries.
struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    files: Vec<File>,
    options: &'a Options<'a>,
}

#[derive(Clone)]
struct File {
    path: String,
    index: usize,
    length: u64,
    is_encrypted: bool,
}

/// The files of a name.
enum Found {
    One(File),
    None,
    Several,
}

impl<'a> Archive<'a> {
    fn open(bytes: &'a [u8], options: &'a Options<'a>) -> Result<Self> {
        if is_zip64(bytes) {
            return Err(exceeded(
                "the archive has the format for 4 GiB or 65,536 entries (ZIP64), which is \
                 not supported"
                    .to_owned(),
            ));
        }
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
        if zip.len() > options.limits.entries {
            return Err(exceeded(format!(
                "the archive has more than {} entries",
                options.limits.entries
            )));
        }
        let mut archive = Self {
            files: Vec::with_capacity(zip.len()),
            zip,
            options,
        };
        archive.examine()?;
        let mut paths: Vec<_> = archive
            .files
            .iter()
            .map(|file| file.path.as_str())
            .collect();
        paths.sort_unstable();
        if archive.zip.has_duplicate_names()
            || paths
                .windows(2)
                .any(|pair| matches!(pair, [a, b] if a == b))
        {
            return Err(Error::malformed(
                "two entries of the archive have the same name",
            ));
        }
        Ok(archive)
    }

    fn examine(&mut self) -> Result<()> {
        let limits = self.options.limits;
        let mut total = 0_u64;
        for index in 0..self.zip.len() {
            let entry = self.zip.by_index_data(index).map_err(|_| unreadable())?;
            let name = entry.name().map_err(|_| unreadable())?;
            let path = name::inside(&name).filter(|_| !entry.is_symlink());
            let path = path.ok_or_else(|| {
                Error::malformed("an entry of the archive has a path outside of it")
            })?;
            total = total.saturating_add(entry.size());
            if total > limits.total {
                return Err(exceeded(format!(
                    "the archive has more than {} bytes unpacked",
                    limits.total
                )));
            }
            if entry.size() > HARMLESS
                && entry.size() / entry.compressed_size().max(1) > limits.ratio
            {
                return Err(exceeded(format!(
                    "an entry of the archive has a compression ratio above {}",
                    limits.ratio
                )));
            }
            let file = File {
                path,
                index,
                length: entry.size(),
                is_encrypted: entry.encrypted(),
            };
            // On Windows, folders end in a backslash.
            if !entry.is_dir() && !name.ends_with('\\') {
                self.files.push(file);
            }
        }
        let encrypted: Vec<_> = self
            .files
            .iter()
            .filter(|file| file.is_encrypted)
            .map(|file| file.index)
            .collect();
        encrypted
            .into_iter()
            .try_for_each(|index| self.check_encryption(index))
    }

    /// Checks that an encrypted entry can be decrypted.
    fn check_encryption(&mut self, index: usize) -> Result<()> {
        match self.zip.get_aes_verification_key_and_salt(index) {
            Ok(Some(_)) if self.options.password.is_some() => Ok(()),
            Ok(Some(_)) => Err(Error::malformed(
                "the archive is encrypted (chapter 10.1): set `archive_password` to the \
                 password that the company chose",
            )),
            Ok(None) => Err(Error::malformed(
                "an entry of the archive is encrypted, but not with AES, which is the only \
                 supported encryption",
            )),
            Err(_) => Err(unreadable()),
        }
    }

    /// Finds the result by its contents: for each form in turn, the first file with an
    /// identification.
    fn result(&mut self, forms: &[Form], limit: u64) -> Result<(File, Vec<u8>)> {
        let mut failed = None;
        for form in forms {
            let files: Vec<_> = self
                .files
                .iter()
                .filter(|file| form.is_of(&file.path))
                .cloned()
                .collect();
            let files: Vec<_> = match form {
                Form::Unnamed => files
                    .into_iter()
                    .filter(|file| file.length <= RESULT)
                    .take(UNNAMED_FILES)
                    .collect(),
                _ => files,
            };
            for file in files {
                if *form == Form::Unnamed && !self.begins_like_a_result(&file) {
                    continue;
                }
                match self.read(&file, limit) {
                    Ok(bytes) if is_result(&bytes) => return Ok((file, bytes)),
                    Ok(_) => {}
                    // A file that cannot be unpacked may be the result; a file without a result
                    // does not matter.
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
        }
        Err(failed.unwrap_or_else(|| {
            Error::malformed(
                "no result in the archive: expected an XML or JSON file with an identification",
            )
        }))
    }

    /// Returns whether a file begins like XML or JSON.
    fn begins_like_a_result(&mut self, file: &File) -> bool {
        let Ok(entry) = self
            .zip
            .by_index_with_options(file.index, read_options(self.options))
        else {
            return false;
        };
        let mut beginning = Vec::new();
        let read = entry.take(BEGINNING).read_to_end(&mut beginning);
        let beginning = beginning
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(&beginning)
            .trim_ascii_start();
        read.is_ok() && matches!(beginning.first(), Some(b'<' | b'{' | b'['))
    }

    /// Returns the file with this path; otherwise the file with this name, in the folder `near`, or
    /// in any folder if it is unique.
    fn named(&self, name: &str, near: &str) -> Found {
        let Some(path) = name::inside(name) else {
            return Found::None;
        };
        if let Some(file) = self.files.iter().find(|file| file.path == path) {
            return Found::One(file.clone());
        }
        let below = |file: &&File| {
            file.path
                .strip_suffix(path.as_str())
                .is_some_and(|before| before.ends_with('/'))
        };
        let all: Vec<_> = self.files.iter().filter(below).collect();
        match (
            all.as_slice(),
            all.iter()
                .find(|file| file.path.strip_suffix(path.as_str()) == Some(near)),
        ) {
            ([], _) => Found::None,
            (_, Some(file)) => Found::One((*file).clone()),
            ([file], None) => Found::One((*file).clone()),
            _ => Found::Several,
        }
    }

    /// Returns the file that the result lists under a key. Without a result, returns the file with
    /// the documented name (chapter 13.1.6): `<transactionnumber>_<key>.<extension>`.
    fn listed(&mut self, key: &str) -> Result<Option<File>> {
        // The requested file may be shorter than the result that lists it.
        let (result, bytes) = match self.result(Form::ALL, self.options.limits.entry.max(RESULT)) {
            Ok(found) => found,
            Err(error) if error.kind() != &ErrorKind::Malformed => return Err(error),
            Err(_) => {
                let is_it = |file: &&File| {
                    name::stem(name::base(&file.path))
                        .strip_suffix(key)
                        .is_some_and(|rest| rest.ends_with('_'))
                };
                return Ok(self.files.iter().find(is_it).cloned());
            }
        };
        let payload = wire::read(&bytes)?;
        let attachments = payload
            .identifications
            .iter()
            .flat_map(|identification| &*identification.attachments);
        let names = attachments
            .filter(|entry| entry.name.expose() == key)
            .filter_map(|entry| entry.value.as_ref());
        let Some(listed) = names.map(Text::expose).next_back() else {
            return Ok(None);
        };
        match self.named(listed, name::folder(&result.path)) {
            Found::One(file) => Ok(Some(file)),
            Found::None => Ok(None),
            Found::Several => Err(not_found(
                "several folders of the archive have the file that the result lists: use its \
                 path",
            )),
        }
    }

    fn read(&mut self, file: &File, limit: u64) -> Result<Vec<u8>> {
        if file.length > limit {
            return Err(exceeded(format!("the file is longer than {limit} bytes")));
        }
        let entry = match self
            .zip
            .by_index_with_options(file.index, read_options(self.options))
        {
            Ok(entry) => entry,
            Err(ZipError::InvalidPassword) => {
                return Err(Error::new(ErrorKind::Unauthorized).detail(
                    "wrong password of the archive: set `archive_password` to the password \
                        that the company chose",
                ));
            }
            Err(_) => return Err(unreadable()),
        };
        // The declared length is not trusted, neither for the allocation nor for the limit.
        let mut bytes = Vec::with_capacity(usize::try_from(file.length.min(HARMLESS)).unwrap_or(0));
        let read = entry
            .take(file.length.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|_| unreadable())?;
        if read as u64 != file.length {
            return Err(unreadable());
        }
        Ok(bytes)
    }
}

fn read_options<'o>(options: &Options<'o>) -> ZipReadOptions<'o> {
    let password = options
        .password
        .map(|password| password.expose().as_bytes());
    ZipReadOptions::new()
        .enforce_header_consistency(true)
        .password(password)
}

/// Returns whether a file has an identification.
fn is_result(bytes: &[u8]) -> bool {
    wire::read(bytes).is_ok_and(|payload| !payload.identifications.is_empty())
}

/// Returns whether the end of an archive declares a 64-bit directory: its locator is 20 bytes
/// before the usual end (APPNOTE 4.3.15 and 4.3.16). Such a directory can declare any number of
/// entries, for which memory would be allocated before they are counted.
fn is_zip64(bytes: &[u8]) -> bool {
    bytes
        .windows(24)
        .any(|window| window.starts_with(b"PK\x06\x07") && window.ends_with(b"PK\x05\x06"))
}

fn unreadable() -> Error {
    Error::malformed("the archive is damaged, truncated, or compressed with an unsupported method")
}

fn not_found(detail: &'static str) -> Error {
    Error::new(ErrorKind::NotFound).detail(detail)
}

fn exceeded(detail: String) -> Error {
    Error::new(ErrorKind::LimitExceeded).detail(detail)
}
