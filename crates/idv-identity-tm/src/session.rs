//! How calls are authorized: HTTP Basic authentication, on each one (chapter 2.7).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use idv_core::{Error, Result, Secret};

/// The user's name and the password.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    header: HeaderValue,
}

impl Credentials {
    pub(crate) fn new(user: &str, password: &Secret) -> Result<Self> {
        if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
            return Err(Error::config("user is empty, or has a colon or a control character, which HTTP Basic does not allow"));
        }
        if password.is_empty() || password.expose().chars().any(char::is_control) {
            return Err(Error::config("password is empty or has a control character, which HTTP Basic does not allow"));
        }
        let encoded = STANDARD.encode(format!("{user}:{}", password.expose()));
        // Base64 is always a header's value; `Debug` does not print one that is sensitive.
        let mut header =
            HeaderValue::try_from(format!("Basic {encoded}")).map_err(|_| Error::config("password cannot be sent"))?;
        header.set_sensitive(true);
        Ok(Self { header })
    }

    /// The value of `Authorization`.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}
