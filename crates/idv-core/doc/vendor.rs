// The fictitious vendor of the examples in the documentation: an adapter and its vendor, in memory.
//
// Every verification is `EX-1` and verified at the first poll. Examples include this file.

use std::any::Any;

use idv_core::call::{Answer, Attempt, Call, CallPolicy};
use idv_core::report::{Attribute, Check, CheckKind, CheckResult, Source, Verdict};
use idv_core::{
    Body, Bytes, CallContext, CallbackAuth, CallbackMessage, CallbackSpec, Callbacks, Capabilities,
    Channel, Client, CreateResponse, CreateSafety, DeleteOutcome, Deletion, Delivery, Download,
    Environment, EvidenceId, EvidenceSource, HandOff, HandOffKind, ListQuery, Listing, Lookup,
    NewVerification, Observation, Outcome, Page, Polling, Provider, ProviderId, Reference, Reply,
    Report, ReportSource, Result, ResultHandle, ResultState, Results, SessionUrl, Sink, Status,
    Subject, Transport, TransportError, VendorId, VendorInfo, VerificationId, async_trait, http,
};
use idv_testkit::ManualClock;

/// Creates a client of the vendor. Its clock does not wait in real time.
pub fn client() -> Client {
    let clock = ManualClock::leaping("2026-01-01T00:00:00Z".parse().unwrap());
    let mut info = VendorInfo::new(
        ProviderId::new("example"),
        "Example",
        CreateSafety::Keyed,
        HandOffKind::Redirect,
        ReportSource::Fetch,
    );
    info.accepts = &[
        "person.given_names",
        "person.family_name",
        "person.birth_date",
        "document.issuing_country",
        "contact.email",
    ];
    let adapter = Adapter {
        info,
        auth: CallbackAuth::none(),
    };
    Client::new(
        adapter,
        Environment::new(Server, clock),
        CallPolicy::default(),
    )
}

/// Creates a verification.
pub async fn create(client: &Client) -> Result<CreateResponse> {
    client
        .create(&NewVerification::new(client.reference()))
        .await
}

/// Returns a callback about a verification.
pub fn callback(created: &CreateResponse) -> Delivery {
    let uri = format!("/callback?id={}", created.id.reference.as_str());
    Delivery::callback(
        http::Method::POST,
        uri.parse().unwrap(),
        http::HeaderMap::new(),
        "verified",
    )
}

/// The server of the vendor.
#[derive(Debug)]
struct Server;

#[async_trait]
impl Transport for Server {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        let body: &'static [u8] = match request.uri().path() {
            "/evidence/passport" => b"\xFF\xD8\xFF\xE0 an image",
            "/balance" => b"100",
            _ => b"{}",
        };
        Ok(http::Response::new(Bytes::from_static(body).into()))
    }
}

/// The adapter of the vendor.
#[derive(Debug)]
pub struct Adapter {
    info: VendorInfo,
    auth: CallbackAuth,
}

fn request(path: &str) -> impl Fn(&Attempt<'_>) -> Result<http::Request<Bytes>> {
    let uri = format!("https://vendor.example{path}");
    move |_| Ok(http::Request::get(&uri).body(Bytes::new()).unwrap())
}

fn observation(answer: &Answer, id: &VerificationId, channel: Channel) -> Observation {
    let mut observation = Observation::claimed(id.into(), channel).proven(answer.proof());
    observation.status = Some(Status::Finished(Outcome::Verified));
    observation.code = Some("verified".to_owned());
    observation
}

impl Adapter {
    async fn get(&self, cx: &CallContext, path: &str) -> Result<Answer> {
        cx.send(Call::repeatable(), request(path)).await
    }

    /// Returns the number of verifications left in the account: a call outside the model.
    pub async fn balance(&self, cx: &CallContext) -> Result<u32> {
        let answer = self.get(cx, "/balance").await?;
        Ok(String::from_utf8_lossy(&answer.body).parse().unwrap())
    }
}

#[async_trait]
impl Provider for Adapter {
    fn describe(&self) -> &VendorInfo {
        &self.info
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<CreateResponse> {
        self.get(cx, "/create").await?;
        let id = VerificationId::new(new.reference.clone(), Some(VendorId::new("EX-1")));
        let url = SessionUrl::new("https://vendor.example/session/EX-1".parse().unwrap());
        Ok(CreateResponse::new(id, HandOff::Redirect(url), cx.now()))
    }

    fn capabilities(&self) -> Capabilities<'_> {
        Capabilities {
            polling: Some(self),
            results: Some(self),
            evidence: Some(self),
            listing: Some(self),
            lookup: Some(self),
            deletion: Some(self),
            callbacks: Some(self),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[async_trait]
impl Polling for Adapter {
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation> {
        let answer = self.get(cx, "/state").await?;
        let mut observation = observation(&answer, id, Channel::Poll);
        observation.result = ResultState::Fetchable(ResultHandle::new("EX-1"));
        Ok(observation)
    }
}

#[async_trait]
impl Results for Adapter {
    async fn fetch(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        _: Option<&ResultHandle>,
    ) -> Result<Observation> {
        let answer = self.get(cx, "/result").await?;
        let mut report = Report::new(self.info.provider.clone());
        report.person.family_name =
            Some(Attribute::new(Source::Mrz, Verdict::New).with_value("Mustermann".to_owned()));
        report.checks = vec![Check::new(CheckKind::FaceMatch, CheckResult::Passed)];
        let mut observation = observation(&answer, id, Channel::Fetch);
        observation.result = ResultState::Inline(Box::new(report));
        Ok(observation)
    }
}

#[async_trait]
impl EvidenceSource for Adapter {
    async fn download(
        &self,
        cx: &CallContext,
        _: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let path = format!("/evidence/{}", evidence.as_str());
        let downloaded = cx
            .download(Call::repeatable(), limit, sink, request(&path))
            .await?;
        downloaded.whole(|answer| answer.error())
    }
}

#[async_trait]
impl Listing for Adapter {
    async fn list(&self, cx: &CallContext, _: &ListQuery, _: Option<&str>) -> Result<Page> {
        self.get(cx, "/list").await?;
        Ok(Page::default())
    }
}

#[async_trait]
impl Lookup for Adapter {
    async fn find(&self, cx: &CallContext, reference: &Reference) -> Result<Vec<VerificationId>> {
        self.get(cx, "/find").await?;
        let id = VerificationId::new(reference.clone(), Some(VendorId::new("EX-1")));
        Ok(vec![id])
    }
}

#[async_trait]
impl Deletion for Adapter {
    async fn delete(&self, cx: &CallContext, _: &VerificationId) -> Result<DeleteOutcome> {
        self.get(cx, "/delete").await?;
        Ok(DeleteOutcome::Data)
    }
}

impl Callbacks for Adapter {
    fn auth(&self) -> &CallbackAuth {
        &self.auth
    }

    fn spec(&self) -> CallbackSpec {
        CallbackSpec::new(&[http::Method::POST], 1024)
    }

    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        let subject = Subject::new(delivery.query("id"), None);
        let mut observation = Observation::claimed(subject, Channel::Callback);
        observation.status = Some(Status::Finished(Outcome::Verified));
        let reply = Reply::status(http::StatusCode::OK);
        Ok(CallbackMessage::new(vec![observation], reply))
    }
}
