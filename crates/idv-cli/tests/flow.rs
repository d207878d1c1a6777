//! The commands over a store: `idv flow` and `idv audit`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use idv_sandbox::{Fault, FaultKind};
use idv_testkit::postgres::Server;
use serde_json::{Value, json};
use support::Place;
use support::company::{Company, KEY, until};

const REFERENCE: &str = "0123456789abcdef0123456789abcdef";
const MISSING: &str = "00000000000000000000000000000000";
const QUICK: &str = "[flow.schedule]
interval_ms = 100
slowest_ms = 100
wake_gap_ms = 1
sweep_ms = 0
confirm_after_ms = 1";

fn company() -> Company {
    Company::new(&["idnow", "identify24"], "flows.db", QUICK)
}

/// Starts a flow at this provider and returns its id.
fn start(company: &Company, provider: &str, reference: &str) -> String {
    company.started(provider, reference);
    company.json(&["flow", "status", "--reference", reference])["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Runs due steps until a flow is in a phase.
fn run_until(company: &Company, id: &str, phase: &str) -> Value {
    until(phase, || {
        company.json(&["flow", "run", "--once"]);
        let status = company.json(&["flow", "status", id]);
        if status["phase"] == phase {
            Ok(status)
        } else {
            Err(status.to_string())
        }
    })
}

#[test]
fn flow_runs_from_start_to_deletion() {
    let company = company();
    let ran = company.run(&[
        "flow",
        "start",
        "--reference",
        REFERENCE,
        "--from",
        "person.json",
        "--purpose",
        "x",
        "--by",
        "shop",
    ]);
    let started = ran.json();
    assert_eq!(
        ran.err, "",
        "the store has a key, and the reference was given"
    );
    assert_eq!(
        (&started["phase"], &started["already_existed"]),
        (&json!("open"), &json!(false))
    );
    assert_eq!(started["unsupported_fields"], json!(["purpose"]));
    let url = started["hand_off"]["url"].as_str().unwrap();
    let id = started["id"].as_str().unwrap();
    let again = company.json(&[
        "flow",
        "start",
        "--reference",
        REFERENCE,
        "--from",
        "person.json",
    ]);
    assert_eq!(
        (&again["id"], &again["already_existed"]),
        (&started["id"], &json!(true))
    );

    let status = company.json(&["flow", "status", id]);
    assert_eq!(
        status["hand_off"],
        json!({ "kind": "visit" }),
        "the link opens the person's session"
    );
    assert_eq!(status["status"]["state"], "awaiting_person");
    assert_eq!(status["deletion"]["vendors_copy"], "there");
    assert!(
        status["due"].is_string()
            && status["attention"].is_null()
            && status["what_to_do"].is_null()
    );
    assert_eq!(
        company.json(&["flow", "status", id, "--show-link"])["hand_off"]["url"],
        url
    );
    let people = company
        .place
        .run(&["flow", "status", "--reference", REFERENCE]);
    assert!(
        people.out.contains(id) && !people.out.contains(url),
        "{}",
        people.out
    );
    assert!(
        company
            .place
            .run(&["flow", "status", id, "--show-link"])
            .out
            .contains(url)
    );
    assert!(
        company
            .place
            .run(&["flow", "report", id])
            .failed(5)
            .contains("no report yet")
    );

    assert!(company.act("idnow", REFERENCE, "happy"));
    let status = run_until(&company, id, "done");
    assert_eq!(
        status["status"],
        json!({ "state": "finished", "outcome": "verified", "leaning": null })
    );
    assert_eq!(
        company.json(&["flow", "report", id])["person"]["family_name"]["value"],
        "MUSTERMANN"
    );
    assert_eq!(
        company.json(&["flow", "report", id, "--all"])[0]["outcome"],
        "verified"
    );
    assert!(
        company
            .place
            .run(&["flow", "report", id])
            .out
            .contains("person.family_name")
    );

    let receipt = company.json(&["flow", "delete", id, "--by", "desk"]);
    assert_eq!(
        (&receipt["vendors_copy"], &receipt["complete"]),
        (&json!("there"), &json!(false))
    );
    let status = run_until(&company, id, "erased");
    assert_eq!(status["deletion"]["vendors_copy"], "confirmed");
    assert_eq!(
        company.json(&["flow", "delete", id, "--by", "desk"])["complete"],
        true
    );
    assert!(
        company
            .place
            .run(&["flow", "delete", id, "--by", "desk"])
            .out
            .contains("complete               yes")
    );
    assert!(
        company
            .place
            .run(&["flow", "report", id])
            .failed(1)
            .contains("erased")
    );

    let trail = company.json(&["audit", "show", id]);
    let events: Vec<&str> = trail
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["event"]["event"].as_str().unwrap())
        .collect();
    assert_eq!(events[..3], ["asked", "creating", "created"]);
    assert_eq!(events[events.len() - 2..], ["deletion_confirmed", "erased"]);
    assert!(
        company
            .place
            .run(&["audit", "show", id])
            .out
            .contains("by: shop")
    );
    let verified = company.json(&["audit", "verify"]);
    assert_eq!(
        (&verified["flows"], &verified["findings"]),
        (&json!(1), &json!([]))
    );
    assert_eq!(verified["entries"], trail.as_array().unwrap().len());
    assert!(
        company
            .place
            .run(&["audit", "verify"])
            .out
            .contains("findings        0")
    );
}

#[test]
fn audit_log_is_archived_and_verified_from_the_file() {
    let company = company();
    start(&company, "idnow", REFERENCE);
    let archived = company.json(&["audit", "archive", "audit.jsonl"]);
    // The timer that seals blocks is due a minute after the start.
    assert_eq!(archived["blocks"], 0);
    assert_eq!(archived["findings"], json!([]));
    let verify = ["audit", "verify", "--archive", "audit.jsonl"];
    assert_eq!(company.json(&verify), archived);
    let again = company.place.run(&["audit", "archive", "audit.jsonl"]);
    assert!(again.failed(2).contains("cannot write audit.jsonl"));
    let missing = ["audit", "verify", "--archive", "missing.jsonl"];
    let missing = company.place.run(&missing);
    assert!(missing.failed(2).contains("cannot read missing.jsonl"));
    company.place.write("other.jsonl", "{}\n");
    let damaged = company
        .place
        .run(&["audit", "verify", "--archive", "other.jsonl"]);
    assert!(damaged.out.contains("line 1"), "{}", damaged.out);
    assert_eq!(damaged.exit, 1);
}

#[test]
fn evidence_is_listed_saved_and_erased() {
    let company = Company::new(
        &["idnow"],
        "flows.db",
        &format!("{QUICK}\n\n[flow.evidence]\nkinds = \"all\""),
    );
    let id = start(&company, "idnow", REFERENCE);
    assert_eq!(
        company.place.run(&["flow", "evidence", &id]).out,
        "no evidence is stored for this flow\n"
    );
    assert!(company.act("idnow", REFERENCE, "happy"));
    run_until(&company, &id, "done");
    let kept = until("the evidence is stored", || {
        company.json(&["flow", "run", "--once"]);
        let kept = company.json(&["flow", "evidence", &id]);
        if kept == json!([]) {
            Err("none is stored".to_owned())
        } else {
            Ok(kept)
        }
    });
    assert_eq!(kept[0]["sha256"].as_str().map(str::len), Some(64), "{kept}");
    let saved = company.json(&["flow", "evidence", &id, "--out", "kept"]);
    for item in saved.as_array().unwrap() {
        let file = company
            .place
            .folder
            .path()
            .join(item["file"].as_str().unwrap());
        assert_eq!(
            Some(std::fs::metadata(file).unwrap().len()),
            item["length"].as_u64(),
            "{item}"
        );
    }
    assert_eq!(
        company
            .place
            .run(&["flow", "evidence", &id, "--out", "kept"])
            .exit,
        2,
        "no file is replaced"
    );
    assert!(
        company
            .place
            .run(&["flow", "evidence", &id, "--out", "kept", "--force"])
            .out
            .contains("kept/")
    );
    company.json(&["flow", "delete", &id, "--by", "desk"]);
    run_until(&company, &id, "erased");
    assert_eq!(company.json(&["flow", "evidence", &id]), json!([]));
}

#[test]
fn flows_are_listed_by_filter() {
    let company = company();
    assert_eq!(
        company.place.run(&["flow", "list"]).exit,
        2,
        "there is no store yet"
    );
    let mut ids: Vec<String> = (0..3)
        .map(|number| start(&company, "idnow", &format!("{REFERENCE}{number}")))
        .collect();
    ids.push(start(&company, "identify24", REFERENCE));
    ids.sort();
    let listed = |options: &[&str]| -> Vec<String> {
        let all = company.json(&[&["flow", "list"], options].concat());
        all.as_array()
            .unwrap()
            .iter()
            .map(|flow| flow["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(listed(&[]), ids);
    assert_eq!(listed(&["--limit", "2"]), ids[..2]);
    assert_eq!(listed(&["--after", &ids[1]]), ids[2..]);
    assert_eq!(listed(&["--provider", "identify24"]).len(), 1);
    assert_eq!(listed(&["--phase", "open"]), ids);
    assert_eq!(
        listed(&["--phase", "done"]).len() + listed(&["--attention"]).len(),
        0
    );
    let lines = company.place.run(&["flow", "list", "--lines"]).out;
    assert_eq!(lines.lines().count(), 4);
    for line in lines.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["id"].is_string());
    }
    let table = company.place.run(&["flow", "list"]).out;
    assert!(
        ids.iter().all(|id| table.contains(id)) && table.contains("awaiting_person"),
        "{table}"
    );
    assert_eq!(
        company.place.run(&["flow", "list", "--attention"]).out,
        "no flows\n"
    );
}

#[test]
fn accounts_are_paused_limited_and_resumed() {
    let company = company();
    let id = start(&company, "idnow", REFERENCE);
    let accounts = company.json(&["flow", "accounts"]);
    let names: Vec<_> = accounts
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["account"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"idnow"), "{accounts}");
    let paused = company.json(&["flow", "pause", "idnow", "--by", "desk"]);
    assert_eq!(
        (&paused[0]["mode"], &paused[0]["history"][0]["by"]),
        (&json!("paused"), &json!("desk"))
    );
    company.json(&["flow", "run", "--once"]);
    assert_eq!(company.json(&["flow", "status", &id])["phase"], "open");
    let trail = company.json(&["audit", "show", "--account", "idnow"]);
    let event = &trail[0]["event"];
    assert_eq!(
        (&event["event"], &event["change"], &event["by"]),
        (&json!("account_changed"), &json!("pause"), &json!("desk"))
    );
    let none = company.json(&["audit", "show", "--account", "other"]);
    assert_eq!(none, json!([]));
    let text = company.place.run(&["flow", "accounts", "idnow"]).out;
    assert!(text.contains("paused") && text.contains("desk"), "{text}");
    let limit = ["flow", "limit", "idnow", "--by", "desk"];
    let limited = [&limit[..], &["--per-minute", "30", "--concurrent", "2"]].concat();
    assert_eq!(
        company.json(&limited)[0]["limits"],
        json!({ "rate": { "calls": 30, "per_ms": 60_000 }, "concurrent": 2 })
    );
    let reset = company.json(&[&limit[..], &["--reset"]].concat());
    assert_eq!(reset[0]["limits_are_set"], false);
    let drained = company.json(&["flow", "drain", "idnow", "--by", "desk"]);
    assert_eq!(drained[0]["mode"], "draining");
    let resumed = company.json(&["flow", "resume", "idnow", "--by", "desk"]);
    assert_eq!(resumed[0]["mode"], "active");
    for (arguments, part) in [
        (vec!["flow", "pause", "idnow"], "--by"),
        (vec!["flow", "pause", "nowhere", "--by", "desk"], "nowhere"),
        (
            [&limit[..], &["--concurrent", "0"]].concat(),
            "pause the account",
        ),
    ] {
        let refused = company.place.run(&arguments);
        assert!(refused.err.contains(part), "{}", refused.err);
        assert_eq!(refused.exit, 2);
    }
}

#[test]
fn operator_tasks_are_listed_and_resolved() {
    let company = company();
    assert_eq!(
        company.place.run(&["flow", "operator"]).exit,
        2,
        "there is no store yet"
    );
    start(&company, "idnow", REFERENCE);
    assert_eq!(
        company.place.run(&["flow", "operator"]).out,
        "nothing needs an operator\n"
    );
    assert_eq!(company.json(&["flow", "operator"]), json!([]));
    let lost = |reference: &str| {
        company
            .sandbox
            .plan(Fault::new(FaultKind::CutAfter).at("ident"));
        let ran = company.run(&[
            "flow",
            "start",
            "--at",
            "identify24",
            "--reference",
            reference,
            "--from",
            "person.json",
        ]);
        assert_eq!(ran.exit, 5, "{}{}", ran.out, ran.err);
        let started: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(
            (&started["phase"], &started["hand_off"]),
            (&json!("creating"), &Value::Null)
        );
        company.sandbox.clear_faults();
        started["id"].as_str().unwrap().to_owned()
    };
    let before = company.created("identify24");
    let ids = [
        lost("11111111111111111111111111111111"),
        lost("22222222222222222222222222222222"),
    ];
    let items = company.json(&["flow", "operator"]);
    let named = |item: &Value| ids.iter().any(|id| item["about"]["flow"] == json!(id));
    assert_eq!(
        items
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| named(item))
            .count(),
        2
    );
    assert_eq!(items[0]["attention"]["kind"], "creation_unknown");
    let text = company.place.run(&["flow", "operator"]).out;
    assert!(
        text.contains(&ids[0]) && text.contains("adopt the vendor's id"),
        "{text}"
    );
    assert_eq!(
        company
            .json(&["flow", "operator", &ids[0]])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(
        company
            .place
            .run(&["flow", "status", &ids[0]])
            .out
            .contains("adopt the vendor's id")
    );

    for (arguments, expected) in [
        (
            &["flow", "operator", "--abandon", "--by", "desk"][..],
            "id of a flow",
        ),
        (&["flow", "operator", &ids[0], "--abandon"], "--by"),
        (
            &["flow", "operator", &ids[0], "--retry", "--by", "desk"],
            "messages",
        ),
        (
            &[
                "flow",
                "operator",
                &"0".repeat(64),
                "--abandon",
                "--by",
                "desk",
            ],
            "--dismiss",
        ),
        (
            &["flow", "operator", "here", "--abandon", "--by", "desk"],
            "32 hexadecimal digits",
        ),
    ] {
        let ran = company.place.run(arguments);
        assert!(ran.failed(2).contains(expected), "{}", ran.err);
    }
    assert_eq!(
        company
            .place
            .run(&[
                "flow",
                "operator",
                &ids[0],
                "--abandon",
                "--ask-now",
                "--by",
                "desk"
            ])
            .exit,
        2
    );
    let nothing = company
        .place
        .run(&["flow", "operator", &"0".repeat(64), "--dismiss"]);
    assert!(nothing.failed(1).contains("no message"), "{}", nothing.err);
    let undisputed = company.place.run(&[
        "flow", "operator", &ids[0], "--rule", "verified", "--by", "desk",
    ]);
    assert!(
        undisputed
            .failed(1)
            .contains("there is no dispute to resolve"),
        "{}",
        undisputed.err
    );

    let ident = company
        .created("identify24")
        .difference(&before)
        .next()
        .unwrap()
        .clone();
    let adopted = company.json(&[
        "flow", "operator", &ids[0], "--adopt", &ident, "--by", "desk",
    ]);
    assert_eq!(
        (&adopted["phase"], &adopted["attention"]),
        (&json!("open"), &Value::Null)
    );
    let abandoned = company.json(&["flow", "operator", &ids[1], "--abandon", "--by", "desk"]);
    assert_eq!(
        (&abandoned["phase"], &abandoned["attention"]),
        (&json!("refused"), &Value::Null)
    );
    assert_eq!(company.json(&["flow", "operator"]), json!([]));
}

#[test]
fn legal_hold_refuses_deletion_with_reason() {
    let company = company();
    let id = start(&company, "idnow", REFERENCE);
    let hold = [
        "flow",
        "retain",
        &id,
        "--own-not-before",
        "2050-01-01T00:00:00Z",
        "--vendor-after",
        "7",
        "--by",
        "legal",
    ];
    assert_eq!(company.json(&hold)["id"], json!(id));
    let refused = company.place.run(&["flow", "delete", &id, "--by", "desk"]);
    assert!(
        refused
            .failed(1)
            .contains("our own copy must be kept until 2050"),
        "{}",
        refused.err
    );
    let contradiction = [&hold[..], &["--own-not-after", "2040-01-01T00:00:00Z"]].concat();
    assert!(
        company
            .place
            .run(&contradiction)
            .failed(2)
            .contains("later than")
    );
    company.json(&["flow", "retain", &id, "--by", "legal"]);
    assert!(company.json(&["flow", "delete", &id, "--by", "desk"])["asked_at"].is_string());
}

#[test]
fn missing_flow_is_reported_by_every_command() {
    let company = company();
    start(&company, "idnow", REFERENCE);
    for arguments in [
        &["flow", "status", MISSING][..],
        &["flow", "report", MISSING],
        &["flow", "report", MISSING, "--all"],
        &["flow", "operator", MISSING],
        &["flow", "operator", MISSING, "--abandon", "--by", "desk"],
        &["flow", "delete", MISSING, "--by", "desk"],
        &["flow", "retain", MISSING, "--by", "desk"],
        &["audit", "show", MISSING],
        &[
            "flow",
            "status",
            "--reference",
            "fedcba9876543210fedcba9876543210",
        ],
    ] {
        let ran = company.place.run(arguments);
        assert!(
            ran.failed(1).contains("there is no flow"),
            "{arguments:?}: {}",
            ran.err
        );
    }
    for (arguments, expected) in [
        (&["flow", "status"][..], "<ID>"),
        (&["flow", "status", "abc"], "32 hexadecimal digits"),
        (&["flow", "delete", MISSING], "--by"),
        (&["flow", "retain", MISSING], "--by"),
        (
            &["flow", "list", "--phase", "finished"],
            "creating, open, done, refused, erased",
        ),
        (&["flow", "operator", MISSING, "--rule", "maybe"], "rule"),
        (&["flow", "run", "--workers", "0"], "workers"),
        (
            &["audit", "verify", "--anchor", "here"],
            "64 hexadecimal digits",
        ),
        (&["flow"], "start"),
        (&["audit"], "verify"),
    ] {
        let ran = company.place.run(arguments);
        assert_eq!(ran.exit, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(expected), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn unusable_store_is_refused_with_advice() {
    let mut company = company();
    start(&company, "idnow", REFERENCE);
    let missing = company
        .place
        .run(&["flow", "list", "--store", "missing.db"]);
    assert!(missing.failed(2).contains("missing.db"), "{}", missing.err);
    assert!(
        !company.place.folder.path().join("missing.db").exists(),
        "listing creates no store"
    );
    let password =
        company
            .place
            .run(&["flow", "list", "--store", "postgres://me:hunter2@db/flows"]);
    assert!(
        password.failed(2).contains("IDV_FLOW_STORE") && !password.err.contains("hunter2"),
        "{}",
        password.err
    );
    let elsewhere = company.place.run(&[
        "flow",
        "start",
        "--at",
        "cm-id-scan",
        "--reference",
        REFERENCE,
    ]);
    assert!(
        elsewhere.failed(2).contains("flow.also"),
        "{}",
        elsewhere.err
    );

    company.place.set("KEY", &KEY.replace('5', "6"));
    let other_key = company.place.run(&["flow", "list"]);
    assert!(
        other_key.failed(2).contains("flow.key"),
        "{}",
        other_key.err
    );
    company.place.set("KEY", "secret");
    let no_key = company.place.run(&["flow", "list"]);
    assert!(
        no_key.failed(2).contains("openssl rand -hex 32"),
        "{}",
        no_key.err
    );
}

#[test]
fn invalid_flow_configuration_is_refused_with_a_reason() {
    for (more, expected) in [
        ("lease_ms = 1000", "is not longer than the deadline"),
        ("workers = 3", "older_keys"),
        ("[flow.schedule]\ninterval = 3", "interval_ms"),
        (
            "[flow.schedule]\ninterval_ms = 'soon'",
            "a whole number of milliseconds",
        ),
        ("[flow.retention]\nvendor_years = 1", "vendor_days"),
        ("[flw]", "`flow`"),
    ] {
        let company = Company::new(&["idnow"], "flows.db", more);
        let ran = company
            .place
            .run(&["flow", "start", "--reference", REFERENCE]);
        assert!(ran.failed(2).contains(expected), "{expected}: {}", ran.err);
        assert_eq!(company.sandbox.requests().len(), 0);
    }
    let twice = Company::new(&["idnow", "idnow"], "flows.db", "");
    assert!(
        twice
            .place
            .run(&["flow", "run", "--once"])
            .failed(2)
            .contains("added twice")
    );
}

#[test]
fn store_without_key_works_with_a_warning() {
    let company = company();
    let text = std::fs::read_to_string(company.place.folder.path().join("idv.toml")).unwrap();
    company.place.write(
        "idv.toml",
        text.replace("\nkey = { env = \"KEY\" }\n", "\n"),
    );
    let ran = company.run(&[
        "flow",
        "start",
        "--reference",
        REFERENCE,
        "--from",
        "person.json",
    ]);
    assert_eq!(ran.json()["phase"], "open");
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(
        ran.err.contains("in clear") && ran.err.contains("flow.key"),
        "{}",
        ran.err
    );
    company.place.write("idv.toml", text);
    assert!(
        company
            .place
            .run(&["flow", "list"])
            .failed(2)
            .contains("flow.key"),
        "a store in clear cannot be opened with a key"
    );
}

#[test]
fn older_key_reads_data_that_it_sealed() {
    let mut company = company();
    let id = start(&company, "idnow", REFERENCE);
    let text = std::fs::read_to_string(company.place.folder.path().join("idv.toml")).unwrap();
    company.place.set("NEW", &KEY.replace('5', "6"));
    let keys = "\nkey = { env = \"NEW\" }\nolder_keys = [{ env = \"KEY\" }]\n";
    company.place.write(
        "idv.toml",
        text.replace("\nkey = { env = \"KEY\" }\n", keys),
    );
    assert_eq!(company.json(&["flow", "status", &id])["phase"], "open");
    assert_eq!(company.json(&["audit", "verify"])["findings"], json!([]));
}

#[test]
fn environment_replaces_the_file() {
    let file = company();
    let mut place = Place::new();
    let idnow = file.sandbox.idnow();
    for (name, value) in [
        ("IDV_PROVIDER", "idnow"),
        ("IDV_IDNOW_COMPANY", idnow.company_id()),
        ("IDV_IDNOW_API_KEY", idnow.api_key()),
        ("IDV_IDNOW_GATEWAY_URL", &idnow.base_url()),
        ("IDV_IDNOW_GO_URL", &idnow.base_url()),
        ("IDV_FLOW_STORE", "other.db"),
        ("IDV_FLOW_KEY", KEY),
    ] {
        place.set(name, value);
    }
    let started = place.run(&["flow", "start", "--reference", REFERENCE, "--json"]);
    assert_eq!(
        (started.json()["phase"].as_str(), started.err.as_str()),
        (Some("open"), "")
    );
    assert!(place.folder.path().join("other.db").is_file());
    place.set("IDV_FLOW_STOR", "x");
    assert!(
        place
            .run(&["flow", "list"])
            .failed(2)
            .contains("IDV_FLOW_STORE")
    );
    assert_eq!(
        place.run(&["poll", REFERENCE]).exit,
        0,
        "other commands need no configuration of flows"
    );
}

#[test]
fn book_configuration_is_valid() {
    let book = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/src/program.md"
    ))
    .unwrap();
    let blocks: Vec<&str> = book
        .split("```toml\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 1);
    let mut place = Place::new();
    for name in ["IDNOW_API_KEY", "IDENTITY_TM_PASSWORD", "IDV_STORE_KEY"] {
        place.set(name, KEY);
    }
    place.write("idv.toml", blocks[0]);
    place.config = Some("idv.toml");
    let ran = place.run(&["flow", "list"]);
    assert!(
        ran.failed(2).contains("there is no store flows.db"),
        "{}",
        ran.err
    );
}

#[test]
fn changed_log_is_found_and_newer_store_refused() {
    let server = Server::shared();
    let database = server.database();
    let company = Company::new(&["idnow"], &database, QUICK);
    let id = start(&company, "idnow", REFERENCE);
    let no_block = format!("1:{}", "0".repeat(64));
    let rolled_back = company.run(&["audit", "verify", "--anchor", &no_block]);
    assert_eq!(rolled_back.exit, 1, "{}", rolled_back.err);
    assert!(
        rolled_back.out.contains("rolled back"),
        "{}",
        rolled_back.out
    );
    server.execute(
        &database,
        "UPDATE idv_audit SET event = replace(event, 'test', 'else') WHERE number = 1",
    );
    let changed = company.run(&["audit", "verify"]);
    assert_eq!(changed.exit, 1);
    let verified: Value = serde_json::from_str(&changed.out).unwrap();
    assert_eq!(
        verified["findings"],
        json!([format!("flow {id}: entry 1 was changed")])
    );
    let people = company.place.run(&["audit", "verify"]);
    assert!(
        people.exit == 1 && people.out.contains("entry 1 was changed"),
        "{}",
        people.out
    );

    server.execute(
        &database,
        "INSERT INTO idv_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'x', true, '', 0)",
    );
    assert_eq!(company.run(&["flow", "list"]).exit, 0);
    server.execute(&database, "UPDATE idv_schema SET oldest_program = 9999");
    let newer = company.place.run(&["flow", "list"]);
    assert!(newer.failed(1).contains("newer version"), "{}", newer.err);
}

#[test]
fn webhook_receives_events_and_a_replay() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let webhook = format!(
        "webhook.url = \"http://{}/hooks\"",
        listener.local_addr().unwrap()
    );
    let mut company = Company::new(
        &["idnow"],
        "flows.db",
        &format!("{webhook}\nwebhook.secret = {{ env = \"HOOK\" }}\n{QUICK}"),
    );
    let ran = company.place.run(&["flow", "list"]);
    assert!(
        ran.failed(2).contains("`flow.webhook.secret`"),
        "{}",
        ran.err
    );
    company
        .place
        .set("HOOK", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let (sender, received) = std::sync::mpsc::channel();
    let route = axum::routing::post(move |headers: http::HeaderMap, body: String| {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        sender
            .send((header("webhook-id"), header("webhook-signature"), body))
            .unwrap();
        async { http::StatusCode::NO_CONTENT }
    });
    let routes = axum::Router::new().route("/hooks", route);
    let server =
        async { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), routes).await };
    company.runtime.spawn(server);

    let id = start(&company, "idnow", REFERENCE);
    company.json(&["flow", "run", "--once"]);
    for (sequence, name) in [(1, "created"), (2, "hand_off_ready")] {
        let (webhook_id, signature, body) = received.try_recv().unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (webhook_id, &body["type"]),
            (
                format!("{id}-{sequence}"),
                &json!(format!("verification.{name}"))
            )
        );
        assert!(signature.starts_with("v1,"), "{signature}");
    }
    assert_eq!(
        company.json(&["flow", "replay", &id, "2"]),
        json!({ "flow": id, "sequence": 2, "delivered": true })
    );
    assert_eq!(received.try_recv().unwrap().0, format!("{id}-2"));
    assert!(
        company
            .place
            .run(&["flow", "replay", &id, "9"])
            .failed(1)
            .contains("no event 9")
    );
    assert!(
        company
            .place
            .run(&["flow", "replay", MISSING, "1"])
            .failed(1)
            .contains("no event 1")
    );
}
