//! The commands that use the configured vendor, from create to delete.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use idv_sandbox::{Fault, FaultKind};
use serde_json::{Value, json};
use sha2::Digest as _;
use support::{SandboxedCli, names_in};

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value
        .pointer(pointer)
        .unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

#[test]
fn create_prints_reference_before_the_call_and_then_the_link() {
    let cli = SandboxedCli::new();
    let ran = cli.place.run(&[
        "create",
        "--given-names",
        "Erika",
        "--family-name",
        "Mustermann",
        "--purpose",
        "x",
        "--json",
    ]);
    let created = ran.json();
    let reference = at(&created, "/id/reference").as_str().unwrap();
    assert_eq!(ran.err, format!("reference: {reference}\n"));
    assert_eq!(at(&created, "/hand_off/kind"), "visit");
    let url = at(&created, "/hand_off/url").as_str().unwrap().to_owned();
    assert!(url.starts_with(&cli.sandbox.idnow().base_url()), "{url}");
    assert_eq!(cli.visit(&[url]), [200]);
    assert_eq!(at(&created, "/already_existed"), false);
    assert_eq!(at(&created, "/unsupported_fields"), &json!(["purpose"]));
    assert!(at(&created, "/id/vendor_id").is_string() && at(&created, "/expires_at").is_string());
}

#[test]
fn create_takes_file_and_options_and_repeats_a_reference() {
    let cli = SandboxedCli::new();
    let request = r#"{"reference":"0123456789abcdef","person":{"given_names":"Erika","family_name":"Gabler"},"custom":{"custom1":"a"}}"#;
    let file = cli.place.write("request.json", request);
    let arguments = [
        "create",
        "--from",
        &file,
        "--family-name",
        "Mustermann",
        "--json",
    ];
    let first = cli.place.run(&arguments);
    assert_eq!(first.err, "", "a given reference is not printed");
    assert_eq!(at(&first.json(), "/already_existed"), false);
    let again = cli
        .place
        .run_with(&["create", "--from", "-", "--json"], request.as_bytes())
        .json();
    assert_eq!(at(&again, "/already_existed"), true);
    assert_eq!(at(&again, "/id"), at(&first.json(), "/id"));
    assert_eq!(cli.sandbox.idnow().identifications(), 1);
}

#[test]
fn create_refuses_invalid_input_before_anything_is_sent() {
    let cli = SandboxedCli::new();
    let unknown = cli
        .place
        .write("unknown.json", r#"{"person":{"frist_name":"Mustermann"}}"#);
    let wrong = cli
        .place
        .write("wrong.json", r#"{"person":{"birth_date":"Mustermann"}}"#);
    assert!(
        cli.place
            .run(&["create", "--from", &unknown])
            .failed(2)
            .contains("frist_name")
    );
    assert!(
        !cli.place
            .run(&["create", "--from", &wrong])
            .failed(2)
            .contains("Mustermann")
    );
    assert!(
        cli.place
            .run(&["create", "--reference", "short"])
            .failed(2)
            .contains("reference")
    );
    assert!(
        cli.place
            .run(&["create", "--from", "missing.json"])
            .failed(2)
            .contains("missing.json")
    );
    for arguments in [
        &["create", "--country", "Germania"][..],
        &["create", "--gender", "x"],
        &["create", "--no-such-option"],
    ] {
        assert_eq!(cli.place.run(arguments).exit, 2, "{arguments:?}");
    }
    assert_eq!(cli.sandbox.requests().len(), 0);
}

#[test]
fn poll_and_fetch_print_the_observation_with_the_report() {
    let cli = SandboxedCli::new();
    let (reference, vendor_id) =
        cli.create(&["--given-names", "Erika", "--birth-date", "1982-05-22"]);
    let before = cli.place.run(&["poll", &reference, "--json"]).json();
    assert_eq!(at(&before, "/status/state"), "awaiting_person");
    cli.act(&reference, "data-changed", 60);
    for command in ["poll", "fetch"] {
        let seen = cli
            .place
            .run(&[command, &reference, "--vendor-id", &vendor_id, "--json"])
            .json();
        assert_eq!(at(&seen, "/trust"), "proven");
        assert_eq!(at(&seen, "/channel"), command);
        assert_eq!(
            at(&seen, "/status"),
            &json!({ "state": "finished", "outcome": "verified", "leaning": null })
        );
        assert_eq!(at(&seen, "/report/person/birth_date/verdict"), "changed");
        assert_eq!(
            at(&seen, "/report/person/birth_date/submitted"),
            "1982-05-22"
        );
        assert_eq!(at(&seen, "/report/person/birth_date/value"), "1983-05-22");
    }
    let table = cli.place.run(&["poll", &reference]);
    assert_eq!(table.exit, 0);
    let line = table
        .out
        .lines()
        .find(|line| line.contains("person.birth_date"))
        .unwrap();
    assert!(
        line.contains("1983-05-22") && line.contains("changed") && line.contains("1982-05-22"),
        "{line}"
    );
}

#[test]
fn fetch_reports_missing_verification() {
    let cli = SandboxedCli::new();
    assert!(
        cli.place
            .run(&["fetch", "0123456789abcdef"])
            .failed(1)
            .contains("not found")
    );
}

#[test]
fn watch_ends_with_the_outcome_in_its_exit_code() {
    let cli = SandboxedCli::new();
    for (scenario, exit, outcome) in [
        ("happy", 0, json!("verified")),
        ("fraud", 3, json!("rejected")),
        ("canceled-in-review", 3, json!("canceled")),
        ("never-finishes", 5, Value::Null),
        ("unknown-status", 5, Value::Null),
    ] {
        let (reference, _) = cli.create(&[]);
        cli.act(&reference, scenario, 60);
        let ran = cli
            .place
            .run(&["watch", &reference, "--timeout", "0", "--json"]);
        assert_eq!(ran.exit, exit, "{scenario}: {}", ran.err);
        let answer: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(at(&answer, "/decision/outcome"), &outcome, "{scenario}");
        assert!(at(&answer, "/observation/report").is_object(), "{scenario}");
        assert!(
            !ran.err.contains('\u{1b}'),
            "no spinner without a terminal: {}",
            ran.err
        );
        let reported = ran.err.contains("unknown vendor code");
        assert_eq!(reported, scenario == "unknown-status", "{}", ran.err);
    }
}

#[test]
fn watch_ends_when_the_session_expires() {
    let cli = SandboxedCli::new();
    let (reference, _) = cli.create(&[]);
    let ran = cli.place.run(&[
        "watch",
        &reference,
        "--expires-at",
        "2020-01-01T00:00:00Z",
        "--json",
    ]);
    assert_eq!(ran.exit, 3, "{}", ran.err);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(at(&answer, "/decision/outcome"), "expired");
}

#[test]
fn evidence_file_is_complete_or_absent() {
    let cli = SandboxedCli::new();
    let reference = cli.verified();
    let report = cli.place.run(&["fetch", &reference, "--json"]).json();
    let pieces = at(&report, "/report/evidence").as_array().unwrap().clone();
    assert!(!pieces.is_empty());
    let folder = cli.place.folder.path().join("evidence");
    std::fs::create_dir(&folder).unwrap();
    for piece in &pieces {
        let id = at(piece, "/id").as_str().unwrap();
        let file = folder.join(id).display().to_string();
        let answer = cli
            .place
            .run(&["evidence", &reference, id, "--out", &file, "--json"])
            .json();
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(at(&answer, "/length"), bytes.len());
        assert!(!bytes.is_empty());
        let digest: String = sha2::Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(at(&answer, "/sha256"), &digest);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
                0o600,
                "only the user can read the file"
            );
        }
    }
    let there = names_in(&folder);
    let id = at(&pieces[0], "/id").as_str().unwrap();
    let (old, new) = (
        folder.join(id).display().to_string(),
        folder.join("new").display().to_string(),
    );
    assert!(
        cli.place
            .run(&["evidence", &reference, id, "--out", &old])
            .failed(2)
            .contains("--force")
    );
    assert_eq!(
        cli.place
            .run(&["evidence", &reference, id, "--out", &old, "--force"])
            .exit,
        0
    );
    assert!(
        cli.place
            .run(&["evidence", &reference, id, "--out", &new, "--limit", "3"])
            .failed(1)
            .contains("3 bytes")
    );
    assert_eq!(
        cli.place
            .run(&["evidence", &reference, "no-such-evidence", "--out", &new])
            .exit,
        1
    );
    assert_eq!(
        cli.place
            .run(&["evidence", &reference, id, "--out", "missing/folder/file"])
            .exit,
        2
    );
    assert_eq!(
        names_in(&folder),
        there,
        "a failed download leaves nothing behind"
    );
}

#[test]
fn evidence_that_breaks_off_leaves_nothing_behind() {
    let mut cli = SandboxedCli::new();
    // The archive is long enough that a part of it is written before the connection breaks.
    cli.sandbox
        .idnow()
        .configure(|account| account.attachment_length = 2_000_000)
        .unwrap();
    let reference = cli.verified();
    cli.place.set("IDV_CALLS_MAX_ATTEMPTS", "1");
    cli.sandbox
        .plan(Fault::new(FaultKind::Truncated).at(".zip"));
    let ran = cli
        .place
        .run(&["evidence", &reference, "archive", "--out", "evidence.zip"]);
    assert!(
        ran.failed(1).contains("the download was interrupted"),
        "{}",
        ran.err
    );
    assert!(names_in(cli.place.folder.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn evidence_that_is_interrupted_leaves_nothing_behind() {
    let cli = SandboxedCli::new();
    let reference = cli.verified();
    cli.sandbox
        .plan(Fault::new(FaultKind::Drip(1000)).at(".zip"));
    let folder = cli.place.folder.path();
    let mut child = cli
        .place
        .command(&["evidence", &reference, "archive", "--out", "evidence.zip"])
        .spawn()
        .unwrap();
    while names_in(folder).is_empty() {
        std::thread::yield_now();
    }
    assert!(
        std::process::Command::new("kill")
            .arg(child.id().to_string())
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(names_in(folder).is_empty());
}

#[test]
fn lost_creation_exits_4_and_can_be_repeated_by_reference() {
    let mut cli = SandboxedCli::new();
    cli.place.set("IDV_CALLS_MAX_ATTEMPTS", "1");
    cli.sandbox.plan(Fault::new(FaultKind::CutAfter));
    let ran = cli
        .place
        .run(&["create", "--given-names", "Erika", "--json"]);
    assert_eq!((ran.exit, ran.out.as_str()), (4, ""));
    let mut lines = ran.err.lines();
    let reference = lines.next().unwrap().strip_prefix("reference: ").unwrap();
    assert!(
        lines
            .next()
            .unwrap()
            .contains("whether the vendor acted is unknown"),
        "{}",
        ran.err
    );
    let again = cli
        .place
        .run(&[
            "create",
            "--given-names",
            "Erika",
            "--reference",
            reference,
            "--json",
        ])
        .json();
    assert_eq!(at(&again, "/already_existed"), true);
    assert_eq!(cli.sandbox.idnow().identifications(), 1);
}

#[test]
fn watch_polls_again_after_transient_failures() {
    let mut cli = SandboxedCli::new();
    let reference = cli.verified();
    cli.place.set("IDV_CALLS_MAX_ATTEMPTS", "1");
    let unavailable = || {
        Fault::new(FaultKind::Status {
            code: 503,
            retry_after: None,
        })
        .at(&reference)
    };
    cli.sandbox.plan(unavailable().times(2));
    let ran = cli
        .place
        .run(&["watch", &reference, "--every", "0", "--json"]);
    assert_eq!(ran.exit, 0, "{}", ran.err);
    assert_eq!(ran.err.matches("polling again").count(), 2, "{}", ran.err);
    cli.sandbox.plan(unavailable().times(100));
    let ran = cli
        .place
        .run(&["watch", &reference, "--every", "0", "--json"]);
    assert_eq!((ran.exit, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.lines().last().unwrap().contains("unavailable"),
        "{}",
        ran.err
    );
}

#[test]
fn list_prints_array_or_lines_in_stable_order() {
    let cli = SandboxedCli::new();
    let verified = cli.verified();
    let (reviewed, _) = cli.create(&[]);
    cli.act(&reviewed, "never-finishes", 60);
    let all = cli.place.run(&["list", "--json"]).json();
    let references: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|observation| at(observation, "/subject/reference").as_str().unwrap())
        .collect();
    let mut expected = [verified.as_str(), reviewed.as_str()];
    expected.sort_unstable();
    assert_eq!(references, expected);
    assert!(
        all.as_array()
            .unwrap()
            .iter()
            .all(|observation| at(observation, "/report").is_null()),
        "a list carries no reports"
    );

    let pending = cli
        .place
        .run(&["list", "--group", "in_review", "--json"])
        .json();
    assert_eq!(pending.as_array().unwrap().len(), 1);
    let lines = cli.place.run(&["list", "--lines"]);
    assert_eq!(lines.out.lines().count(), 2);
    assert!(
        lines
            .out
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
    assert_eq!(
        cli.place
            .run(&["list", "--lines", "--limit", "1"])
            .out
            .lines()
            .count(),
        1
    );
    let table = cli.place.run(&["list"]).out;
    assert_eq!(table, cli.place.run(&["list"]).out);
    assert!(
        table.contains(&verified) && table.contains("finished: verified"),
        "{table}"
    );
    assert_eq!(
        cli.place.run(&["list", "--group", "canceled"]).out,
        "no verifications\n"
    );
}

#[test]
fn delete_reports_its_outcome() {
    let cli = SandboxedCli::new();
    let reference = cli.verified();
    assert_eq!(
        cli.place.run(&["delete", &reference, "--json"]).json(),
        json!({ "deleted": "data" })
    );
    assert_eq!(
        cli.place.run(&["delete", &reference, "--json"]).json(),
        json!({ "deleted": "already_gone" })
    );
    assert!(
        cli.place
            .run(&["delete", &reference])
            .out
            .contains("has no such verification")
    );
}

#[test]
fn logs_and_failures_contain_neither_key_nor_person() {
    let mut cli = SandboxedCli::new();
    cli.place.set("IDV_LOG", "trace");
    let ran = cli.place.run(&[
        "create",
        "--given-names",
        "Canarygiven",
        "--family-name",
        "Canaryfamily",
        "--json",
    ]);
    assert_eq!(ran.exit, 0);
    assert!(
        ran.err.contains("idv.call"),
        "missing in the log: {}",
        ran.err
    );
    cli.place.set("IDV_IDNOW_API_KEY", "CanaryKeyCanaryKey");
    let refused = cli.place.run(&["create", "--given-names", "Canarygiven"]);
    assert_eq!(refused.exit, 1);
    assert!(refused.err.contains("credentials"), "{}", refused.err);
    let text = (ran.err + &refused.err).to_lowercase();
    assert!(
        !text.contains("canary") && !text.contains("exampleapikey"),
        "{text}"
    );
}
