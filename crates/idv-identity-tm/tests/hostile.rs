//! Truncated, ill-formed and hostile payloads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

mod fixture;

use std::sync::LazyLock;

use fixture::{fixture, histories, named, results};
use idv_core::report::CheckResult;
use idv_core::{Channel, ErrorKind, EvidenceId, Outcome, Status};
use idv_identity_tm::normalize::{self, Flow};
use idv_identity_tm::wire::{
    Encoded, ErrorBody, Hashes, IdentResult, Images, NewPassword, Orders, SignedDocuments,
    SignmeUser, StatusList, SystemStatus, VoiceFiles,
};
use idv_testkit::printed;
use proptest::prelude::*;

const FLOWS: [Flow; 2] = [Flow::Identification, Flow::Esign];

fn drain(file: Option<&Encoded<'_>>) {
    if let Some(file) = file {
        let mut length = 0;
        let _ = file.decode(|piece| {
            length += piece.len();
            Ok(())
        });
        assert!(
            length <= file.encoded_length() / 4 * 3 + 3,
            "more was decoded than can be encoded"
        );
    }
}

/// Parses a payload as every type, and visits its contents.
fn read_as_everything(bytes: &[u8]) {
    for flow in FLOWS {
        for kind in ["result", "status", "callback"] {
            if let Ok(page) = normalize::kind(bytes, kind, flow) {
                assert!(serde_json::to_string(&page.observations).is_ok());
            }
        }
    }
    if let Ok(result) = IdentResult::read(bytes) {
        for image in result.images() {
            drain(image.image.as_ref());
        }
        for piece in normalize::images(result.images()) {
            assert!(
                normalize::find_image(result.images(), &piece.id)
                    .is_some_and(|image| image.image.is_some())
            );
        }
        let _ = normalize::find_image(result.images(), &EvidenceId::new("image/#1"));
    }
    if let Ok(images) = Images::read(bytes) {
        images
            .images
            .iter()
            .for_each(|image| drain(image.image.as_ref()));
    }
    if let Ok(files) = VoiceFiles::read(bytes) {
        files
            .voice_files
            .iter()
            .for_each(|file| drain(file.base64_data.as_ref()));
    }
    if let Ok(documents) = SignedDocuments::read(bytes) {
        documents
            .pdfs
            .iter()
            .for_each(|file| drain(file.base64_data.as_ref()));
    }
    let _ = (
        Hashes::read(bytes),
        Orders::read(bytes),
        SystemStatus::read(bytes),
        SignmeUser::read(bytes),
        NewPassword::read(bytes),
    );
    let _ = ErrorBody::read(bytes);
}

type Reads = fn(&[u8]) -> bool;

/// Returns the parser of a fixture.
fn reader(name: &str) -> Reads {
    match name {
        _ if histories().iter().any(|history| history == name) => {
            |bytes| StatusList::read(bytes).is_ok()
        }
        _ if results().iter().any(|result| result == name) => {
            |bytes| IdentResult::read(bytes).is_ok()
        }
        "get-images.json" => |bytes| Images::read(bytes).is_ok(),
        "get-voice-files.json" => |bytes| VoiceFiles::read(bytes).is_ok(),
        "own-esign-pdf.json" => |bytes| SignedDocuments::read(bytes).is_ok(),
        "own-esign-hash.json" => |bytes| Hashes::read(bytes).is_ok(),
        "get-orders-by-ref.txt" => |bytes| Orders::read(bytes).is_ok(),
        "system-status.json" => |bytes| SystemStatus::read(bytes).is_ok(),
        "check-signme-user.json" => |bytes| SignmeUser::read(bytes).is_ok(),
        "confirm-new-password.json" => |bytes| NewPassword::read(bytes).is_ok(),
        _ => panic!("{name} has no reader"),
    }
}

/// Every complete payload.
fn whole() -> &'static [(String, Vec<u8>)] {
    static WHOLE: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
        let names = named(&["get-", "own-", "system-", "check-", "confirm-"]);
        names
            .into_iter()
            .map(|name| (name.clone(), fixture(&name)))
            .collect()
    });
    &WHOLE
}

#[test]
fn truncated_payload_is_refused() {
    for (name, payload) in whole() {
        let reads = reader(name);
        assert!(reads(payload), "{name}");
        for length in 0..payload.trim_ascii_end().len() {
            assert!(
                !reads(&payload[..length]),
                "{name} cut off after {length} bytes is read"
            );
            if length % 16 == 0 {
                read_as_everything(&payload[..length]);
            }
        }
    }
}

#[test]
fn trailing_data_is_refused() {
    for (name, payload) in whole() {
        for garbage in ["x", "{}", "]", "\0", ","] {
            let payload = [payload.as_slice(), garbage.as_bytes()].concat();
            assert!(!reader(name)(&payload), "{name} followed by {garbage:?}");
        }
        let spaced = ["\u{feff} \n".as_bytes(), payload.as_slice(), b" \r\n\t"].concat();
        assert!(reader(name)(&spaced), "{name} with white space around it");
    }
}

/// Digits are not varied: 63 without its last digit is 6, which cannot be detected.
#[test]
fn no_structural_byte_turns_a_history_into_success() {
    for name in histories() {
        let payload = fixture(&name);
        for flow in FLOWS {
            let verified = |bytes: &[u8]| {
                let observations =
                    normalize::payload(bytes, Channel::Poll, flow).unwrap_or_default();
                observations
                    .iter()
                    .any(|it| it.status == Some(Status::Finished(Outcome::Verified)))
            };
            if verified(&payload) {
                continue;
            }
            for position in
                (0..payload.len()).filter(|position| !payload[*position].is_ascii_digit())
            {
                for byte in [
                    0, b' ', b'"', b'\\', b'[', b']', b'{', b'}', b',', b':', 0x80, 0xFF,
                ] {
                    let mut payload = payload.clone();
                    payload[position] = byte;
                    assert!(!verified(&payload), "{name}: byte {position} as {byte}");
                }
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
            ("{\"IdentData\":", "}"),
            ("{\"Status\":", "}"),
            ("{\"Additional\":", "}"),
        ] {
            let nested = open.repeat(depth) + "1" + &close.repeat(depth);
            read_as_everything(nested.as_bytes());
            for part in [
                "IdentData",
                "Status",
                "Images",
                "Image",
                "Hashes",
                "eSign",
                "Added",
            ] {
                read_as_everything(format!("{{\"{part}\":{nested}}}").as_bytes());
                read_as_everything(format!("{{\"IdentData\":{{\"{part}\":{nested}}}}}").as_bytes());
            }
        }
    }
}

#[test]
fn images_of_one_name_have_unique_ids() {
    let image = r#"{"Image":"AA==","Filename":"a.jpg"}"#;
    let payload = format!(r#"{{"Images":[{}]}}"#, vec![image; 2_000].join(","));
    let images = Images::read(payload.as_bytes()).unwrap().images;
    let evidence = normalize::images(&images);
    assert_eq!(
        (evidence.len(), evidence[1_999].id.as_str()),
        (2_000, "image/#2000")
    );
}

#[test]
fn each_unknown_code_is_a_reason() {
    let entries: Vec<_> = (1_000_000..1_002_000)
        .map(|kind| format!(r#"{{"Kind":{kind}}}"#))
        .collect();
    let payload = format!(r#"{{"Status":[{}]}}"#, entries.join(","));
    let observation = normalize::payload(payload.as_bytes(), Channel::Poll, Flow::Esign)
        .unwrap()
        .remove(0);
    assert_eq!(
        (observation.status, observation.code.as_deref()),
        (None, Some("1001999"))
    );
    assert_eq!(observation.report().unwrap().reasons.len(), 2_000);
}

#[test]
fn last_of_repeated_members_counts() {
    let payload =
        br#"{"OrderID":"1","OrderID":"2","Status":[{"Kind":6}],"Status":[{"Kind":6,"Kind":17,"SubKind":43,"SubKind":48}]}"#;
    let observation = normalize::payload(payload, Channel::Poll, Flow::Identification)
        .unwrap()
        .remove(0);
    assert_eq!(
        (observation.status, observation.code.as_deref()),
        (Some(Status::Finished(Outcome::Rejected)), Some("17/48"))
    );
    assert_eq!(observation.subject.vendor_id.unwrap().as_str(), "2");
}

#[test]
fn odd_members_are_kept_and_affect_no_other() {
    let payload = br#"{"Identitfied":{"x":1},"IdentifyMethod":["Video"],"Identifier":{},"UserIp":false,"OcrStatus":[],
        "FraudAttempt":{"a":true},"Unknown":{"deep":[[[{}]]]},"IdentData":[null,"x",[1],{"Type":"1","Firstname":"Erika","Surname":["x"],
        "Birthdate":19640812,"IDCard":"none","DriverLicence":[1],"Additional":["a"],"Images":"none"}]}"#;
    let observation = normalize::payload(payload, Channel::Fetch, Flow::Identification)
        .unwrap()
        .remove(0);
    let report = observation.report().unwrap();
    assert_eq!(
        report
            .person
            .given_names
            .as_ref()
            .unwrap()
            .expose()
            .unwrap(),
        "Erika"
    );
    assert!(report.person.family_name.is_none() && report.document.is_empty());
    // An unreadable flag is not a negative one.
    let checks: Vec<_> = report
        .checks
        .iter()
        .map(|check| (check.result, check.code.as_deref()))
        .collect();
    assert_eq!(checks, [(CheckResult::Inconclusive, Some("FraudAttempt"))]);
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Disputed))
    );
    let custom: serde_json::Value = report
        .custom
        .iter()
        .map(|(name, value)| (name.clone(), value.expose().clone()))
        .collect();
    let expected = serde_json::json!({
        "Identitfied": {"x": 1}, "IdentifyMethod": ["Video"], "Identifier": {}, "UserIp": "false", "FraudAttempt": {"a": true},
        "Unknown": {"deep": [[[{}]]]}, "IdentData.1": "x", "IdentData.2": [1], "Surname": ["x"], "IDCard": "none",
        "DriverLicence": [1], "Additional": ["a"], "Images": "none",
    });
    assert_eq!(custom, expected);
    // Text that is not a date is kept verbatim.
    let birth_date = report.person.birth_date.as_ref().unwrap();
    assert_eq!(
        (
            birth_date.expose(),
            birth_date.raw.as_ref().unwrap().expose().as_str()
        ),
        (None, "19640812")
    );
}

#[test]
fn other_encodings_are_refused() {
    let utf16: Vec<u8> = "{\"Status\":[]}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let payloads: [&[u8]; 6] = [
        &utf16,
        &[&[0xFF, 0xFE], &utf16[..]].concat(),
        b"{\"Status\":[\"\xFF\"]}",
        b"",
        b" ",
        b"\xEF\xBB\xBF",
    ];
    for payload in payloads {
        assert_eq!(
            StatusList::read(payload).unwrap_err().kind(),
            &ErrorKind::Malformed
        );
    }
}

#[test]
fn parse_errors_do_not_quote_the_payload() {
    for payload in [
        r#"{"IdentData":{"Firstname":"Mustermann",}}"#,
        r#"{"IdentData":[{"Mustermann":Mustermann}]}"#,
        r#"["Mustermann"#,
        r#"{"Mustermann":"Mustermann"}"#,
        "Mustermann",
    ] {
        for kind in ["result", "status"] {
            let error =
                normalize::kind(payload.as_bytes(), kind, Flow::Identification).unwrap_err();
            let printed = printed(&error);
            assert!(!printed.contains("Mustermann"), "{printed}");
        }
    }
    let images = Images::read(br#"{"Images":[{"Image":"Mustermann!"}]}"#.as_slice()).unwrap();
    let error = images.images[0]
        .image
        .as_ref()
        .unwrap()
        .decode(|_| Ok(()))
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("Mustermann"));
}

#[test]
fn personal_data_is_not_printed() {
    for name in results().into_iter().chain(histories()) {
        let bytes = fixture(&name);
        let mut printed = String::new();
        if let Ok(result) = IdentResult::read(&bytes) {
            printed += &format!(
                "{result:?} {result:#?} {:?}",
                normalize::result(&result, Channel::Fetch)
            );
        }
        if let Ok(list) = StatusList::read(&bytes) {
            printed += &format!(
                "{list:?} {:?}",
                normalize::status(&list, Flow::Esign, Channel::Poll)
            );
        }
        assert!(!printed.is_empty());
        for word in [
            "Erika",
            "Muster",
            "1964",
            "Heidestr",
            "T22000129",
            "B072",
            "0F1E2D",
            "203.0",
            "front_",
            "4711-",
            "9992126",
        ] {
            assert!(!printed.contains(word), "{name} prints {word}");
        }
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
        start in prop::sample::select(vec!["{", "[", "{[", "{\"Status\":[{\"Kind\":", "{\"IdentData\":{\"Images\":[{\"Image\":\"", "{\"Hashes\":", "\""]),
        text in "[ -~\\n{}\\[\\]:,\"/\\\\a-f0-9]{0,300}",
    ) {
        read_as_everything(format!("{start}{text}").as_bytes());
    }

    #[test]
    fn mutated_payloads_do_not_panic(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let payloads = whole();
        let (_, mut payload) = which.get(payloads).clone();
        for (position, byte) in changes {
            let position = position.index(payload.len());
            payload[position] = byte;
        }
        read_as_everything(&payload);
    }

    #[test]
    fn status_does_not_depend_on_the_order_of_entries(
        kinds in proptest::collection::vec(prop::sample::select(normalize::KINDS.iter().map(|row| row.code).collect::<Vec<_>>()), 1..12),
        seed in any::<u64>(),
    ) {
        let mut entries: Vec<_> = kinds.iter().enumerate().map(|(minute, kind)| {
            serde_json::json!({ "Kind": kind, "Time": format!("2024-03-01T10:{minute:02}:00+01:00") })
        }).collect();
        let list = |entries: &[serde_json::Value]| serde_json::json!({ "OrderID": "1", "Status": entries }).to_string();
        let before = list(&entries);
        let turn = usize::try_from(seed % entries.len() as u64).unwrap();
        entries.rotate_left(turn);
        if seed % 2 == 0 {
            entries.reverse();
        }
        let after = list(&entries);
        for flow in FLOWS {
            let read = |text: &str| normalize::payload(text.as_bytes(), Channel::Poll, flow).unwrap();
            prop_assert_eq!(read(&before), read(&after));
        }
    }
}
