//! The adapter of a fictitious vendor, as the author of its crate writes it.

use std::any::Any;
use std::sync::Arc;

use http::{Method, Request};
use idv_core::adapter::VendorEntry;
use idv_core::adapter::settings::Address;
use idv_core::call::{CallContext, Repeat};
use idv_core::report::{Attribute, Field, Report, Source, Verdict};
use idv_core::{
    Bytes, Capabilities, Channel, CreateResponse, CreateSafety, DeleteOutcome, Deletion, Error, ErrorKind, HandOff, HandOffKind,
    NewVerification, Observation, Outcome, Page, Polling, Provider, ProviderId, ReportSource, Result, ResultState, Secret,
    SessionUrl, Status, Subject, Url, VendorInfo, VerificationId, async_trait, settings,
};

const ID: ProviderId = ProviderId::new("example");

/// The registration of the vendor.
pub const ENTRY: VendorEntry = VendorEntry {
    id: "example",
    name: "Example",
    domains: &["example.com"],
    settings: ExampleConfig::SETTINGS,
    build: |table| Ok(Arc::new(Example::new(ExampleConfig::from_table(table)?))),
    describe: || Ok(VendorInfo::of(&Example::new(ExampleConfig::new("example".into())))),
    normalize: |payload| Ok(Page::new(vec![observe(payload.bytes)?], 0, None)),
    normalize_options: &[],
};

settings! {
    /// The configuration of an account.
    pub struct ExampleConfig {
        required {
            /// The API key, sent with every call.
            api_key: Secret,
        }
        optional {
            /// The base URL of the API, for proxies and emulators; the vendor's own if `None`.
            base_url: Option<Url> as Address,
        }
    }
}

impl ExampleConfig {
    /// Creates the configuration of an account. Further settings are fields.
    #[must_use]
    pub fn new(api_key: Secret) -> Self {
        Self::required(api_key)
    }
}

/// The documented codes and their meanings. An unknown code is kept and changes nothing.
const STATES: &[(&str, Status)] = &[
    ("waiting", Status::AwaitingPerson),
    ("running", Status::InProgress),
    ("review", Status::InReview { leaning: None }),
    ("passed", Status::Finished(Outcome::Verified)),
    ("failed", Status::Finished(Outcome::Rejected)),
    ("canceled", Status::Finished(Outcome::Canceled)),
    ("expired", Status::Finished(Outcome::Expired)),
];

/// The vendor's messages. Unknown fields are ignored.
#[derive(serde::Deserialize)]
struct Wire {
    reference: String,
    state: String,
    name: Option<String>,
    corrected_from: Option<String>,
}

/// The adapter.
#[derive(Debug)]
pub struct Example {
    config: ExampleConfig,
    info: VendorInfo,
}

impl Example {
    /// Creates the adapter of an account.
    #[must_use]
    pub fn new(config: ExampleConfig) -> Self {
        let mut info = VendorInfo::new(ID, "Example", CreateSafety::Keyed, HandOffKind::Redirect, ReportSource::Poll);
        info.document = "Example API 1";
        info.accepts = &["person.family_name"];
        info.report_fields = &[Field::FamilyName];
        Self { config, info }
    }

    /// The characters of a reference need no escaping in a URL.
    fn request(&self, method: &Method, id: &str, body: String) -> Result<Request<Bytes>> {
        let base = self.config.base_url.as_ref().map_or("https://api.example.com/", Url::as_str);
        let request = Request::builder().method(method).uri(format!("{base}verifications/{id}"));
        let request = request.header("x-api-key", self.config.api_key.expose());
        request.body(body.into()).map_err(|_| Error::invalid("reference", "expected characters that are valid in a URL"))
    }
}

/// Pure functions parse the answers.
fn observe(bytes: &[u8]) -> Result<Observation> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| Error::malformed_json(&error))?;
    let mut observation = Observation::claimed(Subject::new(Some(wire.reference), None), Channel::Poll);
    observation.status = STATES.iter().find(|(word, _)| *word == wire.state).map(|(_, status)| *status);
    observation.code = Some(wire.state);
    if let Some(name) = wire.name {
        let verdict = if wire.corrected_from.is_some() { Verdict::Changed } else { Verdict::Match };
        let mut attribute = Attribute::new(Source::Agent, verdict);
        (attribute.value, attribute.submitted) = (Some(name.into()), wire.corrected_from.map(Into::into));
        let mut report = Report::new(ID);
        report.person.family_name = Some(attribute);
        observation.result = ResultState::Inline(Box::new(report));
    }
    Ok(observation)
}

#[async_trait]
impl Provider for Example {
    fn describe(&self) -> &VendorInfo {
        &self.info
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<CreateResponse> {
        let name = new.person.family_name.as_ref().ok_or_else(|| Error::invalid("person.family_name", "the vendor requires it"))?;
        let (id, body) = (new.reference.as_str(), serde_json::json!({ "name": name.expose() }).to_string());
        // The vendor takes our reference as its idempotency key: a repeated request returns the
        // same verification.
        let answer = cx.send(Repeat::Repeatable, |_| self.request(&Method::PUT, id, body.clone())).await?;
        let link = answer.status.is_success().then(|| serde_json::from_slice::<Url>(&answer.body));
        let link = link.ok_or_else(|| answer.error())?.map_err(|error| answer.complement(Error::malformed_json(&error)))?;
        let id = VerificationId::new(new.reference.clone(), None);
        Ok(CreateResponse::new(id, HandOff::Redirect(SessionUrl::new(link)), cx.now()))
    }

    // Each missing capability is listed explicitly.

    fn capabilities(&self) -> Capabilities<'_> {
        Capabilities {
            polling: Some(self),
            results: None,
            evidence: None,
            listing: None,
            lookup: None,
            deletion: Some(self),
            callbacks: None,
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[async_trait]
impl Polling for Example {
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation> {
        let request = || self.request(&Method::GET, id.reference.as_str(), String::new());
        let answer = cx.send(Repeat::Repeatable, |_| request()).await?;
        if !answer.status.is_success() {
            return Err(answer.error());
        }
        let observation = observe(&answer.body).map_err(|error| answer.complement(error))?;
        Ok(observation.proven(answer.proof()))
    }
}

#[async_trait]
impl Deletion for Example {
    async fn delete(&self, cx: &CallContext, id: &VerificationId) -> Result<DeleteOutcome> {
        let request = || self.request(&Method::DELETE, id.reference.as_str(), String::new());
        let answer = cx.send(Repeat::Repeatable, |_| request()).await?;
        match answer.status.as_u16() {
            200..=299 => Ok(DeleteOutcome::Data),
            404 if answer.error().kind() == &ErrorKind::NotFound => Ok(DeleteOutcome::AlreadyGone),
            _ => Err(answer.error()),
        }
    }
}
