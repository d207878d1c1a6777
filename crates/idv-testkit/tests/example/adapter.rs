//! An adapter for an imaginary vendor, which the tutorial builds and the conformance suite tests.

use bytes::Bytes;
use http::{Method, Request};
use idv_core::call::{CallContext, Repeat};
use idv_core::report::{Attribute, Field, Report, Source, Verdict};
use idv_core::{
    Capabilities, Channel, CreateResponse, CreateSafety, DeleteOutcome, Deletion, Error, ErrorKind,
    HandOff, HandOffKind, NewVerification, Observation, Outcome, Polling, Provider, ProviderId,
    ReportSource, Result, ResultState, SessionUrl, Status, Subject, VendorInfo, VerificationId,
    async_trait,
};
use std::any::Any;

const ID: ProviderId = ProviderId::new("example");

/// The status codes that the vendor documents. Others are kept and change nothing.
const STATES: &[(&str, Status)] = &[
    ("waiting", Status::AwaitingPerson),
    ("running", Status::InProgress),
    ("review", Status::InReview { leaning: None }),
    ("passed", Status::Finished(Outcome::Verified)),
    ("failed", Status::Finished(Outcome::Rejected)),
    ("canceled", Status::Finished(Outcome::Canceled)),
    ("expired", Status::Finished(Outcome::Expired)),
];

#[derive(Debug)]
pub struct Example(VendorInfo);

/// The vendor's response. Unknown fields are ignored.
#[derive(serde::Deserialize)]
struct Wire {
    reference: String,
    state: String,
    name: Option<String>,
    corrected_from: Option<String>,
}

impl Example {
    pub fn new() -> Self {
        let mut info = VendorInfo::new(
            ID,
            "Example",
            CreateSafety::Keyed,
            HandOffKind::Redirect,
            ReportSource::Poll,
        );
        info.document = "Example API 1";
        info.accepts = &["person.family_name"];
        info.report_fields = &[Field::FamilyName];
        Self(info)
    }
}

/// Builds a request; a pure function. The reference's alphabet needs no escaping in URLs.
fn request(method: &Method, id: &str, body: String) -> Result<Request<Bytes>> {
    let request = Request::builder()
        .method(method)
        .uri(format!("https://api.example.com/verifications/{id}"));
    request
        .body(body.into())
        .map_err(|_| Error::invalid("reference", "it does not make a valid URL"))
}

/// Turns a response into an observation; a pure function.
fn observe(wire: Wire) -> Observation {
    let mut observation =
        Observation::claimed(Subject::new(Some(wire.reference), None), Channel::Poll);
    observation.status = STATES
        .iter()
        .find(|(word, _)| *word == wire.state)
        .map(|(_, status)| *status);
    observation.code = Some(wire.state);
    if let Some(name) = wire.name {
        let verdict = if wire.corrected_from.is_some() {
            Verdict::Changed
        } else {
            Verdict::Match
        };
        let mut attribute = Attribute::new(Source::Agent, verdict);
        (attribute.value, attribute.submitted) =
            (Some(name.into()), wire.corrected_from.map(Into::into));
        let mut report = Report::new(ID);
        report.person.family_name = Some(attribute);
        observation.result = ResultState::Inline(Box::new(report));
    }
    observation
}

#[async_trait]
impl Provider for Example {
    fn describe(&self) -> &VendorInfo {
        &self.0
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<CreateResponse> {
        let name = new
            .person
            .family_name
            .as_ref()
            .ok_or_else(|| Error::invalid("person.family_name", "it is required"))?;
        let (id, body) = (
            new.reference.as_str(),
            serde_json::json!({ "name": name.expose() }).to_string(),
        );
        // The vendor uses the reference as its key: repeating the request yields the same
        // verification.
        let answer = cx
            .send(Repeat::Repeatable, |_| {
                request(&Method::PUT, id, body.clone())
            })
            .await?;
        let link = answer
            .status
            .is_success()
            .then(|| serde_json::from_slice::<idv_core::Url>(&answer.body));
        let link = link
            .ok_or_else(|| answer.error())?
            .map_err(|error| answer.complement(Error::malformed_json(&error)))?;
        Ok(CreateResponse::new(
            VerificationId::new(new.reference.clone(), None),
            HandOff::Redirect(SessionUrl::new(link)),
            cx.now(),
        ))
    }

    // Missing capabilities are written out.

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
        let answer = cx
            .send(Repeat::Repeatable, |_| {
                request(&Method::GET, id.reference.as_str(), String::new())
            })
            .await?;
        if !answer.status.is_success() {
            return Err(answer.error());
        }
        let wire = serde_json::from_slice(&answer.body)
            .map_err(|error| answer.complement(Error::malformed_json(&error)))?;
        Ok(observe(wire).proven(answer.proof()))
    }
}

#[async_trait]
impl Deletion for Example {
    async fn delete(&self, cx: &CallContext, id: &VerificationId) -> Result<DeleteOutcome> {
        let answer = cx
            .send(Repeat::Repeatable, |_| {
                request(&Method::DELETE, id.reference.as_str(), String::new())
            })
            .await?;
        match answer.status.as_u16() {
            200..=299 => Ok(DeleteOutcome::Data),
            404 if answer.error().kind() == &ErrorKind::NotFound => Ok(DeleteOutcome::AlreadyGone),
            _ => Err(answer.error()),
        }
    }
}
