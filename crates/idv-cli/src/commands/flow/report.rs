//! `idv flow report`.

use clap::Args;
use idv_flow::store::Phase;
use idv_flow::{Engine, FlowId};
use serde_json::json;

use super::flow_id;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::words;

/// Prints the final report of a flow, with the person's data in clear.
///
/// Exits with 5 if there is no report yet, and with 1 if there will be none.
#[derive(Args)]
pub(crate) struct ReportCommand {
    /// The flow
    #[arg(value_parser = flow_id)]
    id: FlowId,

    /// Print every stored report with its outcome, to resolve a dispute
    #[arg(long)]
    all: bool,
}

impl ReportCommand {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        if self.all {
            return self.all(flow, output).await;
        }
        let Some(report) = flow.report(self.id).await? else {
            let status = flow.status(self.id).await?;
            return Err(match status.phase {
                _ if status.disputed => Failure::new(
                    Exit::Open,
                    "the outcome is disputed: --all prints the vendor's reports",
                ),
                Phase::Creating | Phase::Open => Failure::new(Exit::Open, "there is no report yet"),
                Phase::Erased => {
                    Failure::new(Exit::Failed, "the report was erased with the flow's data")
                }
                _ => Failure::new(Exit::Failed, "the verification ended without a report"),
            });
        };
        output.answer(&report, words::report)?;
        Ok(Exit::Done)
    }

    async fn all(&self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let reports = flow.reports(self.id).await?;
        let json: Vec<_> = reports
            .iter()
            .map(|(outcome, report)| json!({ "outcome": outcome, "report": report }))
            .collect();
        output.answer(&json, |_| {
            let one = |(outcome, report): &(Option<idv::Outcome>, idv::report::Report)| {
                format!(
                    "outcome: {}\n{}",
                    outcome.map_or("-", idv::Outcome::name),
                    words::report(report)
                )
            };
            reports.iter().map(one).collect::<Vec<_>>().join("\n")
        })?;
        Ok(Exit::Done)
    }
}
