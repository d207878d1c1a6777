//! `idv decrypt`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use idv::Secret;
use idv::identity_tm::crypt::CryptKey;

use super::{Run, read_input};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output};
use crate::settings::Settings;

/// The maximum length of a body, in bytes. It is held in memory, since nothing is trusted before all of it is authenticated.
const LIMIT: u64 = 1024 * 1024 * 1024;

/// Decrypts a vendor's answer to standard output. Writes nothing if the answer was changed or the key is wrong.
#[derive(Args)]
pub(crate) struct Decrypt {
    #[command(subcommand)]
    vendor: Vendor,
}

#[derive(Subcommand)]
enum Vendor {
    /// The body of an answer of Identity.TM to an address that ends in /crypt
    IdentityTm(IdentityTm),
}

#[derive(Args)]
struct IdentityTm {
    /// The environment variable that holds the AES-256 key: 64 hexadecimal digits, or Base64
    #[arg(long, value_name = "NAME")]
    key_env: String,

    /// The body; standard input without it or for -
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
                    "the environment variable {key_env}, named for the key, is not set"
                ))
            })?;
        let key = CryptKey::parse(&Secret::new(key.trim()))?;
        let plain = key.decrypt(read_input(&file, LIMIT)?)?;
        output::bytes(&plain)?;
        Ok(Exit::Done)
    }
}
