//! Truncated, ill-formed and hostile payloads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use idv_core::{ErrorKind, Outcome, Status};
use idv_identify24::normalize::{self, Statuses};
use idv_identify24::wire::{Envelope, IdentAnswer, ProjectsAnswer, Webhook};
use idv_testkit::printed;
use proptest::prelude::*;
use support::*;

const KINDS: [&str; 3] = ["result", "status", "callback"];

/// Parses a payload as every type.
fn read_as_everything(bytes: &[u8]) {
    for kind in KINDS {
        if let Ok(page) = normalize::kind(bytes, kind, &statuses()) {
            assert!(serde_json::to_string(&page.observations).is_ok());
        }
    }
    let _ = (
        Envelope::read(bytes),
        IdentAnswer::read(bytes),
        ProjectsAnswer::read(bytes),
        Webhook::read(bytes),
    );
}

/// Every complete payload about an ident, with its kind.
fn whole() -> Vec<(String, &'static str, Vec<u8>)> {
    let status = idents().into_iter().map(|name| (name, "status"));
    let callback = webhooks().into_iter().map(|name| (name, "callback"));
    status
        .chain(callback)
        .map(|(name, kind)| (name.clone(), kind, fixture(&name)))
        .collect()
}

fn is_verified(bytes: &[u8], kind: &str) -> bool {
    normalize::kind(bytes, kind, &statuses()).is_ok_and(|page| {
        page.observations
            .iter()
            .any(|it| it.status == Some(Status::Finished(Outcome::Verified)))
    })
}

#[test]
fn truncated_payload_is_refused() {
    for (name, kind, payload) in whole() {
        assert!(
            normalize::kind(&payload, kind, &statuses()).is_ok(),
            "{name}"
        );
        for length in 0..payload.trim_ascii_end().len() {
            for kind in KINDS {
                let cut = normalize::kind(&payload[..length], kind, &statuses());
                assert_eq!(
                    cut.unwrap_err().kind(),
                    &ErrorKind::Malformed,
                    "{name} cut off after {length} bytes"
                );
            }
        }
    }
}

#[test]
fn trailing_data_is_refused() {
    for (name, kind, payload) in whole() {
        for garbage in ["x", "{}", "]", "\0", ","] {
            let payload = [payload.as_slice(), garbage.as_bytes()].concat();
            assert!(
                normalize::kind(&payload, kind, &statuses()).is_err(),
                "{name} followed by {garbage:?}"
            );
        }
        let spaced = ["\u{feff} \n".as_bytes(), payload.as_slice(), b" \r\n\t"].concat();
        assert!(
            normalize::kind(&spaced, kind, &statuses()).is_ok(),
            "{name} with white space around it"
        );
    }
}

#[test]
fn no_single_byte_turns_a_state_into_success() {
    for (name, kind, payload) in whole()
        .into_iter()
        .filter(|(_, kind, payload)| !is_verified(payload, kind))
    {
        for position in 0..payload.len() {
            for byte in [
                0, b' ', b'"', b'\\', b'[', b']', b'{', b'}', b',', b':', b'1', b'V', 0x80, 0xFF,
            ] {
                let mut payload = payload.clone();
                payload[position] = byte;
                assert!(
                    !is_verified(&payload, kind),
                    "{name}: byte {position} as {byte}"
                );
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
            ("{\"data\":", "}"),
            ("[{\"data\":", "}]"),
        ] {
            let nested = open.repeat(depth) + "1" + &close.repeat(depth);
            read_as_everything(nested.as_bytes());
            for part in ["data", "messages", "result", "status", "ident_id", "added"] {
                read_as_everything(format!("{{\"{part}\":{nested}}}").as_bytes());
                read_as_everything(format!("{{\"data\":{{\"{part}\":{nested}}}}}").as_bytes());
            }
        }
    }
}

#[test]
fn last_of_repeated_members_counts() {
    let payload =
        format!(r#"{{"ident_id":"1","ident_id":"2","status":"{VERIFIED}","status":"{REJECTED}"}}"#);
    let observation = normalize::kind(payload.as_bytes(), "callback", &statuses())
        .unwrap()
        .observations
        .remove(0);
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Rejected))
    );
    assert_eq!(observation.subject.vendor_id.unwrap().as_str(), "2");
    // A success that is revoked is not one.
    let payload = ident(VERIFIED).replace("\"messages\"", "\"result\":false,\"messages\"");
    assert!(normalize::kind(payload.as_bytes(), "status", &statuses()).is_err());
}

#[test]
fn other_encodings_are_refused() {
    let utf16: Vec<u8> = "{\"ident_id\":\"1\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let payloads: [&[u8]; 6] = [
        &utf16,
        &[&[0xFF, 0xFE], &utf16[..]].concat(),
        b"{\"ident_id\":\"\xFF\"}",
        b"",
        b" ",
        b"\xEF\xBB\xBF",
    ];
    for payload in payloads {
        for kind in KINDS {
            assert_eq!(
                normalize::kind(payload, kind, &statuses())
                    .unwrap_err()
                    .kind(),
                &ErrorKind::Malformed
            );
        }
    }
}

#[test]
fn long_lists_are_parsed_within_limits() {
    let list = |entry: &str, count: usize| vec![entry; count].join(",");
    let messages = |count: usize| format!("{{\"messages\":[{}]}}", list("\"m\"", count));
    assert_eq!(
        Envelope::read(messages(100_000).as_bytes())
            .unwrap()
            .messages
            .len(),
        100_000
    );
    let payload = format!("{{\"data\":[{}]}}", list("{}", 100_000));
    assert!(normalize::kind(payload.as_bytes(), "status", &statuses()).is_err());
    let members = |count: usize| {
        (0..count)
            .map(|it| format!(",\"m{it}\":0"))
            .collect::<String>()
    };
    let webhook = |count: usize| format!("{{\"ident_id\":\"1\"{}}}", members(count));
    let page = normalize::kind(webhook(10_000).as_bytes(), "callback", &statuses()).unwrap();
    assert_eq!(page.observations[0].report().unwrap().custom.len(), 10_000);
    assert!(normalize::kind(webhook(300_000).as_bytes(), "callback", &statuses()).is_err());
}

#[test]
fn parse_errors_do_not_quote_the_payload() {
    for payload in [
        r#"{"first_name":"Mustermann",}"#,
        r#"{"data":{"Mustermann":Mustermann}}"#,
        r#"["Mustermann"#,
        r#"{"Mustermann":"Mustermann"}"#,
        "Mustermann",
    ] {
        for kind in KINDS {
            let error = normalize::kind(payload.as_bytes(), kind, &statuses()).unwrap_err();
            let printed = printed(&error);
            assert!(!printed.contains("Mustermann"), "{printed}");
        }
    }
}

/// Any JSON, with member names of the vendor.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let names = [
        "result",
        "response_status",
        "messages",
        "token",
        "data",
        "id",
        "ident_id",
        "custom_id",
        "status",
        "status_id",
        "first_name",
        "person_first_name",
        "created_at",
        "appointment_date",
        "agent_name",
        "reject_reason",
        "custom1",
        "added",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        "[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,4} [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2})?".prop_map(Into::into),
        Just(VERIFIED.into()),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::vec((proptest::sample::select(names.to_vec()), inner), 0..8)
                .prop_map(|pairs| serde_json::Value::Object(
                    pairs
                        .into_iter()
                        .map(|(name, it)| (name.to_owned(), it))
                        .collect()
                )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn arbitrary_json_does_not_panic(json in any_json()) {
        read_as_everything(json.to_string().as_bytes());
    }

    #[test]
    fn mutated_payloads_do_not_panic(
        index in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let payloads = whole();
        let mut payload = index.get(&payloads).2.clone();
        for (position, byte) in changes {
            let position = position.index(payload.len());
            payload[position] = byte;
        }
        read_as_everything(&payload);
    }

    #[test]
    fn untaught_word_has_no_meaning(word in ".{0,20}") {
        let known = ["unidentified"].contains(&word.trim().to_ascii_lowercase().as_str());
        prop_assert_eq!(Statuses::of_document().find(&word).is_some(), known);
    }

    #[test]
    fn arbitrary_time_text_does_not_panic(text in "[0-9 :TZ+.-]{0,25}") {
        let _ = normalize::time(&text);
    }
}
