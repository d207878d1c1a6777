//! The account at IDnow, including terms that are agreed with the vendor's account management.

use serde::{Deserialize, Serialize};

use super::archive;
use super::person::PLACEHOLDER;
use crate::callback::Reach;
use crate::part::Settings;

/// The settings of the account, including the ones for which the document refers to the account
/// manager.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// The company id.
    pub company: String,
    /// The API keys, all of which are valid.
    pub api_keys: Vec<String>,
    /// The three letters at the beginning of Ident-IDs.
    pub short_code: String,
    /// The display name.
    pub name: String,
    /// Whether preliminary results are visible (2.2). Without them, there is no result before the
    /// end of the review.
    pub preliminary_results: bool,
    /// Whether results have attachments.
    pub attachments: bool,
    /// The minimum length of each attachment, in bytes.
    pub attachment_length: u64,
    /// The minimum length of the recording of the video call, in bytes. With it, one part of an
    /// archive can be large while the others stay small. An archive is smaller than 4 GB.
    pub video_length: u64,
    /// Whether the account uses AutoIdent, which has other attachments and no recording of an
    /// agent.
    pub auto_ident: bool,
    /// Whether the account uses eSign: people sign the documents of chapter 7.
    pub e_sign: bool,
    /// Whether handwritten signatures are activated (7.1.2).
    pub handwritten_signatures: bool,
    /// The account's data centre, which limits the signatures of a document and their lines
    /// (7.1.2).
    pub data_centre: DataCentre,
    /// Whether the archive contains a signature of the XML result (13.3.1).
    pub sign_results: bool,
    /// The companies to which identifications may be copied (8.3.5).
    pub copies_to: Vec<String>,
    /// Whether finished identifications can be archived (8.3.6).
    pub archiving: bool,
    /// Whether the document's number and dates are withheld (`REDACTION`).
    pub redact: bool,
    /// Whether the street number is part of the street (13.1.4).
    pub street_number_in_street: bool,
    /// Whether archives contain the result as JSON beside the XML.
    pub json_in_archive: bool,
    /// The password that encrypts the entries of archives (10.1). Without it, they are not
    /// encrypted.
    pub archive_password: Option<String>,
    /// Whether the files of an archive are in a folder.
    pub archive_folder: bool,
    /// The names of further entries of an archive, before those of the result. The suffix of the
    /// name decides the content.
    pub archive_extras: Vec<String>,
    /// The result of the scenario `unknown-status`.
    pub unknown_status: String,
    /// The callback address, on the loopback interface. Without it, no callbacks are sent.
    pub callback_url: Option<String>,
    /// The callbacks to send (14.2).
    pub callbacks: Vec<CallbackKind>,
    /// The address to which the person's browser is redirected after a successful identification,
    /// with `<transactionnumber>` as a placeholder (6.2). Without it, the person stays.
    pub redirect_after_success: Option<String>,
    /// The same after a failed or aborted identification.
    pub redirect_after_failure: Option<String>,
    /// The maximum difference between a signed link's timestamp and the clock, in seconds. The
    /// document states no limit.
    pub link_window_seconds: u64,
    /// Whether a signed link's timestamp must be right by virtual time. Otherwise the client's own
    /// clock may confirm it.
    pub strict_clock: bool,
    /// Whether undocumented behaviour that clients rely on is refused: a start with a login token
    /// in place of the API key (3.2.7), and the suffixes `.pdf`, `.mp3` and `.xml` of an
    /// identification (8.3.3).
    pub documented_only: bool,
    /// Whether the web form for a person's data is activated (4.2).
    pub web_form: bool,
    /// The waiting time in the account's information, in seconds (6.4).
    pub estimated_waiting_time: u32,
}

/// A data centre of the production environment (7.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum DataCentre {
    /// Germany: several signatures per document.
    De,
    /// Switzerland: one signature per document, with a second line.
    Ch,
}

/// The occasion of a callback (14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum CallbackKind {
    /// The identification ended.
    Realtime,
    /// The review ended.
    Final,
    /// The agent aborted the identification.
    Aborted,
    /// The review canceled the identification.
    Canceled,
}

impl CallbackKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Realtime => "REALTIME",
            Self::Final => "FINAL",
            Self::Aborted => "ABORTED",
            Self::Canceled => "CANCELED",
        }
    }
}

impl Settings for Account {
    const ID: Option<&'static str> = Some("company");

    fn id(&self) -> &str {
        &self.company
    }

    /// A second company, which has no access to the first one's data (SECURITY_VIOLATION).
    fn others() -> Vec<Self> {
        vec![Self {
            company: "testbank".into(),
            api_keys: vec!["testbankApiKey".into()],
            short_code: "XKH".into(),
            name: "Testbank AG".into(),
            ..Self::default()
        }]
    }

    fn check(&self, reach: &Reach) -> Result<(), &'static str> {
        reach.demand(self.callback_url.as_ref())?;
        if !archive::fits(self) {
            return Err(if self.archive_password.is_some() {
                "the attachments are too long: an encrypted archive is limited to 256 MB"
            } else {
                "the attachments are too long: an archive is limited to 4 GB"
            });
        }
        let is_name = |name: &String| !name.is_empty() && name.len() <= 255;
        if self.archive_extras.len() > 32 || !self.archive_extras.iter().all(is_name) {
            return Err("invalid archive_extras: expected at most 32 names of 1 to 255 bytes");
        }
        let is_page = |address: &String| {
            url::Url::parse(&address.replace(PLACEHOLDER, "T-1"))
                .is_ok_and(|address| matches!(address.scheme(), "http" | "https"))
        };
        let redirects = [&self.redirect_after_success, &self.redirect_after_failure];
        if !redirects.into_iter().flatten().all(is_page) {
            return Err(
                "invalid redirect_after_success or redirect_after_failure: expected an http or \
                 https address, with `<transactionnumber>` in place of the number",
            );
        }
        if self.archive_password.as_deref() == Some("") || self.unknown_status.is_empty() {
            return Err("archive_password and unknown_status must not be empty");
        }
        Ok(())
    }
}

impl Default for Account {
    /// The credentials of the document's samples.
    fn default() -> Self {
        Self {
            company: "ihrebank".into(),
            api_keys: vec![
                "exampleApiKey".into(),
                "BXCexampleexampleexampleexampleRP".into(),
            ],
            short_code: "IBA".into(),
            name: "IhreBank AG".into(),
            preliminary_results: true,
            attachments: true,
            attachment_length: 0,
            video_length: 0,
            auto_ident: false,
            e_sign: false,
            handwritten_signatures: false,
            data_centre: DataCentre::De,
            sign_results: false,
            copies_to: Vec::new(),
            archiving: false,
            redact: false,
            street_number_in_street: false,
            json_in_archive: false,
            archive_password: None,
            archive_folder: false,
            archive_extras: Vec::new(),
            unknown_status: "ESCALATED_TO_PARTNER".into(),
            callback_url: None,
            callbacks: vec![
                CallbackKind::Realtime,
                CallbackKind::Final,
                CallbackKind::Aborted,
                CallbackKind::Canceled,
            ],
            redirect_after_success: None,
            redirect_after_failure: None,
            link_window_seconds: 3600,
            strict_clock: false,
            documented_only: false,
            web_form: true,
            estimated_waiting_time: 30,
        }
    }
}
