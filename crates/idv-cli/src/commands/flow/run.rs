//! `idv flow run`.

use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::time::Duration;

use clap::Args;
use idv_flow::Engine;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Opened, Opening};
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::{Output, json_line, note, text};
use crate::progress::Progress;

/// Runs every step that becomes due, until it is interrupted. Several programs may share one store;
/// a file only on one machine.
///
/// The first Ctrl-C or SIGTERM completes the steps under way, which takes no longer than a call.
/// The second one ends the program at once; another worker takes over its steps when their lease
/// expires. With --json it prints one object per line.
#[derive(Args)]
pub(crate) struct Run {
    /// The maximum number of concurrent steps
    #[arg(long, default_value = "8", value_name = "N")]
    workers: NonZeroUsize,

    /// Run the steps that are due now, one after the other, and exit
    #[arg(long, conflicts_with = "listen")]
    once: bool,

    /// Serve the vendors' callbacks at /callbacks/PROVIDER, people's returns at /returns/PROVIDER,
    /// and /health at this address, by plain HTTP, behind a proxy that terminates TLS and does not
    /// log addresses
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// The interval at which the number of steps is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(250);

/// The time for requests under way at the end: the routes' time limits for the body and for the
/// store.
const LAST_REQUESTS: Duration = Duration::from_secs(25);

impl Run {
    pub(crate) async fn run(self, opening: &Opening<'_>, output: Output) -> Result<Exit, Failure> {
        let mut interrupt = Interrupt::listen();
        let opened = tokio::select! {
            opened = opening.open() => opened?,
            () = interrupt.wait() => return Ok(Exit::Interrupted),
        };
        if self.once {
            return once(opened, &mut interrupt, output).await;
        }
        let listener = match self.listen {
            Some(address) => Some(listener(address).await?),
            None => None,
        };
        let listens = listener
            .as_ref()
            .and_then(|listener| listener.local_addr().ok());
        print(
            output,
            &json!({
                "event": "started",
                "store": opened.place.to_string(),
                "providers": opened.flow.accounts().collect::<Vec<_>>(),
                "workers": self.workers,
                "listen": listens,
            }),
            &match listens {
                Some(address) => format!(
                    "working on {}, listening on http://{address}; press Ctrl-C to stop",
                    opened.place
                ),
                None => format!("working on {}; press Ctrl-C to stop", opened.place),
            },
        )?;
        let flow = &opened.flow;
        let (stop, stopped) = watch::channel(false);
        let mut work = pin!(async {
            let serving = serve(listener, flow, wait(stopped.clone()));
            let ((), ()) =
                tokio::join!(flow.run(self.workers.get(), wait(stopped.clone())), serving);
        });
        tokio::select! {
            () = &mut work => {}
            () = interrupt.wait() => {}
        }
        let under_way = flow.worker_stats().under_way;
        note(&format!(
            "idv: stopping; steps to complete: {under_way}; interrupt again to stop at once"
        ));
        // The workers listen for as long as they run.
        let _ = stop.send(true);
        tokio::select! {
            () = &mut work => {}
            () = interrupt.wait() => return Ok(Exit::Interrupted),
        }
        let done = flow.worker_stats().done;
        print(
            output,
            &json!({ "event": "stopped", "under_way": under_way, "done": done }),
            &format!("stopped; steps done: {done}"),
        )?;
        opened.close().await;
        Ok(Exit::Done)
    }
}

async fn listener(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Failure::usage(format!("cannot listen on {address}: {error}")))
}

/// Serves the routes until `stop` completes, then completes the requests under way.
async fn serve(
    listener: Option<TcpListener>,
    flow: &Engine,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let Some(listener) = listener else { return };
    let routes = idv_axum::routes(flow, &idv_axum::Options::new());
    let (sender, mut last) = watch::channel(false);
    let stop = async move {
        stop.await;
        // Without a receiver the server has already ended.
        let _ = sender.send(true);
    };
    let late = async {
        let _ = last.wait_for(|last| *last).await;
        tokio::time::sleep(LAST_REQUESTS).await;
    };
    tokio::select! {
        () = idv_axum::serve(listener, routes, idv_axum::Limits::default(), stop) => {}
        () = late => {}
    }
}

/// Waits for the signal to stop, or for the end of its sender.
async fn wait(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn once(opened: Opened, interrupt: &mut Interrupt, output: Output) -> Result<Exit, Failure> {
    let progress = Progress::begin("working");
    let show = async {
        loop {
            tokio::time::sleep(SHOWN_EVERY).await;
            progress.show(&format!("steps done: {}", opened.flow.worker_stats().done));
        }
    };
    let done = tokio::select! {
        done = opened.flow.run_due() => done?,
        () = interrupt.wait() => return Ok(Exit::Interrupted),
        () = show => return Ok(Exit::Done),
    };
    progress.end();
    print(
        output,
        &json!({ "event": "stopped", "under_way": 0, "done": done }),
        &format!("no more steps are due; steps done: {done}"),
    )?;
    opened.close().await;
    Ok(Exit::Done)
}

fn print(output: Output, json: &serde_json::Value, people: &str) -> Result<(), Failure> {
    if output.is_json() {
        json_line(json)
    } else {
        text(people)
    }
}
