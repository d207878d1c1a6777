//! Code that the example programs share: a sandbox, and a client of it.
//!
//! Each program in `src/bin` is complete, runs against the sandbox and ends by itself; CI runs
//! every one.

mod test_bed;

use std::error::Error;

use idv::{Client, Config};
use idv_sandbox::Sandbox;

pub use test_bed::TestBed;

/// The result of an example.
pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Starts a sandbox whose clock a test moves by hand, and returns a client that is configured for
/// it as an application's client is for the vendor.
///
/// # Errors
///
/// If no port is free.
///
/// # Cancellation
///
/// The sandbox stops.
pub async fn sandbox() -> Outcome<(Sandbox, Client)> {
    let sandbox = Sandbox::builder().speed(0.0).start().await?;
    let client = idv::connect(&Config::from_env(sandbox.settings("idnow"))?)?;
    Ok((sandbox, client))
}

/// Returns the ids of the vendors.
#[must_use]
pub fn vendors() -> Vec<String> {
    idv::providers()
        .iter()
        .map(|vendor| vendor.provider.to_string())
        .collect()
}
