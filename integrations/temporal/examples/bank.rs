//! A bank's web application with two workers, the sandbox of a vendor, and a development server.
//!
//! Start a development server with the search attributes, then the example:
//!
//! ```text
//! temporal server start-dev --headless --search-attribute IdvProvider=Keyword \
//!     --search-attribute IdvPhase=Keyword --search-attribute IdvOutcome=Keyword
//! cargo run --example bank -- http://127.0.0.1:7233
//! ```
//!
//! The application starts a verification and receives the vendor's callbacks; the workers call the
//! vendor. In production, each of the three is a program of its own.

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use idv::transport::{SystemClock, TransportOptions};
use idv::{Config, NewVerification, Outcome, Secret, Timestamp};
use idv_axum::Options;
use idv_flow::store::SqliteStore;
use idv_flow::{Engine, Schedule, Vault};
use idv_sandbox::Sandbox;
use idv_temporal::temporalio_client::{Connection, ConnectionOptions, Url};
use idv_temporal::{Host, HostOptions, QueueLimits, WorkerSettings};

type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The configuration that each program of the bank reads.
#[derive(Clone)]
struct Program {
    server: Url,
    store: std::path::PathBuf,
    vendor: Vec<(String, String)>,
}

impl Program {
    async fn host(&self) -> Result<Host> {
        let environment = idv::transport::environment(TransportOptions::default())?;
        let client = idv::connect_in(&Config::from_env(self.vendor.clone())?, environment)?;
        let schedule = Schedule::of(client.info()).interval(Duration::from_secs(1));
        let key = Secret::new("000102030405060708090a0b0c0d0e0f".repeat(2));
        let account = client.info().provider.to_string();
        let builder = Engine::builder(SqliteStore::open(&self.store).await?)
            .vault(Vault::new(&key)?)
            .clock(std::sync::Arc::new(SystemClock::new()))
            .schedule(account, schedule)
            .client(client)
            .on_change(|_, event| async move {
                println!("flow {}: {}", event.flow, event.kind.name());
                Ok(())
            });
        let connection = Connection::connect(ConnectionOptions::new(self.server.clone()).build());
        Ok(Host::open(builder, connection.await?, HostOptions::new()).await?)
    }

    /// Runs a worker in a thread, until the process ends.
    fn worker(&self) {
        let program = self.clone();
        std::thread::spawn(move || -> Result {
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(async {
                let settings = WorkerSettings::new()
                    .limits("idnow", QueueLimits::new().calls(10).per_second(20.0));
                let host = program.host().await?;
                Ok(host.run(&settings, std::future::pending()).await?)
            })
        });
    }
}

#[tokio::main]
async fn main() -> Result {
    let server = std::env::args()
        .nth(1)
        .ok_or("the address of a server is missing")?;
    let folder = tempfile::tempdir()?;
    let sandbox = Sandbox::builder()
        .speed(600.0)
        .start_time(Timestamp::now())
        .start()
        .await?;
    let program = Program {
        server: server.parse()?,
        store: Path::join(folder.path(), "bank.db"),
        vendor: sandbox.settings("idnow"),
    };
    program.worker();
    program.worker();

    let host = program.host().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = idv_axum::routes(host.engine(), &Options::new());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let vendor = sandbox.vendor("idnow")?;
    vendor.report_to(&format!("http://{address}/callbacks/idnow"))?;

    let mut new = NewVerification::new(host.engine().reference());
    new.person.given_names = Some("Erika".into());
    new.person.family_name = Some("Mustermann".into());
    let started = host.start(new).await?;
    host.engine().wait_for_hand_off(started.id).await?;
    println!("the person follows the link");
    let id = vendor.ids().pop().ok_or("the vendor has no verification")?;
    vendor.act(&id, "happy")?;
    while !host.engine().status(started.id).await?.is_verified() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let plan = host
        .plan(started.id)
        .await?
        .ok_or("the workflow has no plan")?;
    println!(
        "the workflow's status: {:?}, {:?}",
        plan.phase, plan.outcome
    );
    assert_eq!(plan.outcome.unwrap_or(Outcome::Verified), Outcome::Verified);
    Ok(())
}
