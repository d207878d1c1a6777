//! Plays one scenario from beginning to end, from an application's point of view.

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

/// The maximum size of one piece of evidence, in bytes.
const EVIDENCE_LIMIT: u64 = 64 * 1024 * 1024;

/// The scenario in which the person never acts.
const NEVER_ACTS: &str = "never-finishes";

/// The time for which the demo follows that scenario.
const FOLLOWED_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// The application: its client, its callback address, and a browser for the person.
pub(crate) struct Application<'a> {
    vendor: Vendor<'a>,
    sandbox: &'a Sandbox,
    client: Client,
    transport: CountingTransport,
    receiver: Receiver,
    browser: ReqwestTransport,
}

impl<'a> Application<'a> {
    pub(crate) async fn open(vendor: Vendor<'a>, sandbox: &'a Sandbox) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Failed, format!("cannot start the demo: {error}"))
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

    /// Plays a scenario and compares the result with the expected ending.
    pub(crate) async fn play(&self, scenario: Scenario) -> Story {
        let mut story = Story::begin(self.vendor.id(), scenario);
        let before = self.transport.requests();
        match self.create().await {
            Ok(created) => {
                let mut play = Play::begin(self, &mut story, &created);
                if let Err(error) = play.act(scenario, &created).await {
                    play.story.shortfalls.push(error.to_string());
                }
                let decision = play.tracker.verification().decision();
                story.requests = self.transport.requests() - before;
                story.judge(scenario.ending, decision, self.client.info());
            }
            Err(error) => story.shortfalls.push(error.to_string()),
        }
        story
    }
}

impl Application<'_> {
    /// Creates a verification of a fictitious person, with a callback address.
    async fn create(&self) -> idv::Result<CreateResponse> {
        let mut new = person(&self.client)?;
        new.callback_url = Some(self.receiver.url().clone());
        self.client.create(&new).await
    }
}

/// A verification under way.
struct Play<'a> {
    application: &'a Application<'a>,
    story: &'a mut Story,
    tracker: Tracker,
    /// The observations that the story does not contain yet, with their effects.
    seen: Arc<Mutex<Vec<(Observation, Transition)>>>,
    began: Timestamp,
}

impl<'a> Play<'a> {
    fn begin(
        application: &'a Application<'a>,
        story: &'a mut Story,
        created: &CreateResponse,
    ) -> Self {
        story.reference = Some(created.id.reference.as_str().to_owned());
        story.vendor_id = created
            .id
            .vendor_id
            .as_ref()
            .map(|id| id.as_str().to_owned());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        // The scenario's moments set the pace.
        let tracker = Tracker::new(application.client.clone(), created)
            .poll_every(Duration::ZERO)
            .on_observation(move |observation, transition| {
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.push((observation.clone(), transition.clone()));
            });
        Self {
            application,
            story,
            tracker,
            seen,
            began: application.sandbox.clock().now(),
        }
    }

    async fn act(&mut self, scenario: Scenario, created: &CreateResponse) -> Result<(), Error> {
        self.hand_off(&created.hand_off).await;
        self.tracker.advance().await?;
        self.record();
        self.forge().await;
        let steps = match self
            .application
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
        // No time passes before a moment of zero, and the vendor was just polled.
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
            && scenario.name == NEVER_ACTS
        {
            self.pass(FOLLOWED_FOR).await?;
        }
        self.finish().await
    }

    /// Opens the hand-off URL as the person's browser does.
    async fn hand_off(&mut self, hand_off: &HandOff) {
        self.story.hand_off = Some(match hand_off {
            HandOff::Redirect(url) => {
                let status = match http::Request::get(url.expose().as_str()).body(Bytes::new()) {
                    Ok(request) => self
                        .application
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
                        .push("the hand-off URL did not respond with 200".to_owned());
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

    /// Sends a callback that claims that the person is verified, from a sender who knows the
    /// address but not the secret.
    async fn forge(&mut self) {
        let before = self.tracker.verification().clone();
        let url = self.application.receiver.url();
        let id = self.tracker.verification().id();
        let forged =
            self.application
                .vendor
                .forgery(url.as_str(), id.reference.as_str(), vendor_id(id));
        // The receiver is on the loopback interface, so there is a response; otherwise the status
        // is 0.
        let status = self
            .application
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

    /// Moves the clock, applies the callbacks that arrived and polls the vendor, then fetches the
    /// result if the poll makes that possible.
    async fn pass(&mut self, time: Duration) -> Result<(), Error> {
        self.application.sandbox.clock().advance(time).await;
        self.receive();
        for _ in 0..3 {
            self.tracker.advance().await?;
            self.record();
            if !matches!(
                self.tracker
                    .verification()
                    .next_step(self.application.client.info()),
                Step::Fetch(_)
            ) {
                break;
            }
        }
        Ok(())
    }

    fn receive(&mut self) {
        for observation in self.application.receiver.take() {
            self.tracker.apply(&observation);
        }
        self.record();
    }

    /// Moves the observations into the story.
    fn record(&mut self) {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        for (observation, transition) in seen {
            self.story
                .record(self.after().as_secs(), &observation, &transition);
        }
    }

    /// Finishes as an application does: downloads evidence and deletes the data at the vendor.
    async fn finish(&mut self) -> Result<(), Error> {
        let client = &self.application.client;
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
                && let Some(evidence) = document_front_or_first(&report.evidence)
            {
                let mut image = Vec::new();
                let download = client
                    .evidence(&id, &evidence.id, EVIDENCE_LIMIT, &mut image)
                    .await?;
                if image.is_empty() || image.len() as u64 != download.length {
                    self.story
                        .shortfalls
                        .push("the evidence is empty or truncated".to_owned());
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
            // The vendor may report the deletion with a callback.
            self.application
                .sandbox
                .clock()
                .advance(Duration::ZERO)
                .await;
            self.receive();
        }
        Ok(())
    }

    /// Returns the time since the start.
    fn after(&self) -> Duration {
        // Virtual time never runs backwards.
        Duration::try_from(
            self.application
                .sandbox
                .clock()
                .now()
                .duration_since(self.began),
        )
        .unwrap_or_default()
    }
}

/// Returns the vendor's id of a verification, or its reference if it has none.
fn vendor_id(id: &VerificationId) -> &str {
    id.vendor_id
        .as_ref()
        .map_or(id.reference.as_str(), VendorId::as_str)
}

fn document_front_or_first(evidence: &[Evidence]) -> Option<&Evidence> {
    evidence
        .iter()
        .find(|piece| piece.kind == EvidenceKind::DocumentFront)
        .or_else(|| evidence.first())
}

/// Returns a fictitious person with every field that any vendor requires.
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
