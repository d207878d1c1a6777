//! Builds requests as pure functions: method, URL, headers and body as in the document.

use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, Uri};
use idv_core::{Error, Result, Timestamp, Url, adapter};
use serde::Serialize;

use crate::config::{BASE_URL, CmIdScanConfig};
use crate::session::Minter;

/// The base URL and the credentials of the account.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: Url,
    base: adapter::Endpoint,
    minter: Minter,
}

impl Endpoint {
    pub(super) fn new(config: &CmIdScanConfig) -> Result<Self> {
        let url = config.address()?;
        let base = adapter::Endpoint::new(&url);
        let seconds = |number: u32| Duration::from_secs(number.into());
        let minter = Minter::new(
            &config.key_id,
            &config.secret,
            seconds(config.token_lifetime),
            seconds(config.token_skew),
        );
        Ok(Self { url, base, minter })
    }

    /// Builds a call with a body.
    pub(super) fn post(
        &self,
        now: Timestamp,
        parts: &[&str],
        body: &impl Serialize,
    ) -> Result<Request<Bytes>> {
        self.authorized(now, self.base.request_with(Method::POST, parts, body)?)
    }

    /// Builds a call without a body. The characters of each part need no escaping in a URL.
    pub(super) fn get(&self, now: Timestamp, parts: &[&str]) -> Result<Request<Bytes>> {
        self.authorized(now, self.base.request(Method::GET, parts)?)
    }

    /// Builds the download of a file from a URL that [`Endpoint::file`] has checked.
    pub(super) fn get_file(&self, now: Timestamp, address: &Uri) -> Result<Request<Bytes>> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = address.clone();
        self.authorized(now, request)
    }

    /// Returns the URL of a file if the token may be sent there: only to the configured scheme,
    /// host and port. With the token, another host could read every result of the account until the
    /// token expires.
    ///
    /// If `base_url` is a proxy, the vendor still names its own host. Such a URL is rewritten to
    /// `base_url`.
    pub(super) fn file(&self, address: &str) -> Result<Uri> {
        let no_address = || Error::malformed("invalid URL of a file");
        let url = Url::parse(address).map_err(|_| no_address())?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        if is_plain && url.origin() == self.url.origin() {
            return url.as_str().parse().map_err(|_| no_address());
        }
        let vendor = Url::parse(BASE_URL).map_err(|_| no_address())?;
        match url
            .path()
            .strip_prefix(vendor.path())
            .filter(|_| is_plain && url.origin() == vendor.origin())
        {
            Some(path) => {
                let query = url
                    .query()
                    .map_or_else(String::new, |query| format!("?{query}"));
                format!("{}/{path}{query}", self.base.base())
                    .parse()
                    .map_err(|_| no_address())
            }
            None => Err(Error::malformed(
                "the file is on a host that is neither that of base_url nor the vendor's \
                 own; the account's token is not sent there",
            )),
        }
    }

    fn authorized(&self, now: Timestamp, mut request: Request<Bytes>) -> Result<Request<Bytes>> {
        request
            .headers_mut()
            .insert(AUTHORIZATION, self.minter.bearer(now)?);
        Ok(request)
    }
}
