//! `idv sandbox`: its commands drive a running sandbox, and its options.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::Value;
use support::{Place, SandboxedCli};

const REFERENCE: &str = "sandbox-test-0001";

/// Runs a command against a running sandbox.
fn drive(cli: &SandboxedCli, arguments: &[&str]) -> support::Ran {
    let url = cli.sandbox.shared_url();
    let all = [&["sandbox"], arguments, &["--url", &url]].concat();
    cli.place.run(&all)
}

#[test]
fn commands_drive_a_running_sandbox() {
    let cli = SandboxedCli::new();
    let (reference, vendor_id) = cli.create(&[]);
    let known = drive(&cli, &["verifications", "--json"]).json();
    let address = known["verifications"][0]["ref"].as_str().unwrap();
    assert!(address.starts_with("idnow/"), "{known}");
    let table = drive(&cli, &["verifications"]).out;
    assert!(
        table.contains(address) && table.contains(&reference),
        "{table}"
    );

    for name in [reference.as_str(), vendor_id.as_str(), address] {
        let steps = drive(&cli, &["act", name, "--scenario", "happy", "--json"]).json();
        assert!(steps.as_array().unwrap().len() > 1, "{name}: {steps}");
    }
    let refused = drive(&cli, &["act", address, "--scenario", "hapy"]);
    assert!(
        refused.failed(1).contains("scenarios: happy, "),
        "{}",
        refused.err
    );
    let refused = drive(&cli, &["act", address]);
    assert!(
        refused.failed(1).contains("expected `scenario`"),
        "{}",
        refused.err
    );
    let refused = drive(&cli, &["act", "no-such-one", "--scenario", "happy"]);
    assert!(
        refused.failed(1).contains("idv sandbox verifications"),
        "{}",
        refused.err
    );

    let clock = drive(&cli, &["clock", "--json"]).json();
    assert_eq!(clock["mode"], "frozen");
    let later = drive(&cli, &["clock", "--advance", "1h", "--json"]).json();
    assert_ne!(clock["now"], later["now"]);
    assert!(drive(&cli, &["clock", "--run"]).out.contains("(running)"));
    let frozen = drive(&cli, &["clock", "--freeze", "--next"]);
    assert!(frozen.out.contains("(frozen)"), "{}", frozen.out);

    let requests = drive(&cli, &["requests", "--json"]).json();
    assert_eq!(
        requests.as_array().unwrap().len(),
        cli.sandbox.requests().len()
    );
    assert!(
        drive(&cli, &["requests"])
            .out
            .contains("idnow POST /api/v1/")
    );
}

#[test]
fn reference_of_several_verifications_is_refused() {
    let mut cli = SandboxedCli::new();
    let (reference, _) = cli.create(&[]);
    // Another account may use the same reference.
    cli.place.set("IDV_IDNOW_COMPANY", "testbank");
    cli.place.set("IDV_IDNOW_API_KEY", "testbankApiKey");
    cli.create(&["--reference", &reference]);
    let refused = drive(&cli, &["act", &reference, "--scenario", "happy"]);
    assert!(
        refused.failed(1).contains("use one of idnow/"),
        "{}",
        refused.err
    );
}

#[test]
fn triggered_callback_is_recorded_and_sent_again() {
    let cli = SandboxedCli::new();
    // No program listens there.
    let to = "http://127.0.0.1:9/callbacks";
    let vendor = cli.sandbox.vendor("identify24").unwrap();
    let event = drive(&cli, &["trigger", vendor.id(), "no-such-event", "--to", to]);
    let events = event
        .failed(1)
        .rsplit_once("events: ")
        .unwrap()
        .1
        .to_owned();
    let event = events.split(", ").next().unwrap();
    let sent = drive(&cli, &["trigger", vendor.id(), event, "--to", to]);
    assert_eq!(sent.exit, 0, "{}", sent.err);
    assert!(sent.out.starts_with("callback 1: "), "{}", sent.out);
    let again = drive(&cli, &["resend", "1", "--json"]).json();
    assert_eq!(again["attempts"].as_array().unwrap().len(), 2, "{again}");
    assert_eq!(again["attempts"][0]["status"], 0);
    let table = drive(&cli, &["callbacks"]).out;
    assert!(
        table.contains("identify24") && table.contains("no reply, no reply"),
        "{table}"
    );
    let refused = drive(&cli, &["trigger", "nowhere", event, "--to", to]);
    assert!(
        refused.failed(1).contains("expected one of idnow, "),
        "{}",
        refused.err
    );
    let refused = drive(
        &cli,
        &["trigger", "identify24", event, "--to", "http://192.0.2.1/"],
    );
    assert!(refused.failed(1).contains("loopback"), "{}", refused.err);
}

#[test]
fn missing_sandbox_is_explained() {
    let place = Place::new();
    // No program listens on the port of the discard protocol.
    let refused = place.run(&["sandbox", "clock", "--url", "http://127.0.0.1:9"]);
    let line = refused.failed(1);
    assert!(
        line.contains("cannot reach the sandbox at http://127.0.0.1:9"),
        "{line}"
    );
    assert!(line.contains("start it with `idv sandbox`"), "{line}");
}

#[test]
fn usage_of_sandbox_is_checked() {
    let place = Place::new();
    for (arguments, expected) in [
        (
            &["sandbox", "verfications"][..],
            "did you mean `verifications`?",
        ),
        (
            &["sandbox", "clock", "--advance", "1w"],
            "a time such as 90, 90s, 15m, 2h or 1d",
        ),
        (
            &["sandbox", "clock", "--freeze", "--run"],
            "cannot be combined",
        ),
        (
            &["sandbox", "--start-time", "yesterday"],
            "a time as 2026-03-01T09:00:00Z",
        ),
        (
            &["sandbox", "--listen", "127.0.0.1:0", "--speed=-1"],
            "invalid speed",
        ),
        (
            &[
                "sandbox",
                "--listen",
                "127.0.0.1:0",
                "--callback",
                "http://192.0.2.1/",
            ],
            "loopback",
        ),
        (&["sandbox", "trigger", "idnow", "x"], "missing --to"),
    ] {
        let refused = place.run(arguments);
        let line = refused.failed(2);
        assert!(line.contains(expected), "{arguments:?}: {line}");
    }
}

/// A running `idv sandbox`, which is killed at the end of the test.
struct Server {
    child: std::process::Child,
    printed: Value,
}

impl Server {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        use std::io::{BufRead as _, BufReader};

        let all = [&["sandbox", "--json"], arguments].concat();
        let mut child = place
            .command(&all)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        for line in lines {
            let line = line.unwrap();
            text += &line;
            if line == "}" {
                break;
            }
        }
        let printed = serde_json::from_str(&text).unwrap();
        Self { child, printed }
    }

    fn url(&self) -> &str {
        self.printed["shared_url"].as_str().unwrap()
    }

    fn kill(&mut self) -> String {
        use std::io::Read as _;

        let _ = self.child.kill();
        let mut err = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut err).unwrap();
        }
        let _ = self.child.wait();
        err
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
fn killed_sandbox_continues_from_its_state_file() {
    let mut place = Place::new();
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--speed",
        "0",
        "--state",
        "sandbox.state",
    ];
    let mut first = Server::start(&place, &arguments);
    let base = first.printed["idnow"]["url"].as_str().unwrap().to_owned();
    for (name, value) in [
        ("IDV_PROVIDER", "idnow"),
        ("IDV_IDNOW_COMPANY", "ihrebank"),
        ("IDV_IDNOW_API_KEY", "exampleApiKey"),
        ("IDV_IDNOW_GATEWAY_URL", &base),
        ("IDV_IDNOW_GO_URL", &base),
    ] {
        place.set(name, value);
    }
    let created = place.run(&["create", "--reference", REFERENCE, "--json"]);
    assert_eq!(created.exit, 0, "{}", created.err);
    let on = |server: &Server, arguments: &[&str]| {
        place
            .run(&[&["sandbox"], arguments, &["--json", "--url", server.url()]].concat())
            .json()
    };
    on(&first, &["act", REFERENCE, "--scenario", "happy"]);
    on(&first, &["clock", "--next"]);
    // The second start has other ports, and so other links.
    let seen = |server: &Server| {
        let mut known = on(server, &["verifications"]);
        known["verifications"][0]["hand_off"] = Value::Null;
        (known, on(server, &["requests"]))
    };
    let before = seen(&first);
    let next = on(&first, &["clock"])["next_due"].clone();
    first.kill();

    let second = Server::start(&place, &arguments);
    assert_eq!(first.printed["seed"], second.printed["seed"]);
    assert_eq!(seen(&second), before);
    assert_eq!(on(&second, &["clock"])["next_due"], next);

    let refused = place.run(&[
        "sandbox",
        "--listen",
        "127.0.0.1:0",
        "--state",
        "sandbox.state",
    ]);
    assert!(
        refused.failed(2).contains("another program uses it"),
        "{}",
        refused.err
    );
    place.write("notes.txt", "notes\n");
    let refused = place.run(&["sandbox", "--listen", "127.0.0.1:0", "--state", "notes.txt"]);
    assert!(
        refused.failed(2).contains("not a state file"),
        "{}",
        refused.err
    );
}

#[test]
fn exposed_sandbox_warns_and_prints_its_public_host() {
    let place = Place::new();
    let arguments = [
        "--listen",
        "0.0.0.0:0",
        "--expose",
        "--public-host",
        "sandbox.example",
    ];
    let mut server = Server::start(&place, &arguments);
    let page = server.printed["page_url"].as_str().unwrap();
    assert!(page.starts_with("http://sandbox.example:"), "{page}");
    let err = server.kill();
    assert!(err.contains("no password"), "{err}");
    let mut local = Server::start(&place, &["--listen", "127.0.0.1:0"]);
    assert_eq!(local.kill(), "");
}

#[cfg(unix)]
#[test]
fn followed_requests_are_printed_until_interrupted() {
    use std::io::{BufRead as _, BufReader};

    let cli = SandboxedCli::new();
    let (first, _) = cli.create(&[]);
    let url = cli.sandbox.shared_url();
    let mut child = cli
        .place
        .command(&["sandbox", "requests", "--follow", "--json", "--url", &url])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert!(next()["path"].as_str().unwrap().contains(&first));
    let (second, _) = cli.create(&[]);
    while !next()["path"].as_str().unwrap().contains(&second) {}
    let asked = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
