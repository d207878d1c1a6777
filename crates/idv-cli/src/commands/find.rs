//! `idv find`.

use clap::Args;
use idv::Reference;
use serde_json::json;

use super::Run;
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain, table};
use crate::settings::Settings;

/// Finds the vendor's verifications with your reference, for example after the response to a create
/// call was lost.
#[derive(Args)]
pub(crate) struct Find {
    /// Your reference
    reference: String,
}

impl Run for Find {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let client = settings.connect()?;
        let found = client.find(&Reference::existing(self.reference)?).await?;
        output.answer(&json!({ "verifications": found }), |_| {
            let mut lines = table(&["reference", "vendor id"]);
            for id in &found {
                let vendor_id = id.vendor_id.as_ref().map_or("-", idv::VendorId::as_str);
                lines.add_row([id.reference.as_str(), vendor_id]);
            }
            plain(&lines)
        })?;
        Ok(Exit::Done)
    }
}
