//! Identify24 VideoIdent (API 1.0.1) as an idv provider: identification in a video call with an agent, behind the model of [`idv_core`].
//!
//! A person is an *ident* of a project. The application creates it and sends the person to its link, where an agent talks to them by video
//! and looks at their document. It polls the ident's state or receives it by webhook. This crate follows "Identify API", version 1.0.1 of 12 April 2022,
//! with the attributes that newer versions have added to `ident/create`.
//!
//! # What it can
//!
//! | | |
//! |---|---|
//! | create | once: nothing makes a repetition the same ident, and no call finds one by our reference |
//! | hand-off | a link, `conference_url` |
//! | poll | the state, by `ident/get` |
//! | results | none: no call gives the agent's findings. The report comes with the webhook |
//! | evidence, listing, lookup | none |
//! | deletion | none; the profile says what to do by hand. An ident lives for 90 days |
//! | callbacks | one address for the account, set in the partner portal. The vendor signs none: with a secret in the address they are proven, without it they are claims; either way they only wake a poll, since the vendor can be asked |
//!
//! The module [`api`] has what the model has no place for: the projects, a PDF to be signed, the company that the person acts for.
//! [`Identify24::customize`] puts it into the idents that the model creates.
//!
//! # Words for states
//!
//! The document shows one word for a state, `Unidentified`, and lists none. Nothing is guessed: an unknown word is kept with the whole
//! report, changes nothing and is reported as not understood. The account's words, from the vendor or from those reports, are taught in the
//! configuration. A word may mean one thing before an agent was there and another one after:
//!
//! ```toml
//! [identify24.statuses]
//! "Some Word" = "verified"
//! "Another Word" = { before_agent = "awaiting_person", after_agent = "rejected" }
//! ```
//!
//! Until a word for an outcome is taught, no verification comes to an end here. See [`normalize::Statuses`].
//!
//! # An example
//!
//! ```
//! # use idv_testkit::{ManualClock, ScriptedTransport, environment};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let transport = ScriptedTransport::new();
//! # transport.then_json(200, r#"{"result":true,"response_status":200,"token":"xxx","messages":["Successful.."]}"#);
//! # transport.then_json(200, r#"{"result":true,"messages":[],"ident_id":"3d1b2c4e-0000-4000-8000-00000000a001",
//! #   "conference_url":"https://identify24.de/apply/3d1b2c4e-0000-4000-8000-00000000a001"}"#);
//! # transport.then_json(200, r#"{"result":true,"messages":[],"data":{"id":"3d1b2c4e-0000-4000-8000-00000000a001",
//! #   "custom_id":"6f1c2a9e1c1f4a6b9a520c2d6a1f7e11","status":"Some Word"}}"#);
//! # let environment = environment(&transport, &ManualClock::new("2024-01-02T09:00:00Z".parse()?));
//! use idv_core::report::{Country, Gender};
//! use idv_core::{Client, HandOff, NewVerification, Outcome, Reference, Status, call::CallPolicy};
//! use idv_identify24::{Identify24, Identify24Config};
//!
//! // The environment is a transport, a clock and random bits: the application's, or a test's as here.
//! let mut config = Identify24Config::new("911-internet", "example-api-key".into(), 6);
//! config.statuses = config.statuses.with("Some Word", Status::Finished(Outcome::Verified))?;
//! let client = Client::new(Identify24::new(config)?, environment, CallPolicy::default());
//!
//! let germany = Country::from_alpha2("DE").map(Into::into);
//! let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b9a520c2d6a1f7e11")?);
//! new.person.given_names = Some("Erika".into());
//! new.person.family_name = Some("Mustermann".into());
//! new.person.gender = Some(Gender::Female.into());
//! new.person.birth_date = Some("1964-08-12".parse::<jiff::civil::Date>()?.into());
//! new.person.birth_place = Some("Berlin".into());
//! new.person.nationality = germany.clone();
//! new.person.address.postal_code = Some("51147".into());
//! new.person.address.city = Some("Köln".into());
//! new.person.address.country = germany;
//! new.contact.email = Some("e.mustermann@example.com".into());
//! new.contact.phone = Some("+4915111111111".into());
//! let created = client.create(&new).await?;
//! let HandOff::Redirect(link) = &created.hand_off else { unreachable!() };
//! assert_eq!(link.expose().host_str(), Some("identify24.de"));
//!
//! // Later, when the person has been there:
//! let observation = client.poll(&created.id).await?;
//! assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
//! # Ok(())
//! # }
//! ```
//!
//! # Where the document is silent
//!
//! - A failure inside of a 200 (`result` is false) is that of its `response_status`, and without one a
//!   [`Conflict`](idv_core::ErrorKind::Conflict): the document shows no body of a failure. Its `messages` are the error's code, never
//!   printed. It did not create anything, unless it names an ident all the same or says that the server broke.
//! - 402 ("the parameters were valid but the request failed") is a [`Conflict`](idv_core::ErrorKind::Conflict), not an empty account.
//! - 409 speaks of an idempotent key, and none is documented: `ident/create` is sent once and never repeated once it may have arrived.
//! - Names, places, streets and cities are sent in capitals by the rules of Unicode, as the table demands, although its samples are not.
//! - Telephone numbers with a country code are sent with `00`: the table says that "0049" is assumed if none is given, so numbers without
//!   one are sent as they are.
//! - A 401 inside another status is taken for HTTP's: the token is renewed once.
//! - The answer to a creation promises `ident_id` alone. Without a usable `conference_url` the link is that of the sample, at the API's host
//!   without its `api.`; without a usable `ident_id` the id is that of the link.
//! - Newer versions have more members, which no document shows: they are kept in the report's `custom` in their own shape.
//! - The sample with `Unidentified` is of an ident without an agent: beside `agent_name`, `agent_notes` or `reject_reason` the word means
//!   nothing until it is taught. `ident/get` shows no agent, so a poll cannot tell the two meanings apart.
//! - The address stands beside the other attributes, as in the samples and as "flat" demands; the table speaks of a sub-object.
//! - Times have no zone; they are Berlin's, by the time zone database.
//! - `pdf_url` and `pdf_content` stand for the same thing, so one of them is sent.
//! - Webhooks are answered with 200 and nothing in it; the vendor's notion of a success, and whether it repeats, is not documented.
//! - Reasons have no codes: `reject_reason` is a text, or whatever shape it has.
//! - An ident's id and its link open the person's session, so neither is ever printed.
//! - Without a secret for callbacks, no webhook's report can be believed. Polls then bring the little that `ident/get` tells, and the
//!   profile's `report_from` says so.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod api;
pub mod callback;
mod config;
mod create;
pub mod normalize;
mod options;
mod provider;
mod session;
pub mod wire;

pub use config::{ENTRY, Identify24Config};
pub use options::Identify24Options;
pub use provider::Identify24;
