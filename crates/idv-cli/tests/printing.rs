//! Output is safe for terminals and logs, whatever the data contains.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use idv_sandbox::{Fault, FaultKind};
use support::{Place, SandboxedCli};

/// Sets the window's title, clears the screen, forges a row, and reverses the reading direction.
const HOSTILE: &str = "\u{1b}]0;PWNED\u{7}\u{9b}2J\nERIKA\u{7f}\u{202e}\u{2028}x";

/// Returns the characters of an output that a terminal may act on.
fn acting(text: &str) -> String {
    let acts = |character: &char| {
        (character.is_control() && *character != '\n')
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(acts).collect()
}

#[test]
fn control_characters_of_a_report_are_escaped() {
    let cli = SandboxedCli::new();
    let (reference, _) = cli.create(&["--given-names", HOSTILE, "--family-name", "Mustermann"]);
    cli.act(&reference, "happy", 60);
    for arguments in [&["fetch"][..], &["poll"], &["watch"]] {
        let ran = cli.place.run(&[arguments, &[&reference]].concat());
        assert_eq!(acting(&ran.out), "", "{arguments:?}: {:?}", ran.out);
        assert_eq!(acting(&ran.err), "", "{arguments:?}: {:?}", ran.err);
        assert!(
            !ran.out.lines().any(|line| line.starts_with("ERIKA")),
            "a value does not add a line: {}",
            ran.out
        );
        assert!(
            ran.out
                .to_ascii_lowercase()
                .contains("\\u001b]0;pwned\\u0007\\u009b2j\\u000aerika\\u007f\\u202e"),
            "{}",
            ran.out
        );
        let json = cli
            .place
            .run(&[arguments, &[&reference, "--json"]].concat());
        assert_eq!(acting(&json.out), "", "{arguments:?}: {:?}", json.out);
        assert!(
            json.json()
                .to_string()
                .to_ascii_lowercase()
                .contains("pwned")
        );
    }
}

#[test]
fn control_characters_of_a_payload_are_escaped() {
    let payload = serde_json::json!({
        "identificationprocess": { "result": "SUCCESS", "transactionnumber": format!("0123456789abcdef{HOSTILE}") }
    });
    let ran = Place::new().run_with(
        &["normalize", "idnow", "callback"],
        payload.to_string().as_bytes(),
    );
    assert_eq!(acting(&ran.out), "", "{:?}", ran.out);
    let reference = ran
        .json()
        .pointer("/observations/0/subject/reference")
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        reference.ends_with(HOSTILE),
        "the JSON means the same: {reference:?}"
    );
}

#[test]
fn usage_error_is_one_line_without_a_value() {
    let place = Place::new();
    for arguments in [
        &["create", "--birth-date", "31.12.1980"][..],
        &["create", "--birth-date=31.12.1980"],
        &["create", "--gender", "31.12.1980"],
        &["create", "--nationality", "31.12.1980"],
        &["create", "--document-kind", "31.12.1980"],
        &["create", "--issued-on", "31.12.1980"],
        &["create", "--custom", "31.12.1980"],
        &["create", "--success-url", "31.12.1980"],
        &["create", "31.12.1980"],
        &["create", "--given-names", "x", "--31.12.1980"],
        &["create", "--brith-date", "31.12.1980"],
        &["create", "--brith-date=31.12.1980"],
        &["create", "-31.12.1980"],
        &["create", "--email=31.12.1980", "--email=31.12.1980"],
        &[
            "create",
            "--given-names",
            "\u{1b}[31m31.12.1980",
            "\u{1b}[31m31.12.1980",
        ],
        &["flow", "start", "--birth-date", "31.12.1980"],
        &["flow", "status", "31.12.1980"],
        &["poll", "0123456789abcdef", "31.12.1980"],
        &["31.12.1980"],
        &["flow", "31.12.1980"],
        &["watch", "0123456789abcdef", "--expires-at", "31.12.1980"],
        &["normalize", "idnow", "31.12.1980"],
    ] {
        let ran = place.run(arguments);
        let error = ran.failed(2);
        assert!(!error.contains("1980"), "{error}");
        assert_eq!(acting(error), "", "{error:?}");
    }
}

#[test]
fn colours_and_progress_never_reach_a_pipe() {
    let mut cli = SandboxedCli::new();
    cli.place.set("IDV_FLOW_KEY", &"0123456789abcdef".repeat(4));
    let reference = cli.verified();
    let report = cli.place.run(&["fetch", &reference, "--json"]).json();
    let evidence = report
        .pointer("/report/evidence/0/id")
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    for arguments in [
        &["watch", &reference][..],
        &["list"],
        &["list", "--lines"],
        &["evidence", &reference, &evidence, "--out", "one"],
        &["flow", "--store", "flows.db", "start"],
        &["flow", "--store", "flows.db", "run", "--once"],
        &["flow", "--store", "flows.db", "list"],
        &["audit", "--store", "flows.db", "verify"],
        &["fetch", "0123456789abcdef"],
    ] {
        let ran = cli.place.run(arguments);
        assert_eq!(acting(&(ran.out + &ran.err)), "", "{arguments:?}");
        // Standard error contains only the program's notes.
        assert!(
            ran.err
                .lines()
                .all(|line| ["idv: ", "reference: ", "settled: ", "open: "]
                    .iter()
                    .any(|start| line.starts_with(start))),
            "{}",
            ran.err
        );
    }
}

#[test]
fn colours_are_printed_on_request_only() {
    let cli = SandboxedCli::new();
    let reference = cli.verified();
    let colored = cli.place.run(&["poll", &reference, "--color", "always"]);
    assert!(
        colored
            .out
            .contains("\u{1b}[32mfinished: verified\u{1b}[0m"),
        "{}",
        colored.out
    );
    let plain = cli.place.run(&["poll", &reference, "--color", "never"]);
    assert_eq!(
        console::strip_ansi_codes(&colored.out),
        plain.out,
        "colours change no layout"
    );
    let failed = cli
        .place
        .run(&["fetch", "0123456789abcdef", "--color", "always"]);
    assert!(
        failed.err.starts_with("\u{1b}[31m\u{1b}[1midv:\u{1b}[0m "),
        "{:?}",
        failed.err
    );
    assert_eq!(
        acting(
            &cli.place
                .run(&["poll", &reference, "--json", "--color", "always"])
                .out
        ),
        ""
    );
}

#[test]
fn failed_connection_is_named_with_its_cause() {
    // The port is bound, so that no other program gets it, but does not listen.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = taken.local_addr().unwrap();
    let mut place = Place::new();
    for (name, value) in [
        ("IDV_PROVIDER", "idnow"),
        ("IDV_IDNOW_COMPANY", "ihrebank"),
        ("IDV_IDNOW_API_KEY", "secret"),
        ("IDV_IDNOW_GATEWAY_URL", &format!("http://{address}")),
        ("IDV_IDNOW_GO_URL", &format!("http://{address}")),
        ("IDV_CALLS_MAX_ATTEMPTS", "1"),
    ] {
        place.set(name, value);
    }
    let ran = place.run(&["poll", "0123456789abcdef"]);
    let expected =
        format!("no connection to {address}: connection refused; check the vendor's address");
    assert!(ran.failed(1).contains(&expected), "{}", ran.err);
}

#[test]
fn vendors_text_is_printed_on_request_and_escaped() {
    let mut cli = SandboxedCli::new();
    cli.place.set("IDV_CALLS_MAX_ATTEMPTS", "1");
    let reference = "0123456789abcdef";
    let quiet = cli.place.run(&["fetch", reference]);
    assert!(quiet.failed(1).contains("--verbose"), "{}", quiet.err);
    let verbose = cli.place.run(&["fetch", reference, "--verbose"]);
    assert!(
        verbose.failed(1).contains("OBJECT_NOT_FOUND: "),
        "{}",
        verbose.err
    );
    cli.sandbox.plan(Fault::new(FaultKind::Html));
    assert_eq!(
        acting(&cli.place.run(&["fetch", reference, "--verbose"]).err),
        ""
    );
}
