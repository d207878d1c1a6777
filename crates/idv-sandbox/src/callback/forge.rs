//! Forged callbacks: the same request without the secret.

use super::Callback;
use crate::vendor::CALLBACK_SECRET;

/// The value in place of a secret.
const FORGED: &str = "forged";

/// Parts of the names of headers and parameters that contain a secret.
const SECRETS: &[&str] = &[
    "auth", "hmac", "key", "passw", "pwd", "secret", "sign", "token",
];

/// Returns a callback with wrong values in place of its secrets; `None` if it has none.
pub(super) fn forged(callback: &Callback) -> Option<Callback> {
    let mut forged = callback.clone();
    let mut replaced = false;
    for (name, value) in &mut forged.headers {
        if is_secret(name, value) {
            // A scheme stays, so that the request is refused for its credentials.
            *value = match value.split_once(' ') {
                Some((scheme, _)) if name.eq_ignore_ascii_case("authorization") => {
                    format!("{scheme} Zm9yZ2VkOmZvcmdlZA==")
                }
                _ => FORGED.to_owned(),
            };
            replaced = true;
        }
    }
    if let Ok(mut url) = url::Url::parse(&callback.url) {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let has_password = url.password().is_some();
        let has_secret = pairs.iter().any(|(name, value)| is_secret(name, value));
        if has_secret {
            url.query_pairs_mut()
                .clear()
                .extend_pairs(pairs.into_iter().map(|(name, value)| {
                    let is_secret = is_secret(&name, &value);
                    (name, if is_secret { FORGED.to_owned() } else { value })
                }));
        }
        if has_password {
            // A URL with a password has a host, and can have another one.
            let _ = url.set_password(Some(FORGED));
        }
        if has_secret || has_password {
            forged.url = url.into();
            replaced = true;
        }
    }
    replaced.then_some(forged)
}

fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    value.contains(CALLBACK_SECRET) || SECRETS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn with(url: &str, headers: &[(&str, &str)]) -> Callback {
        let mut callback = Callback::new("test", "R", Method::POST, url.to_owned());
        callback.headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        callback
    }

    #[test]
    fn every_secret_is_replaced() {
        let callback = with(
            &format!("http://a:pw@127.0.0.1/x?event=E&token=t&other={CALLBACK_SECRET}"),
            &[
                ("Authorization", "Basic c2FuZGJveDpzZWNyZXQ="),
                ("X-Callback-Secret", "s"),
                ("X-Kind", "k"),
            ],
        );
        let forged = forged(&callback).unwrap();
        assert_eq!(
            forged.url,
            "http://a:forged@127.0.0.1/x?event=E&token=forged&other=forged"
        );
        let values: Vec<&str> = forged
            .headers
            .iter()
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(values, ["Basic Zm9yZ2VkOmZvcmdlZA==", "forged", "k"]);
    }

    #[test]
    fn callback_without_secret_cannot_be_forged() {
        assert!(forged(&with("http://127.0.0.1/x?event=E", &[("X-Kind", "k")])).is_none());
    }
}
