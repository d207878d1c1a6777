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
//! | `cm-id-scan` | no | the provider `cm-id-scan`: CM.com ID Scan v1 |
//! | `identify24` | no | the provider `identify24`: Identify24 VideoIdent 1.0.1 |
//! | `identity-tm` | no | the provider `identity-tm`: Identity.TM web services 2.10 |
//! | `idnow` | no | the provider `idnow`: IDnow gateway API v1 |
//! | `verificar-identidad` | no | the provider `verificar-identidad`: VerificarIdentidad 3.0 |
//! | `reqwest` | yes | the transport over reqwest, and [`connect`] |
//! | `archive` | no | results that come as ZIP archives |
//! | `schema` | no | JSON Schema of the observation and the report |
//!
//! No vendor is on by default. A feature only ever adds; none changes what another does.
//!
//! # Where to go on
//!
//! - [`Client`] has every operation; [`Verification`] folds what is learnt into one state and says what to do next.
//! - [`providers`] lists what is compiled in and what each vendor can do; [`Client::require`] refuses, when the application
//!   starts, a vendor that cannot give what it needs.
//! - The module of each vendor has its configuration and its whole API.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod calls;
mod config;
mod lenient;
mod transport_table;
mod vendors;

pub use config::Config;

#[doc(inline)]
pub use idv_core::*;

#[cfg(feature = "cm-id-scan")]
pub use idv_cm_id_scan as cm_id_scan;

#[cfg(feature = "identify24")]
pub use idv_identify24 as identify24;

#[cfg(feature = "identity-tm")]
pub use idv_identity_tm as identity_tm;

#[cfg(feature = "idnow")]
pub use idv_idnow as idnow;

#[cfg(feature = "verificar-identidad")]
pub use idv_verificar_identidad as verificar_identidad;

#[cfg(feature = "reqwest")]
pub use idv_transport_reqwest as transport;

/// A client of the vendor that the configuration names, over reqwest and by the system's clock.
///
/// # Errors
///
/// [`Config`](ErrorKind::Config) where the configuration cannot work; [`Unsupported`](ErrorKind::Unsupported) where the vendor is
/// not compiled in. Both say what there is. Nothing is sent.
#[cfg(feature = "reqwest")]
pub fn connect(config: &Config) -> Result<Client> {
    // The vendor first: that it is not compiled in says more than that a certificate is missing.
    config.chosen()?;
    connect_in(config, idv_transport_reqwest::environment(config.transport.options()?)?)
}

/// A client of the vendor that the configuration names, in an environment of the caller's own.
///
/// # Errors
///
/// As [`connect`].
pub fn connect_in(config: &Config, environment: Environment) -> Result<Client> {
    Ok(Client::from_arc(config.build()?, environment, config.calls().clone()))
}

/// What is compiled in and what each vendor can do, in the order of their ids. No credentials are needed.
///
/// It is what the vendor can do at best: how callbacks are proven is told as if the secret for it were configured. What a
/// configured vendor can do is [`Client::info`].
#[must_use]
pub fn providers() -> Vec<VendorInfo> {
    vendors::ALL.iter().filter_map(vendors::Vendor::capabilities).collect()
}
