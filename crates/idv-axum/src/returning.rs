//! Where people return.

use std::fmt;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use idv_core::{Delivery, ProviderId, Url};
use tracing::Instrument as _;

use crate::callback::called;
use crate::{NOT_CACHED, Served, in_time};

/// A person's browser that has come back. `Debug` prints the provider alone.
///
/// All but the provider is what the browser says, and it may say anything: whose return it is, the application knows by a session of its
/// own, a cookie for example. What the vendor added to the address has been taken in as a claim.
pub struct Returned {
    provider: ProviderId,
    delivery: Delivery,
    headers: HeaderMap,
}

impl Returned {
    /// From which provider.
    #[must_use]
    pub const fn provider(&self) -> &ProviderId {
        &self.provider
    }

    /// The headers, cookies among them.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The value of a parameter of the address, decoded; the first one where it is repeated.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        self.delivery.query(name)
    }
}

impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returned").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// What a person sees who has come back: another place of the same site, or a page. It is the same whatever became of them, for nobody
/// knows that yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    See(String),
    Page(String),
}

impl Landing {
    /// They are sent on (303) to a path of this site, or of [`Options::site`](crate::Options::site): never to another, whoever made the
    /// path up.
    ///
    /// # Errors
    ///
    /// [`NotOnThisSite`] where it is none: it begins with a slash that no other and no backslash follows, and has only characters that
    /// need no encoding.
    pub fn see(path: &str) -> Result<Self, NotOnThisSite> {
        let visible = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if visible && path.starts_with('/') && !path.starts_with("//") {
            Ok(Self(Kind::See(path.to_owned())))
        } else {
            Err(NotOnThisSite)
        }
    }

    /// They see this page of HTML. It must not show anything that the browser brought, or anything of a person.
    #[must_use]
    pub fn page(html: impl Into<String>) -> Self {
        Self(Kind::Page(html.into()))
    }

    fn into_response(self, site: Option<&Url>) -> Response {
        match self.0 {
            Kind::Page(html) => (SAFE, Html(html)).into_response(),
            Kind::See(path) => {
                let place = match site.map(|site| site.join(&path)) {
                    None => path,
                    Some(Ok(place)) => place.into(),
                    Some(Err(_)) => return Self::default().into_response(None),
                };
                // It is visible ASCII, which a header takes.
                match HeaderValue::try_from(place) {
                    Ok(place) => (StatusCode::SEE_OTHER, SAFE, [(header::LOCATION, place)]).into_response(),
                    Err(_) => Self::default().into_response(None),
                }
            }
        }
    }
}

impl Default for Landing {
    /// A page that thanks them, in English.
    fn default() -> Self {
        Self::page(page("Thank you", "Thank you. You can close this window."))
    }
}

/// It is no path of this site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotOnThisSite;

impl fmt::Display for NotOnThisSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a person who comes back is sent to a path of this site, which begins with one slash")
    }
}

impl std::error::Error for NotOnThisSite {}

/// Takes a return in.
pub(crate) async fn take(
    State(served): State<Served>,
    path: Result<Path<Vec<(String, String)>>, PathRejection>,
    request: Request,
) -> Response {
    let Some(client) = served.client(path) else { return (StatusCode::NOT_FOUND, SAFE).into_response() };
    let provider = client.info().provider.clone();
    let span = tracing::info_span!("idv.return", %provider);
    served.returning(provider, request).instrument(span).await
}

impl Served {
    async fn returning(&self, provider: ProviderId, request: Request) -> Response {
        let (head, _) = request.into_parts();
        let delivery = Delivery::returning(called(&head));
        // Whoever asks for the head alone is nobody who has come back.
        if head.method == Method::GET {
            let received = self.receiver.receive(provider.as_str(), &delivery);
            let Some(reply) = in_time(self.options.reply_within, received).await else { return once_more() };
            tracing::debug!(status = reply.status.as_u16(), "a person has come back");
        }
        let returned = Returned { provider, delivery, headers: head.headers };
        (self.options.after_return)(returned).await.into_response(self.options.site.as_ref())
    }
}

/// What the browser brought may be known to nobody else (the id of a result, at one vendor), so it is kept there and brought again.
fn once_more() -> Response {
    const REFRESH: HeaderName = HeaderName::from_static("refresh");
    let html = page("One moment", "One moment, please.");
    let again = [(REFRESH, HeaderValue::from_static("3")), (header::RETRY_AFTER, HeaderValue::from_static("3"))];
    (StatusCode::SERVICE_UNAVAILABLE, SAFE, again, Html(html)).into_response()
}

/// The address that a person came back to opens things: it is passed on to nobody, and nothing is kept of the page.
const SAFE: [(HeaderName, HeaderValue); 3] = [
    NOT_CACHED,
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

fn page(title: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n</head>\n\
         <body>\n<p>{text}</p>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_to_another_site_is_none() {
        for path in [
            "",
            "status",
            "https://elsewhere.example",
            "//elsewhere.example",
            "/\\elsewhere.example",
            "\\/elsewhere.example",
            "/\t/elsewhere.example",
            "/\n",
            "/ä",
            "javascript:alert(1)",
        ] {
            assert_eq!(Landing::see(path), Err(NotOnThisSite), "{path:?}");
        }
        for path in ["/", "/status/1?a=b&c=%20#d", "/a//b"] {
            assert!(Landing::see(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_site_is_kept_whatever_the_path_says() {
        let site: Url = "https://bank.example/somewhere/else?x=y".parse().unwrap();
        for path in
            ["/status/1", "/@elsewhere.example", "/.//elsewhere.example", "/..//elsewhere.example", "/a/../..//elsewhere.example"]
        {
            let response = Landing::see(path).unwrap().into_response(Some(&site));
            let place: Url = response.headers()[header::LOCATION].to_str().unwrap().parse().unwrap();
            assert_eq!((place.scheme(), place.host_str(), place.username()), ("https", Some("bank.example"), ""), "{path}");
        }
    }
}
