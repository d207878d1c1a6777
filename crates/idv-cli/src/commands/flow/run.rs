//! `idv flow run`.

use std::num::NonZeroUsize;
use std::pin::pin;

use clap::Args;
use serde_json::json;
use tokio::sync::oneshot;

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
    #[arg(long)]
    once: bool,
}

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
        say(
            output,
            &json!({
                "event": "started",
                "store": opened.place.to_string(),
                "providers": opened.flow.providers().collect::<Vec<_>>(),
                "workers": self.workers,
            }),
            &format!("works on {}; stop it with Ctrl-C", opened.place),
        )?;
        let (stop, stopped) = oneshot::channel::<()>();
        let flow = &opened.flow;
        let mut work = pin!(flow.run(self.workers.get(), async {
            // Whether it was told to stop, or whoever could tell it is gone, is the same.
            let _ = stopped.await;
        }));
        tokio::select! {
            () = &mut work => {}
            () = interrupt.come() => {}
        }
        let under_way = flow.tally().under_way;
        note(&format!(
            "idv: stopping; steps under way that are brought to their end: {under_way}; interrupt again to end at once"
        ));
        // Only the work listens, and it goes on until it is told.
        let _ = stop.send(());
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
