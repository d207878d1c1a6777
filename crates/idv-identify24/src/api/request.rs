//! Builds requests as pure functions: method, URL, headers and body as in the document.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request};
use idv_core::adapter::{self, sensitive};
use idv_core::{Error, Result, Secret, Url};
use serde::Serialize;

use super::calls::{self, CallRow};
use super::{IdentId, NewIdent};

/// The base URL and the partner name of the account.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    base: adapter::Endpoint,
    partner: HeaderValue,
}

/// The body of `auth`.
#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Login<'a> {
    partner: &'a str,
    apikey: &'a str,
}

/// The body of `project/get`.
#[derive(Serialize)]
struct ProjectQuery {
    project_id: u64,
}

impl Endpoint {
    pub(crate) fn new(base: &Url, partner: HeaderValue) -> Self {
        Self {
            base: adapter::Endpoint::new(base),
            partner,
        }
    }

    pub(crate) fn auth(&self, api_key: &Secret) -> Result<Request<Bytes>> {
        let partner = self
            .partner
            .to_str()
            .map_err(|_| Error::config("partner cannot be sent as a header value"))?;
        let body = Login {
            partner,
            apikey: api_key.expose(),
        };
        self.with_body(&calls::AUTH, &body)
    }

    pub(crate) fn create_ident(&self, token: &str, ident: &NewIdent) -> Result<Request<Bytes>> {
        self.authorized(token, self.with_body(&calls::IDENT_CREATE, ident)?)
    }

    pub(crate) fn ident(&self, token: &str, ident: &IdentId) -> Result<Request<Bytes>> {
        self.authorized(token, self.bare(&calls::IDENT_GET, &[ident.as_str()])?)
    }

    pub(crate) fn projects(&self, token: &str) -> Result<Request<Bytes>> {
        self.authorized(token, self.bare(&calls::PROJECT_GET_ALL, &[])?)
    }

    pub(crate) fn project(&self, token: &str, project_id: u64) -> Result<Request<Bytes>> {
        self.authorized(
            token,
            self.with_body(&calls::PROJECT_GET, &ProjectQuery { project_id })?,
        )
    }

    /// Returns the URL of a person's session in the form of the document's sample: at the API's
    /// host without its `api.`.
    pub(crate) fn page(&self, ident: &IdentId) -> Result<Url> {
        let config = || Error::config("base_url does not lead to a session URL");
        let mut url = Url::parse(&format!("{}/apply/{}", self.base.base(), ident.as_str()))
            .map_err(|_| config())?;
        if let Some(site) = url
            .host_str()
            .and_then(|host| host.strip_prefix("api."))
            .map(str::to_owned)
        {
            url.set_host(Some(&site)).map_err(|_| config())?;
        }
        Ok(url)
    }

    fn authorized(&self, token: &str, mut request: Request<Bytes>) -> Result<Request<Bytes>> {
        let token = sensitive(token).ok_or_else(|| {
            Error::malformed("the vendor returned a token that is not a valid header value")
        })?;
        request
            .headers_mut()
            .insert("x-api-partner", self.partner.clone());
        request.headers_mut().insert("x-api-token", token);
        Ok(request)
    }

    fn with_body(&self, call: &CallRow, body: &impl Serialize) -> Result<Request<Bytes>> {
        self.base
            .request_with(call.method.clone(), &[call.name], body)
    }

    fn bare(&self, call: &CallRow, rest: &[&str]) -> Result<Request<Bytes>> {
        let mut request = self
            .base
            .request(call.method.clone(), &[&[call.name], rest].concat())?;
        // The document requires the header for calls without a body, too.
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(request)
    }
}
