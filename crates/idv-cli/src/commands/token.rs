//! `idv token`.

use std::time::Duration;

use clap::{Args, Subcommand};
use idv::{Secret, Timestamp};
use serde_json::json;

use super::Run;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

/// Creates a bearer token for a vendor's API. It grants all rights of the account until it expires.
#[derive(Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    vendor: Vendor,
}

#[derive(Subcommand)]
enum Vendor {
    /// A token for CM.com ID Scan, signed with the account's secret
    CmIdScan(CmIdScan),
}

#[derive(Args)]
struct CmIdScan {
    /// The key id of the account's credentials
    #[arg(long)]
    key_id: String,

    /// The environment variable that contains the secret
    #[arg(long, value_name = "NAME")]
    secret_env: String,

    /// The time of issue, in seconds since 1970; now if omitted
    #[arg(long, value_name = "S")]
    issued_at: Option<i64>,

    /// The lifetime in seconds
    #[arg(long, value_name = "S", default_value_t = 60)]
    lifetime: u64,
}

impl Run for Token {
    async fn run(self, _: &Settings, output: Output) -> Result<Exit, Failure> {
        let Vendor::CmIdScan(CmIdScan {
            key_id,
            secret_env,
            issued_at,
            lifetime,
        }) = self.vendor;
        let secret = std::env::var(&secret_env)
            .ok()
            .filter(|secret| !secret.is_empty())
            .ok_or_else(|| {
                Failure::usage(format!(
                    "the environment variable {secret_env} for the secret is not set"
                ))
            })?;
        let issued_at = issued_at.map_or_else(
            || Ok(Timestamp::now()),
            |seconds| {
                Timestamp::from_second(seconds).map_err(|_| {
                    Failure::usage("invalid --issued-at: expected a number of seconds since 1970")
                })
            },
        )?;
        let token = idv::cm_id_scan::session::token(
            &key_id,
            &Secret::new(secret),
            issued_at,
            Duration::from_secs(lifetime),
        )?;
        output.answer(&json!({ "token": token.expose() }), |_| {
            token.expose().to_owned()
        })?;
        Ok(Exit::Done)
    }
}
