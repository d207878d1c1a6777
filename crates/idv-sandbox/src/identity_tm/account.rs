//! The account at Identity.TM, including terms that are agreed with the vendor.

use serde::{Deserialize, Serialize};

use super::crypt;
use crate::callback::Reach;
use crate::part::Settings;

/// The settings of the account, including functions that the document says "need to be enabled for
/// your account".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
    /// Whether it is an integration account, whose orders the test robots process (9.5).
    pub integration: bool,
    /// The enabled products (3.1.4, `Product`).
    pub products: Vec<u32>,
    /// Whether signing goes through Namirial, which stamps (3.1.4) and reused identifications (7)
    /// require.
    pub namirial: bool,
    /// Whether signing goes through sign-me, which the sign-me values of `Add` and checkSignmeUser
    /// (9.1) require.
    pub sign_me: bool,
    /// Whether the account has a seal for advanced signatures (3.1.1.1).
    pub advanced_signatures: bool,
    /// Whether the customer performs the signing, through the methods of chapter 5. Otherwise, the
    /// person signs on the vendor's pages.
    pub customer_side_signing: bool,
    /// Whether the customer verifies phone numbers, through the methods of chapter 6.
    pub phone_verification: bool,
    /// The webhook addresses for orders without their own (2.6), on the loopback interface.
    pub webhooks: Webhooks,
    /// The method of webhooks (2.6).
    pub webhook_method: WebhookMethod,
    /// The status codes that trigger `OnStatusChange` (3.1.4).
    pub status_change_kinds: Vec<u32>,
    /// The status code of the scenario `unknown-status`.
    pub unknown_status: u32,
    /// Whether statuses that end or stop an order have an explanatory text (3.2.6).
    pub status_texts: bool,
    /// The number of days after which an incomplete order times out (4.1); never, if absent.
    pub time_out_days: Option<u32>,
    /// The key that encrypts content (9.4): 64 hexadecimal digits. Without it, `/crypt` is refused.
    pub encryption_key: Option<String>,
    /// Whether results are always encrypted (3.3).
    pub always_encrypted: bool,
    /// Whether results contain the images. `IdentData` is then an object (3.3.4).
    pub images_in_result: bool,
    /// Whether that object contains both sets of data, under the keys `0` and `1` beside `Images`;
    /// otherwise only the checked set.
    pub numbered_sets: bool,
    /// Whether results contain the person's IP address (3.3.4).
    pub user_ip_in_result: bool,
    /// Whether `Identifier` is a string; otherwise it is a number (3.3.4).
    pub identifier_as_text: bool,
    /// Whether three names are spelled as printed in the document, `AutoldURL`, `eldUsed` and
    /// `autoldentAvailable`, with a lower-case L; otherwise with the intended capital I.
    pub names_as_printed: bool,
    /// Whether getIdentDataPDF is enabled (3.4.1).
    pub result_pdf: bool,
    /// Whether images are recorded.
    pub image_recording: bool,
    /// The minimum length of each image, in bytes.
    pub image_length: usize,
    /// Whether every video call is recorded, whatever the order says (3.10.1).
    pub video_recording: bool,
    /// The minimum length of a recording, in bytes.
    pub video_length: u64,
    /// The time until a recording is available (3.9), in seconds.
    pub video_provision_seconds: u64,
    /// Whether there is an audio recording (3.11).
    pub audio_recording: bool,
    /// The mobile number registered with the service desk, for changes of the password (9.2).
    /// Without it, the password cannot be changed.
    pub mobile: Option<String>,
}

/// Webhook addresses (3.1.4, `WebhookURL`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Webhooks {
    /// The person left the video system.
    #[serde(rename = "AfterVideo")]
    pub after_video: Option<String>,
    /// The identification was conducted.
    #[serde(rename = "AfterIdent")]
    pub after_ident: Option<String>,
    /// The processing of the order has ended.
    #[serde(rename = "OnFinal")]
    pub on_final: Option<String>,
    /// A partner cannot process the order.
    #[serde(rename = "OnError")]
    pub on_error: Option<String>,
    /// A temporary error occurred in a video identification.
    #[serde(rename = "OnVideoError")]
    pub on_video_error: Option<String>,
    /// The order reached one of the configured codes.
    #[serde(rename = "OnStatusChange")]
    pub on_status_change: Option<String>,
}

/// The method of webhooks (2.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum WebhookMethod {
    /// By default.
    #[default]
    Get,
    /// On request.
    Post,
    /// On request.
    Put,
}

impl Webhooks {
    /// Returns the kinds and their addresses.
    pub(crate) fn all(&self) -> [(&'static str, Option<&String>); 6] {
        [
            ("AfterVideo", self.after_video.as_ref()),
            ("AfterIdent", self.after_ident.as_ref()),
            ("OnFinal", self.on_final.as_ref()),
            ("OnError", self.on_error.as_ref()),
            ("OnVideoError", self.on_video_error.as_ref()),
            ("OnStatusChange", self.on_status_change.as_ref()),
        ]
    }
}

impl From<WebhookMethod> for http::Method {
    fn from(method: WebhookMethod) -> Self {
        match method {
            WebhookMethod::Get => Self::GET,
            WebhookMethod::Post => Self::POST,
            WebhookMethod::Put => Self::PUT,
        }
    }
}

impl Settings for Account {
    const ID: Option<&'static str> = Some("user");

    fn id(&self) -> &str {
        &self.user
    }

    /// A second account with fewer functions.
    fn others() -> Vec<Self> {
        vec![Self {
            user: "second".into(),
            password: "secondPassword".into(),
            integration: false,
            products: vec![8, 12],
            namirial: false,
            sign_me: false,
            advanced_signatures: false,
            ..Self::default()
        }]
    }

    fn check(&self, reach: &Reach) -> Result<(), &'static str> {
        if self
            .encryption_key
            .as_deref()
            .is_some_and(|key| crypt::key(key).is_none())
        {
            return Err("invalid encryption_key: expected 64 hexadecimal digits");
        }
        if self.webhooks.after_video.is_some() && self.webhooks.after_ident.is_some() {
            return Err("AfterVideo cannot be used together with AfterIdent");
        }
        self.webhooks
            .all()
            .into_iter()
            .try_for_each(|(_, url)| reach.demand(url))
    }
}

impl Default for Account {
    fn default() -> Self {
        Self {
            user: "example".into(),
            password: "examplePassword".into(),
            integration: true,
            products: vec![0, 8, 12, 15, 16, 17, 19],
            namirial: true,
            sign_me: true,
            advanced_signatures: true,
            customer_side_signing: false,
            phone_verification: false,
            webhooks: Webhooks::default(),
            webhook_method: WebhookMethod::Get,
            status_change_kinds: vec![11, 75],
            unknown_status: 4711,
            status_texts: false,
            time_out_days: Some(30),
            encryption_key: None,
            always_encrypted: false,
            images_in_result: false,
            numbered_sets: false,
            user_ip_in_result: false,
            identifier_as_text: false,
            names_as_printed: false,
            result_pdf: true,
            image_recording: true,
            image_length: 0,
            video_recording: true,
            video_length: 0,
            video_provision_seconds: 60,
            audio_recording: false,
            mobile: Some("+49171123456".into()),
        }
    }
}
