//! The settings of an order: electronic identity, addresses, e-mails, texts.

use std::collections::BTreeMap;

use idv_core::{Pii, pii};
use serde::{Deserialize, Serialize};

use super::json::{flag, is_false, or_default};

/// Settings for identification by electronic identity; without effect if the person chooses another way (chapter 3.1.4,
/// `eIDSettings`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct EidSettings {
    /// Whether the mobile number is verified.
    #[serde(
        rename = "VerifyMobileNumber",
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub verify_mobile_number: bool,
    /// Whether number, authority and date of issue of the document are read by machine. Images are always taken then.
    #[serde(
        rename = "EnableOCR",
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub enable_ocr: bool,
    /// Whether images of the document are taken.
    #[serde(
        rename = "CaptureImages",
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub capture_images: bool,
    /// Whether video is not offered if the electronic identity fails.
    #[serde(
        rename = "NoVideoFallback",
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub no_video_fallback: bool,
    /// Whether electronic identity is not offered.
    #[serde(
        rename = "DisableEID",
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub disable_eid: bool,
}

/// The addresses that the person's browser is redirected to (chapters 2.5 and 3.1.4, `RedirectURL`); 150 characters each. `[Ref]` and `[OrderID]` are replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Redirects {
    /// After success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<String>,
    /// After failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort: Option<String>,
}

impl Redirects {
    /// Returns redirects after success and after failure.
    #[must_use]
    pub const fn new(success: Option<String>, abort: Option<String>) -> Self {
        Self { success, abort }
    }
}

/// The addresses of the webhooks (chapters 2.6 and 3.1.4, `WebhookURL`); 250 characters each. `[Ref]`, `[OrderID]` and, for
/// `OnStatusChange`, `[statusCode]` are replaced. [`callback::address`](crate::callback::address) writes such addresses.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WebhooksWire", into = "WebhooksWire")]
#[non_exhaustive]
pub struct Webhooks {
    /// When the person has left the video system, or when the identification has been conducted: not both.
    pub after: Option<VideoOrIdent>,
    /// When the order has been finally processed.
    pub on_final: Option<String>,
    /// When a partner is unable to process the order; not by video.
    pub on_error: Option<String>,
    /// When a temporary error occurs in a video identification.
    pub on_video_error: Option<String>,
    /// When the order reaches a status that the account is configured for.
    pub on_status_change: Option<String>,
}

/// The addresses carry secrets.
impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhooks(…)")
    }
}

/// A webhook that excludes another one.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VideoOrIdent {
    /// When the person has left the video system.
    AfterVideo(String),
    /// When the identification has been conducted.
    AfterIdent(String),
}

impl std::fmt::Debug for VideoOrIdent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AfterVideo(_) => "AfterVideo(…)",
            Self::AfterIdent(_) => "AfterIdent(…)",
        })
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct WebhooksWire {
    #[serde(skip_serializing_if = "Option::is_none")]
    after_video: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ident: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_final: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_video_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_status_change: Option<String>,
}

impl From<Webhooks> for WebhooksWire {
    fn from(webhooks: Webhooks) -> Self {
        let Webhooks {
            after,
            on_final,
            on_error,
            on_video_error,
            on_status_change,
        } = webhooks;
        let (after_video, after_ident) = match after {
            Some(VideoOrIdent::AfterVideo(url)) => (Some(url), None),
            Some(VideoOrIdent::AfterIdent(url)) => (None, Some(url)),
            None => (None, None),
        };
        Self {
            after_video,
            after_ident,
            on_final,
            on_error,
            on_video_error,
            on_status_change,
        }
    }
}

impl TryFrom<WebhooksWire> for Webhooks {
    type Error = &'static str;

    fn try_from(wire: WebhooksWire) -> Result<Self, Self::Error> {
        let WebhooksWire {
            after_video,
            after_ident,
            on_final,
            on_error,
            on_video_error,
            on_status_change,
        } = wire;
        let after = match (after_video, after_ident) {
            (None, None) => None,
            (Some(url), None) => Some(VideoOrIdent::AfterVideo(url)),
            (None, Some(url)) => Some(VideoOrIdent::AfterIdent(url)),
            (Some(_), Some(_)) => return Err("AfterVideo and AfterIdent cannot be used together"),
        };
        Ok(Self {
            after,
            on_final,
            on_error,
            on_video_error,
            on_status_change,
        })
    }
}

/// The recipients of e-mails about the end; they override the account's settings (chapter 3.1.4, `EmailNotifications`); 150 characters each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct EmailNotifications {
    /// Of a final positive status.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_positive_ident: Option<Pii<String>>,
    /// Of a final negative status.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_negative_ident: Option<Pii<String>>,
    /// Of a final time-out.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_time_out: Option<Pii<String>>,
    /// When the person leaves the process.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_leave: Option<Pii<String>>,
}

/// The purpose of the identification, as the app tells the person (chapter 3.1.4, `Purpose`); 150 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Purpose {
    /// For every language.
    Text(String),
    /// By language: two letters. The document calls them "ISO 3166-1 Alpha-2 language code", which is a code of countries; `de` is
    /// both.
    ByLanguage(BTreeMap<String, String>),
}

/// A document that may be shown, if the usual ones are not enough (chapter 3.1.4, `LegitimationDocument`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "LegitimationDocumentWire")]
#[non_exhaustive]
pub struct LegitimationDocument {
    /// The description that the agent reads; 50 characters.
    #[serde(rename = "Document")]
    pub description: String,
}

impl LegitimationDocument {
    /// A document.
    #[must_use]
    pub fn new(description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
        }
    }
}

/// The table leaves open whether the entries are objects or texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum LegitimationDocumentWire {
    Object {
        #[serde(rename = "Document")]
        document: String,
    },
    Text(String),
}

impl From<LegitimationDocumentWire> for LegitimationDocument {
    fn from(wire: LegitimationDocumentWire) -> Self {
        match wire {
            LegitimationDocumentWire::Object { document }
            | LegitimationDocumentWire::Text(document) => Self::new(document),
        }
    }
}

/// Options for signing (chapter 3.1.4, `eSignOptions`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct EsignOptions {
    /// Texts that the person has to agree to before signing; 300 characters each.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub additional_checkboxes: Vec<String>,
}
