//! A company that verifies people with the program: a sandbox with a fast clock, and a store.

#![allow(
    clippy::print_stdout,
    reason = "the seed is printed, so that a failure can be reproduced"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use idv_sandbox::{Fault, FaultKind, Sandbox};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{Place, Ran};

/// The key of the stores.
pub(crate) const KEY: &str = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2";

/// A generous time limit, which only passes if a program hangs.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// A working directory that is configured for a sandbox and a store.
pub(crate) struct Company {
    pub(crate) place: Place,
    pub(crate) sandbox: Sandbox,
    pub(crate) runtime: Runtime,
}

impl Company {
    /// Creates a company with these providers, the first of which is the default. `store` is the
    /// store of the table of flows, and `more` follows it.
    pub(crate) fn new(providers: &[&str], store: &str, more: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        // The sandbox's clock starts a day ago and catches up, since tokens that carry this
        // machine's time must be valid there.
        let begin = jiff::Timestamp::now()
            .saturating_sub(jiff::SignedDuration::from_hours(48))
            .unwrap();
        let sandbox = runtime
            .block_on(Sandbox::builder().start_time(begin).speed(900.0).start())
            .unwrap();
        sandbox
            .cm_id_scan()
            .configure(|account| account.clock_skew_seconds = 3 * 24 * 3600)
            .unwrap();
        let mut place = Place::new();
        place.set("KEY", KEY);
        let (cm, identify24, tm, idnow) = (
            sandbox.cm_id_scan(),
            sandbox.identify24(),
            sandbox.identity_tm(),
            sandbox.idnow(),
        );
        for (name, secret) in [
            ("CM", cm.secret()),
            ("I24", identify24.api_key()),
            ("TM", tm.password()),
            ("IDNOW", idnow.api_key()),
        ] {
            place.set(name, secret);
        }
        let words = "Aborted = awaiting_person, InReview = in_review, FraudSuspected = in_review, Identified = verified, \
                     Rejected = rejected, Canceled = canceled, Expired = expired";
        let text = format!(
            "provider = {:?}
[cm-id-scan]
key_id = {:?}
base_url = \"{}/id-scan/v1/\"
secret = {{ env = \"CM\" }}
[identify24]
partner = {:?}
project_id = {:?}
base_url = {:?}
statuses = {words:?}
api_key = {{ env = \"I24\" }}
[identity-tm]
user = {:?}
base_url = {:?}
password = {{ env = \"TM\" }}
[idnow]
company = {:?}
gateway_url = {:?}
go_url = {:?}
api_key = {{ env = \"IDNOW\" }}
[calls]
deadline_ms = 20000
attempt_timeout_ms = 15000
[flow]
also = {:?}
key = {{ env = \"KEY\" }}
store = {store:?}
{more}
",
            providers[0],
            cm.key_id(),
            cm.base_url(),
            identify24.partner(),
            identify24.project_id(),
            identify24.base_url(),
            tm.user(),
            tm.base_url(),
            idnow.company_id(),
            idnow.base_url(),
            idnow.base_url(),
            &providers[1..],
        );
        place.write("idv.toml", text);
        place.config = Some("idv.toml");
        place.write(
            "person.json",
            r#"{"person": {"given_names": "Erika", "family_name": "Mustermann", "birth_date": "1982-05-22", "birth_place": "Berlin",
                "nationality": "DE", "gender": "female", "address": {"street": "Heidestrasse", "house_number": "17",
                "postal_code": "51147", "city": "Köln", "country": "DE"}},
                "contact": {"email": "erika@example.com", "phone": "+4915123456789"}, "locale": "de"}"#,
        );
        Self {
            place,
            sandbox,
            runtime,
        }
    }

    /// Sets the time limits of an operation and of one attempt, in milliseconds.
    pub(crate) fn set_timeouts(&self, deadline: u32, attempt: u32) {
        let text = std::fs::read_to_string(self.place.folder.path().join("idv.toml")).unwrap();
        let text = text.replace("deadline_ms = 20000", &format!("deadline_ms = {deadline}"));
        self.place.write(
            "idv.toml",
            text.replace(
                "attempt_timeout_ms = 15000",
                &format!("attempt_timeout_ms = {attempt}"),
            ),
        );
    }

    /// Delays every response of the vendors, so that a test can interrupt a call.
    pub(crate) fn slow_down(&self, milliseconds: u64) {
        self.sandbox
            .plan(Fault::new(FaultKind::Delay(milliseconds)).times(u32::MAX));
    }

    /// Runs a command and parses its result.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        self.run(arguments).json()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.place.run(&[arguments, &["--json"]].concat())
    }

    /// Starts a flow, as an application does that has already stored the reference, and returns the
    /// running child.
    pub(crate) fn start(&self, provider: &str, reference: &str) -> Child {
        let arguments = [
            "flow",
            "start",
            "--json",
            "--at",
            provider,
            "--reference",
            reference,
            "--from",
            "person.json",
            "--by",
            "test",
        ];
        quiet(&mut self.place.command(&arguments)).spawn().unwrap()
    }

    /// Starts a flow and waits for the end of the command.
    pub(crate) fn started(&self, provider: &str, reference: &str) {
        let exit = self.start(provider, reference).wait().unwrap();
        assert!(matches!(exit.code(), Some(0 | 5)), "flow start: {exit}");
    }

    /// Starts a worker that runs until it is stopped or killed.
    pub(crate) fn worker(&self) -> Worker {
        Worker::new(
            &mut self
                .place
                .command(&["flow", "run", "--workers", "4", "--json"]),
        )
    }

    /// Starts a worker with further options.
    pub(crate) fn worker_with(&self, options: &[&str]) -> Worker {
        Worker::new(
            &mut self
                .place
                .command(&[&["flow", "run", "--json"], options].concat()),
        )
    }

    /// Returns the status of every flow, by id.
    pub(crate) fn flows(&self) -> BTreeMap<String, Value> {
        let listed = self.json(&["flow", "list"]);
        let all = listed.as_array().unwrap().iter();
        all.map(|flow| (flow["id"].as_str().unwrap().to_owned(), flow.clone()))
            .collect()
    }

    /// Returns the number of flows in each phase.
    pub(crate) fn phases(&self) -> BTreeMap<String, usize> {
        let mut phases = BTreeMap::new();
        for flow in self.flows().values() {
            *phases
                .entry(flow["phase"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
        phases
    }

    /// Returns the response of the sandbox's control plane.
    pub(crate) fn control(&self, path: &str) -> Value {
        serde_json::from_slice(&self.get(&format!("{}{path}", self.sandbox.control_url())).1)
            .unwrap()
    }

    /// Returns the status and the body of a response.
    pub(crate) fn get(&self, url: &str) -> (u16, Vec<u8>) {
        self.runtime.block_on(async {
            let answer = reqwest::Client::new().get(url).send().await.unwrap();
            (
                answer.status().as_u16(),
                answer.bytes().await.unwrap().to_vec(),
            )
        })
    }

    /// Returns the ids of a vendor's verifications: its own ids, or the references at IDnow, which
    /// lists nothing else.
    pub(crate) fn created(&self, provider: &str) -> BTreeSet<String> {
        let list = match provider {
            "cm-id-scan" => "cm-id-scan/transactions",
            "identify24" => "identify24/idents",
            "identity-tm" => "identity-tm/orders",
            _ => return BTreeSet::new(),
        };
        self.control(list)
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns the reference of a vendor's verification, if the vendor received it.
    pub(crate) fn reference(&self, provider: &str, id: &str) -> Option<String> {
        let (path, key) = match provider {
            "identify24" => ("idents", "custom_id"),
            "identity-tm" => ("orders", "ref"),
            _ => return None,
        };
        Some(
            self.control(&format!("{provider}/{path}/{id}"))[key]
                .as_str()
                .unwrap()
                .to_owned(),
        )
    }

    /// Lets the person act; `false` if the vendor has no such verification yet.
    pub(crate) fn act(&self, provider: &str, name: &str, scenario: &str) -> bool {
        match provider {
            "cm-id-scan" => self.sandbox.cm_id_scan().act(name, scenario),
            "identify24" => self.sandbox.identify24().act(name, scenario),
            "identity-tm" => self.sandbox.identity_tm().act(name, scenario),
            _ => self.sandbox.idnow().act(name, scenario),
        }
        .is_ok()
    }

    /// Returns the number of requests that satisfy `what`.
    pub(crate) fn answered(&self, what: impl Fn(&idv_sandbox::RecordedRequest) -> bool) -> usize {
        self.sandbox
            .requests()
            .iter()
            .filter(|request| what(request))
            .count()
    }
}

/// A process of `idv flow run`.
pub(crate) struct Worker {
    child: Child,
    /// Its output, line by line.
    lines: Receiver<Value>,
    errors: Option<std::thread::JoinHandle<String>>,
}

impl Worker {
    fn new(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if tell.send(serde_json::from_str(&line).unwrap()).is_err() {
                    break;
                }
            }
        });
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = err.read_to_string(&mut text);
            text
        });
        Self {
            child,
            lines,
            errors: Some(errors),
        }
    }

    /// Waits until the worker has started.
    pub(crate) fn works(self) -> Self {
        self.started();
        self
    }

    /// Waits until the worker has started, and returns its first line.
    pub(crate) fn started(&self) -> Value {
        let said = self.lines.recv_timeout(TIME_LIMIT).unwrap();
        assert_eq!(said["event"], "started");
        said
    }

    /// Waits at most this long for the worker to start.
    pub(crate) fn let_run(&self, time: Duration) {
        let _ = self.lines.recv_timeout(time);
    }

    /// Kills the worker, as a power failure does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn is_there(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal to the worker.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; returns the exit code, the last line of output, and standard error.
    pub(crate) fn end(mut self) -> (i32, Option<Value>, String) {
        let exit = self.child.wait().unwrap().code().unwrap_or(-1);
        let last = self.lines.iter().last();
        (exit, last, self.errors.take().unwrap().join().unwrap())
    }

    /// Stops the worker and returns the number of steps that it has run.
    pub(crate) fn stop(self) -> u64 {
        self.signal("TERM");
        let (exit, last, said) = self.end();
        assert_eq!(exit, 0, "{said}");
        last.unwrap()["done"].as_u64().unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A failed test leaves no process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Discards the output of a command.
pub(crate) fn quiet(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::null()).stderr(Stdio::null())
}

/// Repeats `look` until it succeeds; fails with its last error after the time limit.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) => assert!(
                began.elapsed() < TIME_LIMIT,
                "{what}: not within {TIME_LIMIT:?}: {seen}"
            ),
        }
        // Other processes cannot notify the test.
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// Returns whether the extended tests run, with more simulated worlds, flows and kills.
pub(crate) fn is_thorough() -> bool {
    std::env::var_os("IDV_SIMULATION_SEEDS").is_some()
}

/// Pseudo-random numbers that can be repeated: SplitMix64.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// Starts with the seed in `IDV_TEST_SEED`, or 1, and prints it, so that a failure can be
    /// reproduced.
    pub(crate) fn new(test: &str) -> Self {
        let seed = std::env::var("IDV_TEST_SEED").map_or(1, |seed| seed.parse().unwrap());
        println!("{test}: IDV_TEST_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    pub(crate) fn milliseconds(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }

    pub(crate) fn reference(&mut self) -> String {
        format!("{:016x}{:016x}", self.below(u64::MAX), self.below(u64::MAX))
    }
}
