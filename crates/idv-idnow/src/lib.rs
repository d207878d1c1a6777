//! IDnow (gateway API v1) as an idv provider: AutoIdent, VideoIdent and eSign accounts behind the model of [`idv_core`].
//!
//! IDnow lets a person identify themselves by video with an agent (VideoIdent, eSign) or by photographs that a machine reads
//! (AutoIdent). The application gives each identification a transaction number, sends the person to a link, and asks for the result or
//! receives it. This crate follows "IDnow gateway API v1", version 2018-11-15; "chapter" is a chapter of it.
//!
//! # What it can
//!
//! | | |
//! |---|---|
//! | create | keyed by our reference: a creation whose answer was lost is repeated and yields the same identification (chapter 3.2.10) |
//! | hand-off | a link, with the transaction number or with the Ident-ID (chapter 6.1.1) |
//! | poll | brings the report along (chapter 8.3.3.2) |
//! | results | as JSON, as XML, or out of the ZIP archive: [`ResultFormat`]; the report is the same |
//! | evidence | the whole archive and signed documents (`<identifier>_signed.pdf`) are streamed; the rest is unpacked from the archive, whatever its folders; the report and the sound come from an address of their own if that fails |
//! | files | results that come by mail or SFTP, encrypted with AES-256 or not (chapters 9 and 10): [`Idnow::read_file`] |
//! | listing | finished, pending, canceled and aborted identifications, one list each (chapter 8.3.2) |
//! | lookup | none is needed: our reference is IDnow's key |
//! | deletion | of the data (chapter 8.3.4); IDnow's backups keep them for 90 days more (chapter 9.2.4) |
//! | callbacks | IDnow signs none. With a secret in the webhook's address they are proven, without it they are claims; either way they only wake a poll, since IDnow can be asked. `check_source` refuses those that do not come from IDnow's documented addresses (chapter 14.3) |
//!
//! Operations that the model has no place for are in [`api`] and [`links`]: questions, copies, archiving, the waiting time, the webform, signed
//! links, the test robots, and in [`api::documents`] eSigning: the documents that a person signs, the places of the signatures, and the
//! signed files. The XML result can be signed by IDnow: the module `signature` verifies it.
//!
//! # An example
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
//! // The environment is a transport, a clock and random bits: the application's, or a test's as here.
//! let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
//! let client = Client::new(Idnow::new(config)?, environment, CallPolicy::default());
//!
//! let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b9a520c2d6a1f7e11")?);
//! new.person.given_names = Some("Erika".into());
//! let created = client.create(&new).await?;
//! let HandOff::Redirect(link) = &created.hand_off else { unreachable!() };
//! assert_eq!(link.expose().as_str(), "https://go.test.idnow.de/ihrebank/identifications/6f1c2a9e1c1f4a6b9a520c2d6a1f7e11");
//!
//! // Later, when the person has been there:
//! let observation = client.poll(&created.id).await?;
//! assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
//! # Ok(())
//! # }
//! ```
//!
//! # Results
//!
//! | result | state | why |
//! |---|---|---|
//! | `SUCCESS` | finished, verified | final (chapter 13.1.1) |
//! | `SUCCESS_DATA_CHANGED` | finished, verified | final; the fields that changed say so in the report |
//! | `FRAUD_SUSPICION_CONFIRMED` | finished, rejected | final |
//! | `CANCELED` | finished, canceled | a review found the identification wanting (chapter 2.2); its data are deleted |
//! | `REVIEW_PENDING` | in review, leaning to verified | preliminary: "expected to be SUCCESS" |
//! | `FRAUD_SUSPICION_PENDING` | in review, leaning to rejected | preliminary |
//! | `CHECK_PENDING` | in review | not in the document; seen from accounts, its finality unknown |
//! | `ABORTED` | awaiting the person | an attempt ended and the person may try again under the same number (chapter 14.2); the table of final results does not have it. The reason, and whether it is permanent, is in the report |
//! | nothing, by 404 `OBJECT_NOT_FOUND` | awaiting the person | the document knows no state before the first result |
//! | anything else | none | kept as the code; it changes nothing |
//!
//! The word alone does not decide:
//!
//! - A suspicion beside a success is a dispute: a reason of chapter 13.1.1 or one that says that the document had expired or that
//!   person or data are others, a `previousresult` that was final, a document that had expired by its own date when it was shown.
//! - A suspicion that a review has settled (`previousresult`) is a failed check of the report.
//! - A signing that failed beside a success (`esigning`) is a failed check `signature`, and a reason `signing_failed`. The person is
//!   verified all the same.
//! - `ABORTED` for a reason that is permanent by chapter 14.5.3 is finished, canceled: no second attempt can mend it.
//!
//! # Everything else that IDnow says
//!
//! A member that no field of the model has is in [`Report::custom`](idv_core::Report::custom) by its path and in its own shape:
//! `identificationprocess.type`, `userdata.firstname.reviewstatus`, `userdata.fullname`. Custom data have their own names. JSON and XML
//! give the same report: of an XML element that no field has, attributes and children are members, its text is `value`, and repeated
//! elements are a list. Nothing is ignored: [`normalize::IGNORED`].
//!
//! A 404 without that cause is an error and no state: it comes from a wrong address or a proxy, and must neither keep a
//! verification open nor stand for a deletion. Preliminary results reach only accounts for which IDnow has activated them, and one
//! can still be canceled, with its data gone (chapter 2.2): fetch it when it comes.
//!
//! # Where the document is silent
//!
//! - The words of `esigning.result` are known from clients: `SUCCESS` is passed, words of failure are failed, others inconclusive.
//! - An unfinished identification is valid for 90 days, and a result is kept for 90 days, by IDnow's support pages;
//!   accounts can have less. [`CreateResponse::expires_at`](idv_core::CreateResponse::expires_at) counts from the call.
//! - The results' XML has no documented address: see [`api::Api::identification_as_xml`].
//! - What a second creation of a document definition does, and which error a document gives that is not signed yet: see
//!   [`api::documents`].
//! - Values of signed links with `&` and `=` in them: see [`links::signed`].
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `archive` | no | reading the vendor's ZIP archives, encrypted ones too: [`ResultFormat::Zip`], and evidence that has no address of its own |
//! | `signature` | no | verifying the signature of the XML result (chapter 13.3.1): the module `signature` |

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
