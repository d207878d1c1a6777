//! What ordering returns (chapter 3.1.5).

use std::fmt;

use idv_core::{Error, Pii, Result, Secret, SessionUrl, Url};
use serde::Deserialize;

use crate::api::OrderId;

/// An order that the vendor has taken (chapter 3.1.5). `Debug` prints neither ids nor our reference, nor links but for their hosts.
#[derive(Clone)]
#[non_exhaustive]
pub struct OrderCreated {
    /// The vendor's id of the order.
    pub order_id: OrderId,
    /// Our reference, as the vendor has it.
    pub reference: Option<String>,
    /// The page where the person chooses a way of identification; where [`Order::target_link`](super::Order::target_link) asked for it.
    pub target_url: Option<SessionUrl>,
    /// The link that opens the app; where [`Order::deep_link`](super::Order::deep_link) asked for it.
    pub deep_link_url: Option<SessionUrl>,
    /// The page of the automatic identification; where [`Order::auto_id_link`](super::Order::auto_id_link) asked for it.
    pub auto_id_url: Option<SessionUrl>,
    /// Whether signed data of an earlier identification have been accepted, where the order brought such (chapter 7).
    pub signed_data_accepted: Option<bool>,
    /// The names under which the video system knows the order; where [`Order::video_hashes`](super::Order::video_hashes) asked for them.
    pub video_hashes: Option<VideoHashes>,
    /// The user's id, where an agent is onboarded.
    pub user_id: Option<String>,
    /// The user's token, where an agent is onboarded.
    pub user_token: Option<Secret>,
    /// What the vendor says of an error that did not keep it from taking the order.
    pub error: Option<Pii<String>>,
}

/// The names under which the video system knows an order. They open the person's session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VideoHashes {
    /// For the apps.
    pub short_code: Option<Secret>,
    /// For the SDK.
    pub long_code: Option<Secret>,
}

impl OrderCreated {
    /// Reads the answer.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read, or names no order; the vendor's words about an error are
    /// the error's code.
    pub fn read(body: &[u8]) -> Result<Self> {
        // A struct would be read from an array too, and any number that stands first in one would be an order.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(Error::malformed("the answer is no JSON object"));
        }
        let wire: Wire = serde_json::from_slice(body).map_err(|error| Error::malformed_json(&error))?;
        let no_order = || {
            let error = Error::malformed("the answer names no order: OrderID is missing");
            match &wire.error {
                Some(text) => error.with_vendor_code(text),
                None => error,
            }
        };
        let order_id = wire.order_id.as_ref().map(Loose::text).filter(|id| !id.is_empty()).ok_or_else(no_order)?;
        let order_id = OrderId::parse(order_id).map_err(|_| Error::malformed("OrderID is none that could be asked about"))?;
        Ok(Self {
            order_id,
            reference: wire.reference.as_ref().map(Loose::text),
            target_url: link(wire.target_url)?,
            deep_link_url: link(wire.deep_link_url)?,
            auto_id_url: link(wire.auto_id_url)?,
            signed_data_accepted: wire.signed_data_accepted.and_then(|value| match value.text().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            }),
            video_hashes: wire.video_hashes.map(|hashes| VideoHashes {
                short_code: hashes.short_code.map(Secret::new),
                long_code: hashes.long_code.map(Secret::new),
            }),
            user_id: wire.user_id.as_ref().map(Loose::text),
            user_token: wire.user_token.map(Secret::new),
            error: wire.error.map(Pii::new),
        })
    }
}

impl fmt::Debug for OrderCreated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderCreated")
            .field("target_url", &self.target_url)
            .field("deep_link_url", &self.deep_link_url)
            .field("auto_id_url", &self.auto_id_url)
            .field("signed_data_accepted", &self.signed_data_accepted)
            .finish_non_exhaustive()
    }
}

/// An address that is none would send the person nowhere.
fn link(text: Option<String>) -> Result<Option<SessionUrl>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(SessionUrl::new(url))),
        _ => Err(Error::malformed("a link in the answer is no address of the web")),
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "OrderID", default)]
    order_id: Option<Loose>,
    #[serde(rename = "Ref", default)]
    reference: Option<Loose>,
    #[serde(rename = "TargetURL", default)]
    target_url: Option<String>,
    #[serde(rename = "DeepLinkURL", default)]
    deep_link_url: Option<String>,
    // The document's text has an l where an I is meant.
    #[serde(rename = "AutoIdURL", alias = "AutoldURL", alias = "AutoIDURL", default)]
    auto_id_url: Option<String>,
    #[serde(rename = "SignedDataAccepted", default)]
    signed_data_accepted: Option<Loose>,
    #[serde(rename = "VideoHashes", default)]
    video_hashes: Option<WireHashes>,
    #[serde(rename = "UserID", default)]
    user_id: Option<Loose>,
    #[serde(rename = "UserToken", default)]
    user_token: Option<String>,
    #[serde(rename = "Error", default)]
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireHashes {
    #[serde(default)]
    short_code: Option<String>,
    #[serde(default)]
    long_code: Option<String>,
}

/// Text, a number or a truth value.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Text(String),
    Number(serde_json::Number),
    Bool(bool),
}

impl Loose {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        }
    }
}
