//! Adapter for Identify24 VideoIdent (API 1.0.1): identification by an agent in a video call,
//! behind the model of [`idv_core`].
//!
//! Use this crate through the feature `identify24` of the crate `idv`, or directly if an
//! application needs the vendor's own API in [`api`].
//!
//! At Identify24 a verification is an *ident* of a project. The application creates the ident and
//! redirects the person to its URL, where an agent talks to them by video and inspects their
//! identity document. The application polls the state of the ident or receives it by webhook. The
//! crate follows "Identify API", version 1.0.1 of 12 April 2022, and adds the attributes of
//! `ident/create` in newer versions.
//!
//! # Capabilities
//!
//! | | |
//! |---|---|
//! | create | sent once: the vendor has no idempotency key, and no call finds an ident by the application's reference |
//! | hand-off | redirect to `conference_url` |
//! | poll | the state, by `ident/get` |
//! | results | no call returns the agent's findings; the webhook carries the report |
//! | evidence, listing, lookup | none |
//! | deletion | none; [`VendorInfo::manual_steps`](idv_core::VendorInfo::manual_steps) describes the manual step. An ident lives for 90 days |
//! | callbacks | one URL for the account, set in the partner portal. The vendor does not sign webhooks. A secret in the URL authenticates them; without it they are claims. Both trigger a poll |
//!
//! The module [`api`] covers the parts of the vendor's API beyond the model: projects, a PDF to be
//! signed, the person's company. [`Identify24::customize`] adds them to the idents that the model
//! creates.
//!
//! # Words for states
//!
//! The document shows one state, `Unidentified`, and has no list. The adapter guesses nothing: an
//! unknown state is kept with the whole report, changes nothing, and is reported as unknown. The
//! configuration teaches the states of the account, which the vendor or those reports supply. A
//! state may have one meaning before an agent was involved and another one afterwards:
//!
//! ```toml
//! [identify24.statuses]
//! "Some Word" = "verified"
//! "Another Word" = { before_agent = "awaiting_person", after_agent = "rejected" }
//! ```
//!
//! Until the configuration teaches a state with an outcome, no verification gets an outcome. See
//! [`normalize::Statuses`].
//!
//! # Example
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
//! // The environment has a transport, a clock and random bits. Here they are those of a test.
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
//! // Later, after the person has been identified:
//! let observation = client.poll(&created.id).await?;
//! assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
//! # Ok(())
//! # }
//! ```
//!
//! # Decisions about undocumented behavior
//!
//! - A failure inside a 200 (`result` is false) has the kind of its `response_status`, or is a
//!   [`Conflict`](idv_core::ErrorKind::Conflict) without one: the document shows no body of a
//!   failure. Its `messages` are the error's [`vendor_text`](idv_core::Error::vendor_text). Such a
//!   response created nothing, unless it names an ident or reports a server error.
//! - 402 ("the parameters were valid but the request failed") is a
//!   [`Conflict`](idv_core::ErrorKind::Conflict), not an exhausted quota.
//! - 409 mentions an idempotency key, but none is documented: `ident/create` is not repeated once
//!   it may have reached the vendor.
//! - Names, places, streets and cities are sent in upper case by the rules of Unicode, as the table
//!   demands, although its samples are in mixed case.
//! - Phone numbers with a country code are sent with `00`. The table assumes "0049" if none is
//!   given, so numbers without a country code are sent unchanged.
//! - A 401 inside a response with another status is treated as an HTTP 401: the adapter renews the
//!   token once.
//! - The response to `ident/create` promises only `ident_id`. Without a usable `conference_url` the
//!   adapter builds the URL of the sample, at the API's host without its `api.`. Without a usable
//!   `ident_id` it takes the id from the URL.
//! - Members that newer versions add are kept in the report's `custom` in their own shape.
//! - The sample with `Unidentified` shows an ident without an agent. Beside `agent_name`,
//!   `agent_notes` or `reject_reason` the state has no meaning until it is taught. `ident/get`
//!   shows no agent, so a poll cannot distinguish the two meanings.
//! - The address attributes are siblings of the others, as in the samples and as "flat" demands,
//!   although the table describes a nested object.
//! - Times have no zone; they are in Berlin's, by the time zone database.
//! - `pdf_url` and `pdf_content` are alternatives, so only one of them is sent.
//! - Webhooks are answered with an empty 200. The document describes neither the expected reply nor
//!   retries.
//! - Reasons have no codes: `reject_reason` is a text, or a value of any shape.
//! - An ident's id and its URL open the person's session, so neither is printed.
//! - Without a secret for callbacks, the reports of webhooks cannot be trusted. Polls then return
//!   the few fields of `ident/get`, and
//!   [`VendorInfo::report_from`](idv_core::VendorInfo::report_from) says so.

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
