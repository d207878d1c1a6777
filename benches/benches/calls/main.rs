//! `client.poll` and `client.create` through the sandbox, compared with hand-written reqwest and
//! serde code that makes only the same vendor calls.
//!
//! With `--count WHAT SIDE N` the program makes N calls of one side only, to count instructions:
//! see `benches/instructions.sh`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

mod identity_tm;
mod idnow;

use std::sync::mpsc;
use std::time::Duration;

use idv_benches::{Comparison, print};
use idv_core::{Client, NewVerification};
use idv_sandbox::Sandbox;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // The vendors take turns: the create requests of one must run before the orders of another pile
    // up.
    let works = [idnow::work, identity_tm::work];

    if let Some(at) = arguments.iter().position(|argument| argument == "--count") {
        let [what, side, count] = &arguments[at + 1..at + 4] else {
            panic!("--count WHAT SIDE N")
        };
        let work = works.iter().find_map(|work| {
            work(&server, &runtime)
                .into_iter()
                .find(|work| work.what == what)
        });
        let Work {
            mut ours,
            mut baseline,
            ..
        } = work.expect("a vendor and poll or create, such as idnow-poll");
        let run = if side == "ours" {
            &mut ours
        } else {
            &mut baseline
        };
        (0..count.parse::<u32>().unwrap()).for_each(|_| run());
        return;
    }
    let rows: Vec<Comparison> = works
        .iter()
        .flat_map(|work| {
            work(&server, &runtime)
                .map(|work| Comparison::measure(work.name, 1.05, work.ours, work.baseline))
        })
        .collect();
    print(
        "calls through the sandbox, beside reqwest + serde by hand",
        &rows,
    );
}

/// A call, in two implementations.
struct Work<'a> {
    /// The name in the table.
    name: &'static str,
    /// The name for `--count`.
    what: &'static str,
    ours: Box<dyn FnMut() + 'a>,
    baseline: Box<dyn FnMut() + 'a>,
}

/// Returns the data about the person. A vendor may require more.
fn submitted(client: &Client) -> NewVerification {
    let mut new = NewVerification::new(client.reference());
    new.person.given_names = Some("Erika".into());
    new.person.family_name = Some("Mustermann".into());
    new.person.birth_date = Some(
        "1964-08-12"
            .parse::<idv_core::PartialDate>()
            .unwrap()
            .whole()
            .unwrap()
            .into(),
    );
    new.person.birth_place = Some("Berlin".into());
    new.contact.email = Some("erika@example.com".into());
    new
}

/// An action in the sandbox.
type Act = Box<dyn FnOnce(&Sandbox) + Send>;

/// The sandbox, on its own thread.
struct Server {
    idnow: String,
    identity_tm: String,
    acts: mpsc::Sender<Act>,
    acted: mpsc::Receiver<()>,
}

impl Server {
    fn start() -> Self {
        let (address, addresses) = mpsc::channel();
        let (acts, wanted) = mpsc::channel::<Act>();
        let (done, acted) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let sandbox = runtime
                .block_on(Sandbox::builder().speed(0.0).start())
                .unwrap();
            address
                .send((sandbox.idnow().base_url(), sandbox.identity_tm().base_url()))
                .unwrap();
            while let Ok(act) = wanted.recv() {
                act(&sandbox);
                runtime.block_on(sandbox.clock().advance(Duration::from_secs(3600)));
                done.send(()).unwrap();
            }
        });
        let (idnow, identity_tm) = addresses.recv().unwrap();
        Self {
            idnow,
            identity_tm,
            acts,
            acted,
        }
    }

    /// Has the person act, and waits until every effect has occurred.
    fn finish(&self, act: impl FnOnce(&Sandbox) + Send + 'static) {
        self.acts.send(Box::new(act)).unwrap();
        self.acted.recv().unwrap();
    }
}
