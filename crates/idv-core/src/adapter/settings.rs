//! Configuration of adapters: declared once, read from a file or from the environment, with precise
//! errors.
//!
//! [`settings!`](crate::settings) declares a configuration: its fields, their defaults and their
//! documentation. It generates the struct with a setter for each field, the list of its
//! [`Setting`]s, and its parser. A [`Table`] records the place of each value, so that an error
//! names the file, the line and the key, or the environment variable. No error repeats a value,
//! because it could be a misplaced secret.

mod declare;
mod near;
mod table;
mod value;

use std::borrow::Cow;

use url::{Host, Url};

use crate::callback::CallbackAuth;
use crate::error::{Error, Result};

pub use declare::IntoSetting;
pub use near::near_miss;
#[doc(hidden)]
pub use serde;
#[doc(hidden)]
pub use serde_json::Value;
pub use table::{Place, Places, Table};
#[doc(hidden)]
pub use value::either;
pub use value::{
    Address, Days, Fault, Millis, Positive, PositiveMillis, Secrets, SettingValue, by_serde,
};

/// A key of a configuration.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Setting {
    /// The key, with dots between the keys of nested tables.
    pub key: &'static str,
    /// The kind of the value.
    pub kind: SettingKind,
    /// Whether the key is required.
    pub required: bool,
    /// The expected format, in words.
    pub form: fn() -> Cow<'static, str>,
    /// The documentation of the field.
    pub doc: &'static str,
}

impl Setting {
    /// Creates the description of a key with values of type `T`.
    #[must_use]
    pub const fn new<T: SettingValue>(
        key: &'static str,
        required: bool,
        doc: &'static str,
    ) -> Self {
        Self {
            key,
            kind: T::KIND,
            required,
            form: T::form,
            doc,
        }
    }

    /// Returns the environment variable for the key: `IDV_`, the table and the key in upper case.
    ///
    /// ```
    /// use idv_core::adapter::settings::Setting;
    ///
    /// let setting = Setting::new::<String>("company", true, "");
    /// assert_eq!(setting.variable("example-vendor"), "IDV_EXAMPLE_VENDOR_COMPANY");
    /// ```
    #[must_use]
    pub fn variable(&self, table: &str) -> String {
        variable(&[table, self.key])
    }

    /// Returns the documentation in one line, without links that only rustdoc can resolve.
    #[must_use]
    pub fn summary(&self) -> String {
        let line = self.doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut parts = line.split("](");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.split_once(')') {
                Some((target, rest)) if target.contains("::") => text.push_str(rest),
                _ => text = format!("{text}]({part}"),
            }
        }
        text.replace("[`", "`").replace("`]", "`")
    }
}

/// Returns the environment variable for a path: `IDV_` and its parts in upper case.
#[must_use]
pub fn variable(path: &[&str]) -> String {
    let name = path.join("_").replace(['-', '.'], "_");
    format!("IDV_{}", name.to_ascii_uppercase())
}

/// The kind of a setting's value, which determines its form in the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingKind {
    /// The variable contains the value.
    Plain,
    /// The variable contains the URL of a host to which requests are sent.
    Address,
    /// The variable contains a secret. The variable with the suffix `_FILE` contains the path of a
    /// file with the secret.
    Secret,
    /// As [`Secret`](Self::Secret); a second variable, with the suffix `_2`, contains another
    /// accepted secret.
    Secrets,
}

/// A table of a configuration that belongs to no vendor, such as `[flow]`.
pub trait Section: Sized {
    /// The name of the table.
    const NAME: &'static str;

    /// Returns the keys of the table.
    fn settings() -> &'static [Setting];

    /// Parses the table, which is empty if the configuration does not contain it.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), which names the key, its place and its format.
    fn from_table(table: &Table) -> Result<Self>;
}

/// Checks a base URL: it must use https, and have no user, query or fragment.
///
/// http is accepted for the loopback interface, and for hosts that `plain` allows.
///
/// # Errors
///
/// [`Config`](crate::ErrorKind::Config), which names the key.
///
/// ```
/// use idv_core::adapter::settings::check_address;
///
/// assert!(check_address("base_url", &"https://api.example.com/v1/".parse().unwrap(), |_| false).is_ok());
/// assert!(check_address("base_url", &"http://127.0.0.1:8080".parse().unwrap(), |_| false).is_ok());
/// assert!(check_address("base_url", &"http://api.example.com".parse().unwrap(), |_| false).is_err());
/// ```
pub fn check_address(key: &str, url: &Url, plain: impl FnOnce(&str) -> bool) -> Result<()> {
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) || plain(url.host_str().unwrap_or_default()) => {}
        _ => {
            return Err(Error::config(format!(
                "invalid `{key}`: expected https:// (http:// only for a test system and for this machine)"
            )));
        }
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(Error::config(format!(
            "invalid `{key}`: expected a URL without user, query and fragment"
        )));
    }
    Ok(())
}

/// Returns the configured base URL, or else the vendor's own, after [`check_address`].
///
/// # Errors
///
/// [`Config`](crate::ErrorKind::Config), which names `base_url`.
pub fn base_url(configured: Option<&Url>, default: &str) -> Result<Url> {
    let url = match configured {
        Some(url) => url.clone(),
        None => Url::parse(default).map_err(|_| Error::config("`base_url` has no default"))?,
    };
    check_address("base_url", &url, |_| false)?;
    Ok(url)
}

/// Returns whether a URL refers to the loopback interface.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The default name of the query parameter that carries the callback secret.
pub const CALLBACK_PARAMETER: &str = "token";

/// Returns authentication by a secret in the query of the callback URL; none if there are no
/// secrets.
///
/// # Errors
///
/// [`Config`](crate::ErrorKind::Config) if `callback_secret` is too short, or `callback_parameter`
/// is not a valid name.
pub fn query_auth(parameter: &str, secrets: &Secrets) -> Result<CallbackAuth> {
    check_parameter(parameter)?;
    if secrets.is_empty() {
        Ok(CallbackAuth::none())
    } else {
        CallbackAuth::query(parameter, secrets.clone())
    }
}

/// Returns authentication as [`query_auth`], with a secret for each verification that is derived
/// from the configured one.
///
/// # Errors
///
/// As [`query_auth`].
pub fn query_per_subject_auth(parameter: &str, secrets: &Secrets) -> Result<CallbackAuth> {
    check_parameter(parameter)?;
    if secrets.is_empty() {
        Ok(CallbackAuth::none())
    } else {
        CallbackAuth::query_per_subject(parameter, secrets.clone())
    }
}

fn check_parameter(parameter: &str) -> Result<()> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if parameter.is_empty() || !parameter.bytes().all(is_name) {
        return Err(Error::config(
            "invalid `callback_parameter`: expected ASCII letters, digits, `-` and `_`, such as `token`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
