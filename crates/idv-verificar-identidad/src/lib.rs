//! VerificarIdentidad 3.0, operated by Mensatek, as an idv provider: identity verification by text message behind the model of
//! [`idv_core`].
//!
//! The application gives a mobile number; the vendor texts the person a link, films them and their document, and reports each step to the
//! account's one address. The API has no question for the result: the report is all there is. This crate follows "Identity Verification Send API (3.0)"; a
//! section in quotation marks is a section of it.
//!
//! # What it can
//!
//! | | |
//! |---|---|
//! | create | never repeated once it may have been acted on: each repetition is a second message and a second bill. The vendor does not learn our reference, so a verification whose answer was lost cannot be found |
//! | hand-off | none: the vendor texts the person, so `contact.phone` is required |
//! | poll, results | none: the API has no question for either |
//! | evidence | the certificate, a PDF, of what was validated: see [`evidence`] |
//! | listing, lookup, deletion | none: by hand, in the vendor's panel |
//! | callbacks | not signed, so HTTP Basic or a secret in the address is required: without it the adapter refuses to start. A proven report settles the outcome; one without its proof is refused |
//!
//! The module [`api`] has what the model has no place for: the time at which the message goes out, the credits that are left.
//! [`VerificarIdentidad::customize`] puts it into the requests that the model creates.
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
//! config.callback_secret = "0123456789abcdef0123456789abcdef".into();
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
//! # States
//!
//! | `Estado` | is |
//! |---|---|
//! | 3000 to 3003 | in progress: the person is at it |
//! | 5000 | in progress: "accepted and in the process of verification" |
//! | 5001 | in review, with all data; it leans by `Resultado` and the checks: above 80 without a failed check to verified, else to rejected. With [`automatic_outcome_is_final`](VerificarIdentidadConfig::automatic_outcome_is_final) this is the end |
//! | 5100 | finished: verified, unless the findings speak against it (below); the certificate is there |
//! | 5500 | finished: rejected by an operator |
//!
//! They are in no order of time. All codes and their meanings are tables: [`normalize::STATES`] and [`normalize::RESULTS`].
//!
//! # Findings that speak against 5100
//!
//! | the report says | outcome |
//! |---|---|
//! | the number is not the requested one: -9, `DNISolicitadoCoincide` is no, or a number that was read is not `DNISolicitado` | inconclusive, `document_number_wrong` |
//! | the document has expired: -5, `Caducado` is yes, or `FechaExpira` is before the day of the report | inconclusive, `document_expired` |
//! | a sign of fraud: -4, -6, `PruebaDeVida` or `ProcesoRelizadoMismaPersona` is no | disputed, `liveness_failed` |
//! | a member is there twice with different values, `Estado` included | disputed, `vendor_error` |
//! | -1, -2, -3, -8, a wrong letter of the number | verified, and the check or the reason stays in the report: an operator can judge these from the pictures |
//! | `Result` cannot be read | verified, `vendor_error`: the report is incomplete, and has the unreadable part in `custom` |
//! | a number was requested, and none was read | verified, `cannot_be_completed`: the check is inconclusive |
//!
//! Numbers are compared in capitals and without white space, dots and hyphens. The number of a passport or of a foreign document may stand
//! in `NumeroSerie`.
//!
//! # Where the document is silent
//!
//! - It names no host. The default is where the vendor's gateway is known to be; `base_url` is another.
//! - It shows no answer. JSON as an array or an object, XML, lines of text and a bare number are read alike, whatever was asked for.
//! - It does not say when -5 to -7, "general error in the request", come: their [effect](idv_core::Error::effect) is unknown, as is that
//!   of a code that it does not have. After -1 to -4 nothing was sent.
//! - It has no codes for the certificate: any answer but -1 means that there is [none](idv_core::ErrorKind::NotFound), and the adapter does
//!   not ask again by itself.
//! - It says that senders of repeated errors are blocked: no answered request is sent again, after 429 neither.
//! - `Mensaje` must hold `[LINK]`, though its sample does not. The text stands in the configuration, by language; there are built-in
//!   ones.
//! - It does not say whose numbers `Dni` takes: those of every kind of document and country are sent. The letter of a DNI or NIE is checked
//!   before, unless the document is a passport or another country's.
//! - It does not say what a time of sending in the past means: it is refused. Seconds are rounded up to the next minute.
//! - It does not say what follows a failed delivery of a report. Every report that can be read is answered with 200.
//! - It promises "the reason as parameters" of a rejection and names none but `Resultado`: members that it does not name are reasons of a
//!   rejected verification, and are kept in the report's `custom` in their own shape.
//! - It names no charset: text that is not UTF-8 is read as windows-1252.
//! - It does not say what exactly 80 is: not above, so it leans nowhere.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod api;
pub mod callback;
mod config;
mod create;
pub mod dni;
pub mod evidence;
pub mod normalize;
mod options;
mod provider;
pub mod wire;

pub use config::{AnswerFormat, ENTRY, LINK, PURPOSE, RequestFormat, VerificarIdentidadConfig};
pub use options::VerificarIdentidadOptions;
pub use provider::VerificarIdentidad;
