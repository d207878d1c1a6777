//! Adapter for Identity.TM (customer API 2.10): identifications and qualified signatures, behind
//! the model of [`idv_core`].
//!
//! Use this crate through the feature `identity-tm` of the crate `idv`, or directly if an
//! application needs the vendor's own API in [`api`].
//!
//! Identity.TM identifies a person by video, automatically, by an electronic identity or in a shop,
//! and has the person sign documents. The application creates an order and redirects the person to
//! its link, polls the order's history or receives a callback about its end, and fetches the
//! result. The crate follows "Identity.TM Web Services, API Reference", version 2.10aa; "chapter"
//! is a chapter of that document.
//!
//! # Capabilities
//!
//! | | |
//! |---|---|
//! | create | must not be repeated, because the reference is not an idempotency key. After a lost response, a lookup finds the order if there is one (chapter 3.13) |
//! | hand-off | redirect to the page, the app or the automatic identification (chapter 3.1.5); or the vendor's e-mail |
//! | poll | the whole history with extended codes and sub-codes, reduced to one status: [`normalize::status`] |
//! | results | the history with the checked and the submitted data, judged together; optionally [encrypted](crypt) |
//! | evidence | images, the PDF, video, audio, signed documents and hashes: see [`evidence`] |
//! | listing | none: the API can only query one order at a time |
//! | lookup | by the application's reference, for orders of the last 90 days (chapter 3.13) |
//! | deletion | of a finished order's data; an open order is only cancelled (chapters 3.12 and 4.2) |
//! | callbacks | the vendor does not sign webhooks. If a key is configured, each order's URL contains a secret derived from it, which authenticates them; without it they are claims. Both trigger a poll |
//!
//! [`api`] covers the parts of the vendor's API beyond the model: documents to sign, signing and
//! verifying a phone number by TAN, reused identifications, sign-me, the status of the systems, the
//! password. [`IdentityTm::customize`] adds them to the orders that the model creates.
//!
//! # Example
//!
//! ```
//! # use idv_testkit::{ManualClock, ScriptedTransport, environment};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let transport = ScriptedTransport::new();
//! # transport.then_json(202, r#"{"OrderID":"99921269855041","Ref":"6f1c2a9e1c1f4a6b9a520c2d6a1f7e11",
//! #   "TargetURL":"https://www.identity.tm/status/37C4B60A72A1C6C74FC038282CED500B"}"#);
//! # transport.then_json(200, r#"{"OrderID":"99921269855041","Ref":"6f1c2a9e1c1f4a6b9a520c2d6a1f7e11",
//! #   "Executed":"2018-09-05T11:06:21+02:00","Status":[{"Kind":75,"Time":"2018-09-05T11:06:21+02:00"},
//! #   {"Kind":6,"Time":"2018-09-05T11:06:21+02:00"}]}"#);
//! # let environment = environment(&transport, &ManualClock::new("2018-09-05T09:00:00Z".parse()?));
//! use idv_core::call::CallPolicy;
//! use idv_core::report::Country;
//! use idv_core::{Client, HandOff, NewVerification, Outcome, Reference, Status};
//! use idv_identity_tm::{IdentityTm, IdentityTmConfig};
//!
//! // The environment has a transport, a clock and random bits. Here they are those of a test.
//! let config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
//! let client = Client::new(IdentityTm::new(config)?, environment, CallPolicy::default());
//!
//! let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b9a520c2d6a1f7e11")?);
//! new.person.given_names = Some("Erika".into());
//! new.person.family_name = Some("Mustermann".into());
//! new.person.address.country = Country::from_alpha2("DE").map(Into::into);
//! new.contact.email = Some("e.mustermann@example.com".into());
//! let created = client.create(&new).await?;
//! let HandOff::Redirect(link) = &created.hand_off else { unreachable!() };
//! assert_eq!(link.expose().host_str(), Some("www.identity.tm"));
//!
//! // Later, after the person has been identified:
//! let observation = client.poll(&created.id).await?;
//! assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
//! # Ok(())
//! # }
//! ```
//!
//! # Outcomes
//!
//! An order has a history of codes. Codes repeat, and the last one need not be the state. The flow
//! of the order ([`normalize::Flow`]) determines the final codes: 6 ends an identification, but is
//! only a step towards a signature, which 84 or 103 ends. [`normalize::KINDS`] and
//! [`normalize::SUB_KINDS`] list all codes with their meanings.
//!
//! A suspicion of fraud is never erased: it is a failed check of the report. If it is as recent as
//! a positive end, or more recent, the outcome is disputed, and the person is not verified until an
//! operator resolves the dispute. The same applies if the document had expired, or if its number
//! differs from the submitted one.
//!
//! # Decisions about undocumented behavior
//!
//! - The document does not say what a lookup finds immediately after an order was placed. An empty
//!   result does not prove that there is no order.
//! - It states neither the length of the tag of an encrypted response nor the position of `crypt`
//!   among several variants: the adapter assumes 16 bytes, and the end of the path.
//! - It does not say whether the variants of `getIdentData` can be combined. If the vendor refuses
//!   the combination, the adapter requests one variant at a time.
//! - The body of a 400 is "an error description". It is the error's
//!   [`vendor_text`](idv_core::Error::vendor_text) and is never printed.
//! - 400 in response to a request for data is a [`Conflict`](idv_core::ErrorKind::Conflict): the
//!   order is not finished, or the account is not configured for it.
//! - It does not say how an order ends that only creates a sign-me account (`Add` 8): the adapter
//!   treats it as an identification, because it has no signing part (chapter 9.1).
//! - It has no final code for the verification of a phone (product 17). A TAN does not prove an
//!   identity, so 6 ends such an order as inconclusive.
//! - 29 is not final by the table, but "no way to finish the order" by the text. It ends a signing
//!   order as inconclusive, unless later codes follow.
//! - 89 is not final by the table, but a "final status from video" in chapter 3.10.1. It is a
//!   review until the order ends, or until the data are ready (80) without an identification, which
//!   is a dispute.
//! - A 404 means that an order is unknown only if the vendor also answers
//!   [`Api::server_status`](api::Api::server_status).
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `crypt` | no | decryption of responses that the vendor encrypts (chapter 9.4) |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod api;
pub mod callback;
mod config;
mod create;
pub mod crypt;
pub mod evidence;
pub mod normalize;
mod options;
mod provider;
pub mod wire;

pub use config::{ENTRY, IdentityTmConfig, Images, Link, Recordings, Webhooks};
pub use options::IdentityTmOptions;
pub use provider::IdentityTm;
