//! The routes, and what they do.

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
use idv_examples::Town;
use idv_flow::{Engine, FlowError, FlowId, FlowStatus, StartRequest};
use serde::Deserialize;

use crate::pages;

/// The application. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) flow: Engine,
    /// Where new customers are verified.
    pub(crate) provider: String,
    /// The address that the world knows it by.
    pub(crate) base: Url,
    /// The town that it is tried in, where it is.
    pub(crate) town: Option<Arc<Town>>,
}

impl App {
    /// All of it: the application's own pages, and the routes of vendors and of people who come back from them.
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
            .layer(map_response(guarded))
            .with_state(self)
            .merge(vendors)
    }

    /// The verification of this browser: its reference, 128 random bits, is in a cookie, and the store finds it by that. An application
    /// with accounts asks who is logged in instead.
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

    /// Where a person goes who comes back. What the vendor added to the address has been taken in; it says nothing here.
    async fn landing(&self, headers: &HeaderMap) -> ReturnPage {
        match self.of_browser(headers).await {
            Ok(Some((_, status))) => {
                ReturnPage::redirect(&status_path(status.id)).unwrap_or_default()
            }
            _ => ReturnPage::default(),
        }
    }
}

/// What people fill in. What they leave empty is not submitted; what a vendor demands, it says.
#[derive(Deserialize)]
pub(crate) struct Customer {
    /// Made with the form, so that a form that is sent twice starts one verification.
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
    /// What is submitted to whichever vendor it is; or the field that is none.
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
    Html(pages::form(&app.flow.reference(), app.town.is_some(), None))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css")], pages::STYLE)
}

/// Starts a verification, and sends the browser to the page that tells how it stands.
async fn start(
    State(app): State<App>,
    form: Result<Form<Customer>, FormRejection>,
) -> Result<Response, Failure> {
    // A reference that was refused is spent, so each form has a new one.
    let again = |problem: &str| {
        let page = pages::form(&app.flow.reference(), app.town.is_some(), Some(problem));
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
            // The vendor's document says that it takes no such value; nothing was created.
            ErrorKind::InvalidRequest { field } => Ok(again(&format!("Please correct {field}."))),
            _ => Err(FlowError::Vendor(error).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// How it stands. The link to the vendor opens the person's session, so that only their own browser is shown it.
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
    Ok(Html(pages::status(&status, app.town.is_some())).into_response())
}

/// In the sandbox: the simulated person does their part.
async fn act(
    State(app): State<App>,
    Path(id): Path<FlowId>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let found = app
        .of_browser(&headers)
        .await?
        .filter(|(_, status)| status.id == id);
    let (Some(_), Some(town)) = (found, &app.town) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    town.everyone_acts()
        .map_err(|error| Failure(error.to_string()))?;
    Ok(Redirect::to(&status_path(id)).into_response())
}

/// Forms are taken from our own pages alone.
async fn own_pages_only(request: Request, next: Next) -> Response {
    let harmless = matches!(*request.method(), Method::GET | Method::HEAD);
    if harmless || is_own(request.headers()) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

/// Whether a request comes from one of our pages, as browsers say it.
fn is_own(headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (header("sec-fetch-site"), header("origin"), header("host")) {
        (Some(site), _, _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority == host),
        // No browser: it has nobody's cookies.
        (None, None, _) => true,
        (None, Some(_), None) => false,
    }
}

/// What browsers are told of our pages: nothing runs in them, nothing is kept of them, and they tell nobody where they are.
async fn guarded(mut response: Response) -> Response {
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

/// What went wrong on our side. The browser is told that something did.
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

/// The value of our cookie.
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
