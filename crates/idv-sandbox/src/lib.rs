//! Emulators of identity-verification vendors, over real HTTP on the loopback interface.
//!
//! Use the sandbox to test a client of a vendor without an account: unchanged but for the host, it
//! is accepted and refused as the vendor's document says. The sandbox contains no adapter and does
//! not depend on `idv-core`. Its checks and responses come from the vendors' documents alone, so
//! that an adapter and its emulator cannot share a mistake.
//!
//! - **People.** Named [scenarios](Scenario) let the person and the vendor's agents act, including
//!   the vendor's own test robots.
//! - **Time.** The [clock](VirtualClock) is virtual: a day passes in a call.
//! - **Faults.** A [`Fault`] breaks connections, delays responses or loses callbacks.
//! - **Records.** [`Sandbox::requests`] and [`Sandbox::callbacks`] show what the client and the
//!   vendor sent.
//! - **Page.** A browser shows all of this at [`Sandbox::shared_url`], with a button for each action,
//!   and names the rule that refuses a request.
//!
//! A test in Rust drives the sandbox through [`Sandbox`] and [`Vendor`]; a test in another language
//! uses the control plane, JSON under `/_control/` on every port. The crate's README describes its
//! routes.
//!
//! # Example
//!
//! A person is verified at IDnow:
//!
//! ```
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use idv_sandbox::Sandbox;
//!
//! // Without a network; `Sandbox::builder().start()` listens on ports instead.
//! let sandbox = Sandbox::builder().in_process().start().await?;
//! let idnow = sandbox.idnow();
//!
//! // The request of a client.
//! let (base, company) = (idnow.base_url(), idnow.company_id());
//! let path = format!("api/v1/{company}/identifications/T-1/start");
//! let request = http::Request::post(format!("{base}/{path}"))
//!     .header("content-type", "application/json")
//!     .header("x-api-key", idnow.api_key())
//!     .body(Bytes::from(r#"{"firstname":"Erika","lastname":"Mustermann"}"#))?;
//! assert_eq!(sandbox.exchange(request).await?.status(), 201);
//!
//! // The person and the agent act, and an hour passes.
//! for step in idnow.act("T-1", "happy")? {
//!     println!("after {} s: {}", step.after_seconds, step.what);
//! }
//! sandbox.clock().advance(Duration::from_secs(3600)).await;
//! assert_eq!(sandbox.requests().len(), 1);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Calls a macro with the modules of all vendors, each followed by a comma.
///
/// This is the only list of the vendors. A module's name is the vendor's id with underscores.
#[macro_export]
macro_rules! for_each_vendor {
    ($macro:ident) => {
        $macro! { idnow, identity_tm, cm_id_scan, identify24, verificar_identidad, }
    };
}

mod builder;
mod callback;
mod cases;
mod client;
mod clock;
mod cm_id_scan;
mod command;
mod control;
mod emulator;
mod exchange;
mod failure;
mod fault;
mod guard;
mod identify24;
mod identity_tm;
mod idnow;
mod in_process;
mod iso;
mod journal;
mod jpeg;
mod mask;
mod page;
mod part;
mod pdf;
mod person;
mod random;
mod record;
mod route;
mod rule;
mod sandbox;
mod scenario;
mod server;
mod state;
mod tls;
mod token;
mod vendor;
mod verificar_identidad;
mod world;

pub use builder::Builder;
pub use callback::{CallbackAttempt, RecordedCallback};
pub use clock::ClockMode;
pub use cm_id_scan::account::{Account as CmIdScanAccount, Person as CmIdScanPerson};
pub use cm_id_scan::handle::CmIdScan;
pub use emulator::Emulator;
pub use fault::{Fault, FaultKind};
pub use identify24::account::{
    Account as Identify24Account, Project as Identify24Project, ReasonForm as Identify24ReasonForm,
    Status as Identify24Status, Statuses as Identify24Statuses,
};
pub use identify24::handle::Identify24;
pub use identity_tm::account::{Account as IdentityTmAccount, WebhookMethod, Webhooks};
pub use identity_tm::handle::IdentityTm;
pub use idnow::account::{Account, CallbackKind, DataCentre};
pub use idnow::handle::Idnow;
pub use in_process::{AnswerBody, AnswerDelay, Cut};
pub use record::RecordedRequest;
pub use rule::{Refusal, Route, Rule};
pub use sandbox::{Sandbox, SandboxError, VirtualClock};
pub use scenario::{Ending, Scenario, Step};
pub use vendor::{CALLBACK_SECRET, ForgedCallback, Setting, Vendor};
pub use verificar_identidad::account::{
    Account as VerificarIdentidadAccount, Person as VerificarIdentidadPerson, RejectionReason,
    ReportFormat, ReportNesting, SpoiledResult, WrongCredentials,
};
pub use verificar_identidad::answer::AnswerFormat;
pub use verificar_identidad::handle::{PhoneMessage, VerificarIdentidad};

/// Compiles the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
