//! What the example programs share: a sandbox, and a client of it.
//!
//! Each program in `src/bin` is complete, runs against the sandbox and ends by itself; CI runs every one.

mod inbox;
mod town;

use std::error::Error;

use idv::{Client, Config};
use idv_sandbox::Sandbox;

pub use inbox::Inbox;
pub use town::{SecretFiles, Town, Vendor};

/// Whatever goes wrong in an example.
pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// A sandbox whose time stands still until it is moved, and a client that is configured for it as an application would be for the
/// vendor.
///
/// # Errors
///
/// Where no port is free.
pub async fn sandbox() -> Outcome<(Sandbox, Client)> {
    let sandbox = Sandbox::builder().speed(0.0).start().await?;
    let idnow = sandbox.idnow();
    let variables = [
        ("IDV_PROVIDER", "idnow".to_owned()),
        ("IDV_IDNOW_COMPANY", idnow.company_id().to_owned()),
        // An application would set `IDV_IDNOW_API_KEY`, or name a file as here.
        ("IDV_IDNOW_API_KEY_FILE", api_key_file(idnow.api_key())?),
        ("IDV_IDNOW_GATEWAY_URL", idnow.base_url()),
        ("IDV_IDNOW_GO_URL", idnow.base_url()),
    ];
    let client = idv::connect(&Config::from_env(variables)?)?;
    Ok((sandbox, client))
}

fn api_key_file(key: &str) -> Outcome<String> {
    let path = std::env::temp_dir().join(format!("idv-example-key-{}", std::process::id()));
    std::fs::write(&path, key)?;
    Ok(path.display().to_string())
}
