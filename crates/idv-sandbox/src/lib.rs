//! Identity-verification vendors by their documents, over real HTTP on the loopback interface.
//!
//! Nothing here knows an adapter or `idv-core`: what it checks and answers comes from the vendors' documents alone, so that an adapter
//! and its vendor cannot be wrong together. Any client of a vendor works against it with nothing changed but the host.
//!
//! People and agents act by named scenarios, the vendor's own test robots included. Time is virtual: a day passes in a call.
//! Faults are planned. Everything can be driven over HTTP too, under `/_control/` on every port: see the crate's README.
//!
//! ```
//! # async fn run() -> Result<(), idv_sandbox::SandboxError> {
//! use std::time::Duration;
//! use idv_sandbox::Sandbox;
//!
//! let sandbox = Sandbox::builder().start().await?;
//! println!("IDnow is at {}", sandbox.idnow().base_url());
//! sandbox.clock().advance(Duration::from_secs(24 * 3600)).await;
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Calls a macro with the modules of the vendors, each followed by a comma: the one place in which the vendors are listed. A module is
/// the vendor's id with underscores.
#[macro_export]
macro_rules! for_each_vendor {
    ($macro:ident) => {
        $macro! { idnow, identity_tm, cm_id_scan, identify24, verificar_identidad, }
    };
}

mod builder;
mod callback;
mod cases;
mod clock;
mod cm_id_scan;
mod control;
mod emulator;
mod exchange;
mod failure;
mod fault;
mod identify24;
mod identity_tm;
mod idnow;
mod in_process;
mod iso;
mod part;
mod pdf;
mod random;
mod route;
mod sandbox;
mod scenario;
mod server;
mod tls;
mod token;
mod vendor;
mod verificar_identidad;
mod world;

pub use builder::Builder;
pub use callback::RecordedCallback;
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
pub use sandbox::{Sandbox, SandboxError, VirtualClock};
pub use scenario::{Ending, Scenario, Step};
pub use vendor::{CALLBACK_SECRET, ForgedCallback, Setting, Vendor};
pub use verificar_identidad::account::{
    Account as VerificarIdentidadAccount, Person as VerificarIdentidadPerson, RejectionReason,
    ReportFormat, ReportNesting, SpoiledResult, WrongCredentials,
};
pub use verificar_identidad::answer::AnswerFormat;
pub use verificar_identidad::handle::{PhoneMessage, VerificarIdentidad};
pub use world::RecordedRequest;

/// The README's example, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
