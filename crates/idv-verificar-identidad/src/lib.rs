//! Adapter for VerificarIdentidad 3.0, operated by Mensatek: identity verification by a link in a
//! text message, behind the model of [`idv_core`].
//!
//! Use this crate through the feature `verificar-identidad` of the crate `idv`, or directly if an
//! application needs the vendor's own API in [`api`].
//!
//! The application passes a mobile number. The vendor sends the person a link by text message,
//! films the person and their document, and reports each step to the account's one URL. No call
//! returns the result; the report is its only source. The crate follows "Identity Verification Send
//! API (3.0)"; sections in quotation marks are sections of that document.
//!
//! # Capabilities
//!
//! | | |
//! |---|---|
//! | create | never repeated once the vendor may have acted: each repetition is a second message and a second charge. The vendor does not accept the application's reference, so a verification cannot be found after a lost response |
//! | hand-off | none: the vendor texts the person, so `contact.phone` is required |
//! | poll, results | none: the API has no call for either |
//! | evidence | the certificate of a validated verification, a PDF: see [`evidence`] |
//! | listing, lookup, deletion | none: manual, in the vendor's panel |
//! | callbacks | not signed, so HTTP Basic or a secret in the URL is required: without either, the adapter refuses to start. An authenticated report settles the outcome; an unauthenticated one is an error |
//!
//! The module [`api`] covers the parts of the vendor's API beyond the model: the time at which the
//! message is sent, and the remaining credits. [`VerificarIdentidad::customize`] modifies the
//! requests that the model creates.
//!
//! # Example
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
//! use idv_core::call::CallPolicy;
//! use idv_core::{Client, Delivery, HandOff, NewVerification, Outcome, Reference, Status};
//! use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
//!
//! // The environment has a transport, a clock and random bits. Here they are those of a test.
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
//! // Later the vendor reports to the URL in its panel, `https://…/idv?token=0123…`:
//! let uri = "/idv?token=0123456789abcdef0123456789abcdef".parse()?;
//! let delivery = Delivery::callback(http::Method::POST, uri, http::HeaderMap::new(), body);
//! let received = client.receive(&delivery)?;
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
//! | `Estado` | meaning |
//! |---|---|
//! | 3000 to 3003 | in progress: the person is completing the steps |
//! | 5000 | in progress: "accepted and in the process of verification" |
//! | 5001 | in review, with all data. The leaning depends on `Resultado` and the checks: verified above 80 without a failed check, otherwise rejected. With [`automatic_outcome_is_final`](VerificarIdentidadConfig::automatic_outcome_is_final) this is the end |
//! | 5100 | finished: verified, unless the findings contradict it (see below); the certificate is available |
//! | 5500 | finished: rejected by an operator |
//!
//! The numbers do not follow the order of events. [`normalize::STATES`] and [`normalize::RESULTS`]
//! list all codes with their meanings.
//!
//! # Findings that contradict 5100
//!
//! | finding in the report | outcome |
//! |---|---|
//! | the number is not the requested one: -9, `DNISolicitadoCoincide` is no, or an extracted number differs from `DNISolicitado` | inconclusive, `document_number_wrong` |
//! | the document has expired: -5, `Caducado` is yes, or `FechaExpira` is before the day of the report | inconclusive, `document_expired` |
//! | a sign of fraud: -4, -6, `PruebaDeVida` or `ProcesoRelizadoMismaPersona` is no | disputed, `liveness_failed` |
//! | a member occurs twice with different values, `Estado` included | disputed, `vendor_error` |
//! | -1, -2, -3, -8, a wrong check letter | verified, and the check or the reason stays in the report: an operator can judge these from the pictures |
//! | `Result` cannot be parsed | verified, `vendor_error`: the report is incomplete, and `custom` has the unreadable part |
//! | a number was requested, and none was extracted | verified, `cannot_be_completed`: the check is inconclusive |
//!
//! Numbers are compared in upper case and without white space, dots and hyphens. `NumeroSerie` may
//! have the number of a passport or of a foreign document.
//!
//! # Decisions about undocumented behavior
//!
//! - The document names no host. The default is the vendor's known gateway; `base_url` replaces it.
//! - The document shows no response. The adapter parses JSON as an array or an object, XML, lines
//!   of text and a bare number, whichever format it requested.
//! - The document does not say when -5 to -7, "general error in the request", occur: their
//!   [effect](idv_core::Error::effect) is unknown, and so is that of undocumented codes. After -1
//!   to -4 nothing was sent.
//! - The certificate has no documented codes: any response except -1 means that there is
//!   [none](idv_core::ErrorKind::NotFound), and the adapter does not repeat the call.
//! - The vendor blocks senders of repeated errors, so the adapter does not repeat a request that
//!   received a response, not even 429.
//! - `Mensaje` must contain `[LINK]`, although the document's sample does not. The configuration
//!   has the text by language; some languages have built-in texts.
//! - The document does not restrict `Dni` to Spanish numbers: numbers of every kind of document and
//!   country are sent. The adapter verifies the check letter of a DNI or NIE first, unless the
//!   document is a passport or of another country.
//! - The document does not define a send time in the past: it is an error. Seconds are rounded up
//!   to the next minute.
//! - The document does not describe retries of reports. The reply to every valid report is 200.
//! - The document promises "the reason as parameters" of a rejection and names only `Resultado`:
//!   other members are reasons of a rejected verification, and the report's `custom` keeps them in
//!   their own shape.
//! - The document names no charset: text that is not UTF-8 is decoded as windows-1252.
//! - The document does not define a result of exactly 80. It is not above 80, so it has no leaning.

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
