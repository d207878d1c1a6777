//! `idv flow retain`.

use std::time::Duration;

use clap::Args;
use idv::Timestamp;
use idv_flow::{Engine, FlowId, Retention, RetentionRule};

use super::{flow_id, status};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::usage::Expected;

/// Changes the retention of a flow's data, at the vendor and in the store. The options replace the
/// whole previous setting: an omitted limit does not apply. Without options, both copies are kept
/// until their deletion is requested.
#[derive(Args)]
pub(crate) struct Retain {
    /// The flow
    #[arg(value_parser = flow_id)]
    id: FlowId,

    /// Delete the vendor's copy this many days after the end of the verification
    #[arg(long, value_name = "DAYS", value_parser = days)]
    vendor_after: Option<Duration>,
    /// Keep the vendor's copy until this time, even if its deletion is requested
    #[arg(long, value_name = "TIME")]
    vendor_not_before: Option<Timestamp>,
    /// Delete the vendor's copy at this time at the latest, whatever the state of the verification
    #[arg(long, value_name = "TIME")]
    vendor_not_after: Option<Timestamp>,
    /// Erase the store's copy this many days after the end of the verification
    #[arg(long, value_name = "DAYS", value_parser = days)]
    own_after: Option<Duration>,
    /// Keep the store's copy until this time, even if its deletion is requested
    #[arg(long, value_name = "TIME")]
    own_not_before: Option<Timestamp>,
    /// Erase the store's copy at this time at the latest, whatever the state of the verification
    #[arg(long, value_name = "TIME")]
    own_not_after: Option<Timestamp>,

    /// The operator's account, for the audit log
    #[arg(long, value_name = "NAME")]
    by: String,
}

impl Retain {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let mut vendor = RetentionRule::until_asked();
        (vendor.after, vendor.not_before, vendor.not_after) = (
            self.vendor_after,
            self.vendor_not_before,
            self.vendor_not_after,
        );
        let mut own = RetentionRule::until_asked();
        (own.after, own.not_before, own.not_after) =
            (self.own_after, self.own_not_before, self.own_not_after);
        flow.retain(self.id, Retention::new(vendor, own), &self.by)
            .await?;
        status::print(flow, &flow.status(self.id).await?, false, output).await?;
        Ok(Exit::Done)
    }
}

fn days(text: &str) -> Result<Duration, Expected> {
    let seconds = text
        .parse::<u64>()
        .ok()
        .and_then(|days| days.checked_mul(24 * 60 * 60));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| Expected::new("a number of days in digits"))
}
