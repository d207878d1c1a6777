//! Results and files in ZIP archives (chapters 8.3.3.1 and 10.1).
//!
//! An archive is read for names and single entries, within [`Limits`]; nothing is written to a
//! disk, and nested archives stay packed. Archives that IDnow encrypts with AES and sends by mail
//! need a password. Reading needs the feature `archive` of this crate.

#[cfg(feature = "archive")]
mod name;
#[cfg(feature = "archive")]
mod unzip;

#[cfg(not(feature = "archive"))]
use idv_core::{Error, ErrorKind};
use idv_core::{Result, Secret};

/// The limits for reading an archive.
///
/// The defaults suit a video call of the usual length. If [`Limits::entry`] is raised for longer
/// calls, raise [`Limits::total`] as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of entries: 1000.
    pub entries: usize,
    /// The maximum total size of all entries, unpacked, in bytes: 1 GiB. They are never unpacked
    /// all at once.
    pub total: u64,
    /// The maximum size of the unpacked entry in bytes: 256 MiB.
    pub entry: u64,
    /// The maximum ratio of an entry's size to its packed size: 200. It does not apply to entries
    /// shorter than 1 MiB.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 1000,
            total: 1 << 30,
            entry: 256 << 20,
            ratio: 200,
        }
    }
}

/// The options for reading an archive: limits, and the password of an encrypted one.
///
/// ```
/// use idv_core::Secret;
/// use idv_idnow::wire::archive::{Limits, Options};
///
/// let password = Secret::from("chosen by the company");
/// let mut limits = Limits::default();
/// limits.entry = 512 << 20; // a long video, of up to 512 MiB
/// let options = Options::from(&limits).password(&password);
/// assert!(options.password.is_some());
/// assert_eq!(options.limits.entries, 1000);
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Options<'a> {
    /// The limits.
    pub limits: Limits,
    /// The password that the company chose and gave to IDnow (chapter 10.1).
    pub password: Option<&'a Secret>,
}

impl<'a> Options<'a> {
    /// Sets the password of an encrypted archive.
    ///
    /// ```
    /// use idv_core::{ErrorKind, Secret};
    /// use idv_idnow::wire::archive::{self, Options};
    ///
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/encrypted.zip");
    /// # let zip = std::fs::read(path)?;
    /// let password = Secret::from("chosen by the company");
    /// assert!(archive::result(&zip, Options::default().password(&password)).is_ok());
    ///
    /// let guessed = Secret::from("guessed");
    /// let refused = archive::result(&zip, Options::default().password(&guessed));
    /// assert_eq!(refused.expect_err("wrong").kind(), &ErrorKind::Unauthorized);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn password(mut self, password: &'a Secret) -> Self {
        self.password = Some(password);
        self
    }
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

impl From<&Limits> for Options<'_> {
    fn from(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            password: None,
        }
    }
}

/// Returns whether a payload is a ZIP archive, by its first bytes.
///
/// ```
/// use idv_idnow::wire::archive;
///
/// assert!(archive::is_archive(b"PK\x03\x04"));
/// assert!(!archive::is_archive(b"<identifications>"));
/// ```
#[must_use]
pub fn is_archive(bytes: &[u8]) -> bool {
    // A file, or the end of an archive without files.
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Returns the result in an archive, which [`wire::read`](super::read) parses: the first XML file
/// with an identification, otherwise the first such JSON file, regardless of other files.
///
/// ```
/// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
/// use idv_idnow::wire::archive::{self, Limits};
///
/// # let json = br#"{"identificationprocess":
/// #     {"result":"SUCCESS","transactionnumber":"AH73JK3LM"}}"#;
/// # let zip = account::archive(&[("AH73JK3LM.pdf", b"%PDF-1.4"), ("AH73JK3LM.json", json)]);
/// let result = archive::result(&zip, &Limits::default())?; // AH73JK3LM.json
/// assert_eq!(idv_idnow::wire::read(&result)?.identifications.len(), 1);
///
/// let without = archive::result(&account::archive(&[]), &Limits::default());
/// assert_eq!(without.expect_err("no result").kind(), &idv_core::ErrorKind::Malformed);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the archive cannot be read or has no result, a
/// path that leads outside, a repeated name, or an encrypted entry that cannot be decrypted;
/// [`Unauthorized`](idv_core::ErrorKind::Unauthorized) if the password is wrong;
/// [`LimitExceeded`](idv_core::ErrorKind::LimitExceeded) if a limit is exceeded;
/// [`Unsupported`](idv_core::ErrorKind::Unsupported) without the feature `archive`.
pub fn result<'a>(bytes: &[u8], options: impl Into<Options<'a>>) -> Result<Vec<u8>> {
    #[cfg(feature = "archive")]
    return unzip::result(bytes, &options.into());
    #[cfg(not(feature = "archive"))]
    return unsupported(bytes, &options.into());
}

/// Returns one file of an archive: by its path, by its name in any folder, or by its key in the
/// result's attachments.
///
/// ```
/// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
/// use idv_core::ErrorKind;
/// use idv_idnow::wire::archive::{self, Limits};
///
/// # let json = br#"{"identificationprocess":{"transactionnumber":"AH73JK3LM"},
/// #     "attachments":{"pdf":"AH73JK3LM.pdf"}}"#;
/// # let zip = account::archive(&[("AH73JK3LM.json", json), ("files/AH73JK3LM.pdf", b"%PDF-1.4")]);
/// // By its name, and by its key in the result's attachments:
/// let by_name = archive::entry(&zip, "AH73JK3LM.pdf", &Limits::default())?;
/// assert_eq!(by_name, b"%PDF-1.4");
/// assert_eq!(archive::entry(&zip, "pdf", &Limits::default())?, by_name);
///
/// let missing = archive::entry(&zip, "AH73JK3LM.mp3", &Limits::default());
/// assert_eq!(missing.expect_err("no audio").kind(), &ErrorKind::NotFound);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`result`]; [`NotFound`](idv_core::ErrorKind::NotFound) if there is no such file, or
/// several folders have a file of this name.
pub fn entry<'a>(
    bytes: &[u8],
    name_or_key: &str,
    options: impl Into<Options<'a>>,
) -> Result<Vec<u8>> {
    #[cfg(feature = "archive")]
    return unzip::entry(bytes, name_or_key, &options.into());
    #[cfg(not(feature = "archive"))]
    return {
        let _ = name_or_key;
        unsupported(bytes, &options.into())
    };
}

/// Returns the paths of an archive's files in their order, with `/` as the separator.
///
/// They contain the transaction number and, depending on the account, custom data (chapter 9.2.2).
///
/// ```
/// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
/// use idv_idnow::wire::archive::{self, Limits};
///
/// # let zip = account::archive(&[("AH73JK3LM.xml", b""), ("files/AH73JK3LM.pdf", b"%PDF-1.4")]);
/// let names = archive::names(&zip, &Limits::default())?;
/// assert_eq!(names, ["AH73JK3LM.xml", "files/AH73JK3LM.pdf"]);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`result`], except for a missing result.
pub fn names<'a>(bytes: &[u8], options: impl Into<Options<'a>>) -> Result<Vec<String>> {
    #[cfg(feature = "archive")]
    return unzip::names(bytes, &options.into());
    #[cfg(not(feature = "archive"))]
    return unsupported(bytes, &options.into());
}

/// Returns the XML that [`result`] finds, and the signature beside it: the file of the same name
/// with the extension `.sig` (chapter 13.3.1).
#[cfg(all(feature = "archive", feature = "signature"))]
pub(crate) fn signed(bytes: &[u8], options: &Options<'_>) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
    unzip::signed(bytes, options)
}

#[cfg(not(feature = "archive"))]
fn unsupported<T>(_: &[u8], _: &Options<'_>) -> Result<T> {
    Err(Error::new(ErrorKind::Unsupported)
        .detail("reading ZIP archives needs the feature `archive` of the crate idv-idnow"))
}
