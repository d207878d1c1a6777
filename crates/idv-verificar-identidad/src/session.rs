//! The authorization of calls: HTTP Basic authentication by API User and API Token, on each one ("Authentication").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use idv_core::{Error, Result, Secret};

/// The API User and the API Token.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    header: HeaderValue,
}

impl Credentials {
    pub(crate) fn new(user: &str, token: &Secret) -> Result<Self> {
        if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
            return Err(Error::config("user is empty, or has a colon or a control character, which HTTP Basic does not allow"));
        }
        if token.is_empty() || token.expose().chars().any(char::is_control) {
            return Err(Error::config("token is empty or has a control character, which HTTP Basic does not allow"));
        }
        let encoded = STANDARD.encode(format!("{user}:{}", token.expose()));
        // Base64 is always a header's value; `Debug` does not print one that is sensitive.
        let mut header = HeaderValue::try_from(format!("Basic {encoded}")).map_err(|_| Error::config("token cannot be sent"))?;
        header.set_sensitive(true);
        Ok(Self { header })
    }

    /// The value of `Authorization`.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}
