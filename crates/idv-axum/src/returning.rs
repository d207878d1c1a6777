//! The route for people who return from the vendor.

use std::fmt;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use idv_core::{Delivery, ProviderId, Url};
use tracing::Instrument as _;

use crate::callback::called;
use crate::{NOT_CACHED, Served, in_time};

/// The return of a person's browser.
///
/// Everything except the provider comes from the browser and may be forged. The application
/// recognizes the person by its own session, such as a cookie. Parameters that the vendor added to
/// the address have been recorded as a claim. `Debug` prints only the provider.
pub struct Returned {
    provider: ProviderId,
    delivery: Delivery,
    headers: HeaderMap,
}

impl Returned {
    /// Returns the provider.
    #[must_use]
    pub const fn provider(&self) -> &ProviderId {
        &self.provider
    }

    /// Returns the headers, including cookies.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the decoded value of a query parameter; the first one if it is repeated.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        self.delivery.query(name)
    }
}

impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returned")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// The page for a person who returns: a redirect within the site, or HTML.
///
/// The outcome is not known yet at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPage(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Redirect(String),
    Html(String),
}

impl ReturnPage {
    /// Redirects (303) to a path of this site, or of [`Options::site`](crate::Options::site).
    ///
    /// It never redirects to another site, even if the path is forged.
    ///
    /// ```
    /// use idv_axum::ReturnPage;
    ///
    /// assert!(ReturnPage::redirect("/my-account").is_ok());
    /// assert!(ReturnPage::redirect("//elsewhere.example").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotOnThisSite`] unless the path begins with exactly one slash and consists of visible
    /// ASCII without backslashes.
    pub fn redirect(path: &str) -> Result<Self, NotOnThisSite> {
        let visible = path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if visible && path.starts_with('/') && !path.starts_with("//") {
            Ok(Self(Kind::Redirect(path.to_owned())))
        } else {
            Err(NotOnThisSite)
        }
    }

    /// Shows a page of HTML.
    ///
    /// It must contain no data of the person and nothing that the browser sent.
    #[must_use]
    pub fn page(html: impl Into<String>) -> Self {
        Self(Kind::Html(html.into()))
    }

    fn into_response(self, site: Option<&Url>) -> Response {
        match self.0 {
            Kind::Html(html) => (SAFE, Html(html)).into_response(),
            Kind::Redirect(path) => {
                let place = match site.map(|site| site.join(&path)) {
                    None => path,
                    Some(Ok(place)) => place.into(),
                    Some(Err(_)) => return Self::default().into_response(None),
                };
                // Visible ASCII is a valid header value.
                match HeaderValue::try_from(place) {
                    Ok(place) => {
                        (StatusCode::SEE_OTHER, SAFE, [(header::LOCATION, place)]).into_response()
                    }
                    Err(_) => Self::default().into_response(None),
                }
            }
        }
    }
}

impl Default for ReturnPage {
    /// Returns a page that thanks the person, in English.
    fn default() -> Self {
        Self::page(page("Thank you", "Thank you. You can close this window."))
    }
}

/// The path does not belong to this site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotOnThisSite;

impl fmt::Display for NotOnThisSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid path: expected exactly one leading slash and visible ASCII without backslashes")
    }
}

impl std::error::Error for NotOnThisSite {}

/// Handles a return.
pub(crate) async fn take(
    State(served): State<Served>,
    path: Result<Path<Vec<(String, String)>>, PathRejection>,
    request: Request,
) -> Response {
    let Some((account, client)) = served.account(path) else {
        return (StatusCode::NOT_FOUND, SAFE).into_response();
    };
    let provider = client.info().provider.clone();
    let span = tracing::info_span!("idv.return", %provider, account);
    served
        .returning(&account, provider, request)
        .instrument(span)
        .await
}

impl Served {
    async fn returning(&self, account: &str, provider: ProviderId, request: Request) -> Response {
        let (head, _) = request.into_parts();
        let delivery = Delivery::returning(called(&head));
        // A HEAD request is not a return.
        if head.method == Method::GET {
            let received = self.receiver.receive(account, &delivery);
            let Some(reply) = in_time(self.options.reply_within, received).await else {
                return try_again();
            };
            tracing::debug!(status = reply.status.as_u16(), "a person returned");
        }
        let returned = Returned {
            provider,
            delivery,
            headers: head.headers,
        };
        (self.options.after_return)(returned)
            .await
            .into_response(self.options.site.as_ref())
    }
}

/// Asks the browser to try again: it may be the only source of the result's id.
fn try_again() -> Response {
    const REFRESH: HeaderName = HeaderName::from_static("refresh");
    let html = page("One moment", "One moment, please.");
    let again = [
        (REFRESH, HeaderValue::from_static("3")),
        (header::RETRY_AFTER, HeaderValue::from_static("3")),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, SAFE, again, Html(html)).into_response()
}

/// The address of a return may contain secrets: browsers must neither send it as a referrer nor
/// cache the page.
const SAFE: [(HeaderName, HeaderValue); 3] = [
    NOT_CACHED,
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
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
    fn path_to_another_site_is_refused() {
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
            assert_eq!(ReturnPage::redirect(path), Err(NotOnThisSite), "{path:?}");
        }
        for path in ["/", "/status/1?a=b&c=%20#d", "/a//b"] {
            assert!(ReturnPage::redirect(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn redirect_stays_on_configured_site() {
        let site: Url = "https://bank.example/somewhere/else?x=y".parse().unwrap();
        for path in [
            "/status/1",
            "/@elsewhere.example",
            "/.//elsewhere.example",
            "/..//elsewhere.example",
            "/a/../..//elsewhere.example",
        ] {
            let response = ReturnPage::redirect(path)
                .unwrap()
                .into_response(Some(&site));
            let place: Url = response.headers()[header::LOCATION]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            assert_eq!(
                (place.scheme(), place.host_str(), place.username()),
                ("https", Some("bank.example"), ""),
                "{path}"
            );
        }
    }
}
