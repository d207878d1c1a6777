//! Builds requests as pure functions: method, URL, headers and body as in the document.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request};
use idv_core::adapter::sensitive;
use idv_core::{Error, Result, Secret, Url};
use serde::Serialize;

use super::{Filter, StartRequest, Suffix, TransactionNumber};
use crate::links::below;

/// The credential header of the start call (chapter 3.2.7).
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The credential header of all other calls (chapter 8.3.2).
pub(crate) const LOGIN_TOKEN: HeaderName = HeaderName::from_static("x-api-login-token");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The base URL of a company's calls.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    gateway: Url,
    pub(crate) company: String,
    /// `/api/v1/{company}` (chapters 3.2.3 and 8.3) at the gateway, encoded. The characters of
    /// transaction numbers need no escaping after it.
    base: String,
}

impl Endpoint {
    pub(crate) fn new(gateway: Url, company: &str) -> Result<Self> {
        let base = String::from(below(&gateway, &["api", "v1", company])?);
        Ok(Self {
            gateway,
            company: company.to_owned(),
            base,
        })
    }

    pub(super) fn address(&self, rest: &[&str]) -> String {
        let mut address = String::with_capacity(
            self.base.len() + rest.iter().map(|part| part.len() + 1).sum::<usize>(),
        );
        address.push_str(&self.base);
        for part in rest {
            address.push('/');
            address.push_str(part);
        }
        address
    }

    pub(super) fn identification(&self, transaction: &TransactionNumber, rest: &str) -> String {
        let parts = ["identifications", transaction.as_str(), rest];
        self.address(if rest.is_empty() { &parts[..2] } else { &parts })
    }
}

/// `POST …/identifications/{transactionnumber}/start` (chapter 3.2).
pub(crate) fn start(
    endpoint: &Endpoint,
    api_key: &Secret,
    transaction: &TransactionNumber,
    request: &StartRequest,
) -> Result<Request<Bytes>> {
    let url = endpoint.identification(transaction, "start");
    with_json(Method::POST, &url, Some(keyed(api_key)?), request)
}

/// `POST …/login` (chapter 8.3.1).
pub(crate) fn login(endpoint: &Endpoint, api_key: &Secret) -> Result<Request<Bytes>> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Login<'a> {
        api_key: &'a str,
    }
    with_json(
        Method::POST,
        &endpoint.address(&["login"]),
        None,
        &Login {
            api_key: api_key.expose(),
        },
    )
}

/// `GET …/identifications/{transactionnumber}` (chapter 8.3.3.2).
pub(crate) fn identification(
    endpoint: &Endpoint,
    token: &str,
    transaction: &TransactionNumber,
) -> Result<Request<Bytes>> {
    bare(
        Method::GET,
        &endpoint.identification(transaction, ""),
        token,
    )
}

/// `GET …/identifications/{transactionnumber}.zip` (chapter 8.3.3.1), and the same with other
/// extensions.
pub(crate) fn document(
    endpoint: &Endpoint,
    token: &str,
    transaction: &TransactionNumber,
    suffix: Suffix,
) -> Result<Request<Bytes>> {
    let name = format!("{}{}", transaction.as_str(), suffix.text());
    bare(
        Method::GET,
        &endpoint.address(&["identifications", &name]),
        token,
    )
}

/// `GET …/identifications`, filtered (chapter 8.3.2).
pub(crate) fn list(endpoint: &Endpoint, token: &str, filter: Filter) -> Result<Request<Bytes>> {
    let mut url = endpoint.address(&["identifications"]);
    if let Some(query) = filter.query() {
        url.push('?');
        url.push_str(query);
    }
    bare(Method::GET, &url, token)
}

/// `DELETE …/identifications/{transactionnumber}` (chapter 8.3.4).
pub(crate) fn delete(
    endpoint: &Endpoint,
    token: &str,
    transaction: &TransactionNumber,
) -> Result<Request<Bytes>> {
    bare(
        Method::DELETE,
        &endpoint.identification(transaction, ""),
        token,
    )
}

/// `POST …/identifications/{transactionnumber}/copy` (chapter 8.3.5).
pub(crate) fn copy(
    endpoint: &Endpoint,
    token: &str,
    transaction: &TransactionNumber,
    company: &str,
    target: Option<&TransactionNumber>,
) -> Result<Request<Bytes>> {
    #[derive(Serialize)]
    struct Copy<'a> {
        target_companyid: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        target_transactionnumber: Option<&'a str>,
    }
    let url = endpoint.identification(transaction, "copy");
    let body = Copy {
        target_companyid: company,
        target_transactionnumber: target.map(TransactionNumber::as_str),
    };
    in_session(Method::POST, &url, token, &body)
}

/// `POST …/identifications/{transactionnumber}/archive`: the path of the document's sample. Its
/// text (chapter 8.3.6) lacks the number, without which the call would not name its subject.
pub(crate) fn archive(
    endpoint: &Endpoint,
    token: &str,
    transaction: &TransactionNumber,
) -> Result<Request<Bytes>> {
    bare(
        Method::POST,
        &endpoint.identification(transaction, "archive"),
        token,
    )
}

/// `GET /api/v1/{company}` (chapter 6.4).
pub(crate) fn account(endpoint: &Endpoint, token: &str) -> Result<Request<Bytes>> {
    bare(Method::GET, &endpoint.address(&[]), token)
}

/// `GET /system_check` (chapter 16).
pub(crate) fn system_check(endpoint: &Endpoint) -> Result<Request<Bytes>> {
    build(
        Method::GET,
        below(&endpoint.gateway, &["system_check"])?.as_str(),
        None,
        Bytes::new(),
    )
}

/// Builds a request without a body.
pub(super) fn bare(method: Method, url: &str, token: &str) -> Result<Request<Bytes>> {
    with_bytes(method, url, token, Bytes::new())
}

/// Builds a request with a JSON body and a login token.
pub(super) fn in_session(
    method: Method,
    url: &str,
    token: &str,
    body: &impl Serialize,
) -> Result<Request<Bytes>> {
    with_json(method, url, Some((LOGIN_TOKEN, token_value(token)?)), body)
}

/// Builds a request with a body of the given media type.
pub(super) fn with_bytes(
    method: Method,
    url: &str,
    token: &str,
    body: Bytes,
) -> Result<Request<Bytes>> {
    build(method, url, Some((LOGIN_TOKEN, token_value(token)?)), body)
}

/// Builds a request with a JSON body and an optional credential.
pub(super) fn with_json(
    method: Method,
    url: &str,
    credential: Option<(HeaderName, HeaderValue)>,
    body: &impl Serialize,
) -> Result<Request<Bytes>> {
    let body = serde_json::to_vec(body).map_err(|error| Error::malformed_json(&error))?;
    let mut request = build(method, url, credential, body.into())?;
    request.headers_mut().insert(CONTENT_TYPE, JSON);
    Ok(request)
}

fn build(
    method: Method,
    url: &str,
    credential: Option<(HeaderName, HeaderValue)>,
    body: Bytes,
) -> Result<Request<Bytes>> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = url
        .parse()
        .map_err(|_| Error::config("company and gateway_url do not form a valid URL"))?;
    request.headers_mut().extend(credential);
    Ok(request)
}

/// Returns the credential of the start call.
pub(super) fn keyed(api_key: &Secret) -> Result<(HeaderName, HeaderValue)> {
    let key = sensitive(api_key.expose())
        .ok_or_else(|| Error::config("api_key is not a valid header value"))?;
    Ok((API_KEY, key))
}

fn token_value(token: &str) -> Result<HeaderValue> {
    sensitive(token).ok_or_else(|| {
        Error::malformed("the vendor returned a login token that is not a valid header value")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint::new("https://gateway.test.idnow.de".parse().unwrap(), "ihrebank").unwrap()
    }

    #[test]
    fn path_segments_are_encoded() {
        let endpoint = Endpoint::new(endpoint().gateway, "ihre/bank?ü").unwrap();
        let request = account(&endpoint, "token").unwrap();
        assert_eq!(
            request.uri(),
            "https://gateway.test.idnow.de/api/v1/ihre%2Fbank%3F%C3%BC"
        );
    }

    #[test]
    fn gateway_url_may_have_a_path() {
        for base in [
            "http://127.0.0.1:8080/idnow",
            "http://127.0.0.1:8080/idnow/",
        ] {
            let endpoint = Endpoint::new(base.parse().unwrap(), "ihrebank").unwrap();
            assert_eq!(
                account(&endpoint, "t").unwrap().uri(),
                "http://127.0.0.1:8080/idnow/api/v1/ihrebank"
            );
        }
    }

    #[test]
    fn invalid_header_value_is_refused_without_quoting() {
        let error = account(&endpoint(), "SECRET\n").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"));
        let number = TransactionNumber::parse("1").unwrap();
        let error = start(
            &endpoint(),
            &"SECRET\n".into(),
            &number,
            &StartRequest::default(),
        )
        .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"));
    }

    #[test]
    fn request_prints_no_credential() {
        let number = TransactionNumber::parse("1").unwrap();
        let request = start(
            &endpoint(),
            &"SECRET".into(),
            &number,
            &StartRequest::default(),
        )
        .unwrap();
        assert!(!format!("{request:?}").contains("SECRET"));
        assert!(!format!("{:?}", account(&endpoint(), "SECRET").unwrap()).contains("SECRET"));
    }
}
