//! One scenario from beginning to end, as an application lives through it.

use std::time::Duration;

use bytes::Bytes;
use idv::report::{Country, Evidence, EvidenceKind, Gender, Report};
use idv::transport::{ReqwestTransport, TransportOptions};
use idv::{
    Capability, Client, CreateResponse, Decision, Environment, Error, HandOff, NewVerification, Observation, Pii, Reference,
    ResultHandle, Secret, Step, Timestamp, Transport as _, Verification,
};
use idv_sandbox::Sandbox;

use super::environment::{CountingTransport, SandboxClock};
use super::receiver::Receiver;
use super::stage::{Forged, Stage};
use super::story::{Act, EvidenceSeen, Forgery, HandOffSeen, Scenario, Story};
use crate::failure::{Exit, Failure};
use crate::words::{self, word};

/// How long one piece of evidence may be here, in bytes.
const EVIDENCE_LIMIT: u64 = 64 * 1024 * 1024;

/// How long a verification is watched that nobody finishes.
const PATIENCE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The application: its client, its address for callbacks, and a browser for the person.
pub(crate) struct Company<'a> {
    stage: &'a dyn Stage,
    sandbox: &'a Sandbox,
    client: Client,
    transport: CountingTransport,
    receiver: Receiver,
    browser: ReqwestTransport,
}

impl<'a> Company<'a> {
    pub(crate) async fn open(stage: &'a dyn Stage, sandbox: &'a Sandbox) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, format!("the demo cannot begin: {error}"));
        let transport = CountingTransport::new()?;
        let environment = Environment::new(transport.clone(), SandboxClock::new(sandbox.clock()));
        // 128 random bits, which is what a reference is too.
        let secret = Secret::from(Reference::random(&*environment.random).as_str());
        let client = stage.connect(secret, environment)?;
        let receiver = Receiver::start(client.clone()).await?;
        stage.report_to(&client, receiver.url()).await.map_err(|error| failed(&error))?;
        let browser = ReqwestTransport::new(TransportOptions::default())?;
        Ok(Self { stage, sandbox, client, transport, receiver, browser })
    }

    /// Plays a scenario, and judges what came of it.
    pub(crate) async fn play(&self, scenario: &Scenario) -> Story {
        let mut story = Story::begin(self.stage.provider(), scenario);
        let before = self.transport.requests();
        match self.client.create(&self.person()).await {
            Ok(created) => {
                let mut scene = Scene::begin(self, &mut story, &created);
                if let Err(error) = scene.act(scenario, &created).await {
                    scene.story.shortfalls.push(error.to_string());
                }
                let decision = scene.verification.decision();
                story.requests = self.transport.requests() - before;
                story.judge(self.stage.comes_out(scenario.name).unwrap_or(scenario.expected), decision, self.client.info());
            }
            Err(error) => story.shortfalls.push(error.to_string()),
        }
        story
    }
}

impl Company<'_> {
    /// Somebody who does not exist, and where the vendor is to report to, for vendors that want to be told with each verification.
    fn person(&self) -> NewVerification {
        let mut new = person(&self.client);
        new.callback_url = Some(self.receiver.url().clone());
        new
    }
}

/// One verification under way.
struct Scene<'a> {
    company: &'a Company<'a>,
    story: &'a mut Story,
    verification: Verification,
    report: Option<Report>,
    /// Whether the whole result was fetched.
    fetched: bool,
    began: Timestamp,
}

impl<'a> Scene<'a> {
    fn begin(company: &'a Company<'a>, story: &'a mut Story, created: &CreateResponse) -> Self {
        story.reference = Some(created.id.reference.as_str().to_owned());
        story.vendor_id = created.id.vendor_id.as_ref().map(|id| id.as_str().to_owned());
        let verification = Verification::new(created.id.clone(), company.client.info(), created.expires_at);
        Self { company, story, verification, report: None, fetched: false, began: company.sandbox.clock().now() }
    }

    async fn act(&mut self, scenario: &Scenario, created: &CreateResponse) -> Result<(), Error> {
        self.hand_off(&created.hand_off).await;
        self.ask().await?;
        self.forge().await;
        let steps = match self.company.stage.act(&created.id, scenario.name) {
            Ok(steps) => steps,
            Err(error) => {
                self.story.shortfalls.push(error.to_string());
                return Ok(());
            }
        };
        let mut moments: Vec<u64> = steps.iter().map(|step| step.after_seconds).collect();
        moments.sort_unstable();
        moments.dedup();
        // Nothing passes before the first of them, and the vendor was just asked.
        moments.retain(|moment| *moment > 0);
        self.story.person = steps.into_iter().map(|step| Act { after_seconds: step.after_seconds, what: step.what }).collect();
        for moment in moments {
            self.pass(Duration::from_secs(moment).saturating_sub(self.after())).await?;
        }
        if matches!(self.verification.decision(), Decision::Open(_)) && scenario.waits {
            self.pass(PATIENCE).await?;
        }
        self.finish().await
    }

    /// Sends the person to the vendor.
    async fn hand_off(&mut self, hand_off: &HandOff) {
        self.story.hand_off = Some(match hand_off {
            HandOff::Redirect(url) => {
                let status = match http::Request::get(url.expose().as_str()).body(Bytes::new()) {
                    Ok(request) => self.company.browser.send(request).await.ok().map(|answer| answer.status().as_u16()),
                    Err(_) => None,
                };
                if status != Some(200) {
                    self.story.shortfalls.push("the hand-off address does not answer the person".to_owned());
                }
                HandOffSeen { kind: "visit", status }
            }
            _ => HandOffSeen { kind: "vendor_contacts_person", status: None },
        });
    }

    /// Somebody who knows the address for callbacks, but not the secret in it, says that the person is verified.
    async fn forge(&mut self) {
        let before = self.verification.clone();
        let url = self.company.receiver.url();
        let sandbox = self.company.sandbox;
        let status = match self.company.stage.forgery(url, self.verification.id()) {
            Forged::Body(body) => sandbox.forge_callback(url.as_str(), body).await,
            Forged::Visit(url) => sandbox.forge_visit(url.as_str()).await,
        };
        // The receiver is on the loopback interface; 0 is what the sandbox says where nobody answers.
        let status = status.unwrap_or_default();
        self.receive();
        self.story.forgery = Some(Forgery { status, changed: before != self.verification });
    }

    /// Lets time pass; then takes in what the vendor told meanwhile, and asks.
    async fn pass(&mut self, time: Duration) -> Result<(), Error> {
        self.company.sandbox.clock().advance(time).await;
        self.receive();
        if let Some(lapsed) = self.verification.expire_if_due(self.company.sandbox.clock().now()) {
            self.take(&lapsed);
        }
        if matches!(self.next(), Step::Poll) {
            self.ask().await?;
        }
        // Where the outcome stands in the result alone, it is fetched as soon as there is one.
        if let (Decision::Open(_), Step::Fetch(handle)) = (self.verification.decision(), self.next()) {
            self.fetch(Some(&handle)).await?;
        }
        Ok(())
    }

    fn next(&self) -> Step {
        self.verification.next_step(self.company.client.info())
    }

    async fn fetch(&mut self, handle: Option<&ResultHandle>) -> Result<(), Error> {
        let observation = self.company.client.fetch(self.verification.id(), handle).await?;
        self.take(&observation);
        self.fetched = true;
        Ok(())
    }

    async fn ask(&mut self) -> Result<(), Error> {
        if self.company.client.info().has(Capability::Polling) {
            let observation = self.company.client.poll(self.verification.id()).await?;
            self.take(&observation);
        }
        Ok(())
    }

    fn receive(&mut self) {
        for observation in self.company.receiver.take() {
            self.take(&observation);
        }
    }

    fn take(&mut self, observation: &Observation) {
        let transition = self.verification.apply(observation);
        self.story.saw(self.after().as_secs(), observation, &transition);
        // The report is believed with the observation: one that came with a callback proves no more than that.
        if observation.trust.is_proven()
            && let Some(report) = observation.report()
        {
            self.report = Some(report.clone());
        }
    }

    /// What an application does at the end: fetches the whole result, keeps the evidence, deletes at the vendor.
    async fn finish(&mut self) -> Result<(), Error> {
        let client = &self.company.client;
        let id = self.verification.id().clone();
        if self.verification.decision().is_verified() && client.info().has(Capability::Results) && !self.fetched {
            let handle = match self.next() {
                Step::Fetch(handle) => Some(handle),
                _ => None,
            };
            self.fetch(handle.as_ref()).await?;
        }
        if let Some(report) = &self.report {
            self.story.told = words::fields(report).into_iter().filter_map(|field| Some((field.field, field.value?))).collect();
            self.story.changed = words::fields(report).into_iter().filter(|field| field.verdict == "changed").collect();
            let listed = report.evidence.len();
            if client.info().has(Capability::Evidence)
                && self.verification.decision().is_verified()
                && let Some(evidence) = most_telling(&report.evidence)
            {
                let mut image = Vec::new();
                let download = client.evidence(&id, &evidence.id, EVIDENCE_LIMIT, &mut image).await?;
                if image.is_empty() || image.len() as u64 != download.length {
                    self.story.shortfalls.push("the evidence is empty or cut".to_owned());
                }
                self.story.evidence = Some(EvidenceSeen {
                    listed,
                    id: evidence.id.as_str().to_owned(),
                    kind: word(&evidence.kind),
                    length: download.length,
                    sha256: download.sha256_hex(),
                    media_type: download.media_type,
                });
            }
        }
        if client.info().has(Capability::Deletion) {
            self.story.deleted = Some(word(&client.delete(&id).await?));
            // The vendor may tell of that too.
            self.company.sandbox.clock().advance(Duration::ZERO).await;
            self.receive();
        }
        Ok(())
    }

    /// How long it has been since the creation.
    fn after(&self) -> Duration {
        // Virtual time never runs backwards.
        Duration::try_from(self.company.sandbox.clock().now().duration_since(self.began)).unwrap_or_default()
    }
}

fn most_telling(evidence: &[Evidence]) -> Option<&Evidence> {
    evidence.iter().find(|piece| piece.kind == EvidenceKind::DocumentFront).or_else(|| evidence.first())
}

/// Somebody who does not exist, with everything that the model can hand to a vendor and IDnow's kind of vendor asks for.
fn person(client: &Client) -> NewVerification {
    let mut new = NewVerification::new(client.reference());
    new.person.given_names = Some("Erika".into());
    new.person.family_name = Some("Mustermann".into());
    new.person.birth_date = Some(Pii::new(jiff::civil::date(1982, 5, 22)));
    new.person.birth_place = Some("Berlin".into());
    new.person.nationality = Country::from_alpha2("DE").map(Pii::new);
    new.person.gender = Some(Pii::new(Gender::Female));
    new.person.address.street = Some("Heidestrasse".into());
    new.person.address.house_number = Some("17".into());
    new.person.address.postal_code = Some("51147".into());
    new.person.address.city = Some("Köln".into());
    new.person.address.country = Country::from_alpha2("DE").map(Pii::new);
    new.contact.email = Some("erika@example.com".into());
    new.contact.phone = Some("+4915123456789".into());
    new.locale = "de".parse().ok();
    new
}
