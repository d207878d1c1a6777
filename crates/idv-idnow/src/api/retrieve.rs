//! Filters and files of results (chapter 8).

/// A group of identifications in a list (chapter 8.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Filter {
    /// Those with a final result: the list without a filter.
    Finished,
    /// Those with a preliminary result.
    Pending,
    /// Those that a review has canceled.
    Canceled,
    /// Those whose last attempt was aborted.
    Aborted,
}

impl Filter {
    /// Every filter.
    pub const ALL: &'static [Self] =
        &[Self::Finished, Self::Pending, Self::Canceled, Self::Aborted];

    pub(crate) const fn query(self) -> Option<&'static str> {
        match self {
            Self::Finished => None,
            Self::Pending => Some("pending=true"),
            Self::Canceled => Some("canceled=true"),
            Self::Aborted => Some("aborted=true"),
        }
    }
}

/// A file of an identification with a path of its own: the transaction number and an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Suffix {
    /// The archive with all files (chapter 8.3.3.1).
    Zip,
    /// The result as XML. Undocumented: see
    /// [`Api::identification_as_xml`](super::Api::identification_as_xml).
    Xml,
    /// The human-readable report. Known from other clients; the document has it only in the
    /// archive.
    Pdf,
    /// The audio of a video call. Known from other clients; the document has it only in the
    /// archive.
    Mp3,
}

impl Suffix {
    /// Returns the extension with its dot, as in the paths of chapter 8.3.3.1.
    ///
    /// ```
    /// use idv_idnow::api::Suffix;
    ///
    /// // The file name that results have for the transaction number AH73JK3LM.
    /// assert_eq!(format!("AH73JK3LM{}", Suffix::Zip.text()), "AH73JK3LM.zip");
    /// assert_eq!(Suffix::Mp3.text(), ".mp3");
    /// ```
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Zip => ".zip",
            Self::Xml => ".xml",
            Self::Pdf => ".pdf",
            Self::Mp3 => ".mp3",
        }
    }
}
