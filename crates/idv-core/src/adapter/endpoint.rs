//! Requests below a base URL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use serde::Serialize;
use url::Url;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// The base URL of a vendor's API.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The URL without a trailing slash.
    base: String,
}

impl Endpoint {
    /// Creates an endpoint from a base URL.
    ///
    /// A trailing slash is ignored.
    #[must_use]
    pub fn new(base: &Url) -> Self {
        Self {
            base: base.as_str().trim_end_matches('/').to_owned(),
        }
    }

    /// Returns the base URL without a trailing slash.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Builds a request without a body to `base/part/part…`.
    ///
    /// The parts are not escaped: the adapter ensures that they are valid in a URL.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if the result is not a valid URL.
    pub fn request(&self, method: Method, parts: &[&str]) -> Result<Request<Bytes>> {
        let length = parts.iter().map(|part| part.len() + 1).sum::<usize>();
        let mut address = String::with_capacity(self.base.len() + length);
        address.push_str(&self.base);
        for part in parts {
            address.push('/');
            address.push_str(part);
        }
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = method;
        *request.uri_mut() = address
            .parse()
            .map_err(|_| Error::config("invalid `base_url`: it does not form a valid URL"))?;
        Ok(request)
    }

    /// Builds a request with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::request`]; [`Malformed`](crate::ErrorKind::Malformed) if the body cannot be
    /// serialized as JSON.
    pub fn request_with(
        &self,
        method: Method,
        parts: &[&str],
        body: &impl Serialize,
    ) -> Result<Request<Bytes>> {
        let mut request = self.request(method, parts)?;
        *request.body_mut() = serde_json::to_vec(body)
            .map(Bytes::from)
            .map_err(|error| Error::malformed_json(&error))?;
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(request)
    }
}

/// Returns a header value that carries a credential, which `Debug` does not print; `None` if the
/// text is not a valid header value.
#[must_use]
pub fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Returns the value of the `Authorization` header for HTTP Basic; `secret_key` is the
/// configuration key of the secret.
///
/// # Errors
///
/// [`Config`](crate::ErrorKind::Config) if the user or the secret is empty or contains a character
/// that HTTP Basic does not allow.
pub fn basic_auth(user: &str, secret: &Secret, secret_key: &str) -> Result<HeaderValue> {
    if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
        return Err(Error::config(
            "invalid `user`: it is empty, or contains a colon or a control character, which HTTP Basic does not allow",
        ));
    }
    if secret.is_empty() || secret.expose().chars().any(char::is_control) {
        return Err(Error::config(format!(
            "invalid `{secret_key}`: it is empty or contains a control character, which HTTP Basic does not allow"
        )));
    }
    let encoded = STANDARD.encode(format!("{user}:{}", secret.expose()));
    sensitive(&format!("Basic {encoded}")).ok_or_else(|| {
        Error::config(format!(
            "invalid `{secret_key}`: it is not a valid header value"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_appended_to_the_base() {
        for base in ["https://api.example.com/v1", "https://api.example.com/v1/"] {
            let endpoint = Endpoint::new(&base.parse().unwrap());
            let request = endpoint.request(Method::GET, &["orders", "7"]).unwrap();
            assert_eq!(request.uri(), "https://api.example.com/v1/orders/7");
            let request = endpoint
                .request_with(Method::POST, &["orders"], &serde_json::json!({"a": 1}))
                .unwrap();
            assert_eq!(request.body().as_ref(), br#"{"a":1}"#);
            assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
            assert!(endpoint.request(Method::GET, &["a b"]).is_err());
        }
    }

    #[test]
    fn basic_authentication_refuses_invalid_characters() {
        let value = basic_auth("Aladdin", &"open sesame".into(), "password").unwrap();
        assert_eq!(
            value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "the example of RFC 7617"
        );
        for (user, secret) in [
            ("", "a"),
            ("a:b", "a"),
            ("a\n", "a"),
            ("a", ""),
            ("a", "b\0"),
        ] {
            let error = basic_auth(user, &secret.into(), "password").unwrap_err();
            assert_eq!(
                error.kind(),
                &crate::ErrorKind::Config,
                "{user:?} {secret:?}"
            );
        }
    }

    #[test]
    fn debug_of_a_credential_is_a_placeholder() {
        assert!(!format!("{:?}", sensitive("Bearer abc").unwrap()).contains("abc"));
        assert!(sensitive("a\nb").is_none());
    }
}
