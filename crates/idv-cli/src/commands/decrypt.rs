//! `idv decrypt`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use idv::Secret;
use idv::identity_tm::crypt::CryptKey;

use super::{Run, read_input};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output};
use crate::settings::Settings;

/// The maximum length of a body, in bytes. The body is held in memory, since it is only trusted
/// once all of it is authenticated.
const LIMIT: u64 = 1024 * 1024 * 1024;

/// Decrypts a vendor's response to standard output. Writes nothing if the response was changed or
/// the key is wrong.
#[derive(Args)]
pub(crate) struct Decrypt {
    #[command(subcommand)]
    vendor: Vendor,
}

#[derive(Subcommand)]
enum Vendor {
    /// The body of a response of Identity.TM from an address that ends in /crypt
    IdentityTm(IdentityTm),
}

#[derive(Args)]
struct IdentityTm {
    /// The environment variable that contains the AES-256 key: 64 hexadecimal digits, or Base64
    #[arg(long, value_name = "NAME")]
    key_env: String,

    /// The body; standard input for - or if omitted
    #[arg(default_value = "-")]
    file: PathBuf,
}

impl Run for Decrypt {
    async fn run(self, _: &Settings, _: Output) -> Result<Exit, Failure> {
        let Vendor::IdentityTm(IdentityTm { key_env, file }) = self.vendor;
        let key = std::env::var(&key_env)
            .ok()
            .filter(|key| !key.is_empty())
            .ok_or_else(|| {
                Failure::usage(format!(
                    "the environment variable {key_env} for the key is not set"
                ))
            })?;
        let key = CryptKey::parse(&Secret::new(key.trim()))?;
        let plain = key.decrypt(read_input(&file, LIMIT)?)?;
        output::bytes(&plain)?;
        Ok(Exit::Done)
    }
}
