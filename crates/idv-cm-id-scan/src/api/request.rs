//! Requests, as pure functions: method, address, headers and body as the document shows them.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};
use idv_core::{Error, Result, Timestamp, Url};
use serde::Serialize;

use crate::config::{BASE_URL, CmIdScanConfig};
use crate::session::Minter;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Where the calls go, and as whom.
#[derive(Debug)]
pub(super) struct Endpoint {
    base: Url,
    /// The same without a slash at its end.
    prefix: String,
    minter: Minter,
}

impl Endpoint {
    pub(super) fn new(config: &CmIdScanConfig) -> Result<Self> {
        let base = config.address()?;
        let prefix = base.as_str().trim_end_matches('/').to_owned();
        let seconds = |number: u32| Duration::from_secs(number.into());
        let minter = Minter::new(&config.key_id, &config.secret, seconds(config.token_lifetime), seconds(config.token_skew));
        Ok(Self { base, prefix, minter })
    }

    /// A call with a body.
    pub(super) fn post(&self, now: Timestamp, parts: &[&str], body: &impl Serialize) -> Result<Request<Bytes>> {
        let body = serde_json::to_vec(body).map_err(|error| Error::malformed_json(&error))?;
        let mut request = self.build(now, Method::POST, self.address(parts)?, body.into())?;
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        Ok(request)
    }

    /// A call without one.
    pub(super) fn get(&self, now: Timestamp, parts: &[&str]) -> Result<Request<Bytes>> {
        self.build(now, Method::GET, self.address(parts)?, Bytes::new())
    }

    /// A file at an address that [`Endpoint::file`] allowed.
    pub(super) fn get_file(&self, now: Timestamp, address: &Uri) -> Result<Request<Bytes>> {
        self.build(now, Method::GET, address.clone(), Bytes::new())
    }

    /// The address of a file, if the token may be sent there: at the configured scheme, host and port, and nowhere else. Whatever could
    /// make this program send a token elsewhere could read every result of the account until it ends.
    ///
    /// If `base_url` is a proxy, the vendor still names its own host: such an address is called below `base_url` instead.
    pub(super) fn file(&self, address: &str) -> Result<Uri> {
        let no_address = || Error::malformed("the address of a file is none");
        let url = Url::parse(address).map_err(|_| no_address())?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        if is_plain && url.origin() == self.base.origin() {
            return url.as_str().parse().map_err(|_| no_address());
        }
        let vendor = Url::parse(BASE_URL).map_err(|_| no_address())?;
        match url.path().strip_prefix(vendor.path()).filter(|_| is_plain && url.origin() == vendor.origin()) {
            Some(path) => {
                let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
                format!("{}/{path}{query}", self.prefix).parse().map_err(|_| no_address())
            }
            None => Err(Error::malformed(
                "the file is at another host than base_url and the vendor's own, to which the account's token is not sent",
            )),
        }
    }

    /// The address below the base. Each part has an alphabet that goes into addresses as it is.
    fn address(&self, parts: &[&str]) -> Result<Uri> {
        let mut address = self.prefix.clone();
        for part in parts {
            address.push('/');
            address.push_str(part);
        }
        address.parse().map_err(|_| Error::config("base_url makes no address that can be called"))
    }

    fn build(&self, now: Timestamp, method: Method, uri: Uri, body: Bytes) -> Result<Request<Bytes>> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().insert(AUTHORIZATION, self.minter.bearer(now)?);
        Ok(request)
    }
}
