//! Adapter for CM.com ID Scan (v1): automated checks of identity documents and faces, behind the
//! model of [`idv_core`].
//!
//! Use this crate through the feature `cm-id-scan` of the crate `idv`, or directly if an
//! application needs the vendor's own API in [`api`].
//!
//! The person photographs an identity document; the vendor checks with the camera that the person
//! is alive and compares their face with the document's photo. The application creates a
//! transaction and redirects the person to its URL. It polls the state or receives events, and
//! fetches the result by an id of its own. The crate follows the documentation "CM.com ID Scan API,
//! v1"; words in quotation marks are its sections.
//!
//! # Capabilities
//!
//! | | |
//! |---|---|
//! | create | sent once: the vendor takes no reference, so no call finds a transaction after a lost response |
//! | hand-off | redirect to the transaction's URL |
//! | poll | the details: whether the person has begun and whether the transaction is over, but not the outcome |
//! | results | by the id of the result, which an event or the person's browser brings: the model's handle |
//! | evidence | images and two audit reports: [`normalize::images`], [`normalize::audit_reports`] |
//! | listing, lookup, deletion | no documented call |
//! | callbacks | the vendor does not sign events. The webhook is registered with a header whose secret authenticates them |
//!
//! The module [`api`] covers the parts of the vendor's API beyond the model: registering a webhook,
//! and the single scans of a pending transaction.
//!
//! # Acceptance
//!
//! The vendor measures and does not decide: a `completed` transaction may have invalid fields and
//! low scores. The rule [`Acceptance`](normalize::Acceptance) decides. It is strict by default, and
//! every report names it, with its version and settings. Completing a transaction or a face task
//! verifies no person, and neither does an expired document, even if the vendor calls it valid.
//!
//! # Example
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
//! use idv_core::call::CallPolicy;
//! use idv_core::{Client, HandOff, NewVerification, Outcome, Reference, ResultHandle, Status};
//!
//! // The environment has a transport, a clock and random bits. Here they are those of a test.
//! let key_id = "3b438437-04a4-40bb-8389-54bb02766fba";
//! let config = CmIdScanConfig::new(key_id, "the account's secret".into());
//! let client = Client::new(CmIdScan::new(config)?, environment, CallPolicy::default());
//!
//! let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b9a520c2d6a1f7e11")?);
//! new.locale = Some("nl".parse()?);
//! let created = client.create(&new).await?;
//! let HandOff::Redirect(link) = &created.hand_off else { unreachable!() };
//! assert_eq!(link.expose().host_str(), Some("id-scan.identity.cm.com"));
//!
//! // Later an event brings the id of the result, and `Step::Fetch` carries it.
//! let handle = ResultHandle::new("e6b7ce66-0000-4000-8000-000000000000");
//! let observation = client.fetch(&created.id, Some(&handle)).await?;
//! assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
//! # Ok(())
//! # }
//! ```
//!
//! # States
//!
//! | vendor | before the person has begun | after the person has begun |
//! |---|---|---|
//! | `pending` | awaiting the person | in progress |
//! | `completed` | ended: the outcome is in the result | ended |
//! | `expired` | finished: expired | finished: expired |
//!
//! Any other state is kept as the code and changes nothing. [`normalize::STATES`] is this table as
//! data.
//!
//! # Decisions about undocumented behavior
//!
//! The documentation shows samples; its reference is only open to accounts. The decisions are:
//!
//! - Status codes of responses: every 2xx is a success, and failures have their meaning in HTTP.
//!   The adapter searches the body of an error for the usual members. A code becomes the error's
//!   [`vendor_code`](idv_core::Error::vendor_code), a message its
//!   [`vendor_text`](idv_core::Error::vendor_text). If the vendor refuses a result id that is not a
//!   UUID, there is no such result.
//! - `returnUrl` and `scanReturnUrl` are members of the body, beside `locale`. A URL with a
//!   parameter `trxid` or `resultid`, or with a fragment, is an error, because the parameters that
//!   the vendor adds would be lost.
//! - The path of the report is `/transactions/{id}/results/{resultId}/report`: [`api::REPORT`]. If
//!   the vendor refuses the extended report, with any 4xx status that can mean it, the transaction
//!   has expired. The first bytes decide whether a report is a PDF.
//! - The document does not show the word for contradicting sources: every `comparison` except
//!   `match` and `not_performed` means it.
//! - The results of face tasks are not documented. A score, a `valid` field or a documented word
//!   proves a task. Without any of them the check was not performed and the outcome is
//!   inconclusive, unless `acceptance_completed_means_match` treats completion as a match. Unknown
//!   values in these results count against the person.
//! - A score that is not a number from 0 to 1 is never sufficient; it is not read as a percentage.
//! - The document does not say whether `validity` respects `allowed_expiration`, so the adapter
//!   compares the expiry date with the time of completion, or with the clock if that time is
//!   missing. It judges ages by `age` and by the date of birth.
//! - The document does not show the body of `task.state.updated`. The adapter looks for the
//!   transaction in each likely member, and the event means that the person has begun.
//! - The names of most fields are not documented: [`normalize::FIELDS`] marks those that are.
//!   Countries are English names or the words on the document ([`normalize::COUNTRY_WORDS`]). Dates
//!   are parsed if they are unambiguous. The vendor's text is kept beside each value.
//! - Files are downloaded with the account's token, so only from the configured host. If `base_url`
//!   is a proxy, the adapter rewrites URLs of the vendor's own host to it. The document does not
//!   say how long a URL is valid, so an evidence id describes the image, and the adapter looks up
//!   the current URL.
//! - Tokens are valid for five minutes, start thirty seconds in the past in case the vendor's clock
//!   is slow, and are reused while at least two minutes remain. The document's example has one
//!   minute.
//! - The vendor has one webhook per account, so a creation does not send the model's callback URL.
//!   Register it once: [`CmIdScan::register_webhook`].

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
