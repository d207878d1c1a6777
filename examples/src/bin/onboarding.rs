//! A web application that onboards customers: a form, the hand-off to the vendor, its callback, the person's return, and a status page.
//!
//! It knows no vendor: which one verifies is configuration alone. What lasts is left to `idv-flow`, and what vendors and browsers send to
//! `idv-axum`.
//!
//! ```sh
//! cargo run -p idv-examples --bin onboarding               # plays it all by itself, at each vendor of the sandbox
//! cargo run -p idv-examples --bin onboarding -- --serve    # for a browser, at the sandbox's IDnow; --sandbox names another vendor
//! ```
//!
//! With `IDV_PROVIDER` and the variables of that vendor, or `--config idv.toml`, `--serve` is the real thing: `--public` is then the address
//! that the world knows it by, `--store` the file that flows are kept in, and `IDV_FLOW_KEY` (`openssl rand -hex 32`) the key that seals it.

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
use idv_examples::{Outcome, Town, vendors};
use idv_flow::store::{MemoryStore, SqliteStore};
use idv_flow::{Engine, EngineBuilder, Vault};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::App;

/// How many things are worked off at the same time.
const WORKERS: usize = 4;

/// How many seconds of the sandbox pass in one for somebody who tries it by hand.
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
    let (client, clock, town) = match configured {
        Some(config) => (
            idv::connect(&config)?,
            Arc::new(SystemClock::new()) as Arc<dyn Clock>,
            None,
        ),
        None => {
            let town = Arc::new(Town::begin_at_speed(&arguments.sandbox, SPEED).await?);
            (town.connect()?, town.clock(), Some(town))
        }
    };
    let app = open(builder, client, clock, &base, town).await?;
    println!("open {base} in a browser; Ctrl-C ends it");

    let (stop, stopped) = watch::channel(());
    let running = tokio::spawn(run(app, listener, stopped));
    tokio::signal::ctrl_c().await?;
    println!("stopping: what is under way is brought to its end");
    drop(stop);
    Ok(running.await??)
}

/// The application over a store. In a town, the vendor is told where to report to, as somebody does in its panel once.
async fn open(
    builder: EngineBuilder,
    client: Client,
    clock: Arc<dyn Clock>,
    base: &Url,
    town: Option<Arc<Town>>,
) -> Outcome<App> {
    let vault = match std::env::var("IDV_FLOW_KEY") {
        Ok(key) => Vault::new(&Secret::from(key))?,
        Err(_) => Vault::plain(),
    };
    let provider = client.info().provider.to_string();
    if let Some(town) = &town {
        town.report_to(&idv_axum::callback_url(base, &provider)?)?;
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
        town,
    })
}

/// Serves and works until `stop` is dropped. Requests and steps that are under way then are brought to their end.
async fn run(app: App, listener: TcpListener, stop: watch::Receiver<()>) -> std::io::Result<()> {
    let stopped = |mut stop: watch::Receiver<()>| async move {
        // It fails once the sender is dropped, which is what is waited for.
        let _ = stop.changed().await;
    };
    let flow = app.flow.clone();
    let work = async { flow.run(WORKERS, stopped(stop.clone())).await };
    let serve = axum::serve(listener, app.router()).with_graceful_shutdown(stopped(stop.clone()));
    let (served, ()) = tokio::join!(serve.into_future(), work);
    served
}

/// What `--serve` is told.
struct Arguments {
    listen: SocketAddr,
    public: Option<Url>,
    config: Option<PathBuf>,
    sandbox: String,
    store: Option<PathBuf>,
}

impl Arguments {
    /// None where it is to play by itself.
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
                        named.ok_or_else(|| format!("the sandbox has no vendor {id}"))?;
                }
                other => {
                    return Err(format!("there is no argument {other}; the first lines of the source say which there are").into());
                }
            }
        }
        Ok(serve.then_some(read))
    }
}
