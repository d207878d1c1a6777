//! VerificarIdentidad 3.0, operated by Mensatek, as an idv provider: identity verification by text message behind the model of
//! [`idv_core`].
//!
//! We give a mobile number; the vendor texts the person a link, films them and their document, and reports each step to the account's
//! one address. Nobody can be asked how it went: the report is all there is. This crate follows "Identity Verification Send API (3.0)"; a
//! section in quotation marks is a section of it.
//!
//! # What it can
//!
//! | | |
//! |---|---|
//! | create | never repeated once it may have been acted on: each repetition is a second message and a second bill. The vendor does not learn our reference, so that what was created by a lost answer cannot be found |
//! | hand-off | none: the vendor texts the person, so that `contact.phone` is required |
//! | poll, results | none: the API has no question for either |
//! | evidence | the certificate, a PDF, of what was validated: see [`evidence`] |
//! | listing, lookup, deletion | none: by hand, in the vendor's panel |
//! | callbacks | not signed, so HTTP Basic or a secret in the address is required: without it the adapter refuses to start. A proven report settles, since nobody can be asked; one without its proof is refused |
//!
//! What the model has no place for is in [`api`]: the time at which the message goes out, the credits that are left.
//! [`VerificarIdentidad::preparing_requests`] puts it into the requests that the model creates.
//!
//! # An example
//!
//! ```
//! # use idv_testkit::{ManualClock, ScriptedTransport, environment};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let transport = ScriptedTransport::new();
//! # transport.then_json(200, r#"[{"Res":1,"ID":"299846332","Cred":12345.67}]"#);
//! # let environment = environment(&transport, &ManualClock::new("2021-10-10T08:00:00Z".parse()?));
//! # let body = r#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"299846332","Estado":"5100",
//! #   "Result":"{\"Resultado\":93.95,\"DNI\":{\"Nombre\":\"APARICIO LOPEZ,JUAN\"}}"}"#;
//! use idv_core::{Client, Delivery, HandOff, NewVerification, Outcome, Reference, Status, call::CallPolicy};
//! use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
//!
//! // The environment is a transport, a clock and random bits: the application's, or a test's as here.
//! let mut config = VerificarIdentidadConfig::new("api-user", "api-token".into());
//! config.callback_secret = Some("0123456789abcdef0123456789abcdef".into());
//! let client = Client::new(VerificarIdentidad::new(config)?, environment, CallPolicy::default());
//!
//! let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b9a520c2d6a1f7e11")?);
//! new.contact.phone = Some("+34600000001".into());
//! new.document.number = Some("00000000T".into());
//! new.purpose = Some("Para abrir su cuenta.".to_owned());
//! let created = client.create(&new).await?;
//! assert_eq!(created.hand_off, HandOff::VendorContactsPerson);
//!
//! // Later, when the vendor reports to the address that its panel has, `https://…/idv?token=0123…`:
//! let uri = "/idv?token=0123456789abcdef0123456789abcdef".parse()?;
//! let received = client.receive(&Delivery::callback(http::Method::POST, uri, http::HeaderMap::new(), body))?;
//! let observation = &received.observations[0];
//! assert!(observation.subject.is(&created.id) && observation.trust.is_proven());
//! assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
//! assert!(observation.report().is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # What the states mean
//!
//! | `Estado` | is |
//! |---|---|
//! | 3000 to 3003 | in progress: the person is at it |
//! | 5000 | in progress: "accepted and in the process of verification" |
//! | 5001 | in review, with all data; it leans by `Resultado`: above 80 to verified, by a code that fails to rejected |
//! | 5100 | finished: verified, whatever `Resultado` says; the certificate is there |
//! | 5500 | finished: rejected by an operator |
//!
//! They are in no order of time. All codes and what they mean are tables: [`normalize::STATES`] and [`normalize::RESULTS`].
//!
//! # Where the document is silent
//!
//! - It names no host. The default is where the vendor's gateway is known to be; `base_url` is another.
//! - It shows no answer. JSON as an array or an object, XML, lines of text and a bare number are read alike, whatever was asked for.
//! - It does not say when -5 to -7, "general error in the request", come: their [effect](idv_core::Error::effect) is unknown, as is that
//!   of a code that it does not have. After -1 to -4 nothing was sent.
//! - It has no codes for the certificate: where the vendor says anything but -1, there is
//!   [none](idv_core::ErrorKind::NotFound), and it is not asked for again by itself.
//! - It says that who repeats errors is blocked: what was answered, 429 too, is never asked again.
//! - `Mensaje` must hold `[LINK]`, though its sample does not. The text stands in the configuration, by language; there are built-in
//!   ones.
//! - It does not say whose numbers `Dni` takes. A DNI or NIE is sent, its letter checked before; the number of a passport, or of a
//!   document whose `issuing_country` is another, is not.
//! - It does not say what it does after a failed delivery of a report. Whatever can be read is answered with 200.
//! - It promises "the reason as parameters" of a rejection and names none but `Resultado`: parameters that it does not name are kept in
//!   the report's `custom`.
//! - It does not say what exactly 80 is: not above, so that it leans nowhere.

#![forbid(unsafe_code)]

pub mod api;
pub mod callback;
mod config;
mod create;
pub mod dni;
pub mod evidence;
pub mod normalize;
mod provider;
mod session;
pub mod wire;

pub use config::{AnswerFormat, ENVIRONMENT, LINK, PURPOSE, RequestFormat, VerificarIdentidadConfig};
pub use provider::VerificarIdentidad;
