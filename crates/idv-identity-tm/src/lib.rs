//! Identity.TM (customer API 2.10) as an idv provider: identifications and qualified signatures behind the model of [`idv_core`].
//!
//! Identity.TM identifies a person by video, automatically, by their electronic identity or in a shop, and has them sign documents.
//! We create each order and the vendor names it; we send the person to a link, poll the order's history or receive a callback about its
//! end, and fetch the result. This crate follows "Identity.TM Web Services, API Reference", version 2.10aa; "chapter" is a chapter of
//! it.
//!
//! # Capabilities
//!
//! | | |
//! |---|---|
//! | create | not to be repeated, since our reference is no key: an order whose answer was lost is looked up, and found or not (chapter 3.13) |
//! | hand-off | a link: the page, the app, or the automatic identification (chapter 3.1.5); else the vendor's e-mail |
//! | poll | the whole history with its extended codes and sub-codes, reduced by rule: [`normalize::status`] |
//! | results | the history with the checked and the submitted data, judged together, also [encrypted](crypt) |
//! | evidence | images, the PDF, the video, sound, signed documents and hashes: see [`evidence`] |
//! | listing | none: the API answers about one order at a time |
//! | lookup | by our reference, of the last 90 days (chapter 3.13) |
//! | deletion | of the data of an order that is over; an open order is only cancelled (chapters 3.12 and 4.2) |
//! | callbacks | the vendor signs none. With a key from which each order's address gets its own secret they are proven, without it they are claims; either way they only wake a poll, since the vendor can be asked |
//!
//! [`api`] has the parts of the vendor's API that the model does not cover: documents to sign, signing and verifying a telephone number
//! on the customer's side, re-used identifications, sign-me, the systems' state, the password. [`IdentityTm::customize`] puts
//! them into the orders that the model creates.
//!
//! # An example
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
//! use idv_core::{Client, HandOff, NewVerification, Outcome, Reference, Status, call::CallPolicy, report::Country};
//! use idv_identity_tm::{IdentityTm, IdentityTmConfig};
//!
//! // The environment is a transport, a clock and random bits: the application's, or a test's as here.
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
//! // Later, when the person has been there:
//! let observation = client.poll(&created.id).await?;
//! assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
//! # Ok(())
//! # }
//! ```
//!
//! # Outcomes
//!
//! An order has a history of codes, which repeat, and the last one need not be the state. The flow of the order ([`normalize::Flow`])
//! decides which of them end it: 6 ends an identification, and is a step on the way to a signature, which 84 or 103 ends. All codes and
//! their meanings are tables: [`normalize::KINDS`] and [`normalize::SUB_KINDS`].
//!
//! A suspicion of fraud is never erased: it is a failed check of the report. If it is newer than a positive end or beside it, the outcome
//! is disputed, and the person is not verified until an operator resolves it. So is the outcome if the document had expired, or has
//! another number than the submitted one.
//!
//! # Choices
//!
//! The document leaves these points open:
//!
//! - It does not say what a lookup finds right after an order was placed. One that finds nothing leaves open whether there is an order.
//! - It does not say how long the tag of an encrypted answer is, nor where `crypt` stands among several variants: 16 bytes, and at the
//!   end.
//! - It does not say whether the variants of `getIdentData` can be combined. If the vendor refuses them together, they are asked for one
//!   at a time.
//! - The body of a 400 is "an error description". It is kept as the error's code, and never printed.
//! - 400 to a question for data is a [`Conflict`](idv_core::ErrorKind::Conflict): the order is not finished, or the account is not set
//!   up for it.
//! - It does not say how an order ends that only creates an account of sign-me (`Add` 8): like an identification, since it has no part
//!   for a signature (chapter 9.1).
//! - It has no final code for the verification of a telephone (product 17). A TAN proves no identity, so that 6 ends it as inconclusive.
//! - 29 is not final by the table, and "no way to finish the order" by the text. It ends an order for a signature as inconclusive, unless
//!   the vendor goes on with the order.
//! - 89 is not final by the table, and a "final status from video" in chapter 3.10.1. It is a review until the order ends; or until the
//!   data are ready (80) without an identification, which is a dispute.
//! - A 404 is believed to speak of orders only if the vendor answers [`Api::server_status`](api::Api::server_status) too.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `crypt` | no | decryption of answers that the vendor encrypts (chapter 9.4) |

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
