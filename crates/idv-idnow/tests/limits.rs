//! Payloads that are designed to allocate memory. Each is refused, or keeps at most a few times its
//! length.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::mem::size_of;

use idv_core::{Channel, ErrorKind, Observation, Report};
use idv_idnow::normalize;
use idv_idnow::wire::{self, Entry, Identification};

/// The length of the payloads: the limit of a callback.
const LENGTH: usize = 4 << 20;
/// The permitted memory of a payload, in multiples of its length.
const TIMES: usize = 10;

/// Builds `{before}{part, part, …}{after}` of the length. `part` builds a part from its number.
fn payload(before: &str, part: impl Fn(usize) -> String, separator: &str, after: &str) -> Vec<u8> {
    let mut text = before.to_owned();
    for number in 0.. {
        if number > 0 {
            text += separator;
        }
        text += &part(number);
        if text.len() >= LENGTH {
            break;
        }
    }
    (text + after).into_bytes()
}

fn json(before: &str, part: impl Fn(usize) -> String, after: &str) -> Vec<u8> {
    payload(before, part, ",", after)
}

fn xml(before: &str, part: impl Fn(usize) -> String, after: &str) -> Vec<u8> {
    payload(before, part, "", after)
}

const NAMED: &str = r#"{"identificationprocess":{"id":"A"},"#;
const NAMED_XML: &str = "<identification><identificationprocess><id>A</id></identificationprocess>";

#[test]
fn too_many_parts_for_the_length_are_refused() {
    let key = |number: usize| format!("\"{number:x}\":0");
    for (what, payload) in [
        (
            "identifications",
            json(
                r#"{"identifications":["#,
                |_| r#"{"identificationprocess":{"id":"A"}}"#.to_owned(),
                "]}",
            ),
        ),
        (
            "an array of identifications",
            json(
                "[",
                |_| r#"{"identificationprocess":{"id":"A"}}"#.to_owned(),
                "]",
            ),
        ),
        ("members", json(NAMED, key, "}")),
        (
            "members of a section",
            json(&format!("{NAMED}\"userdata\":{{"), key, "}}"),
        ),
        (
            "members of a value",
            json(
                &format!("{NAMED}\"userdata\":{{\"firstname\":{{"),
                key,
                "}}}",
            ),
        ),
        (
            "members of an unknown object",
            json(&format!("{NAMED}\"new\":{{"), key, "}}"),
        ),
        (
            "elements of an unknown array",
            json(&format!("{NAMED}\"new\":["), |_| "0".to_owned(), "]}"),
        ),
        (
            "unknown objects",
            json(
                &format!("{NAMED}\"new\":["),
                |_| "{\"a\":0}".to_owned(),
                "]}",
            ),
        ),
        (
            "classes",
            json(
                &format!("{NAMED}\"identificationdocument\":{{\"driversclasses\":["),
                |_| "0".to_owned(),
                "]}}",
            ),
        ),
        (
            "reasons",
            json(
                r#"{"identificationprocess":{"id":"A","reason":["#,
                |_| "0".to_owned(),
                "]}}",
            ),
        ),
        (
            "signings",
            json(&format!("{NAMED}\"esigning\":["), |_| "{}".to_owned(), "]}"),
        ),
        (
            "answers",
            json(&format!("{NAMED}\"questions\":{{"), key, "}}"),
        ),
        (
            "attachments",
            json(&format!("{NAMED}\"attachments\":{{"), key, "}}"),
        ),
        (
            "custom data",
            json(&format!("{NAMED}\"customdata\":{{"), key, "}}"),
        ),
        (
            "answers with a value",
            json(
                &format!("{NAMED}\"questions\":{{"),
                |number| format!("\"{number}\":{{\"value\":0}}"),
                "}}",
            ),
        ),
        (
            "identifications in XML",
            xml(
                "<identifications>",
                |_| format!("{NAMED_XML}</identification>"),
                "</identifications>",
            ),
        ),
        (
            "elements",
            xml(NAMED_XML, |_| "<a/>".to_owned(), "</identification>"),
        ),
        (
            "elements in an unknown one",
            xml(
                &format!("{NAMED_XML}<a>"),
                |_| "<b/>".to_owned(),
                "</a></identification>",
            ),
        ),
        (
            "attributes",
            xml(
                &format!("{NAMED_XML}<a "),
                |number| format!(" a{number}=\"\""),
                "/></identification>",
            ),
        ),
        (
            "elements of a section",
            xml(
                &format!("{NAMED_XML}<userdata>"),
                |_| "<a>b</a>".to_owned(),
                "</userdata></identification>",
            ),
        ),
        (
            "answers in XML",
            xml(
                &format!("{NAMED_XML}<questions>"),
                |_| "<a>b</a>".to_owned(),
                "</questions></identification>",
            ),
        ),
        (
            "classes in XML",
            xml(
                &format!("{NAMED_XML}<identificationdocument><driversclasses>"),
                |_| "<type>B</type>".to_owned(),
                "</driversclasses></identificationdocument></identification>",
            ),
        ),
        (
            "elements beside a list",
            xml(
                "<identifications>",
                |_| "<a>b</a>".to_owned(),
                "</identifications>",
            ),
        ),
    ] {
        let error = wire::read(&payload)
            .map(|payload| payload.identifications.len())
            .expect_err(what);
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{what}: {error}");
    }
}

#[test]
fn last_of_repeated_parts_is_kept() {
    let item = r#""userdata":{"firstname":{"value":"A"}}"#;
    let payload = json(NAMED, |_| item.to_owned(), "}");
    let [observation] = normalize::payload(&payload, Channel::Fetch)
        .unwrap()
        .try_into()
        .unwrap();
    let observation: Observation = observation;
    assert!(observation.report().unwrap().person.given_names.is_some());
    let payload = xml(
        NAMED_XML,
        |_| "<userdata><firstname>A</firstname></userdata>".to_owned(),
        "</identification>",
    );
    assert_eq!(
        normalize::payload(&payload, Channel::Fetch).unwrap().len(),
        1
    );
}

#[test]
fn parsed_identifications_use_bounded_memory() {
    // The shortest text whose count is unlimited.
    let id = "A".repeat(128);
    let entry = format!(r#"{{"identificationprocess":{{"id":"{id}"}}}}"#);
    let bytes = json("[", |_| entry.clone(), "]");
    let payload = wire::read(&bytes).unwrap();
    let (count, capacity) = (
        payload.identifications.len(),
        payload.identifications.capacity(),
    );
    assert!(count > 20_000);
    // Lists give observations without reports.
    let observation = size_of::<Observation>() + id.len() * 3;
    assert!(
        capacity * size_of::<Identification<'_>>() + count * observation < TIMES * bytes.len(),
        "{count} {capacity} {} {observation}",
        size_of::<Identification<'_>>()
    );
    let page = normalize::kind(&bytes, "status").unwrap();
    assert_eq!(page.observations.len(), count);
    assert!(
        page.observations
            .iter()
            .all(|observation| observation.report().is_none())
    );
    // With reports, a few thousand at most.
    assert_eq!(
        normalize::payload(&bytes, Channel::Fetch)
            .unwrap_err()
            .kind(),
        &ErrorKind::Malformed
    );
    let reports = 1_000 + bytes.len() / 1_024;
    assert!(
        reports * (size_of::<Report>() + observation + size_of::<Identification<'_>>())
            < TIMES * bytes.len()
    );
}

#[test]
fn list_of_documented_entries_has_no_length_limit() {
    let process = r#"{"result":"SUCCESS","agentname":"H","identificationtime":"2014-06-02T05:03:54Z","type":"WEB","transactionnumber":"AH73JK3LM","companyid":"ihrebank","id":"IBA-H7GB6","filename":"AH73JK3LM.zip","href":"/api/v1/ihrebank/identifications/AH73JK3LM.zip"}"#;
    let attachments: Vec<_> = (0..10)
        .map(|number| format!("\"security{number}\":\"AH73JK3LM_security{number}.jpg\""))
        .collect();
    let entry = format!(
        r#"{{"identificationprocess":{process},"attachments":{{{}}},"userdata":{{"identlanguage":"de"}}}}"#,
        attachments.join(",")
    );
    let list = json(r#"{"identifications":["#, |_| entry.clone(), "]}");
    assert!(wire::read(&list).unwrap().identifications.len() > 5_000);
    let entry_length: usize =
        attachments.iter().map(String::len).sum::<usize>() / attachments.len();
    assert!(size_of::<Entry<'_>>() < 3 * entry_length);
    let short = json(
        r#"{"identifications":["#,
        |_| format!(r#"{{"identificationprocess":{process}}}"#),
        "]}",
    );
    assert!(wire::read(&short).unwrap().identifications.len() > 10_000);
}
