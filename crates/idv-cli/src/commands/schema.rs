//! `idv schema`.

use clap::Args;
use idv::adapter::settings::Section as _;
use idv_flow::FlowConfig;
use serde_json::json;

use super::Run;
use crate::failure::{Exit, Failure};
use crate::output::{Output, json};
use crate::settings::Settings;

/// Prints the JSON Schema of observations, reports and configurations: `{"observation", "report",
/// "settings"}`, each a complete schema.
#[derive(Args)]
pub(crate) struct Schema {}

impl Run for Schema {
    async fn run(self, _: &Settings, _: Output) -> Result<Exit, Failure> {
        json(&json!({
            "observation": schemars::schema_for!(idv::Observation),
            "report": schemars::schema_for!(idv::Report),
            "settings": idv::Config::schema(&[(FlowConfig::NAME, FlowConfig::settings())]),
        }))?;
        Ok(Exit::Done)
    }
}
