//! A web application that onboards customers: a form, the hand-off to the vendor, its callback, the
//! person's return, and a status page.
//!
//! It contains no vendor's name: the configuration selects the vendor. `idv-flow` keeps the
//! verifications, and `idv-axum` serves vendors and returning browsers.
//!
//! ```sh
//! cargo run -p idv-examples --bin onboarding               # plays everything by itself, at each vendor of the sandbox
//! cargo run -p idv-examples --bin onboarding -- --serve    # serves a browser, with the sandbox's IDnow; --sandbox names another vendor
//! ```
//!
//! With `IDV_PROVIDER` and the variables of that vendor, or with `--config idv.toml`, `--serve`
//! uses the vendor itself. `--public` is then the application's public address, `--store` the file
//! with the flows, and `IDV_FLOW_KEY` (`openssl rand -hex 32`) the key that seals it.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example shows what it does"
)]

#[path = "onboarding/app.rs"]
mod app;
#[path = "onboarding/pages.rs"]
mod pages;
#[path = "onboarding/play.rs"]
mod play;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use idv::transport::SystemClock;
use idv::{Client, Clock, Config, Secret, Url};
use idv_examples::{Outcome, TestBed, vendors};
use idv_flow::store::{MemoryStore, SqliteStore};
use idv_flow::{Engine, EngineBuilder, Vault};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::App;

/// The number of workers.
const WORKERS: usize = 4;

/// The speed of the sandbox's clock when a person uses the application by hand.
const SPEED: f64 = 60.0;

#[tokio::main]
async fn main() -> Outcome {
    match Arguments::read(std::env::args().skip(1))? {
        None => play::all().await,
        Some(arguments) => serve(arguments).await,
    }
}

/// Serves until Ctrl-C.
async fn serve(arguments: Arguments) -> Outcome {
    let listener = TcpListener::bind(arguments.listen).await?;
    let base = match arguments.public {
        Some(url) => url,
        None => format!("http://{}", listener.local_addr()?).parse()?,
    };
    let builder = match &arguments.store {
        Some(file) => Engine::builder(SqliteStore::open(file).await?),
        None => Engine::builder(MemoryStore::new()),
    };
    let configured = match (&arguments.config, std::env::var_os("IDV_PROVIDER")) {
        (Some(file), _) => Some(toml::from_str(&std::fs::read_to_string(file)?)?),
        (None, Some(_)) => Some(Config::from_env(
            std::env::vars().filter(|(name, _)| !name.starts_with("IDV_FLOW_")),
        )?),
        (None, None) => None,
    };
    let (client, clock, test_bed) = match configured {
        Some(config) => (
            idv::connect(&config)?,
            Arc::new(SystemClock::new()) as Arc<dyn Clock>,
            None,
        ),
        None => {
            let test_bed = Arc::new(TestBed::start_at_speed(&arguments.sandbox, SPEED).await?);
            (test_bed.connect()?, test_bed.clock(), Some(test_bed))
        }
    };
    let app = open(builder, client, clock, &base, test_bed).await?;
    println!("open {base} in a browser; press Ctrl-C to stop");

    let (stop, stopped) = watch::channel(());
    let running = tokio::spawn(run(app, listener, stopped));
    tokio::signal::ctrl_c().await?;
    println!("stopping: completing the requests and steps under way");
    drop(stop);
    Ok(running.await??)
}

/// Opens the application over a store. In a test bed, it also sets the vendor's callback address,
/// as an operator does once in the vendor's panel.
async fn open(
    builder: EngineBuilder,
    client: Client,
    clock: Arc<dyn Clock>,
    base: &Url,
    test_bed: Option<Arc<TestBed>>,
) -> Outcome<App> {
    let vault = match std::env::var("IDV_FLOW_KEY") {
        Ok(key) => Vault::new(&Secret::from(key))?,
        Err(_) => Vault::plain(),
    };
    let provider = client.info().provider.to_string();
    if let Some(test_bed) = &test_bed {
        test_bed.report_to(&idv_axum::callback_url(base, &provider)?)?;
    }
    let flow = builder
        .client(client)
        .vault(vault)
        .clock(clock)
        .open()
        .await?;
    Ok(App {
        flow,
        provider,
        base: base.clone(),
        test_bed,
    })
}

/// Serves and works until `stop` is dropped, then completes the requests and steps under way.
async fn run(app: App, listener: TcpListener, stop: watch::Receiver<()>) -> std::io::Result<()> {
    let stopped = |mut stop: watch::Receiver<()>| async move {
        // The error that follows the drop of the sender is the signal.
        let _ = stop.changed().await;
    };
    let flow = app.flow.clone();
    let work = async { flow.run(WORKERS, stopped(stop.clone())).await };
    let serve = axum::serve(listener, app.router()).with_graceful_shutdown(stopped(stop.clone()));
    let (served, ()) = tokio::join!(serve.into_future(), work);
    served
}

/// The arguments after `--serve`.
struct Arguments {
    listen: SocketAddr,
    public: Option<Url>,
    config: Option<PathBuf>,
    sandbox: String,
    store: Option<PathBuf>,
}

impl Arguments {
    /// Parses the arguments; `None` without `--serve`.
    fn read(mut arguments: impl Iterator<Item = String>) -> Outcome<Option<Self>> {
        let mut read = Self {
            listen: ([127, 0, 0, 1], 8080).into(),
            public: None,
            config: None,
            sandbox: "idnow".to_owned(),
            store: None,
        };
        let mut serve = false;
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--serve" => serve = true,
                "--listen" => read.listen = value()?.parse()?,
                "--public" => read.public = Some(value()?.parse()?),
                "--config" => read.config = Some(value()?.into()),
                "--store" => read.store = Some(value()?.into()),
                "--sandbox" => {
                    let id = value()?;
                    let named = vendors().into_iter().find(|vendor| *vendor == id);
                    read.sandbox =
                        named.ok_or_else(|| format!("unknown vendor {id} in the sandbox"))?;
                }
                other => {
                    return Err(format!(
                        "unknown argument {other}; the first lines of the source list the arguments"
                    )
                    .into());
                }
            }
        }
        Ok(serve.then_some(read))
    }
}
