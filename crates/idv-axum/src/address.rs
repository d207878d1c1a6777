//! The public addresses of the routes.

use idv_core::{Client, Error, Result, Secret, Url};

/// Returns the callback address for
/// [`NewVerification::callback_url`](idv_core::NewVerification::callback_url).
///
/// `base` is the public address of the routes, including the path that they are nested at.
/// `account` is the name of the account; for a vendor's default account, that is the provider's id.
///
/// ```
/// let base = "https://bank.example/identity".parse()?;
/// assert_eq!(idv_axum::callback_url(&base, "idnow")?.as_str(), "https://bank.example/identity/callbacks/idnow");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Config`](idv_core::ErrorKind::Config) if `base` cannot have a path, or has a query or a
/// fragment.
pub fn callback_url(base: &Url, account: &str) -> Result<Url> {
    below(base, "callbacks", account)
}

/// Returns the return address for
/// [`NewVerification::return_urls`](idv_core::NewVerification::return_urls). The parameters are
/// those of [`callback_url`].
///
/// ```
/// let base = "https://bank.example/identity".parse()?;
/// assert_eq!(idv_axum::return_url(&base, "idnow")?.as_str(), "https://bank.example/identity/returns/idnow");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`callback_url`].
pub fn return_url(base: &Url, account: &str) -> Result<Url> {
    below(base, "returns", account)
}

/// Returns the callback address to enter in the vendor's panel, once per account.
///
/// It includes the secret if the vendor authenticates callbacks by the address, so show it only to
/// the operator who enters it. `base` is that of [`callback_url`].
///
/// If a vendor takes an address with each verification
/// ([`NewVerification::callback_url`](idv_core::NewVerification::callback_url)), its adapter adds
/// the secret there, and this function returns the address without it.
///
/// # Errors
///
/// As [`callback_url`].
pub fn account_callback_url(base: &Url, account: &str, client: &Client) -> Result<Secret> {
    let capabilities = client.info();
    let mut url = callback_url(base, account)?;
    let guard = client
        .provider()
        .capabilities()
        .callbacks
        .map(idv_core::Callbacks::auth);
    if !capabilities.accepts.contains(&"callback_url")
        && let Some((name, secret)) = guard.and_then(|guard| guard.parameter_for(""))
    {
        url.query_pairs_mut().append_pair(name, secret.expose());
    }
    Ok(Secret::new(String::from(url)))
}

fn below(base: &Url, kind: &str, account: &str) -> Result<Url> {
    const NO_BASE: &str = "invalid public address of the routes: expected an http or https URL without query and fragment";
    if base.query().is_some() || base.fragment().is_some() {
        return Err(Error::config(NO_BASE));
    }
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| Error::config(NO_BASE))?
        .pop_if_empty()
        .extend([kind, account]);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_extend_base_with_and_without_slash() {
        for (base, expected) in [
            (
                "https://bank.example",
                "https://bank.example/callbacks/idnow",
            ),
            (
                "https://bank.example/",
                "https://bank.example/callbacks/idnow",
            ),
            (
                "https://bank.example/a",
                "https://bank.example/a/callbacks/idnow",
            ),
            (
                "https://bank.example:8443/a/b/",
                "https://bank.example:8443/a/b/callbacks/idnow",
            ),
        ] {
            assert_eq!(
                callback_url(&base.parse().unwrap(), "idnow")
                    .unwrap()
                    .as_str(),
                expected
            );
            assert_eq!(
                return_url(&base.parse().unwrap(), "idnow")
                    .unwrap()
                    .as_str(),
                expected.replace("callbacks", "returns")
            );
        }
        assert_eq!(
            callback_url(&"https://bank.example".parse().unwrap(), "a/b?c")
                .unwrap()
                .path(),
            "/callbacks/a%2Fb%3Fc"
        );
    }

    #[test]
    fn invalid_base_is_refused() {
        for base in [
            "https://bank.example/?a=b",
            "https://bank.example/#a",
            "mailto:bank@example.com",
        ] {
            assert!(
                callback_url(&base.parse().unwrap(), "idnow").is_err(),
                "{base}"
            );
        }
    }
}
