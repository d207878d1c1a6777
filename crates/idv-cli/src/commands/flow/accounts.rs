//! `idv flow accounts`, `pause`, `resume`, `drain` and `limit`.

use clap::Args;
use idv_flow::{AccountLimits, AccountMode, AccountStatus, Engine};

use crate::failure::{Exit, Failure};
use crate::output::{Cell, Mark, Output, plain, table};

/// Shows each account: whether it is paused or drained, its limits, the calls that are under way,
/// and whether its vendor is down. With an account, that one only. The columns hold for all
/// programs over the store.
#[derive(Args)]
pub(crate) struct Accounts {
    /// The account; every one if omitted
    account: Option<String>,
}

/// Stops all calls to an account's vendor, by every program within 5 seconds. Its flows wait, with
/// their deletion; callbacks are still taken. Calls under way end normally.
#[derive(Args)]
pub(crate) struct Pause {
    #[command(flatten)]
    change: Change,
}

/// Ends a pause or a drain of an account.
#[derive(Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    change: Change,
}

/// Refuses new flows at an account, and lets the others finish. Ends a pause.
#[derive(Args)]
pub(crate) struct Drain {
    #[command(flatten)]
    change: Change,
}

/// Limits the calls of all programs together at an account, in place of the limits of the
/// configuration. The options replace the whole earlier setting: without any of them there is no
/// limit.
#[derive(Args)]
pub(crate) struct Limit {
    #[command(flatten)]
    change: Change,

    /// The number of calls that may start in each second
    #[arg(long, value_name = "N", conflicts_with = "per_minute")]
    per_second: Option<u32>,

    /// The number of calls that may start in each minute
    #[arg(long, value_name = "N")]
    per_minute: Option<u32>,

    /// The number of calls that may be under way at the same time
    #[arg(long, value_name = "N")]
    concurrent: Option<u32>,

    /// Return to the limits of the configuration
    #[arg(long, conflicts_with_all = ["per_second", "per_minute", "concurrent"])]
    reset: bool,
}

/// The account that an operator changes.
#[derive(Args)]
struct Change {
    /// The account
    account: String,

    /// The operator's account, which is remembered with the change
    #[arg(long, value_name = "NAME")]
    by: String,
}

impl Accounts {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let mut statuses = Vec::new();
        match &self.account {
            Some(account) => statuses.push(flow.account_status(account).await?),
            None => {
                for account in flow.accounts() {
                    statuses.push(flow.account_status(account).await?);
                }
            }
        }
        print(&statuses, output)
    }
}

impl Pause {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let Change { account, by } = self.change;
        print(&[flow.pause_account(&account, &by).await?], output)
    }
}

impl Resume {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let Change { account, by } = self.change;
        print(&[flow.resume_account(&account, &by).await?], output)
    }
}

impl Drain {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let Change { account, by } = self.change;
        print(&[flow.drain_account(&account, &by).await?], output)
    }
}

impl Limit {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let Change { account, by } = &self.change;
        let status = flow.limit_account(account, self.limits(), by).await?;
        print(&[status], output)
    }

    /// Returns the limits; `None` for those of the configuration.
    fn limits(&self) -> Option<AccountLimits> {
        let mut limits = AccountLimits::none();
        if let Some(calls) = self.per_second {
            limits = limits.per_second(calls);
        }
        if let Some(calls) = self.per_minute {
            limits = limits.per_minute(calls);
        }
        if let Some(calls) = self.concurrent {
            limits = limits.concurrent(calls);
        }
        (!self.reset).then_some(limits)
    }
}

fn print(statuses: &[AccountStatus], output: Output) -> Result<Exit, Failure> {
    output.answer(&statuses, |statuses| {
        let mut lines = table(&[
            "account",
            "provider",
            "mode",
            "rate",
            "concurrent",
            "calls under way",
            "vendor",
            "so since",
            "by",
        ]);
        lines.add_rows(statuses.iter().map(row));
        plain(&lines)
    })?;
    Ok(Exit::Done)
}

fn row(status: &AccountStatus) -> [Cell; 9] {
    let or_none = |text: Option<String>| text.map_or_else(|| Cell::from("-"), Cell::from);
    let rate = |rate: idv_flow::RateLimit| match rate.per.as_millis() {
        1_000 => format!("{}/s", rate.calls),
        60_000 => format!("{}/min", rate.calls),
        millis => format!("{}/{millis} ms", rate.calls),
    };
    let mode = match status.mode {
        AccountMode::Active => Mark::Good.on(status.mode.name()),
        mode => Mark::Open.on(mode.name()),
    };
    let vendor = match &status.circuit {
        Some(circuit) => Mark::Bad.on(&format!("down since {}", circuit.open_since)),
        None => Cell::from("-"),
    };
    [
        status.account.clone().into(),
        status.provider.clone().into(),
        mode,
        or_none(status.limits.rate.map(rate)),
        or_none(status.limits.concurrent.map(|calls| calls.to_string())),
        status.in_flight.to_string().into(),
        vendor,
        or_none(status.since.map(|since| since.to_string())),
        or_none(status.history.last().map(|change| change.by.clone())),
    ]
}
