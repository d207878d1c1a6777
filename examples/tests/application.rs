//! The example `application` at the sandbox, killed at several moments: it loses nothing and
//! repeats nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use idv_examples::TestBed;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A generous time limit for any machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The lease is short, since a killed program holds its leases until they expire.
const CONFIG: &str = r#"
provider = "idnow"
calls.deadline_ms = 3000

[flow]
lease_ms = 4000
key = { env = "FLOW_KEY" }
retention.vendor_days = 0
evidence.kinds = "all"
schedule.interval_ms = 200
schedule.slowest_ms = 400
schedule.sweep_ms = 0
schedule.wake_gap_ms = 50
schedule.confirm_after_ms = 50
"#;

/// The application, over the same folder in each run.
struct Application {
    folder: PathBuf,
    port: u16,
    variables: Vec<(String, String)>,
}

struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Application {
    fn new(test_bed: &TestBed) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("application");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("idv.toml"), CONFIG).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let application = Self {
            folder,
            port,
            variables: test_bed.variables(),
        };
        test_bed
            .report_to(
                &idv_axum::callback_url(&application.public().parse().unwrap(), "idnow").unwrap(),
            )
            .unwrap();
        application
    }

    fn public(&self) -> String {
        format!("http://127.0.0.1:{}/identity", self.port)
    }

    fn start(&self) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_application"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("IDV_")) {
            command.env_remove(name);
        }
        let mut child = command
            .args([
                "idv.toml",
                &format!("127.0.0.1:{}", self.port),
                &self.public(),
            ])
            .envs(self.variables.iter().cloned())
            .env("FLOW_KEY", "5a".repeat(32))
            .current_dir(&self.folder)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { child, lines }
    }

    /// Submits the form as soon as the program listens, and returns the target of the redirect.
    async fn submit(&self) -> String {
        let browser = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let form = "order=7&given_names=Erika&family_name=Mustermann&birth_date=1964-08-12";
        let send = async {
            loop {
                let request = browser
                    .post(format!("http://127.0.0.1:{}/start", self.port))
                    .body(form);
                if let Ok(answer) = request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .send()
                    .await
                {
                    let location = answer
                        .headers()
                        .get("location")
                        .map(|location| location.to_str().unwrap().to_owned());
                    return location.unwrap_or_else(|| {
                        panic!("the form was answered with {}", answer.status())
                    });
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, send).await.unwrap()
    }
}

impl Running {
    /// Records the event of a line and returns its name.
    fn note(line: &str, seen: &mut BTreeMap<u64, String>) -> String {
        let mut words = line.split_whitespace().skip(1);
        let (sequence, event) = (
            words.next().unwrap().parse().unwrap(),
            words.next().unwrap().to_owned(),
        );
        let before = seen.insert(sequence, event.clone());
        assert!(
            before.is_none_or(|before| before == event),
            "a repeated event is the same: {line}"
        );
        event
    }

    /// Kills the program at once and records its remaining output.
    async fn killed(mut self, seen: &mut BTreeMap<u64, String>) {
        self.child.kill().await.unwrap();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            Self::note(&line, seen);
        }
    }

    /// Kills the program as soon as it has printed an event of this name.
    async fn killed_at(mut self, name: &str, seen: &mut BTreeMap<u64, String>) {
        let read = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if Self::note(&line, seen) == name {
                    return;
                }
            }
            panic!("the program ended before {name}: {seen:?}");
        };
        tokio::time::timeout(PATIENCE, read)
            .await
            .unwrap_or_else(|_| panic!("no event {name}: {seen:?}"));
        self.killed(seen).await;
    }
}

#[tokio::test]
async fn killed_application_loses_and_repeats_nothing() {
    let test_bed = TestBed::start_now("idnow").await.unwrap();
    let application = Application::new(&test_bed);
    let mut seen = BTreeMap::new();

    let running = application.start();
    let place = application.submit().await;
    running.killed(&mut seen).await;

    let running = application.start();
    assert_eq!(
        application.submit().await,
        place,
        "the same form leads to the same session"
    );
    running.killed(&mut seen).await;

    assert_eq!(
        test_bed.sandbox().vendor("idnow").unwrap().ids().len(),
        1,
        "the vendor has one verification"
    );
    test_bed.act("happy").unwrap();
    for name in ["evidence", "deleted"] {
        // A killed program may have gone further than the event. An interrupted download of
        // evidence is only repeated after ten minutes, so the program is not killed before it.
        if seen.values().any(|event| event == name) {
            continue;
        }
        let running = application.start();
        for _ in 0..40 {
            test_bed.advance(Duration::from_secs(60)).await;
        }
        running.killed_at(name, &mut seen).await;
    }
    assert_eq!(
        seen.keys().copied().collect::<Vec<_>>(),
        (1..=seen.len() as u64).collect::<Vec<_>>(),
        "no event is lost: {seen:?}"
    );
    let count = |name: &str| seen.values().filter(|event| *event == name).count();
    for name in [
        "created",
        "hand_off_ready",
        "settled",
        "report",
        "evidence",
        "deleted",
    ] {
        assert_eq!(count(name), 1, "{name}: {seen:?}");
    }
    test_bed.shutdown().await;
}
