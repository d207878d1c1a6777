//! Verify people's identity with any of several vendors behind one model.
//!
//! An application says in its configuration which vendor it uses, holds a [`Client`], and never sees the vendor again:
//!
//! ```
//! # #[cfg(feature = "idnow")] {
//! # use idv_testkit::{ManualClock, ScriptedTransport, environment};
//! # fn connect(config: &Config) -> idv::Result<idv::Client> {
//! #     let transport = ScriptedTransport::new();
//! #     transport.then_json(201, r#"{"id":"TST-BSPXH"}"#);
//! #     idv::connect_in(config, environment(&transport, &ManualClock::new(idv::Timestamp::UNIX_EPOCH)))
//! # }
//! use idv::{Config, Capability, HandOff, Requirements, NewVerification, Verification};
//!
//! # let run = async {
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
//! let reference = client.reference(); // store it now, so that a crash in the next line can be settled
//! let mut new = NewVerification::new(reference);
//! new.person.given_names = Some("Erika".into());
//! new.person.family_name = Some("Mustermann".into());
//! let created = client.create(&new).await?;
//! if let HandOff::Redirect(url) = &created.hand_off {
//!     println!("send the person to {}", url.expose());
//! }
//! let verification = Verification::new(created.id, client.info(), created.expires_at);
//! assert!(!verification.decision().is_verified());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # };
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run).unwrap();
//! # }
//! ```
//!
//! # Features
//!
//! | feature | on by default | adds |
//! |---|---|---|
//! | a provider's id, such as `idnow` | no | the vendor |
//! | `reqwest` | yes | the transport over reqwest, and [`connect`] |
//! | `file` | no | [`Config::load`], which reads a file of TOML |
//! | `archive` | no | results that come as ZIP archives |
//! | `crypt` | no | answers that come encrypted |
//! | `signature` | no | signatures of results |
//! | `schema` | no | JSON Schema of the observation and the report |
//!
//! No vendor is on by default. A feature only ever adds; none changes what another does.
//!
//! # What is where
//!
//! | for | items |
//! |---|---|
//! | configuration | [`Config`], [`connect`], [`Config::client`] |
//! | requests | [`Client`], [`NewVerification`], [`CreateResponse`], [`HandOff`], [`Reference`], [`VerificationId`] |
//! | progress | [`Tracker`], [`Progress`]; below it [`Verification`], [`Observation`], [`Step`], [`Outcome`]; [`Delivery`] and [`Reply`] for callbacks |
//! | results | [`Report`] and the module [`report`]; [`Download`] of evidence; [`Page`] of a list; [`DeleteOutcome`] |
//! | choice of a vendor | [`Requirements`], [`Capability`], [`VendorInfo`], [`providers`] |
//! | errors | [`Error`], [`ErrorKind`], [`Effect`] |
//! | confidential values | [`Pii`], [`Secret`] |
//! | environment | [`Environment`], [`Transport`], [`Clock`], [`Random`]; [`call::CallPolicy`] for timeouts and retries |
//! | each vendor | a module with its configuration and its whole API, such as `idnow` |
//! | adapters of your own | the module [`adapter`] |
//! | public dependencies | [`bytes`], [`http`], [`jiff`], [`serde_json`], [`url`] |
//!
//! # Where to go on
//!
//! - [`Client`] has every operation; [`Verification`] folds what is learnt into one state and says what to do next.
//! - [`providers`] lists what is compiled in and what each vendor can do; [`Client::require`] refuses, when the application
//!   starts, a vendor that cannot give what it needs.
//! - The module of each vendor has its configuration and its whole API.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;

use idv_core::adapter::VendorEntry;

pub use config::{Config, ConfigLoader, Override};

// The application's API, in the groups of the front page. What only an adapter's author needs is in `adapter`.
// Configuration: sections of the application's own in the file.
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

/// The interface for adapters. An application implements [`Provider`](adapter::Provider) for a vendor that the family does not have.
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

/// Lists the vendors of the family: each with its feature, which is its id, its crate, and the module here that is its crate.
macro_rules! vendors {
    ($($id:literal $library:ident $module:ident;)*) => {
        $(
            #[cfg(feature = $id)]
            pub use $library as $module;
        )*

        /// The ids of all vendors of the family, compiled in or not.
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

/// Lists the vendors that are compiled in, in the order of their ids.
#[must_use]
pub fn vendors() -> &'static [VendorEntry] {
    VENDORS
}

/// Describes the vendors that are compiled in, in the order of their ids. No credentials are needed.
///
/// It is what a vendor can do at best: callbacks are described as if the secret for them were configured. What a configured vendor can
/// do is [`Client::info`].
#[must_use]
pub fn providers() -> Vec<VendorInfo> {
    // An adapter takes its own example, which its tests hold.
    VENDORS
        .iter()
        .filter_map(|vendor| (vendor.describe)().ok())
        .collect()
}

/// Builds a client of the default account, over reqwest and by the system's clock.
///
/// # Errors
///
/// [`Config`](ErrorKind::Config) if the configuration cannot work; [`Unsupported`](ErrorKind::Unsupported) if the vendor is not
/// compiled in. Nothing is sent.
#[cfg(feature = "reqwest")]
pub fn connect(config: &Config) -> Result<Client> {
    config.client(config.default_account()?)
}

/// Builds a client of the default account in an environment of the caller's own.
///
/// # Errors
///
/// As [`connect`].
pub fn connect_in(config: &Config, environment: Environment) -> Result<Client> {
    config.client_in(config.default_account()?, environment)
}
