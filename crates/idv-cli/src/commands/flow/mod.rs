//! `idv flow`: verifications from their creation to their deletion, over a store.

mod accounts;
mod delete;
mod evidence;
mod list;
mod operator;
mod replay;
mod report;
mod retain;
mod run;
mod start;
mod status;

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use idv::transport::{ReqwestTransport, TransportOptions};
use idv_flow::store::{PostgresOptions, PostgresStore, SqliteStore};
use idv_flow::{Engine, FlowError, FlowId, StoreAddress};

use super::Run;
use crate::failure::{Exit, Failure};
use crate::output::{Output, note};
use crate::settings::Settings;
use crate::usage::Expected;

/// The time limit for a database that does not respond.
const WAIT: Duration = Duration::from_secs(10);

/// Runs verifications from their creation to their deletion, over a store.
#[derive(Args)]
pub(crate) struct FlowCommand {
    #[command(flatten)]
    store: StoreOption,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Store a request, let the vendor create the verification, and print the link for the person
    Start(Box<start::Start>),
    /// Run every step that becomes due, until interrupted
    Run(run::Run),
    /// Show the state of a flow
    Status(status::Status),
    /// List flows
    List(list::List),
    /// Print the final report of a flow
    Report(report::ReportCommand),
    /// List the stored evidence of a flow, or save it to a folder
    Evidence(evidence::EvidenceCommand),
    /// List what needs an operator, or carry out an operator's decision
    Operator(operator::Operator),
    /// Delete a flow's data at the vendor and in the store, and print the receipt
    Delete(delete::Delete),
    /// Change the retention of a flow's data
    Retain(retain::Retain),
    /// Send an event to the configured webhook again
    Replay(replay::Replay),
    /// Show the accounts with their mode, limits, calls under way and outages
    Accounts(accounts::Accounts),
    /// Stop all calls to an account's vendor
    Pause(accounts::Pause),
    /// Continue after a pause or a drain
    Resume(accounts::Resume),
    /// Refuse new flows at an account, and let the others finish
    Drain(accounts::Drain),
    /// Limit the calls of all programs together at an account
    Limit(accounts::Limit),
}

impl Run for FlowCommand {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let may_make = matches!(self.command, Command::Start(_) | Command::Run(_));
        let opening = Opening {
            settings,
            store: self.store.store.as_deref(),
            may_make,
        };
        if let Command::Run(command) = self.command {
            return command.run(&opening, output).await;
        }
        let opened = opening.open().await?;
        let flow = &opened.flow;
        let result = match self.command {
            Command::Start(command) => command.run(flow, output).await,
            Command::Run(_) => Ok(Exit::Done),
            Command::Status(command) => command.run(flow, output).await,
            Command::List(command) => command.run(flow, output).await,
            Command::Report(command) => command.run(flow, output).await,
            Command::Evidence(command) => command.run(flow, output).await,
            Command::Operator(command) => command.run(flow, output).await,
            Command::Delete(command) => command.run(flow, output).await,
            Command::Retain(command) => command.run(flow, output).await,
            Command::Replay(command) => command.run(flow, output).await,
            Command::Accounts(command) => command.run(flow, output).await,
            Command::Pause(command) => command.run(flow, output).await,
            Command::Resume(command) => command.run(flow, output).await,
            Command::Drain(command) => command.run(flow, output).await,
            Command::Limit(command) => command.run(flow, output).await,
        };
        opened.close().await;
        result
    }

    fn ends_by_interrupt(&self) -> bool {
        matches!(self.command, Command::Run(_))
    }
}

/// The option for the store.
#[derive(Args)]
pub(crate) struct StoreOption {
    /// The store: a file, or postgres://USER@HOST/DATABASE; the configured one if omitted
    #[arg(long, global = true, value_name = "STORE")]
    pub(crate) store: Option<String>,
}

/// Opens the store of a command.
pub(crate) struct Opening<'a> {
    pub(crate) settings: &'a Settings,
    /// The store of the command line.
    pub(crate) store: Option<&'a str>,
    /// Whether a missing file is created.
    pub(crate) may_make: bool,
}

/// An engine over a store.
pub(crate) struct Opened {
    pub(crate) flow: Engine,
    pub(crate) place: StoreAddress,
    store: Stores,
}

enum Stores {
    File(SqliteStore),
    Postgres(Box<PostgresStore>),
}

impl Opening<'_> {
    /// Opens the store. Prints a note on standard error if it has no key.
    pub(crate) async fn open(&self) -> Result<Opened, Failure> {
        let (config, clients) = self.settings.flows()?;
        let place = match self.store {
            Some(text) => StoreAddress::parse_public(text)?,
            None => config.store.clone().ok_or_else(|| {
                Failure::usage(
                    "no store: use --store FILE, `store = \"FILE\"` in the table `flow` of idv.toml, or IDV_FLOW_STORE",
                )
            })?,
        };
        // Checks the key before it creates a store.
        config.vault()?;
        let webhook = config.webhook()?;
        if let Some(path) = place.file().filter(|path| !self.may_make && !path.exists()) {
            return Err(Failure::usage(format!(
                "there is no store {}: `idv flow start` and `idv flow run` create one",
                path.display()
            )));
        }
        let failed = |error| Failure::from(FlowError::Store(error));
        let (store, builder) = match &place {
            StoreAddress::File(path) => {
                let store = SqliteStore::open(path).await.map_err(failed)?;
                (Stores::File(store.clone()), Engine::builder(store))
            }
            StoreAddress::Postgres(address) => {
                let store =
                    PostgresStore::connect_with(address, &PostgresOptions::default().wait(WAIT))
                        .await
                        .map_err(failed)?;
                (
                    Stores::Postgres(Box::new(store.clone())),
                    Engine::builder(store),
                )
            }
        };
        let mut builder = builder.accounts(clients).configured(&config)?;
        if let Some(webhook) = webhook {
            builder = builder.webhook(
                webhook,
                Arc::new(ReqwestTransport::new(TransportOptions::default())?),
            );
        }
        let flow = match builder.open().await {
            Ok(flow) => flow,
            Err(error) => {
                store.close().await;
                return Err(match error {
                    // The configured key is wrong or missing.
                    FlowError::Damaged(_) => {
                        Failure::usage(format!("{error}; check flow.key and flow.older_keys"))
                    }
                    error => error.into(),
                });
            }
        };
        if flow.is_plain() {
            note(
                "idv: the store has no key: personal data is stored in clear; `openssl rand -hex 32` generates a key for flow.key",
            );
        }
        Ok(Opened { flow, place, store })
    }
}

impl Opened {
    /// Closes the store.
    pub(crate) async fn close(&self) {
        self.store.close().await;
    }
}

impl Stores {
    async fn close(&self) {
        match self {
            Self::File(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

/// Parses the id of a flow.
pub(crate) fn flow_id(text: &str) -> Result<FlowId, Expected> {
    text.parse().map_err(|_: FlowError| {
        Expected::new("32 hexadecimal digits, as `idv flow list` prints them")
    })
}
