//! Requests, as pure functions: method, address, headers and body as the document shows them.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use idv_core::{Error, Result, Url};
use serde::Serialize;

use super::OrderId;
use super::calls::CallRow;
use crate::session::Credentials;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The address and the credentials of the calls.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// Without a slash at its end.
    base: String,
    credentials: Credentials,
}

impl Endpoint {
    pub(crate) fn new(base: &Url, credentials: Credentials) -> Self {
        Self { base: base.as_str().trim_end_matches('/').to_owned(), credentials }
    }

    /// A call about an order, with the variants of its address.
    pub(crate) fn about(&self, call: &CallRow, order: &OrderId, variants: &[&str]) -> Result<Request<Bytes>> {
        self.build(call, &[&[order.as_str()], variants].concat(), Bytes::new())
    }

    /// A call about an order with a body.
    pub(crate) fn about_with(&self, call: &CallRow, order: &OrderId, body: &impl Serialize) -> Result<Request<Bytes>> {
        self.with_body(call, &[order.as_str()], body)
    }

    /// A call by what follows its name in the address. Each part has an alphabet that goes into addresses as it is.
    pub(crate) fn plain(&self, call: &CallRow, rest: &[&str]) -> Result<Request<Bytes>> {
        self.build(call, rest, Bytes::new())
    }

    /// A call with a body.
    pub(crate) fn with_body(&self, call: &CallRow, rest: &[&str], body: &impl Serialize) -> Result<Request<Bytes>> {
        let body = serde_json::to_vec(body).map_err(|error| Error::malformed_json(&error))?;
        let mut request = self.build(call, rest, body.into())?;
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        Ok(request)
    }

    fn build(&self, call: &CallRow, rest: &[&str], body: Bytes) -> Result<Request<Bytes>> {
        let mut address = format!("{}/{}", self.base, call.name);
        for part in rest {
            address.push('/');
            address.push_str(part);
        }
        let mut request = Request::new(body);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = address.parse().map_err(|_| Error::config("base_url makes no address that can be called"))?;
        request.headers_mut().insert(AUTHORIZATION, self.credentials.header());
        Ok(request)
    }
}
