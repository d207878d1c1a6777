//! The adapter of the vendor for tests.

use async_trait::async_trait;
use bytes::Bytes;
use http::Request;
use idv_core::call::{Attempt, CallContext, Repeat};
use idv_core::report::Evidence;
use idv_core::*;
use serde_json::{Value, json};
use std::any::Any;

use super::{MINUTE, SECRET};

/// The vendor's capabilities in a test.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) safety: CreateSafety,
    pub(crate) polling: bool,
    pub(crate) listing: bool,
    pub(crate) deletion: bool,
    pub(crate) guarded: bool,
    pub(crate) secret: &'static str,
    /// The vendor's id.
    pub(crate) provider: &'static str,
    /// Whether its results are fetched under a handle.
    pub(crate) results: bool,
    /// A code that this version of the adapter knows beside the usual ones. It means that the
    /// person is verified.
    pub(crate) taught: Option<&'static str>,
    /// Whether this version of the adapter also parses messages in XML.
    pub(crate) reads_xml: bool,
    /// Whether its evidence can be downloaded.
    pub(crate) evidence: bool,
    /// The items of evidence that this version of the adapter cannot download.
    pub(crate) unsupported: &'static [&'static str],
}

impl Default for Kind {
    fn default() -> Self {
        Self {
            safety: CreateSafety::Keyed,
            polling: true,
            listing: false,
            deletion: true,
            guarded: true,
            secret: SECRET,
            provider: "example",
            results: false,
            taught: None,
            reads_xml: false,
            evidence: false,
            unsupported: &[],
        }
    }
}

/// The adapter.
#[derive(Debug)]
pub(crate) struct Example {
    kind: Kind,
    info: VendorInfo,
    guard: CallbackAuth,
}

impl Example {
    pub(crate) fn new(kind: Kind) -> Self {
        let report_from = if kind.polling {
            ReportSource::Poll
        } else {
            ReportSource::Callback
        };
        let mut info = VendorInfo::new(
            ProviderId::new(kind.provider),
            "Example",
            kind.safety,
            HandOffKind::Redirect,
            report_from,
        );
        info.accepts = &["person.family_name"];
        info.manual_steps = "write to the vendor";
        info.poll_interval = MINUTE;
        if kind.evidence {
            info.capabilities.push(Capability::Evidence);
        }
        let guard = if kind.guarded {
            CallbackAuth::query("secret", [kind.secret.into()]).unwrap()
        } else {
            CallbackAuth::none()
        };
        Self { kind, info, guard }
    }

    async fn call(&self, cx: &CallContext, repeat: Repeat, path: &str) -> Result<(Value, Proof)> {
        let request = || {
            Request::get(format!("https://vendor.example/{path}"))
                .body(Bytes::new())
                .unwrap()
        };
        let answer = cx.send(repeat, |_| Ok(request())).await?;
        if !answer.status.is_success() {
            return Err(answer.error());
        }
        Ok((
            serde_json::from_slice(&answer.body).unwrap(),
            answer.proof(),
        ))
    }
}

/// Returns the observation in a message from the vendor.
fn observe(said: &Value, channel: Channel, taught: Option<&str>) -> Observation {
    let text = |name: &str| said[name].as_str().map(str::to_owned);
    let mut observation = Observation::claimed(
        Subject::new(text("reference"), text("id").map(VendorId::new)),
        channel,
    );
    observation.code = text("state");
    observation.status = match said["state"].as_str() {
        Some("waiting") => Some(Status::AwaitingPerson),
        Some("running") => Some(Status::InProgress),
        Some("review") => Some(Status::InReview { leaning: None }),
        Some("passed") => Some(Status::Finished(Outcome::Verified)),
        Some("failed") => Some(Status::Finished(Outcome::Rejected)),
        Some("suspicious") => Some(Status::Finished(Outcome::Disputed)),
        Some("ended") => Some(Status::Ended),
        Some("panics") => panic!("an adapter that has a defect"),
        word if word.is_some() && word == taught => Some(Status::Finished(Outcome::Verified)),
        _ => None,
    };
    if let Some(handle) = text("handle") {
        observation.result = ResultState::Fetchable(ResultHandle::new(handle));
    } else if matches!(observation.status, Some(Status::Finished(_)) | None) {
        let mut report = Report::new(ProviderId::new("example"));
        report.reference = text("reference");
        report.vendor_id = text("id").map(VendorId::new);
        report.agent = text("state").map(Pii::new);
        for file in said["evidence"].as_array().into_iter().flatten() {
            let kind = serde_json::from_value(file["kind"].clone()).unwrap();
            report.evidence.push(Evidence::new(
                EvidenceId::new(file["id"].as_str().unwrap()),
                kind,
            ));
        }
        observation.result = ResultState::Inline(Box::new(report));
    }
    observation
}

#[async_trait]
impl Provider for Example {
    fn describe(&self) -> &VendorInfo {
        &self.info
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<CreateResponse> {
        let path = format!("create/{}", new.reference.as_str());
        let repeat = if self.kind.safety == CreateSafety::Keyed {
            Repeat::Repeatable
        } else {
            Repeat::Once
        };
        let (made, _) = self.call(cx, repeat, &path).await?;
        let id = VerificationId::new(
            new.reference.clone(),
            made["id"].as_str().map(VendorId::new),
        );
        let url = format!("https://vendor.example/go/{}", made["id"].as_str().unwrap());
        Ok(CreateResponse::new(
            id,
            HandOff::Redirect(SessionUrl::new(url.parse().unwrap())),
            cx.now(),
        ))
    }

    fn capabilities(&self) -> Capabilities<'_> {
        Capabilities {
            polling: self.kind.polling.then_some(self),
            results: self.kind.results.then_some(self),
            evidence: self.kind.evidence.then_some(self),
            listing: self.kind.listing.then_some(self),
            lookup: (self.kind.safety == CreateSafety::Findable).then_some(self),
            deletion: self.kind.deletion.then_some(self),
            callbacks: Some(self),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[async_trait]
impl Polling for Example {
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation> {
        let (said, proof) = self
            .call(
                cx,
                Repeat::Repeatable,
                &format!("poll/{}", id.require_vendor_id()?.as_str()),
            )
            .await?;
        if said.is_null() {
            return Err(Error::new(ErrorKind::NotFound));
        }
        Ok(observe(&said, Channel::Poll, self.kind.taught).proven(proof))
    }
}

#[async_trait]
impl Results for Example {
    async fn fetch(
        &self,
        cx: &CallContext,
        _: &VerificationId,
        handle: Option<&ResultHandle>,
    ) -> Result<Observation> {
        let path = format!("fetch/{}", handle.unwrap().as_str());
        let (said, proof) = self.call(cx, Repeat::Repeatable, &path).await?;
        if said.is_null() {
            return Err(Error::new(ErrorKind::NotFound));
        }
        Ok(observe(&said, Channel::Fetch, self.kind.taught).proven(proof))
    }
}

#[async_trait]
impl Listing for Example {
    async fn list(&self, cx: &CallContext, _: &ListQuery, _: Option<&str>) -> Result<Page> {
        let (said, proof) = self.call(cx, Repeat::Repeatable, "list").await?;
        let observe = |said: &Value| {
            let mut observation = observe(said, Channel::List, self.kind.taught).proven(proof);
            observation.result = ResultState::Absent;
            observation
        };
        Ok(Page::new(
            said.as_array().unwrap().iter().map(observe).collect(),
            0,
            None,
        ))
    }
}

#[async_trait]
impl Lookup for Example {
    async fn find(&self, cx: &CallContext, reference: &Reference) -> Result<Vec<VerificationId>> {
        let (found, _) = self
            .call(
                cx,
                Repeat::Repeatable,
                &format!("find/{}", reference.as_str()),
            )
            .await?;
        let id = |made: &Value| {
            VerificationId::new(reference.clone(), made["id"].as_str().map(VendorId::new))
        };
        Ok(found.as_array().unwrap().iter().map(id).collect())
    }
}

#[async_trait]
impl EvidenceSource for Example {
    async fn download(
        &self,
        cx: &CallContext,
        _: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        if self.kind.unsupported.contains(&evidence.as_str()) {
            return Err(Error::new(ErrorKind::Unsupported));
        }
        let uri = format!("https://vendor.example/evidence/{}", evidence.as_str());
        let request = |_: &Attempt<'_>| Ok(Request::get(&uri).body(Bytes::new()).unwrap());
        cx.download(Repeat::Repeatable, limit, sink, request)
            .await?
            .whole(|answer| answer.error())
    }
}

#[async_trait]
impl Deletion for Example {
    async fn delete(&self, cx: &CallContext, id: &VerificationId) -> Result<DeleteOutcome> {
        let (said, _) = self
            .call(
                cx,
                Repeat::Repeatable,
                &format!("delete/{}", id.require_vendor_id()?.as_str()),
            )
            .await?;
        Ok(match said.as_str() {
            Some("deleted") => DeleteOutcome::Data,
            Some("accepted") => DeleteOutcome::Accepted,
            Some(_) => DeleteOutcome::CanceledOnly,
            None => DeleteOutcome::AlreadyGone,
        })
    }
}

impl Callbacks for Example {
    fn auth(&self) -> &CallbackAuth {
        &self.guard
    }

    fn spec(&self) -> CallbackSpec {
        CallbackSpec::new(&[http::Method::POST], 64 * 1024)
    }

    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        let said: Value = if delivery.kind == DeliveryKind::Return {
            let query = |name: &str| delivery.query(name).map_or(Value::Null, Value::String);
            json!({"reference": query("reference"), "handle": query("handle"), "state": "ended"})
        } else if let Some(xml) = delivery
            .body
            .strip_prefix(b"<")
            .filter(|_| self.kind.reads_xml)
        {
            json!({"reference": std::str::from_utf8(xml).unwrap().trim_end_matches("/>"), "state": "passed"})
        } else {
            serde_json::from_slice(&delivery.body).map_err(|error| Error::malformed_json(&error))?
        };
        let all = match said {
            Value::Array(all) => all,
            one => vec![one],
        };
        let mut observations = Vec::new();
        for said in &all {
            let trust = self
                .guard
                .verify(delivery, said["reference"].as_str().unwrap_or_default())?;
            observations.push(observe(said, Channel::Callback, self.kind.taught).trusted(trust));
        }
        Ok(CallbackMessage::new(
            observations,
            Reply::status(http::StatusCode::OK),
        ))
    }
}
