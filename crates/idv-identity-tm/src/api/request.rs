//! Builds requests as pure functions: method, URL, headers and body as in the document.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use idv_core::{Result, Url, adapter};
use serde::Serialize;

use super::OrderId;
use super::calls::CallRow;

/// The base URL and the credentials of the account.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    base: adapter::Endpoint,
    credentials: HeaderValue,
}

impl Endpoint {
    pub(crate) fn new(base: &Url, credentials: HeaderValue) -> Self {
        Self {
            base: adapter::Endpoint::new(base),
            credentials,
        }
    }

    /// Builds a call about an order, with variants in its path.
    pub(crate) fn about(
        &self,
        call: &CallRow,
        order: &OrderId,
        variants: &[&str],
    ) -> Result<Request<Bytes>> {
        self.plain(call, &[&[order.as_str()], variants].concat())
    }

    /// Builds a call about an order, with a body.
    pub(crate) fn about_with(
        &self,
        call: &CallRow,
        order: &OrderId,
        body: &impl Serialize,
    ) -> Result<Request<Bytes>> {
        self.with_body(call, &[order.as_str()], body)
    }

    /// Builds a call with further path segments. The characters of each segment need no escaping in
    /// a URL.
    pub(crate) fn plain(&self, call: &CallRow, rest: &[&str]) -> Result<Request<Bytes>> {
        self.base
            .request(call.method.clone(), &[&[call.name], rest].concat())
            .map(|request| self.authorized(request))
    }

    /// Builds a call with a body.
    pub(crate) fn with_body(
        &self,
        call: &CallRow,
        rest: &[&str],
        body: &impl Serialize,
    ) -> Result<Request<Bytes>> {
        let parts = [&[call.name], rest].concat();
        self.base
            .request_with(call.method.clone(), &parts, body)
            .map(|request| self.authorized(request))
    }

    fn authorized(&self, mut request: Request<Bytes>) -> Request<Bytes> {
        request
            .headers_mut()
            .insert(AUTHORIZATION, self.credentials.clone());
        request
    }
}
