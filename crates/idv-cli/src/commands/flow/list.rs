//! `idv flow list`.

use clap::Args;
use idv::Timestamp;
use idv_flow::store::{Filter, ListCursor, ListOrder, Phase};
use idv_flow::{Engine, FlowId, FlowStatus};

use super::flow_id;
use super::status::state;
use crate::failure::{Exit, Failure};
use crate::output::{Cell, Mark, Output, json_line, plain, table, text};
use crate::progress::Progress;
use crate::usage::Expected;

/// The number of flows per page.
const PAGE: usize = 500;

/// Lists flows. Prints an array with --json; with --lines one JSON object per line, as the flows
/// are read.
#[derive(Args)]
pub(crate) struct List {
    /// Only flows in this phase: creating, open, done, refused, erased
    #[arg(long, value_parser = phase)]
    phase: Option<Phase>,

    /// Only flows at this provider
    #[arg(long)]
    provider: Option<String>,

    /// Only flows of this account
    #[arg(long)]
    account: Option<String>,

    /// Only flows of this tenant
    #[arg(long)]
    tenant: Option<String>,

    /// The order: id, created (time of the start), phase (time at which the phase began)
    #[arg(long, value_name = "ORDER", value_parser = order, default_value = "id")]
    order: ListOrder,

    /// Only flows that need an operator
    #[arg(long)]
    attention: bool,

    /// Only flows after this one, by id
    #[arg(long, value_name = "ID", value_parser = flow_id, conflicts_with = "since")]
    after: Option<FlowId>,

    /// Only flows with this time or a later one, in an order by time
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,

    /// Print one JSON object per line
    #[arg(long)]
    lines: bool,

    /// Stop after this many flows
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl List {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let mut filter = Filter::all();
        filter.phase = self.phase;
        filter.provider = self.provider;
        (filter.account, filter.tenant, filter.order) = (self.account, self.tenant, self.order);
        if filter.order != ListOrder::Id && self.after.is_some()
            || filter.order == ListOrder::Id && self.since.is_some()
        {
            return Err(Failure::usage(
                "--after requires --order id, and --since requires --order created or phase",
            ));
        }
        filter.attention = self.attention;
        let mut left = self.limit.unwrap_or(usize::MAX);
        let mut after = self
            .after
            .map(ListCursor::from)
            .or_else(|| self.since.map(ListCursor::from_time));
        let mut listed: Vec<FlowStatus> = Vec::new();
        let progress = if self.lines {
            Progress::beside_lines("listing")
        } else {
            Progress::begin("listing")
        };
        let mut read = 0;
        while left > 0 {
            let page = flow.list(&filter, after, PAGE.min(left)).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.cursor(filter.order));
            read += page.len();
            progress.show(&format!("listing: {read}"));
            left -= page.len().min(left);
            if self.lines {
                page.iter().try_for_each(json_line)?;
            } else {
                listed.extend(page);
            }
        }
        progress.end();
        if self.lines {
            return Ok(Exit::Done);
        }
        if listed.is_empty() && !output.is_json() {
            text("no flows")?;
            return Ok(Exit::Done);
        }
        output.answer(&listed, |listed| {
            let mut lines = table(&[
                "flow",
                "provider",
                "phase",
                "state",
                "needs operator",
                "next step at",
                "since",
            ]);
            lines.add_rows(listed.iter().map(|status| {
                [
                    status.id.to_string().into(),
                    status.provider.clone().into(),
                    status.phase.to_string().into(),
                    state(status),
                    status.attention.as_ref().map_or_else(
                        || Cell::from("-"),
                        |attention| Mark::Open.on(attention.name()),
                    ),
                    status
                        .due
                        .map_or_else(|| "-".into(), |due| due.to_string().into()),
                    status.since.to_string().into(),
                ]
            }));
            plain(&lines)
        })?;
        Ok(Exit::Done)
    }
}

fn phase(word: &str) -> Result<Phase, Expected> {
    Phase::named(word).ok_or_else(|| {
        let names: Vec<&str> = Phase::ALL.iter().map(|phase| phase.name()).collect();
        Expected::new(format!("one of {}", names.join(", ")))
    })
}

fn order(word: &str) -> Result<ListOrder, Expected> {
    match word {
        "id" => Ok(ListOrder::Id),
        "created" => Ok(ListOrder::CreatedAt),
        "phase" => Ok(ListOrder::PhaseSince),
        _ => Err(Expected::new("one of id, created, phase")),
    }
}
