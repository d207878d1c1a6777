//! The routes and their handlers.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, Request, State};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use idv::report::{Country, Gender};
use idv::{ErrorKind, NewVerification, Pii, Reference, Url};
use idv_axum::{Options, ReturnPage};
use idv_examples::TestBed;
use idv_flow::{Engine, FlowError, FlowId, FlowStatus, StartRequest};
use serde::Deserialize;

use crate::pages;

/// The application. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) flow: Engine,
    /// The vendor of new verifications.
    pub(crate) provider: String,
    /// The public address of the application.
    pub(crate) base: Url,
    /// The test bed, unless the vendor is real.
    pub(crate) test_bed: Option<Arc<TestBed>>,
}

impl App {
    /// Returns all routes: the application's pages, the vendors' callbacks and the returns of
    /// people.
    pub(crate) fn router(self) -> Router {
        let back = self.clone();
        let options = Options::new().after_return(move |returned| {
            let back = back.clone();
            async move { back.landing(returned.headers()).await }
        });
        let vendors = idv_axum::routes(&self.flow, &options);
        Router::new()
            .route("/", get(form))
            .route("/style.css", get(style))
            .route("/verifications", post(start))
            .route("/verifications/{id}", get(status))
            .route("/verifications/{id}/act", post(act))
            .layer(from_fn(own_pages_only))
            .layer(map_response(add_security_headers))
            .with_state(self)
            .merge(vendors)
    }

    /// Finds the verification of this browser. Its cookie contains the reference, 128 random bits.
    /// An application with accounts uses its login instead.
    async fn of_browser(
        &self,
        headers: &HeaderMap,
    ) -> Result<Option<(Reference, FlowStatus)>, Failure> {
        let Some(reference) = cookie(headers).and_then(|value| Reference::parse(value).ok()) else {
            return Ok(None);
        };
        let found = self.flow.find(&self.provider, &reference).await?;
        Ok(found.map(|status| (reference, status)))
    }

    /// Returns the next page of a person who comes back. The vendor's parameters in the address are
    /// already recorded; they do not matter here.
    async fn landing(&self, headers: &HeaderMap) -> ReturnPage {
        match self.of_browser(headers).await {
            Ok(Some((_, status))) => {
                ReturnPage::redirect(&status_path(status.id)).unwrap_or_default()
            }
            _ => ReturnPage::default(),
        }
    }
}

/// The form. Empty fields are not submitted; the vendor reports the ones that it requires.
#[derive(Deserialize)]
pub(crate) struct Customer {
    /// Generated with the form, so that submitting the form twice starts one verification.
    reference: Reference,
    given_names: Pii<String>,
    family_name: Pii<String>,
    birth_date: Pii<String>,
    birth_place: Pii<String>,
    nationality: Pii<String>,
    gender: Pii<String>,
    street: Pii<String>,
    house_number: Pii<String>,
    postal_code: Pii<String>,
    city: Pii<String>,
    country: Pii<String>,
    email: Pii<String>,
    phone: Pii<String>,
}

impl Customer {
    /// Returns the request for any vendor, or the name of an invalid field.
    fn verification(self) -> Result<NewVerification, &'static str> {
        let text =
            |value: Pii<String>| Some(value).filter(|value| !value.expose().trim().is_empty());
        let country = |value: Pii<String>, field| match text(value) {
            None => Ok(None),
            Some(value) => Country::from_alpha2(value.expose())
                .map(|country| Some(Pii::new(country)))
                .ok_or(field),
        };
        let mut new = NewVerification::new(self.reference);
        let person = &mut new.person;
        (person.given_names, person.family_name) = (text(self.given_names), text(self.family_name));
        if let Some(date) = text(self.birth_date) {
            person.birth_date = Some(Pii::new(date.expose().parse().map_err(|_| "birth_date")?));
        }
        person.birth_place = text(self.birth_place);
        person.nationality = country(self.nationality, "nationality")?;
        person.gender = match self.gender.expose().as_str() {
            "female" => Some(Pii::new(Gender::Female)),
            "male" => Some(Pii::new(Gender::Male)),
            "diverse" => Some(Pii::new(Gender::Diverse)),
            _ => None,
        };
        let address = &mut person.address;
        (address.street, address.house_number) = (text(self.street), text(self.house_number));
        (address.postal_code, address.city) = (text(self.postal_code), text(self.city));
        address.country = country(self.country, "country")?;
        (new.contact.email, new.contact.phone) = (text(self.email), text(self.phone));
        Ok(new)
    }
}

async fn form(State(app): State<App>) -> Html<String> {
    Html(pages::form(
        &app.flow.reference(),
        app.test_bed.is_some(),
        None,
    ))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], pages::STYLE)
}

/// Starts a verification and sends the browser to the status page.
async fn start(
    State(app): State<App>,
    form: Result<Form<Customer>, FormRejection>,
) -> Result<Response, Failure> {
    // A refused reference is used up, so each form has a new one.
    let again = |problem: &str| {
        let page = pages::form(&app.flow.reference(), app.test_bed.is_some(), Some(problem));
        (StatusCode::UNPROCESSABLE_ENTITY, Html(page)).into_response()
    };
    let Ok(Form(customer)) = form else {
        return Ok(again("Please fill in the form."));
    };
    let mut new = match customer.verification() {
        Ok(new) => new,
        Err(field) => return Ok(again(&format!("Please correct {field}."))),
    };
    let reference = new.reference.clone();
    new.callback_url = Some(idv_axum::callback_url(&app.base, &app.provider)?);
    let back = idv_axum::return_url(&app.base, &app.provider)?;
    (new.return_urls.success, new.return_urls.failure) = (Some(back.clone()), Some(back));
    match app
        .flow
        .start(StartRequest::new(new).by("onboarding"))
        .await
    {
        Ok(started) => {
            let secure = if app.base.scheme() == "https" {
                "; Secure"
            } else {
                ""
            };
            let cookie = format!(
                "{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax{secure}",
                reference.as_str()
            );
            Ok((
                [(header::SET_COOKIE, cookie)],
                Redirect::to(&status_path(started.id)),
            )
                .into_response())
        }
        Err(FlowError::Vendor(error)) => match error.kind() {
            // The vendor's document excludes the value; no verification was created.
            ErrorKind::InvalidRequest { field } => Ok(again(&format!("Please correct {field}."))),
            _ => Err(FlowError::Vendor(error).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Shows the status. The link to the vendor opens the person's session, so only the person's own
/// browser sees it.
async fn status(
    State(app): State<App>,
    Path(id): Path<FlowId>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let found = app
        .of_browser(&headers)
        .await?
        .filter(|(_, status)| status.id == id);
    let Some((_, status)) = found else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    Ok(Html(pages::status(&status, app.test_bed.is_some())).into_response())
}

/// Lets the simulated person act, in the sandbox.
async fn act(
    State(app): State<App>,
    Path(id): Path<FlowId>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let found = app
        .of_browser(&headers)
        .await?
        .filter(|(_, status)| status.id == id);
    let (Some(_), Some(test_bed)) = (found, &app.test_bed) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    test_bed
        .act_pending()
        .map_err(|error| Failure(error.to_string()))?;
    Ok(Redirect::to(&status_path(id)).into_response())
}

/// Accepts forms from the application's own pages only.
async fn own_pages_only(request: Request, next: Next) -> Response {
    let harmless = matches!(*request.method(), Method::GET | Method::HEAD);
    if harmless || is_own(request.headers()) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

/// Returns whether a request comes from one of the application's pages, according to the browser.
fn is_own(headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (header("sec-fetch-site"), header("origin"), header("host")) {
        (Some(site), _, _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority == host),
        // Not a browser: the request carries no other person's cookies.
        (None, None, _) => true,
        (None, Some(_), None) => false,
    }
}

/// Tells browsers to run no scripts, cache no page and send no referrer to other sites.
async fn add_security_headers(mut response: Response) -> Response {
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// An internal error. The browser sees a page without details.
pub(crate) struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        // Errors of the family print no personal data.
        eprintln!("a request failed: {}", self.0);
        (StatusCode::INTERNAL_SERVER_ERROR, Html(pages::sorry())).into_response()
    }
}

const COOKIE: &str = "verification";

/// Returns the value of the application's cookie.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split("; "))
        .find_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='))
}

fn status_path(id: FlowId) -> String {
    format!("/verifications/{id}")
}
