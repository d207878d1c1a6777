//! The observations of vendors' payloads.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::{Place, SandboxedCli};

fn payloads() -> (SandboxedCli, String, Vec<u8>, Vec<u8>, Vec<u8>) {
    let cli = SandboxedCli::new();
    let reference = cli.verified();
    let get = |path: &str| {
        let (status, body) = cli.vendor_says(path);
        assert_eq!(status, 200, "{path}");
        body
    };
    let json = get(&format!("identifications/{reference}"));
    let zip = get(&format!("identifications/{reference}.zip"));
    let list = get("identifications");
    (cli, reference, json, zip, list)
}

fn xml_in(zip: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).unwrap();
    let name = archive
        .file_names()
        .flatten()
        .find(|name| name.ends_with(".xml"))
        .unwrap()
        .into_owned();
    let mut xml = Vec::new();
    archive
        .by_name(&name)
        .unwrap()
        .read_to_end(&mut xml)
        .unwrap();
    xml
}

#[test]
fn json_xml_and_zip_have_the_same_observations() {
    let (cli, reference, json, zip, _) = payloads();
    let xml = xml_in(&zip);
    let mut said: Vec<Value> = Vec::new();
    for (name, payload, content_type) in [
        ("a.json", &json, "application/json"),
        ("a.xml", &xml, "application/xml"),
        ("a.zip", &zip, "application/zip"),
    ] {
        let file = cli.place.write(name, payload);
        let from_file = cli.place.run(&["normalize", "idnow", "result", &file]);
        let from_input = cli
            .place
            .run_with(&["normalize", "idnow", "result", "-"], payload);
        let declared = cli.place.run_with(
            &[
                "normalize",
                "idnow",
                "result",
                "--content-type",
                content_type,
            ],
            payload,
        );
        assert_eq!(from_file.out, from_input.out);
        assert_eq!(from_file.out, declared.out);
        said.push(from_file.json());
    }
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0], said[2]);
    let observations = said[0].get("observations").unwrap().as_array().unwrap();
    assert_eq!(observations.len(), 1);
    let observation = &observations[0];
    let keys: Vec<&str> = observation
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = [
        "subject", "channel", "trust", "status", "code", "report", "at",
    ];
    expected.sort_unstable();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(
        observation.pointer("/subject/reference").unwrap(),
        &json!(reference)
    );
    assert_eq!(
        observation.pointer("/trust").unwrap(),
        "claimed",
        "a file proves nothing"
    );
    assert_eq!(observation.pointer("/channel").unwrap(), "fetch");
    assert_eq!(
        observation.pointer("/status").unwrap(),
        &json!({ "state": "finished", "outcome": "verified", "leaning": null })
    );
    assert_eq!(
        observation.pointer("/code").unwrap(),
        "SUCCESS_DATA_CHANGED"
    );
    assert_eq!(
        observation
            .pointer("/report/person/birth_date/submitted")
            .unwrap(),
        "1982-05-22"
    );
}

#[test]
fn kind_decides_the_channel() {
    let (cli, _, json, _, list) = payloads();
    let channel = |kind: &str, payload: &[u8]| {
        let answer = cli
            .place
            .run_with(&["normalize", "idnow", kind], payload)
            .json();
        answer
            .pointer("/observations/0/channel")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(channel("result", &json), "fetch");
    assert_eq!(channel("status", &json), "poll");
    assert_eq!(channel("status", &list), "list");
    assert_eq!(channel("callback", &json), "callback");
}

#[test]
fn unknown_code_is_kept_without_a_status() {
    let payload = br#"{"identificationprocess":{"result":"ESCALATED","transactionnumber":"0123456789abcdef"}}"#;
    let answer = Place::new()
        .run_with(&["normalize", "idnow", "callback"], payload)
        .json();
    assert_eq!(
        answer.pointer("/observations/0/status").unwrap(),
        &Value::Null
    );
    assert_eq!(answer.pointer("/observations/0/code").unwrap(), "ESCALATED");
}

#[test]
fn invalid_payload_prints_one_line_and_no_output() {
    let (cli, _, json, zip, _) = payloads();
    let xml = xml_in(&zip);
    let mut cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "result"),
        (b"garbage".to_vec(), "result"),
        (b"garbage".to_vec(), "status"),
        (b"\0\xFF\xFE".to_vec(), "callback"),
        (b"[1,2".to_vec(), "callback"),
        (b"\"Mustermann\"".to_vec(), "result"),
        (
            b"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>".to_vec(),
            "result",
        ),
    ];
    for whole in [&json, &xml, &zip] {
        for part in [1, whole.len() / 2, whole.len() - 2] {
            cases.push((whole[..part].to_vec(), "result"));
        }
    }
    for (payload, kind) in cases {
        let ran = cli.place.run_with(&["normalize", "idnow", kind], &payload);
        let error = ran.failed(1);
        assert!(
            !error.contains("Mustermann") && !error.contains("MUSTERMANN"),
            "{error}"
        );
    }
    let from_input = cli.place.run_with(
        &[
            "normalize",
            "idnow",
            "result",
            "--content-type",
            "application/xml",
        ],
        &json,
    );
    assert!(from_input.failed(1).contains("application/xml"));
}

#[test]
fn wrong_usage_exits_2_not_1() {
    let place = Place::new();
    assert!(
        place
            .run(&["normalize", "nobody", "result"])
            .failed(2)
            .contains("expected one of cm-id-scan, identify24, ")
    );
    assert!(
        place
            .run(&["normalize", "idnow", "result", "missing.json"])
            .failed(2)
            .contains("missing.json")
    );
    assert_eq!(place.run(&["normalize", "idnow", "report"]).exit, 2);
    for arguments in [
        ["--product", "99"],
        ["--behaviors", "8"],
        ["--behaviors", "2147483648"],
    ] {
        let ran = place.run_with(
            &[&["normalize", "identity-tm", "status"][..], &arguments].concat(),
            b"[]",
        );
        assert!(
            ran.failed(2)
                .contains(arguments[0].trim_start_matches('-').trim_end_matches('s')),
            "{}",
            ran.err
        );
    }
    let ran = place.run_with(&["normalize", "idnow", "status", "--product", "15"], b"[]");
    assert!(ran.failed(2).contains("identity-tm only"), "{}", ran.err);
}

#[test]
fn result_handle_is_shown_beside_observations() {
    let payload =
        br#"{"id":"e-1","type":"transaction.state.updated","transaction":{"id":"t-1","state":"completed","resultId":"r-1"}}"#;
    let ran = Place::new().run_with(&["normalize", "cm-id-scan", "callback"], payload);
    ran.json();
    assert!(ran.err.contains("--handle r-1"), "{}", ran.err);
}
