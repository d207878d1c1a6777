//! The addresses of the routes, as vendors and browsers are told them.

use idv_core::{Client, Error, Result, Secret, Url};

/// Where a vendor calls back: for [`NewVerification::callback_url`](idv_core::NewVerification::callback_url). `base` is the public address
/// of where the routes are, the path that they are nested at included.
///
/// ```
/// let base = "https://bank.example/identity".parse()?;
/// assert_eq!(idv_axum::callback_url(&base, "idnow")?.as_str(), "https://bank.example/identity/callbacks/idnow");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Config`](idv_core::ErrorKind::Config) where `base` is no address of a site, or has a query or a fragment.
pub fn callback_url(base: &Url, provider: &str) -> Result<Url> {
    below(base, "callbacks", provider)
}

/// Where people return: for [`NewVerification::return_urls`](idv_core::NewVerification::return_urls). `base` as for [`callback_url`].
///
/// # Errors
///
/// As [`callback_url`].
pub fn return_url(base: &Url, provider: &str) -> Result<Url> {
    below(base, "returns", provider)
}

/// What is to be set as the address of callbacks in the vendor's panel, once per account, with the secret that proves them where that lives
/// in the address. `base` as for [`callback_url`]. It is to be shown to whoever sets it, and to nobody else.
///
/// A vendor that takes an address with each verification ([`NewVerification::callback_url`](idv_core::NewVerification::callback_url)) gets
/// the secret there, by its adapter; for such a one, this is the address without it.
///
/// # Errors
///
/// As [`callback_url`].
pub fn account_callback_url(base: &Url, client: &Client) -> Result<Secret> {
    let capabilities = client.info();
    let mut url = callback_url(base, capabilities.provider.as_str())?;
    let guard = client.provider().capabilities().callbacks.map(idv_core::Callbacks::auth);
    if !capabilities.accepts.contains(&"callback_url")
        && let Some((name, secret)) = guard.and_then(|guard| guard.parameter_for(""))
    {
        url.query_pairs_mut().append_pair(name, secret.expose());
    }
    Ok(Secret::new(String::from(url)))
}

fn below(base: &Url, kind: &str, provider: &str) -> Result<Url> {
    const NO_BASE: &str = "the public address of the routes is one of a site, without a query and a fragment";
    if base.query().is_some() || base.fragment().is_some() {
        return Err(Error::config(NO_BASE));
    }
    let mut url = base.clone();
    url.path_segments_mut().map_err(|()| Error::config(NO_BASE))?.pop_if_empty().extend([kind, provider]);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_below_the_base_however_it_ends() {
        for (base, expected) in [
            ("https://bank.example", "https://bank.example/callbacks/idnow"),
            ("https://bank.example/", "https://bank.example/callbacks/idnow"),
            ("https://bank.example/a", "https://bank.example/a/callbacks/idnow"),
            ("https://bank.example:8443/a/b/", "https://bank.example:8443/a/b/callbacks/idnow"),
        ] {
            assert_eq!(callback_url(&base.parse().unwrap(), "idnow").unwrap().as_str(), expected);
            assert_eq!(return_url(&base.parse().unwrap(), "idnow").unwrap().as_str(), expected.replace("callbacks", "returns"));
        }
        assert_eq!(callback_url(&"https://bank.example".parse().unwrap(), "a/b?c").unwrap().path(), "/callbacks/a%2Fb%3Fc");
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for base in ["https://bank.example/?a=b", "https://bank.example/#a", "mailto:bank@example.com"] {
            assert!(callback_url(&base.parse().unwrap(), "idnow").is_err(), "{base}");
        }
    }
}
