//! Requests, as pure functions: method, address, headers and body as the document shows them.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request};
use idv_core::{Error, Result, Secret, Url};
use serde::Serialize;

use super::calls::{self, CallRow};
use super::{IdentId, NewIdent};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The address and the partner of the calls.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// Without a slash at its end.
    base: String,
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
        Self { base: base.as_str().trim_end_matches('/').to_owned(), partner }
    }

    pub(crate) fn auth(&self, api_key: &Secret) -> Result<Request<Bytes>> {
        let partner = self.partner.to_str().map_err(|_| Error::config("partner cannot be sent"))?;
        let body = Login { partner, apikey: api_key.expose() };
        self.build(&calls::AUTH, "", json(&body)?)
    }

    pub(crate) fn create_ident(&self, token: &str, ident: &NewIdent) -> Result<Request<Bytes>> {
        self.authorized(token, self.build(&calls::IDENT_CREATE, "", json(ident)?)?)
    }

    pub(crate) fn ident(&self, token: &str, ident: &IdentId) -> Result<Request<Bytes>> {
        self.authorized(token, self.build(&calls::IDENT_GET, ident.as_str(), Bytes::new())?)
    }

    pub(crate) fn projects(&self, token: &str) -> Result<Request<Bytes>> {
        self.authorized(token, self.build(&calls::PROJECT_GET_ALL, "", Bytes::new())?)
    }

    pub(crate) fn project(&self, token: &str, project_id: u64) -> Result<Request<Bytes>> {
        self.authorized(token, self.build(&calls::PROJECT_GET, "", json(&ProjectQuery { project_id })?)?)
    }

    /// The address of a person's session, as the document's sample has it: at the API's host without its `api.`.
    pub(crate) fn page(&self, ident: &IdentId) -> Result<Url> {
        let config = || Error::config("base_url makes no address that a person can be sent to");
        let mut url = Url::parse(&format!("{}/apply/{}", self.base, ident.as_str())).map_err(|_| config())?;
        if let Some(site) = url.host_str().and_then(|host| host.strip_prefix("api.")).map(str::to_owned) {
            url.set_host(Some(&site)).map_err(|_| config())?;
        }
        Ok(url)
    }

    fn authorized(&self, token: &str, mut request: Request<Bytes>) -> Result<Request<Bytes>> {
        let mut token = HeaderValue::from_str(token).map_err(|_| Error::malformed("the vendor's token cannot be sent"))?;
        token.set_sensitive(true);
        request.headers_mut().insert("x-api-partner", self.partner.clone());
        request.headers_mut().insert("x-api-token", token);
        Ok(request)
    }

    fn build(&self, call: &CallRow, rest: &str, body: Bytes) -> Result<Request<Bytes>> {
        let mut address = format!("{}/{}", self.base, call.name);
        if !rest.is_empty() {
            address.push('/');
            address.push_str(rest);
        }
        let mut request = Request::new(body);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = address.parse().map_err(|_| Error::config("base_url makes no address that can be called"))?;
        // The document requires it of calls without a body too.
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        Ok(request)
    }
}

fn json(body: &impl Serialize) -> Result<Bytes> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|error| Error::malformed_json(&error))
}
