//! Verifies people's identity with any of several vendors behind one model.
//!
//! The configuration chooses the vendor; the application holds a [`Client`] and does not depend on
//! the vendor. Use this crate in a backend that sends people to an identity-verification vendor and
//! needs the outcome and the report. To keep verifications across crashes and restarts, add
//! `idv-flow`; to receive callbacks in a web server, add `idv-axum`; to write an adapter, see the
//! module [`adapter`].
//!
//! # Example
//!
//! ```
//! # #[cfg(feature = "idnow")] {
//! # use idv_testkit::{ManualClock, ScriptedTransport, environment};
//! # fn connect(config: &Config) -> idv::Result<idv::Client> {
//! #     let transport = ScriptedTransport::new();
//! #     transport.then_json(201, r#"{"id":"TST-BSPXH"}"#).then_json(200, r#"{"authToken":"token"}"#);
//! #     let result = r#"{"id":"TST-BSPXH","result":"SUCCESS","identificationtime":"2026-01-01T00:05:00Z"}"#;
//! #     let name = r#"{"status":"MATCH","value":"MUSTERMANN"}"#;
//! #     transport.then_json(200, format!(r#"{{"identificationprocess":{result},"userdata":{{"lastname":{name}}}}}"#));
//! #     let clock = ManualClock::leaping("2026-01-01T00:00:00Z".parse().unwrap());
//! #     idv::connect_in(config, environment(&transport, &clock))
//! # }
//! use idv::{Capability, Config, HandOff, NewVerification, Requirements, Tracker};
//!
//! # let run = async {
//! // An application usually calls `Config::load("idv.toml")` or `Config::from_env(std::env::vars())`.
//! let config: Config = toml::from_str(
//!     r#"
//!     provider = "idnow"
//!
//!     [idnow]
//!     company = "ihrebank"
//!     host = "test"
//!     api_key = { file = "tests/secret.txt" }
//!     "#,
//! )?;
//! let client = connect(&config)?; // idv::connect(&config)
//! client.require(&Requirements::new().capability(Capability::Polling).repeatable_create())?;
//!
//! let request = NewVerification::builder(client.reference()) // store the reference before the call
//!     .given_names("Erika")
//!     .family_name("Mustermann")
//!     .email("erika@example.com")
//!     .build()?;
//! let created = client.create(&request).await?;
//! if let HandOff::Redirect(url) = &created.hand_off {
//!     println!("send the person to {}", url.expose());
//! }
//!
//! let until = client.now() + idv::jiff::SignedDuration::from_hours(24);
//! let mut tracker = Tracker::new(client, &created);
//! tracker.run(until).await?;
//! assert!(tracker.is_verified());
//! let report = tracker.report().expect("IDnow returns a report");
//! println!("{} checks, {} pieces of evidence", report.checks.len(), report.evidence.len());
//! # assert!(report.person.family_name.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # };
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run).unwrap();
//! # }
//! ```
//!
//! # Guarantees
//!
//! - **No verification is created twice.** Every error states whether the vendor may have acted:
//!   [`Error::effect`].
//! - **No decision without proof.** An unauthenticated callback is a reason to poll, never an
//!   outcome.
//! - **Nothing personal is printed.** Personal data and secrets have no `Display`, and `Debug`
//!   prints a placeholder.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | a provider's id, such as `idnow` | no | the vendor |
//! | `all-vendors` | no | every vendor of the family |
//! | `reqwest` | yes | the transport over reqwest, and [`connect`] |
//! | `file` | no | [`Config::load`], which reads a TOML file |
//! | `archive` | no | results in ZIP archives |
//! | `crypt` | no | encrypted responses |
//! | `signature` | no | signatures of results |
//! | `schema` | no | JSON Schemas of the observation and the report |
//! | `opentelemetry` | no | metrics of calls, recorded to the application's meter provider |
//!
//! No vendor is enabled by default. Features are additive: none changes the behavior of another.
//!
//! # Overview
//!
//! | topic | items |
//! |---|---|
//! | configuration | [`Config`], [`connect`], [`Config::client`] |
//! | requests | [`Client`], [`NewVerification`], [`CreateResponse`], [`HandOff`], [`Reference`], [`VerificationId`] |
//! | progress | [`Tracker`], [`Progress`], and its building blocks [`Verification`], [`Observation`], [`Step`], [`Outcome`]; [`Delivery`] and [`Reply`] for callbacks |
//! | results | [`Report`] and the module [`report`]; [`Download`] of evidence; [`Page`] of a list; [`DeleteOutcome`] |
//! | choice of a vendor | [`Requirements`], [`Capability`], [`VendorInfo`], [`providers`] |
//! | errors | [`Error`], [`ErrorKind`], [`Effect`] |
//! | confidential values | [`Pii`], [`Secret`] |
//! | environment | [`Environment`], [`Transport`], [`Clock`], [`Random`]; [`call::CallPolicy`] for timeouts and retries |
//! | each vendor | a module with its configuration and its whole API, such as `idnow` |
//! | custom adapters | the module [`adapter`] |
//! | public dependencies | [`bytes`], [`http`], [`jiff`], [`serde_json`], [`url`] |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;

use idv_core::adapter::VendorEntry;

pub use config::{Config, ConfigLoader, Override};

// The application's API, in the groups of the front page. The interface for adapters is in
// `adapter`. Configuration: tables of the application in the same file.
pub use idv_core::settings;

// Requests.
#[doc(inline)]
pub use idv_core::{
    Client, Contact, CreateResponse, EvidenceId, ExpectedDocument, HandOff, Input, Locale,
    NewVerification, NewVerificationBuilder, ProviderId, Reference, ResultHandle, ReturnUrls,
    SessionUrl, Subject, SubmittedAddress, SubmittedPerson, VendorId, VerificationId,
    adapter::VendorOptions,
};

// Progress.
#[doc(inline)]
pub use idv_core::{
    Channel, Decision, Delivery, DeliveryKind, Observation, Outcome, Progress, Proof, ProofKind,
    Reply, ReportFinality, ResultState, Status, Step, Tracker, TrackerInbox, TrackerState,
    Transition, Trust, Verification,
};

// Results.
#[doc(inline)]
pub use idv_core::{
    DeleteOutcome, Download, ListFilter, ListQuery, Page, PartialDate, Recorder, Report, Sink,
    Text, report,
};

// Choice of a vendor.
#[doc(inline)]
pub use idv_core::{Capability, CreateSafety, HandOffKind, ReportSource, Requirements, VendorInfo};

// Errors and confidential values.
#[doc(inline)]
pub use idv_core::{Effect, Error, ErrorKind, Operation, Pii, Result, Secret, pii};

// Environment.
#[doc(inline)]
pub use idv_core::{
    Body, Chunks, Clock, Environment, OsRandom, Random, Sent, Transport, TransportCause,
    TransportError, call, metrics,
};

// Public dependencies.
pub use idv_core::{Bytes, Timestamp, Url, async_trait, bytes, http, jiff, serde_json, url};

/// The interface for adapters.
///
/// An application implements [`Provider`](adapter::Provider) for a vendor outside the family.
pub mod adapter {
    #[doc(inline)]
    pub use idv_core::adapter::*;
    #[doc(inline)]
    pub use idv_core::{
        CallContext, CallbackAuth, CallbackCheck, CallbackMessage, CallbackSpec, Callbacks,
        Capabilities, Deletion, EvidenceSource, Listing, Lookup, Polling, Provider, Results,
        SignatureAlgorithm, SignatureEncoding, SignatureScheme, time_in_zone,
    };
}

/// Lists the vendors of the family: the feature, which is also the id; the crate; and the module
/// here that re-exports it.
macro_rules! vendors {
    ($($id:literal $library:ident $module:ident;)*) => {
        $(
            #[cfg(feature = $id)]
            pub use $library as $module;
        )*

        /// The ids of all vendors of the family, whether compiled in or not.
        pub(crate) const FAMILY: &[&str] = &[$($id),*];

        static VENDORS: &[VendorEntry] = &[$(
            #[cfg(feature = $id)]
            $library::ENTRY,
        )*];
    };
}

vendors! {
    "cm-id-scan" idv_cm_id_scan cm_id_scan;
    "identify24" idv_identify24 identify24;
    "identity-tm" idv_identity_tm identity_tm;
    "idnow" idv_idnow idnow;
    "verificar-identidad" idv_verificar_identidad verificar_identidad;
}

#[cfg(feature = "reqwest")]
pub use idv_transport_reqwest as transport;

/// Returns the vendors that are compiled in, in the order of their ids.
///
/// ```
/// # #[cfg(feature = "idnow")] {
/// let idnow = idv::vendors().iter().find(|vendor| vendor.id == "idnow").expect("compiled in");
/// assert_eq!(idnow.name, "IDnow");
/// assert!(idnow.settings.iter().any(|setting| setting.key == "api_key"));
/// # }
/// ```
#[must_use]
pub fn vendors() -> &'static [VendorEntry] {
    VENDORS
}

/// Describes the vendors that are compiled in, in the order of their ids.
///
/// No credentials are needed.
///
/// The descriptions include all optional features of a vendor, such as authenticated callbacks.
/// [`Client::info`] describes a vendor as it is configured.
///
/// ```
/// for vendor in idv::providers() {
///     println!("{}: {:?}", vendor.name, vendor.capabilities);
/// }
/// ```
#[must_use]
pub fn providers() -> Vec<VendorInfo> {
    // Each adapter describes an example configuration, which its own tests verify to be valid.
    VENDORS
        .iter()
        .filter_map(|vendor| (vendor.describe)().ok())
        .collect()
}

/// Builds the client of the default account, with the reqwest transport and the system's clock.
///
/// ```
/// # #[cfg(feature = "idnow")] {
/// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
/// # let config = bank::config();
/// let client = idv::connect(&config)?;
/// assert_eq!(client.info().provider.as_str(), "idnow");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Config`](ErrorKind::Config) if the configuration is not valid;
/// [`Unsupported`](ErrorKind::Unsupported) if the vendor is not compiled in. Nothing is sent.
#[cfg(feature = "reqwest")]
pub fn connect(config: &Config) -> Result<Client> {
    config.client(config.default_account()?)
}

/// Builds the client of the default account in the caller's own environment.
///
/// ```
/// # #[cfg(feature = "idnow")] {
/// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
/// # let config = bank::config();
/// use idv::Environment;
/// use idv_testkit::{ManualClock, ScriptedTransport};
///
/// // In a test: an environment without a network.
/// let clock = ManualClock::new("2026-01-01T00:00:00Z".parse()?);
/// let environment = Environment::new(ScriptedTransport::new(), clock);
/// let client = idv::connect_in(&config, environment)?;
/// assert_eq!(client.now(), "2026-01-01T00:00:00Z".parse()?);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`connect`].
pub fn connect_in(config: &Config, environment: Environment) -> Result<Client> {
    config.client_in(config.default_account()?, environment)
}
