//! The settings of an order: electronic identity, URLs, e-mails, texts.

use std::collections::BTreeMap;

use idv_core::{Pii, pii};
use serde::{Deserialize, Serialize};

use super::json::{flag, is_false, or_default};

/// Settings of the identification by electronic identity (chapter 3.1.4, `eIDSettings`). They have
/// no effect if the person chooses another way.
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
    /// Whether OCR reads the document's number, authority and date of issue. This always takes
    /// images.
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
    /// Whether the vendor does not offer video after a failed electronic identity.
    #[serde(
        rename = "NoVideoFallback",
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub no_video_fallback: bool,
    /// Whether the vendor does not offer electronic identity.
    #[serde(
        rename = "DisableEID",
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub disable_eid: bool,
}

/// The URLs to which the person's browser returns (chapters 2.5 and 3.1.4, `RedirectURL`); 150
/// characters each. The vendor replaces `[Ref]` and `[OrderID]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Redirects {
    /// After a success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<String>,
    /// After a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort: Option<String>,
}

impl Redirects {
    /// Creates redirects for success and failure: http or https URLs of at most 150 characters.
    ///
    /// ```
    /// use idv_identity_tm::api::order::Redirects;
    ///
    /// let success = "https://www.example.com/redirect/positive?OrderID=[OrderID]".to_owned();
    /// let redirects = Redirects::new(Some(success), None);
    /// assert_eq!(
    ///     serde_json::to_value(&redirects)?,
    ///     serde_json::json!({
    ///         "Success": "https://www.example.com/redirect/positive?OrderID=[OrderID]",
    ///     })
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn new(success: Option<String>, abort: Option<String>) -> Self {
        Self { success, abort }
    }
}

/// The URLs of the webhooks (chapters 2.6 and 3.1.4, `WebhookURL`); 250 characters each. The vendor
/// replaces `[Ref]`, `[OrderID]` and, for `OnStatusChange`, `[statusCode]`.
/// [`callback::address`](crate::callback::address) builds such URLs.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WebhooksWire", into = "WebhooksWire")]
#[non_exhaustive]
pub struct Webhooks {
    /// Either the person has left the video system, or the identification has been conducted.
    pub after: Option<VideoOrIdent>,
    /// The order has been finally processed.
    pub on_final: Option<String>,
    /// A partner is unable to process the order; not for video.
    pub on_error: Option<String>,
    /// A temporary error occurs in a video identification.
    pub on_video_error: Option<String>,
    /// The order reaches a status for which the account is configured.
    pub on_status_change: Option<String>,
}

/// Redacts the URLs, which contain secrets.
impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhooks(…)")
    }
}

/// A webhook that excludes another one.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VideoOrIdent {
    /// The person has left the video system.
    AfterVideo(String),
    /// The identification has been conducted.
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
            (Some(_), Some(_)) => return Err("AfterVideo and AfterIdent exclude each other"),
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

/// The recipients of e-mails about the end of the order (chapter 3.1.4, `EmailNotifications`); 150
/// characters each. They override the account's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct EmailNotifications {
    /// For a final positive status.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_positive_ident: Option<Pii<String>>,
    /// For a final negative status.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_negative_ident: Option<Pii<String>>,
    /// For a final time-out.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_time_out: Option<Pii<String>>,
    /// For a person who leaves the process.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_leave: Option<Pii<String>>,
}

/// The purpose of the identification, which the app shows to the person (chapter 3.1.4, `Purpose`);
/// 150 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Purpose {
    /// One text for all languages.
    Text(String),
    /// A text for each language of two letters. The document calls the keys "ISO 3166-1 Alpha-2
    /// language code", which is a country code; `de` is both.
    ByLanguage(BTreeMap<String, String>),
}

/// A further accepted document, if the usual ones are not sufficient (chapter 3.1.4,
/// `LegitimationDocument`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "LegitimationDocumentWire")]
#[non_exhaustive]
pub struct LegitimationDocument {
    /// The description for the agent; 50 characters.
    #[serde(rename = "Document")]
    pub description: String,
}

impl LegitimationDocument {
    /// Creates a document from its description for the agent, of at most 50 characters.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::api::order::{LegitimationDocument, Product};
    ///
    /// # let mut order = account::order(Product::Video);
    /// order.legitimation_documents = vec![LegitimationDocument::new("Refugee travel document")];
    /// order.check()?;
    ///
    /// order.legitimation_documents = vec![LegitimationDocument::new("x".repeat(51))];
    /// let error = order.check().expect_err("more than 50 characters");
    /// let field = "LegitimationDocument.Document".into();
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
        }
    }
}

/// The table does not say whether the entries are objects or texts.
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

/// The options of signing (chapter 3.1.4, `eSignOptions`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct EsignOptions {
    /// Texts to which the person must agree before signing; 300 characters each.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub additional_checkboxes: Vec<String>,
}
