//! `idv link`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use idv::idnow::links::{self, SigningInput};
use idv::{Pii, Secret, Timestamp};
use serde_json::json;

use super::Run;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::request::name_and_value;
use crate::settings::Settings;

/// Creates a signed link. It contains the person's data: give it only to the person.
#[derive(Args)]
pub(crate) struct Link {
    #[command(subcommand)]
    vendor: Vendor,
}

#[derive(Subcommand)]
enum Vendor {
    /// A link that creates an identification at IDnow when the person opens it
    Idnow(Idnow),
}

#[derive(Args)]
struct Idnow {
    /// The company id
    #[arg(long)]
    company: String,

    /// The host of the link: de, ch, test, a host name, or an address such as http://127.0.0.1:8080
    #[arg(long)]
    host: String,

    /// The environment variable that contains the API key
    #[arg(long, value_name = "NAME")]
    api_key_env: String,

    /// A parameter of the link, by IDnow's name: transactionnumber=..., firstname=...; may be
    /// repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_and_value, required = true)]
    set: Vec<(String, String)>,

    /// The time of the link, in milliseconds since 1970; now if omitted
    #[arg(long, value_name = "MS")]
    timestamp: Option<i64>,
}

impl Run for Link {
    async fn run(self, _: &Settings, output: Output) -> Result<Exit, Failure> {
        let Vendor::Idnow(idnow) = self.vendor;
        let link = idnow.sign()?;
        output.answer(&json!({ "url": link }), |_| link.expose().to_string())?;
        Ok(Exit::Done)
    }
}

impl Idnow {
    fn sign(self) -> Result<idv::SessionUrl, Failure> {
        let Self {
            company,
            host,
            api_key_env,
            set,
            timestamp,
        } = self;
        let api_key = std::env::var(&api_key_env)
            .ok()
            .filter(|key| !key.is_empty())
            .ok_or_else(|| {
                Failure::usage(format!(
                    "the environment variable {api_key_env} for the API key is not set"
                ))
            })?;
        let mut parameters = BTreeMap::new();
        for (name, value) in set {
            if parameters.contains_key(&name) {
                return Err(Failure::usage(format!("--set {name} is given twice")));
            }
            parameters.insert(name, Pii::new(value));
        }
        let timestamp = timestamp.unwrap_or_else(|| links::timestamp_ms(Timestamp::now()));
        let input = SigningInput::new(
            company,
            links::go_url(&host)?,
            Secret::new(api_key),
            parameters,
            timestamp,
        );
        Ok(links::signed(&input)?)
    }
}
