//! The response to a create call.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::id::VerificationId;

/// The response to a create call: a verification that exists at the vendor.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CreateResponse {
    /// The identifiers of the verification. Store them whole.
    pub id: VerificationId,
    /// The way in which the person reaches the vendor.
    pub hand_off: HandOff,
    /// The time of creation, by the application's clock.
    pub at: Timestamp,
    /// When the person's session expires, if the vendor says so.
    pub expires_at: Option<Timestamp>,
    /// Whether the verification already existed and the vendor updated its data: the call was a
    /// repetition.
    pub already_existed: bool,
    /// The paths of the fields that were given but that this vendor does not support, and that were
    /// not sent.
    pub unsupported_fields: Vec<&'static str>,
}

impl CreateResponse {
    /// Creates a response with the data that every vendor returns; set the other fields on the
    /// value.
    #[must_use]
    pub const fn new(id: VerificationId, hand_off: HandOff, at: Timestamp) -> Self {
        Self {
            id,
            hand_off,
            at,
            expires_at: None,
            already_existed: false,
            unsupported_fields: Vec::new(),
        }
    }
}

/// The way in which the person reaches the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HandOff {
    /// Send the person to this URL.
    #[serde(alias = "visit")]
    Redirect(SessionUrl),
    /// The vendor contacts the person; do not redirect them.
    VendorContactsPerson,
}

/// A URL that opens the person's session.
///
/// Anyone who knows the URL can take the person's place, so `Debug` prints only its host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionUrl(Url);

impl SessionUrl {
    /// Wraps a URL.
    #[must_use]
    pub const fn new(url: Url) -> Self {
        Self(url)
    }

    /// Returns the URL in clear.
    ///
    /// Show it to the person only.
    #[must_use]
    pub const fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for SessionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}/…",
            self.0.scheme(),
            self.0.host_str().unwrap_or_default()
        )
    }
}
