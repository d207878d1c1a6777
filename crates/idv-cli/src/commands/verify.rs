//! `idv verify`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use idv::idnow::signature::{PublicKey, System, known_key};
use serde_json::json;

use super::{Run, read_input};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

/// The maximum length of a result, in bytes.
const LIMIT: u64 = 1024 * 1024 * 1024;

/// The maximum length of a key or a signature, in bytes.
const SMALL: u64 = 64 * 1024;

/// Verifies the signature of a vendor's result. Exits with 1 if it does not match.
#[derive(Args)]
pub(crate) struct Verify {
    #[command(subcommand)]
    vendor: Vendor,
}

#[derive(Subcommand)]
enum Vendor {
    /// The signature of IDnow's XML result
    Idnow(Idnow),
}

#[derive(Args)]
struct Idnow {
    /// The vendor's public key, as PEM
    #[arg(long, value_name = "KEY.pem")]
    public_key: PathBuf,

    /// The signature file of the archive: <transactionnumber>.sig
    #[arg(long, value_name = "RESULT.sig")]
    signature: PathBuf,

    /// The result file of the archive: <transactionnumber>.xml
    #[arg(value_name = "RESULT.xml")]
    file: PathBuf,
}

impl Run for Verify {
    async fn run(self, _: &Settings, output: Output) -> Result<Exit, Failure> {
        let Vendor::Idnow(Idnow {
            public_key,
            signature,
            file,
        }) = self.vendor;
        let pem = read_input(&public_key, SMALL)?;
        let system = known_key(&pem).map(|key| match key.system {
            System::Test => "test",
            _ => "live",
        });
        let key = PublicKey::from_pem(&String::from_utf8_lossy(&pem))?;
        key.verify(&read_input(&file, LIMIT)?, &read_input(&signature, SMALL)?)?;
        output.answer(&json!({ "verified": true, "known_key": system }), |_| {
            let key = system.map_or_else(
                || "a key that the vendor's document does not list".to_owned(),
                |system| format!("the key of the vendor's {system} system"),
            );
            format!("The signature matches {key}.\n")
        })?;
        Ok(Exit::Done)
    }
}
