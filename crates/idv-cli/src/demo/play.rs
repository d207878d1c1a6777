//! One scenario from beginning to end, as an application lives through it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use idv::report::{Evidence, EvidenceKind};
use idv::transport::{ReqwestTransport, TransportOptions};
use idv::{
    Capability, Client, Config, CreateResponse, Decision, Environment, Error, HandOff,
    NewVerification, Observation, Step, Timestamp, Tracker, Transition, Transport as _, VendorId,
    VerificationId,
};
use idv_sandbox::{Sandbox, Scenario, Vendor};

use super::environment::{CountingTransport, SandboxClock};
use super::receiver::Receiver;
use super::story::{Act, EvidenceSeen, Forgery, HandOffSeen, Story};
use crate::failure::{Exit, Failure};
use crate::words::{self, word};

/// How long one piece of evidence may be here, in bytes.
const EVIDENCE_LIMIT: u64 = 64 * 1024 * 1024;

/// The scenario in which a long time passes without any action.
const WAITS: &str = "never-finishes";

/// The time for which the demo watches that verification.
const PATIENCE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The application: its client, its address for callbacks, and a browser for the person.
pub(crate) struct Company<'a> {
    vendor: Vendor<'a>,
    sandbox: &'a Sandbox,
    client: Client,
    transport: CountingTransport,
    receiver: Receiver,
    browser: ReqwestTransport,
}

impl<'a> Company<'a> {
    pub(crate) async fn open(vendor: Vendor<'a>, sandbox: &'a Sandbox) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Failed, format!("the demo cannot begin: {error}"))
        };
        let transport = CountingTransport::new()?;
        let environment = Environment::new(transport.clone(), SandboxClock::new(sandbox.clock()));
        vendor.expect("Mustermann");
        let client = idv::connect_in(&Config::from_env(vendor.settings())?, environment)?;
        let receiver = Receiver::start(client.clone()).await?;
        vendor
            .report_to(receiver.url().as_str())
            .map_err(|error| failed(&error))?;
        let browser = ReqwestTransport::new(TransportOptions::default())?;
        Ok(Self {
            vendor,
            sandbox,
            client,
            transport,
            receiver,
            browser,
        })
    }

    /// Plays a scenario, and judges what came of it.
    pub(crate) async fn play(&self, scenario: Scenario) -> Story {
        let mut story = Story::begin(self.vendor.id(), scenario);
        let before = self.transport.requests();
        match self.create().await {
            Ok(created) => {
                let mut scene = Scene::begin(self, &mut story, &created);
                if let Err(error) = scene.act(scenario, &created).await {
                    scene.story.shortfalls.push(error.to_string());
                }
                let decision = scene.tracker.verification().decision();
                story.requests = self.transport.requests() - before;
                story.judge(scenario.ending, decision, self.client.info());
            }
            Err(error) => story.shortfalls.push(error.to_string()),
        }
        story
    }
}

impl Company<'_> {
    /// Creates a verification of a person who does not exist, with the address for callbacks if the vendor takes one with each.
    async fn create(&self) -> idv::Result<CreateResponse> {
        let mut new = person(&self.client)?;
        new.callback_url = Some(self.receiver.url().clone());
        self.client.create(&new).await
    }
}

/// One verification under way.
struct Scene<'a> {
    company: &'a Company<'a>,
    story: &'a mut Story,
    tracker: Tracker,
    /// The observations since the story was last told, with their effects.
    seen: Arc<Mutex<Vec<(Observation, Transition)>>>,
    began: Timestamp,
}

impl<'a> Scene<'a> {
    fn begin(company: &'a Company<'a>, story: &'a mut Story, created: &CreateResponse) -> Self {
        story.reference = Some(created.id.reference.as_str().to_owned());
        story.vendor_id = created
            .id
            .vendor_id
            .as_ref()
            .map(|id| id.as_str().to_owned());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        // The moments of a scenario are the pace.
        let tracker = Tracker::new(company.client.clone(), created)
            .poll_every(Duration::ZERO)
            .on_observation(move |observation, transition| {
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.push((observation.clone(), transition.clone()));
            });
        Self {
            company,
            story,
            tracker,
            seen,
            began: company.sandbox.clock().now(),
        }
    }

    async fn act(&mut self, scenario: Scenario, created: &CreateResponse) -> Result<(), Error> {
        self.hand_off(&created.hand_off).await;
        self.tracker.advance().await?;
        self.tell();
        self.forge().await;
        let steps = match self
            .company
            .vendor
            .act(vendor_id(&created.id), scenario.name)
        {
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
        self.story.person = steps
            .into_iter()
            .map(|step| Act {
                after_seconds: step.after_seconds,
                what: step.what,
            })
            .collect();
        for moment in moments {
            self.pass(Duration::from_secs(moment).saturating_sub(self.after()))
                .await?;
        }
        if matches!(self.tracker.verification().decision(), Decision::Open(_))
            && scenario.name == WAITS
        {
            self.pass(PATIENCE).await?;
        }
        self.finish().await
    }

    /// Sends the person to the vendor.
    async fn hand_off(&mut self, hand_off: &HandOff) {
        self.story.hand_off = Some(match hand_off {
            HandOff::Redirect(url) => {
                let status = match http::Request::get(url.expose().as_str()).body(Bytes::new()) {
                    Ok(request) => self
                        .company
                        .browser
                        .send(request)
                        .await
                        .ok()
                        .map(|answer| answer.status().as_u16()),
                    Err(_) => None,
                };
                if status != Some(200) {
                    self.story
                        .shortfalls
                        .push("the hand-off address does not answer the person".to_owned());
                }
                HandOffSeen {
                    kind: "visit",
                    status,
                }
            }
            _ => HandOffSeen {
                kind: "vendor_contacts_person",
                status: None,
            },
        });
    }

    /// Somebody who knows the address for callbacks, but not the secret in it, says that the person is verified.
    async fn forge(&mut self) {
        let before = self.tracker.verification().clone();
        let url = self.company.receiver.url();
        let id = self.tracker.verification().id();
        let forged =
            self.company
                .vendor
                .forgery(url.as_str(), id.reference.as_str(), vendor_id(id));
        // The receiver is on the loopback interface; the sandbox says 0 if there is no answer.
        let status = self
            .company
            .sandbox
            .forge(&forged)
            .await
            .unwrap_or_default();
        self.receive();
        self.story.forgery = Some(Forgery {
            status,
            changed: before != *self.tracker.verification(),
        });
    }

    /// Lets time pass; then takes in the callbacks that came, and asks: a poll, and the fetch that it makes possible.
    async fn pass(&mut self, time: Duration) -> Result<(), Error> {
        self.company.sandbox.clock().advance(time).await;
        self.receive();
        for _ in 0..3 {
            self.tracker.advance().await?;
            self.tell();
            if !matches!(
                self.tracker
                    .verification()
                    .next_step(self.company.client.info()),
                Step::Fetch(_)
            ) {
                break;
            }
        }
        Ok(())
    }

    fn receive(&mut self) {
        for observation in self.company.receiver.take() {
            self.tracker.apply(&observation);
        }
        self.tell();
    }

    /// Tells the story what was learnt.
    fn tell(&mut self) {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        for (observation, transition) in seen {
            self.story
                .saw(self.after().as_secs(), &observation, &transition);
        }
    }

    /// Ends as an application does: keeps the evidence, and deletes at the vendor.
    async fn finish(&mut self) -> Result<(), Error> {
        let client = &self.company.client;
        let id = self.tracker.verification().id().clone();
        let latest = self.tracker.reports().last().map(|(_, report)| report);
        if let Some(report) = self.tracker.report().or(latest) {
            self.story.told = words::fields(report)
                .into_iter()
                .filter_map(|field| Some((field.field, field.value?)))
                .collect();
            self.story.changed = words::fields(report)
                .into_iter()
                .filter(|field| field.verdict == "changed")
                .collect();
            let listed = report.evidence.len();
            if client.info().has(Capability::Evidence)
                && self.tracker.is_verified()
                && let Some(evidence) = most_telling(&report.evidence)
            {
                let mut image = Vec::new();
                let download = client
                    .evidence(&id, &evidence.id, EVIDENCE_LIMIT, &mut image)
                    .await?;
                if image.is_empty() || image.len() as u64 != download.length {
                    self.story
                        .shortfalls
                        .push("the evidence is empty or cut".to_owned());
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
        Duration::try_from(
            self.company
                .sandbox
                .clock()
                .now()
                .duration_since(self.began),
        )
        .unwrap_or_default()
    }
}

/// The vendor's id of a verification.
fn vendor_id(id: &VerificationId) -> &str {
    id.vendor_id
        .as_ref()
        .map_or(id.reference.as_str(), VendorId::as_str)
}

fn most_telling(evidence: &[Evidence]) -> Option<&Evidence> {
    evidence
        .iter()
        .find(|piece| piece.kind == EvidenceKind::DocumentFront)
        .or_else(|| evidence.first())
}

/// Returns a person who does not exist, with everything that any vendor requires.
fn person(client: &Client) -> idv::Result<NewVerification> {
    NewVerification::builder(client.reference())
        .given_names("Erika")
        .family_name("Mustermann")
        .birth_date("1982-05-22")
        .birth_place("Berlin")
        .nationality("DE")
        .gender("female")
        .street("Heidestrasse")
        .house_number("17")
        .postal_code("51147")
        .city("Köln")
        .country("DE")
        .email("erika@example.com")
        .phone("+4915123456789")
        .document_number("00000000T")
        .locale("de")
        .build()
}
