//! CM.com ID Scan (v1) as an idv provider: identity documents and faces, read by machines, behind the model of [`idv_core`].
//!
//! CM.com has a person photograph a document, checks with the camera that they are alive, and compares their face with the document's.
//! The application creates a transaction, which the vendor names, and sends the person to its address. It polls the state or receives
//! events, and fetches the result by an id of its own. This crate follows the documentation of "CM.com ID Scan API, v1"; words in quotation marks are its
//! sections.
//!
//! # What it can
//!
//! | | |
//! |---|---|
//! | create | sent once: the vendor takes no reference, so that nothing finds a transaction whose answer was lost |
//! | hand-off | a link |
//! | poll | the details: whether the person has begun, and whether it is over. The outcome is not in them |
//! | results | by the id of the result, which comes with an event or with the person's browser: the model's handle |
//! | evidence | images and two audit reports: [`normalize::images`], [`normalize::audit_reports`] |
//! | listing, lookup, deletion | none is documented |
//! | callbacks | the vendor signs none. A webhook is registered with a header that carries a secret, and is proven by it |
//!
//! What the model has no place for is in [`api`]: registering a webhook, the single scans of a transaction that is pending.
//!
//! # Acceptance
//!
//! The vendor measures and does not decide: a transaction that is `completed` may hold fields that are invalid and scores that are low.
//! So this crate has a rule: [`Acceptance`](normalize::Acceptance). It is strict by default, and every report carries it, with its version
//! and its settings. No person is verified for having completed a transaction, nor for having completed a task about the face, and none
//! with a document that has expired, whatever the vendor's validity says.
//!
//! # An example
//!
//! ```
//! # use idv_testkit::{ManualClock, ScriptedTransport, environment};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let transport = ScriptedTransport::new();
//! # transport.then_json(201, include_str!("../fixtures/create-response.json"));
//! # transport.then_json(200, include_str!("../fixtures/own-result-verified.json"));
//! # let environment = environment(&transport, &ManualClock::new("2024-01-01T12:00:00Z".parse()?));
//! use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
//! use idv_core::{Client, HandOff, NewVerification, Outcome, Reference, ResultHandle, Status, call::CallPolicy};
//!
//! // The environment is a transport, a clock and random bits: the application's, or a test's as here.
//! let config = CmIdScanConfig::new("3b438437-04a4-40bb-8389-54bb02766fba", "the account's secret".into());
//! let client = Client::new(CmIdScan::new(config)?, environment, CallPolicy::default());
//!
//! let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b9a520c2d6a1f7e11")?);
//! new.locale = Some("nl".parse()?);
//! let created = client.create(&new).await?;
//! let HandOff::Redirect(link) = &created.hand_off else { unreachable!() };
//! assert_eq!(link.expose().host_str(), Some("id-scan.identity.cm.com"));
//!
//! // Later an event brings the id of the result: `Step::Fetch` carries it.
//! let handle = ResultHandle::new("e6b7ce66-0000-4000-8000-000000000000");
//! let observation = client.fetch(&created.id, Some(&handle)).await?;
//! assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
//! # Ok(())
//! # }
//! ```
//!
//! # States
//!
//! | vendor | before the person has begun | once the person has |
//! |---|---|---|
//! | `pending` | awaiting the person | in progress |
//! | `completed` | ended: the outcome is in the result | ended |
//! | `expired` | finished: expired | finished: expired |
//!
//! Any other state is kept as the code and changes nothing. The table is data: [`normalize::STATES`].
//!
//! # Where the document is silent
//!
//! The documentation shows samples; its reference is open only to accounts. The choices are:
//!
//! - Statuses of answers: every success is one, and failures mean what HTTP says. The body of an error is searched for the usual words, which
//!   become the error's code and are never printed. A refusal of a result id that is no UUID means that there is no such result.
//! - `returnUrl` and `scanReturnUrl` stand at the top of the body, beside `locale`. An address that has `trxid` or `resultid` already, or a
//!   fragment, is refused, since what the vendor adds would not count.
//! - The report's path is `/transactions/{id}/results/{resultId}/report`: [`api::REPORT`]. If the extended one is refused, by whatever
//!   status, it is taken for its being too late. A report is a PDF by its bytes.
//! - The word for sources that contradict each other is not documented: every `comparison` but `match` and `not_performed` is one.
//! - The results of tasks about the face are not documented. A score, a `valid` field or a documented word proves them; without any, the
//!   check was not performed and the outcome is inconclusive, unless `acceptance_completed_means_match` says that completion is a match.
//!   Anything unknown in them counts against the person.
//! - A score that is no number from 0 to 1 is none that is good enough; it is not taken for a percentage.
//! - Whether `validity` respects `allowed_expiration` is not said, so the date decides, compared with the time of completion or else with
//!   the clock. Ages are judged by the `age` and by the day of birth.
//! - The body of a `task.state.updated` is not shown: the transaction is looked for at each place that is likely, and the event says that the
//!   person has begun.
//! - The names of most fields are not documented: [`normalize::FIELDS`] says which are. Countries are English names or the document's own
//!   words ([`normalize::COUNTRY_WORDS`]), dates are read if one thing only can be meant; the vendor's word stays beside the value.
//! - Files are downloaded with the account's token, so that their addresses are followed to the configured host alone; those of the vendor's
//!   own host are called below a `base_url` that is a proxy. How long an address lives is not said, so that evidence is named by what it is
//!   and its address looked up anew.
//! - Tokens live five minutes, are dated back by thirty seconds for a clock that is behind, and are used again while two minutes of them are
//!   left: what the document's example has is one minute.
//! - Webhooks are by account, so that the model's address for callbacks is left out of a creation: [`CmIdScan::register_webhook`], once.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod api;
pub mod callback;
mod config;
mod create;
mod evidence;
pub mod normalize;
mod options;
mod provider;
pub mod session;
pub mod wire;

pub use config::{CmIdScanConfig, ENTRY};
pub use options::CmIdScanOptions;
pub use provider::CmIdScan;
