//! Requests, as pure functions: method, address, headers and body as the document shows them.

use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, Uri};
use idv_core::{Error, Result, Timestamp, Url, adapter};
use serde::Serialize;

use crate::config::{BASE_URL, CmIdScanConfig};
use crate::session::Minter;

/// Where the calls go, and as whom.
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

    /// A call with a body.
    pub(super) fn post(
        &self,
        now: Timestamp,
        parts: &[&str],
        body: &impl Serialize,
    ) -> Result<Request<Bytes>> {
        self.authorized(now, self.base.request_with(Method::POST, parts, body)?)
    }

    /// A call without one. Each part has an alphabet that goes into addresses as it is.
    pub(super) fn get(&self, now: Timestamp, parts: &[&str]) -> Result<Request<Bytes>> {
        self.authorized(now, self.base.request(Method::GET, parts)?)
    }

    /// A file at an address that [`Endpoint::file`] allowed.
    pub(super) fn get_file(&self, now: Timestamp, address: &Uri) -> Result<Request<Bytes>> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = address.clone();
        self.authorized(now, request)
    }

    /// The address of a file, if the token may be sent there: at the configured scheme, host and port, and nowhere else. Whatever could
    /// make this program send a token elsewhere could read every result of the account until it ends.
    ///
    /// If `base_url` is a proxy, the vendor still names its own host: such an address is called below `base_url` instead.
    pub(super) fn file(&self, address: &str) -> Result<Uri> {
        let no_address = || Error::malformed("the address of a file is none");
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
                "the file is at another host than base_url and the vendor's own, to which the account's token is not sent",
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
