//! Adapter for IDnow (gateway API v1): AutoIdent, VideoIdent and eSign accounts, behind the model
//! of [`idv_core`].
//!
//! Use this crate through the feature `idnow` of the crate `idv`, or directly if an application
//! needs the vendor's own API in [`api`].
//!
//! IDnow identifies a person in a video call with an agent (VideoIdent, eSign) or by automatically
//! read photographs (AutoIdent). The application gives each identification a transaction number,
//! redirects the person to a link, and polls the result or receives it. The crate follows "IDnow
//! gateway API v1", version 2018-11-15; "chapter" is a chapter of that document.
//!
//! # Capabilities
//!
//! | | |
//! |---|---|
//! | create | keyed by the application's reference: after a lost response the repeated call returns the same identification (chapter 3.2.10) |
//! | hand-off | redirect to a link, with the transaction number or with the Ident-ID (chapter 6.1.1) |
//! | poll | with the report (chapter 8.3.3.2) |
//! | results | as JSON, as XML, or from the ZIP archive: [`ResultFormat`]; the report is the same |
//! | evidence | the whole archive and signed documents (`<identifier>_signed.pdf`) are streamed; other evidence is unpacked from the archive, in whatever folder; the report and the audio are downloaded from a path of their own if that fails |
//! | files | results that arrive by mail or SFTP, optionally encrypted with AES-256 (chapters 9 and 10): [`Idnow::read_file`] |
//! | listing | finished, pending, canceled and aborted identifications, one list each (chapter 8.3.2) |
//! | lookup | not needed: the application's reference is IDnow's key |
//! | deletion | of the data (chapter 8.3.4); IDnow's backups keep them for another 90 days (chapter 9.2.4) |
//! | callbacks | IDnow does not sign callbacks. A secret in the webhook's URL authenticates them; without it they are claims. Both trigger a poll. `check_source` refuses callbacks that do not come from IDnow's documented IP addresses (chapter 14.3) |
//!
//! [`api`] and [`links`] cover the parts of the vendor's API beyond the model: questions, copies,
//! archiving, the waiting time, the webform, signed links and the test robots. [`api::documents`]
//! covers eSigning: the documents that a person signs, the positions of the signatures, and the
//! signed files. IDnow can sign the XML result: the module `signature` verifies the signature.
//!
//! # Example
//!
//! ```
//! # use idv_testkit::{ManualClock, ScriptedTransport, environment};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let transport = ScriptedTransport::new();
//! # transport.then_json(201, r#"{"id":"IBA-H5FD8"}"#);
//! # transport.then_json(200, r#"{"authToken":"7eb579f6-51b9-4a61-a32b-8bce0f84c6fa"}"#);
//! # transport.then_json(200, r#"{"identificationprocess":{"result":"SUCCESS","transactionnumber":"6f1c2a9e1c1f4a6b9a520c2d6a1f7e11",
//! #   "id":"IBA-H5FD8","identificationtime":"2014-06-02T05:03:54Z"},"userdata":{"firstname":{"value":"ERIKA","status":"MATCH"}}}"#);
//! # let environment = environment(&transport, &ManualClock::new("2014-06-02T05:00:00Z".parse()?));
//! use idv_core::{Client, HandOff, NewVerification, Outcome, Reference, Status, call::CallPolicy};
//! use idv_idnow::{DataCentre, Idnow, IdnowConfig};
//!
//! // The environment has a transport, a clock and random bits. Here they are those of a test.
//! let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
//! let client = Client::new(Idnow::new(config)?, environment, CallPolicy::default());
//!
//! let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b9a520c2d6a1f7e11")?);
//! new.person.given_names = Some("Erika".into());
//! let created = client.create(&new).await?;
//! let HandOff::Redirect(link) = &created.hand_off else { unreachable!() };
//! assert_eq!(link.expose().host_str(), Some("go.test.idnow.de"));
//!
//! // Later, after the person has been identified:
//! let observation = client.poll(&created.id).await?;
//! assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
//! # Ok(())
//! # }
//! ```
//!
//! # Results
//!
//! | result | status | reason |
//! |---|---|---|
//! | `SUCCESS` | finished, verified | final (chapter 13.1.1) |
//! | `SUCCESS_DATA_CHANGED` | finished, verified | final; the report marks the changed fields |
//! | `FRAUD_SUSPICION_CONFIRMED` | finished, rejected | final |
//! | `CANCELED` | finished, canceled | a review found the identification insufficient (chapter 2.2); its data are deleted |
//! | `REVIEW_PENDING` | in review, leaning to verified | preliminary: "expected to be SUCCESS" |
//! | `FRAUD_SUSPICION_PENDING` | in review, leaning to rejected | preliminary |
//! | `CHECK_PENDING` | in review | undocumented; seen in accounts, its finality is unknown |
//! | `ABORTED` | awaiting the person | an attempt ended, and the person may try again under the same number (chapter 14.2); the table of final results lacks it. The report has the reason and whether it is permanent |
//! | none, by 404 `OBJECT_NOT_FOUND` | awaiting the person | the document has no state before the first result |
//! | any other | none | kept as the code; it changes nothing |
//!
//! Other members can override the result:
//!
//! - A suspicion beside a success is a dispute: a reason of chapter 13.1.1, a reason that says that
//!   the document had expired or that the person or the data differ, a final `previousresult`, or a
//!   document whose own expiry date was past when it was shown.
//! - A suspicion that a review has settled (`previousresult`) is a failed check of the report.
//! - A failed signing beside a success (`esigning`) is a failed check `signature` and a reason
//!   `signing_failed`. The person is still verified.
//! - `ABORTED` for a reason that is permanent by chapter 14.5.3 is finished, canceled: a second
//!   attempt cannot succeed.
//!
//! # Values beyond the model
//!
//! [`Report::custom`](idv_core::Report::custom) has every member without a field in the model, by
//! its path and in its own shape: `identificationprocess.type`, `userdata.firstname.reviewstatus`,
//! `userdata.fullname`. Custom data have their own names. JSON and XML give the same report: in an
//! XML element without a field, attributes and children are members, the text is `value`, and
//! repeated elements are a list. Nothing is ignored: [`normalize::IGNORED`].
//!
//! A 404 without `OBJECT_NOT_FOUND` is an error and not a state: a wrong URL or a proxy can cause
//! it, so it must neither keep a verification open nor confirm a deletion. Only accounts for which
//! IDnow has activated them receive preliminary results. An identification with a preliminary
//! result can still be canceled and lose its data (chapter 2.2): fetch the result when it arrives.
//!
//! # Decisions about undocumented behavior
//!
//! - The values of `esigning.result` are known from other clients: `SUCCESS` is passed, words for a
//!   failure are failed, others are inconclusive.
//! - By IDnow's support pages, an unfinished identification is valid for 90 days, and a result is
//!   kept for 90 days; accounts can have shorter periods.
//!   [`CreateResponse::expires_at`](idv_core::CreateResponse::expires_at) counts from the call.
//! - The XML result has no documented path: see [`api::Api::identification_as_xml`].
//! - The document defines neither the effect of a second creation of a document definition nor the
//!   error of an unsigned document: see [`api::documents`].
//! - Values of signed links that contain `&` and `=`: see [`links::signed`].
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `archive` | no | parsing of the vendor's ZIP archives, including encrypted ones: [`ResultFormat::Zip`], and evidence that has no path of its own |
//! | `signature` | no | verification of the XML result's signature (chapter 13.3.1): the module `signature` |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod api;
pub mod callback;
mod config;
mod evidence;
pub mod links;
pub mod normalize;
mod options;
mod provider;
mod session;
#[cfg(feature = "signature")]
pub mod signature;
pub mod wire;

pub use config::{DataCentre, ENTRY, IdnowConfig, LinkStyle, Product, ResultFormat};
pub use options::IdnowOptions;
pub use provider::Idnow;
