//! `idv flow run`.

use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::time::Duration;

use clap::Args;
use idv_flow::Flow;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Opened, Opening};
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::{Output, json_line, note, text};

/// Works off what becomes due, until it is interrupted. Any number may run over one store, a file's on one machine.
///
/// At the first Ctrl-C, or SIGTERM, what is under way is brought to its end, which takes no longer than a call; at the second it ends
/// at once, and what was under way is picked up when its lease has run out. With --json one object is printed per line.
#[derive(Args)]
pub(crate) struct Run {
    /// How many steps are under way at the most
    #[arg(long, default_value = "8", value_name = "N")]
    workers: NonZeroUsize,

    /// Work off what is due now, one after the other, and end
    #[arg(long, conflicts_with = "listen")]
    once: bool,

    /// Serve the vendors' callbacks at /callbacks/PROVIDER, people's returns at /returns/PROVIDER, and /health here, by plain HTTP:
    /// for a server in front that does TLS, and logs no address
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// How long requests that are under way at the end may take: what the routes give a body to arrive, and the store to take it in.
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
        let listens = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        say(
            output,
            &json!({
                "event": "started",
                "store": opened.place.to_string(),
                "providers": opened.flow.providers().collect::<Vec<_>>(),
                "workers": self.workers,
                "listen": listens,
            }),
            &match listens {
                Some(address) => format!("works on {}, and listens on http://{address}; stop it with Ctrl-C", opened.place),
                None => format!("works on {}; stop it with Ctrl-C", opened.place),
            },
        )?;
        let flow = &opened.flow;
        let (stop, stopped) = watch::channel(false);
        let mut work = pin!(async {
            let serving = serve(listener, flow, told(stopped.clone()));
            let ((), ()) = tokio::join!(flow.run(self.workers.get(), told(stopped.clone())), serving);
        });
        tokio::select! {
            () = &mut work => {}
            () = interrupt.come() => {}
        }
        let under_way = flow.tally().under_way;
        note(&format!(
            "idv: stopping; steps under way that are brought to their end: {under_way}; interrupt again to end at once"
        ));
        // The work listens as long as it goes on.
        let _ = stop.send(true);
        tokio::select! {
            () = &mut work => {}
            () = interrupt.come() => return Ok(Exit::Interrupted),
        }
        let done = flow.tally().done;
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
    TcpListener::bind(address).await.map_err(|error| Failure::usage(format!("cannot listen on {address}: {error}")))
}

/// Serves the routes until it is told to stop, and what has begun then to its end.
async fn serve(listener: Option<TcpListener>, flow: &Flow, stop: impl Future<Output = ()> + Send + 'static) {
    let Some(listener) = listener else { return };
    let routes = idv_axum::routes(flow, &idv_axum::Options::new());
    let (tell, mut last) = watch::channel(false);
    let stop = async move {
        stop.await;
        // Whether anybody waits for it is not the server's affair.
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

/// Waits until it is told to stop, or whoever could tell is gone.
async fn told(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn once(opened: Opened, interrupt: &mut Interrupt, output: Output) -> Result<Exit, Failure> {
    let done = tokio::select! {
        done = opened.flow.run_due() => done?,
        () = interrupt.come() => return Ok(Exit::Interrupted),
    };
    say(
        output,
        &json!({ "event": "stopped", "under_way": 0, "done": done }),
        &format!("nothing more is due; steps done: {done}"),
    )?;
    opened.close().await;
    Ok(Exit::Done)
}

fn say(output: Output, json: &serde_json::Value, people: &str) -> Result<(), Failure> {
    if output.is_json() { json_line(json) } else { text(people) }
}
