//! The README's program, as it stands there, at every vendor: with a person who passes, one who fails, and one who does not come. Between the
//! vendors nothing changes but the configuration.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::process::Stdio;
use std::time::Duration;

use idv::Capability;
use idv_examples::{Town, vendors};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// More than any machine needs.
const PATIENCE: Duration = Duration::from_secs(120);

/// The README's program, running.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts the program at a vendor, and waits until the person is handed off.
    async fn start(town: &Town) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let public_url = format!("http://127.0.0.1:{port}");
        let client = town.connect().unwrap();
        let callback_url = idv_axum::callback_url(&public_url.parse().unwrap(), client.info().provider.as_str()).unwrap();
        town.report_to(&callback_url).unwrap();

        let mut command = Command::new(env!("CARGO_BIN_EXE_readme"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("IDV_")) {
            command.env_remove(name);
        }
        let mut child = command
            .envs(town.variables())
            .env("IDV_CALLS_POLL_INTERVAL_MS", "50")
            .env("LISTEN", format!("127.0.0.1:{port}"))
            .env("PUBLIC_URL", public_url)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap_or_default();
        assert!(first.starts_with("send the person to http") || first == "the vendor contacts the person", "{first}");
        Self { child, lines }
    }

    /// Waits for the end, and returns what the program printed since the hand-off.
    async fn end(mut self) -> Vec<String> {
        let mut printed = Vec::new();
        tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                printed.push(line);
            }
            assert!(self.child.wait().await.unwrap().success(), "{printed:?}");
        })
        .await
        .unwrap_or_else(|_| panic!("it has no end: {printed:?}"));
        printed
    }
}

/// Runs the program while the person plays a scenario. The time of each step passes at once.
async fn run(vendor: &str, scenario: &str) -> Vec<String> {
    let town = Town::begin_now(vendor).await.unwrap();
    let program = Program::start(&town).await;
    town.plays_alone(scenario).unwrap();
    for _ in 0..40 {
        town.wait(Duration::from_secs(60)).await;
    }
    let printed = program.end().await;
    town.end().await;
    printed
}

fn can_be_asked(vendor: &str) -> bool {
    idv::providers().iter().any(|info| info.provider.as_str() == vendor && info.has(Capability::Polling))
}

#[tokio::test]
async fn person_who_passes_is_verified_with_a_report_at_every_vendor() {
    for vendor in vendors() {
        let printed = run(&vendor, "happy").await;
        assert_eq!(printed.first().map(String::as_str), Some("verified: true"), "{vendor}: {printed:?}");
        assert!(printed.get(1).is_some_and(|line| line.starts_with("the report has ")), "{vendor}: {printed:?}");
    }
}

#[tokio::test]
async fn person_who_fails_is_not_verified_at_any_vendor() {
    for vendor in vendors() {
        let printed = run(&vendor, "rejected").await;
        assert_eq!(printed.first().map(String::as_str), Some("verified: false"), "{vendor}: {printed:?}");
    }
}

#[tokio::test]
async fn person_who_does_not_come_is_not_verified_at_any_vendor() {
    for vendor in vendors() {
        let town = Town::begin_now(&vendor).await.unwrap();
        let mut program = Program::start(&town).await;
        town.wait(Duration::from_secs(2 * 24 * 60 * 60)).await;
        // Three more questions, at a vendor that can be asked.
        let asked = town.sandbox().requests().len();
        while can_be_asked(&vendor) && town.sandbox().requests().len() < asked + 3 {
            if program.child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        match program.child.try_wait().unwrap() {
            // The vendor says that the time is over.
            Some(_) => assert_eq!(program.end().await.first().map(String::as_str), Some("verified: false"), "{vendor}"),
            // The vendor never says so: the program waits until its own limit.
            None => program.child.kill().await.unwrap(),
        }
        town.end().await;
    }
}

#[test]
fn program_is_the_one_of_the_readme() {
    let readme = include_str!("../../README.md");
    let program = include_str!("../src/bin/readme.rs");
    let (_, code) = readme.split_once("```rust,no_run\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();
    let (_, program) = program.split_once("\n\n#![allow").unwrap();
    let (_, program) = program.split_once("\n\n").unwrap();
    assert_eq!(code, program);
}
