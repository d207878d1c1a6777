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

/// Runs every step that becomes due, until it is interrupted. Any number of programs may run over one store; for a file, on one machine.
///
/// The first Ctrl-C or SIGTERM lets the steps under way end, which takes no longer than a call. The second ends the program at once;
/// another worker takes the steps over when their lease has expired. With --json it prints one object per line.
#[derive(Args)]
pub(crate) struct Run {
    /// The maximum number of steps under way
    #[arg(long, default_value = "8", value_name = "N")]
    workers: NonZeroUsize,

    /// Run the steps that are due now, one after the other, and end
    #[arg(long, conflicts_with = "listen")]
    once: bool,

    /// Serve the vendors' callbacks at /callbacks/PROVIDER, people's returns at /returns/PROVIDER, and /health here, by plain HTTP:
    /// for a server in front that does TLS, and logs no address
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// The interval at which the number of steps is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(250);

/// The time for requests under way at the end: that of the routes for a body to arrive and for the store to take it.
const LAST_REQUESTS: Duration = Duration::from_secs(25);

impl Run {
    pub(crate) async fn run(self, opening: &Opening<'_>, output: Output) -> Result<Exit, Failure> {
        let mut interrupt = Interrupt::listen();
        let opened = tokio::select! {
            opened = opening.open() => opened?,
            () = interrupt.come() => return Ok(Exit::Interrupted),
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
        say(
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
                    "works on {}, and listens on http://{address}; stop it with Ctrl-C",
                    opened.place
                ),
                None => format!("works on {}; stop it with Ctrl-C", opened.place),
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
            () = interrupt.come() => {}
        }
        let under_way = flow.worker_stats().under_way;
        note(&format!(
            "idv: stopping; steps under way that are brought to their end: {under_way}; interrupt again to end at once"
        ));
        // The work listens as long as it goes on.
        let _ = stop.send(true);
        tokio::select! {
            () = &mut work => {}
            () = interrupt.come() => return Ok(Exit::Interrupted),
        }
        let done = flow.worker_stats().done;
        say(
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

/// Serves the routes until `stop` completes, then ends the requests under way.
async fn serve(
    listener: Option<TcpListener>,
    flow: &Engine,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let Some(listener) = listener else { return };
    let routes = idv_axum::routes(flow, &idv_axum::Options::new());
    let (tell, mut last) = watch::channel(false);
    let stop = async move {
        stop.await;
        // Without a receiver the server has ended already.
        let _ = tell.send(true);
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
        () = interrupt.come() => return Ok(Exit::Interrupted),
        () = show => return Ok(Exit::Done),
    };
    progress.end();
    say(
        output,
        &json!({ "event": "stopped", "under_way": 0, "done": done }),
        &format!("nothing more is due; steps done: {done}"),
    )?;
    opened.close().await;
    Ok(Exit::Done)
}

fn say(output: Output, json: &serde_json::Value, people: &str) -> Result<(), Failure> {
    if output.is_json() {
        json_line(json)
    } else {
        text(people)
    }
}
