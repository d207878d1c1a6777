//! Truncated, ill-formed and hostile payloads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;

use std::sync::LazyLock;

use fixture::{details, events, fixture, results};
use idv_cm_id_scan::api::{CreateTransactionResponse, CreateWebhookResponse, ResultId};
use idv_cm_id_scan::normalize::{self, Acceptance, Wanted};
use idv_cm_id_scan::wire::{ErrorBody, Event, Transaction, Webhook};
use idv_core::{Channel, ErrorKind, EvidenceId, Outcome, Status};
use proptest::prelude::*;

/// The time of every judgement.
const NOW: &str = "2024-06-01T12:00:00Z";

/// Parses a payload as every type, and visits its contents.
fn read_as_everything(bytes: &[u8]) {
    let acceptance = Acceptance::default();
    for kind in ["result", "status", "callback"] {
        if let Ok(page) = normalize::kind(bytes, kind, &acceptance) {
            assert!(serde_json::to_string(&page.observations).is_ok());
        }
    }
    if let Ok(transaction) = Transaction::read(bytes) {
        let result = ResultId::parse("e6b7ce66").unwrap();
        for evidence in normalize::images(&transaction, Some(&result)) {
            let (_, wanted) = normalize::wanted(&evidence.id).unwrap();
            let Wanted::File(name) = wanted else {
                panic!("{evidence:?}")
            };
            assert!(
                normalize::find_file(&transaction, name).is_some_and(|file| file.url.is_some())
            );
        }
    }
    let _ = (
        CreateTransactionResponse::read(bytes),
        CreateWebhookResponse::read(bytes),
        Event::read(bytes),
        Webhook::read(bytes),
    );
    let _ = (ErrorBody::read(bytes).code(), ErrorBody::read(bytes).text());
}

fn reads(name: &str, bytes: &[u8]) -> bool {
    if events().iter().any(|event| event == name) {
        Event::read(bytes).is_ok()
    } else {
        Transaction::read(bytes).is_ok()
    }
}

fn verified(bytes: &[u8]) -> bool {
    let page = normalize::kind_at(
        bytes,
        "result",
        &Acceptance::default(),
        NOW.parse().unwrap(),
    );
    let observations = page.map(|page| page.observations).unwrap_or_default();
    observations
        .iter()
        .any(|observation| observation.status == Some(Status::Finished(Outcome::Verified)))
}

/// Every complete payload.
fn whole() -> &'static [(String, Vec<u8>)] {
    static WHOLE: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
        [results(), details(), events()]
            .concat()
            .into_iter()
            .map(|name| (name.clone(), fixture(&name)))
            .collect()
    });
    &WHOLE
}

#[test]
fn truncated_or_extended_payload_is_refused() {
    for (name, payload) in whole() {
        assert!(reads(name, payload), "{name}");
        let end = payload.trim_ascii_end().len();
        for length in 0..end {
            assert!(
                !reads(name, &payload[..length]),
                "{name} cut off after {length} bytes is read"
            );
        }
        for garbage in ["x", "{}", "]", "\0", ","] {
            assert!(
                !reads(name, &[payload.as_slice(), garbage.as_bytes()].concat()),
                "{name} followed by {garbage:?}"
            );
        }
        assert!(
            reads(
                name,
                &["\u{feff} \n".as_bytes(), payload.as_slice(), b" \r\n\t"].concat()
            ),
            "{name}"
        );
    }
}

/// Digits are not varied: a score without a digit may be a better one, which cannot be detected.
/// The same applies to the names of optional members.
#[test]
fn no_single_byte_turns_a_result_into_success() {
    for name in [
        "result",
        "own-result-face-mismatch",
        "own-result-expired",
        "own-result-contradicting",
        "own-result-task-pending",
    ] {
        // Without white space, where most changes have no effect.
        let payload = fixture::json(&format!("{name}.json"))
            .to_string()
            .into_bytes();
        assert!(!verified(&payload), "{name}");
        let is_optional = |position: usize| {
            ["comparison", "score"].iter().any(|part| {
                let starts = position.saturating_sub(part.len())..=position;
                starts.into_iter().any(|start| {
                    payload[start..].starts_with(part.as_bytes()) && position < start + part.len()
                })
            })
        };
        for position in (0..payload.len())
            .filter(|position| !payload[*position].is_ascii_digit() && !is_optional(*position))
        {
            for byte in [b' ', b'"', b'\\', b'}', b',', b'x'] {
                let mut changed = payload.clone();
                changed[position] = byte;
                assert!(!verified(&changed), "{name}: byte {position} as {byte}");
            }
        }
    }
}

#[test]
fn deep_nesting_does_not_overflow() {
    for depth in [100, 127, 128, 129, 20_000] {
        for (open, close) in [
            ("[", "]"),
            ("{\"a\":", "}"),
            ("{\"tasks\":", "}"),
            ("{\"error\":", "}"),
            ("{\"errors\":[", "]}"),
            ("{\"task\":", "}"),
        ] {
            let nested = open.repeat(depth) + "1" + &close.repeat(depth);
            read_as_everything(nested.as_bytes());
            for part in ["tasks", "transaction", "task", "url", "error"] {
                read_as_everything(
                    format!("{{\"id\":\"a\",\"state\":\"completed\",\"{part}\":{nested}}}")
                        .as_bytes(),
                );
            }
            for part in ["result", "files", "score", "documentScans"] {
                read_as_everything(
                    format!("{{\"id\":\"a\",\"state\":\"completed\",\"tasks\":[{{\"{part}\":{nested}}}]}}").as_bytes(),
                );
            }
        }
    }
}

#[test]
fn many_fields_and_files_are_all_kept() {
    let field = r#"{"field":"surname","validity":"valid","values":[{"source":"visual","value":"A"},{"source":"mrz","value":"B"}]}"#;
    let file = r#"{"category":"image","type":"portrait","url":"https://api.cm.com/x"}"#;
    let payload = format!(
        r#"{{"id":"a","state":"completed","tasks":[{{"type":"document_scan","state":"completed","result":[{}],"files":[{}]}}]}}"#,
        vec![field; 3_000].join(","),
        vec![file; 3_000].join(",")
    );
    let observation = normalize::kind(payload.as_bytes(), "result", &Acceptance::default())
        .unwrap()
        .observations
        .remove(0);
    let report = observation.report().unwrap();
    assert_eq!(
        report
            .person
            .family_name
            .as_ref()
            .unwrap()
            .alternatives
            .len(),
        5_999
    );
    assert_eq!(
        (report.evidence.len(), report.evidence[2_999].id.as_str()),
        (3_000, "files/document_scan/image/portrait#3000")
    );
}

#[test]
fn last_of_repeated_members_counts() {
    let mut payload = String::from_utf8(fixture("own-result-verified.json")).unwrap();
    assert!(verified(payload.as_bytes()));
    payload.insert_str(payload.rfind('}').unwrap(), r#","state":"pending""#);
    assert!(!verified(payload.as_bytes()));
    payload.insert_str(
        payload.rfind('}').unwrap(),
        r#","state":"completed","tasks":[]"#,
    );
    assert!(!verified(payload.as_bytes()));
}

#[test]
fn valid_members_survive_invalid_ones() {
    let payload = br#"{"id":"a","state":"completed","created":{},"expires":[],"completed":7,"resultId":{},"mobileOnly":"perhaps",
        "tasks":[null,7,["document_scan"],{"type":{},"files":"none","documentScans":true},
        {"type":"document_scan","state":"completed","attempts":-1,"files":[null,7,{"url":[]}],
         "result":[null,{"field":["x"]},{"field":"surname","validity":"valid","values":[null,7,{"source":1,"value":["x"]},{"value":"DE BRUIJN"}]}]}]}"#;
    let observation = normalize::kind(payload, "result", &Acceptance::default())
        .unwrap()
        .observations
        .remove(0);
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Inconclusive))
    );
    let surname = observation
        .report()
        .unwrap()
        .person
        .family_name
        .clone()
        .unwrap();
    assert_eq!(
        (
            surname.expose().unwrap().as_str(),
            surname.alternatives[0]
                .value
                .as_ref()
                .unwrap()
                .expose()
                .as_str()
        ),
        ("7", "DE BRUIJN")
    );
}

#[test]
fn other_encodings_are_refused() {
    let utf16: Vec<u8> =
        r#"{"id":"a","state":"pending"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let payloads: [&[u8]; 6] = [
        &utf16,
        &[&[0xFF, 0xFE], &utf16[..]].concat(),
        b"{\"id\":\"\xFF\",\"state\":\"a\"}",
        b"",
        b" ",
        b"\xEF\xBB\xBF",
    ];
    for payload in payloads {
        assert_eq!(
            Transaction::read(payload).unwrap_err().kind(),
            &ErrorKind::Malformed
        );
        assert_eq!(
            Event::read(payload).unwrap_err().kind(),
            &ErrorKind::Malformed
        );
    }
}

#[test]
fn evidence_name_finds_only_its_image() {
    let payload = fixture("own-result-everything.json");
    let transaction = Transaction::read(&payload).unwrap();
    for name in [
        "",
        "files/",
        "files/document_scan/image/portrait#1",
        "files/document_scan/image/portrait#2",
        "files/x/image/portrait",
    ] {
        assert!(normalize::find_file(&transaction, name).is_none(), "{name}");
    }
    for id in [
        "",
        "results/",
        "results/a",
        "results/a/",
        "results/a/x",
        "results/../report",
        "report",
        "results/a/report/x",
    ] {
        assert!(normalize::wanted(&EvidenceId::new(id)).is_none(), "{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn arbitrary_text_after_a_valid_prefix_does_not_panic(
        start in prop::sample::select(vec![
            "{", "[", "trxid=", "{\"id\":\"a\",\"state\":\"completed\",\"tasks\":", "{\"type\":\"transaction.state.updated\",\"transaction\":",
            "{\"id\":\"a\",\"state\":\"completed\",\"tasks\":[{\"result\":[{\"field\":", "{\"error\":",
        ]),
        text in "[ -~\\n{}\\[\\]:,\"/\\\\a-f0-9]{0,300}",
    ) {
        read_as_everything(format!("{start}{text}").as_bytes());
    }

    #[test]
    fn mutated_payloads_do_not_panic(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (_, mut payload) = which.get(whole()).clone();
        for (position, byte) in changes {
            let position = position.index(payload.len());
            payload[position] = byte;
        }
        read_as_everything(&payload);
    }

    #[test]
    fn any_negative_member_prevents_verification(
        validity in prop::sample::select(vec!["valid", "not_checked", "invalid", "unknown"]),
        comparison in prop::sample::select(vec!["match", "not_performed", "mismatch"]),
        state in prop::sample::select(vec!["completed", "pending", "failed"]),
        score in 0.0..=1.0_f64,
        position in 0_usize..11,
        task in 0_usize..3,
    ) {
        let mut result = fixture::json("own-result-verified.json");
        result["tasks"][0]["result"][position]["validity"] = validity.into();
        result["tasks"][0]["result"][position]["comparison"] = comparison.into();
        result["tasks"][task]["state"] = state.into();
        result["tasks"][task]["score"] = score.into();
        let good = matches!(validity, "valid" | "not_checked") && comparison != "mismatch" && state == "completed" && score >= 0.8;
        let now = NOW.parse().unwrap();
        let observation = normalize::payload_at(result.to_string().as_bytes(), Channel::Fetch, &Acceptance::default(), now).unwrap().remove(0);
        prop_assert_eq!(observation.status == Some(Status::Finished(Outcome::Verified)), good);
        prop_assert_eq!(observation.report().unwrap().reasons.is_empty(), good);
    }
}
