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

use fixture::{fixture, named, reports};
use idv_core::{Channel, ErrorKind, Outcome, Status};
use idv_testkit::printed;
use idv_verificar_identidad::dni;
use idv_verificar_identidad::normalize;
use idv_verificar_identidad::wire::{Answer, IdentityResult, Report};
use proptest::prelude::*;

/// Parses a payload as every type, and visits its contents.
fn read_as_everything(bytes: &[u8]) {
    for kind in ["result", "status", "callback"] {
        if let Ok(page) = normalize::kind(bytes, kind) {
            assert!(serde_json::to_string(&page.observations).is_ok());
        }
    }
    if let Ok(report) = Report::read(bytes) {
        let _ = (
            report.accesses(),
            report.device(),
            report.position().coordinates(),
        );
        let _ = report
            .result()
            .map(|result| result.card().others.iter().count());
    }
    if let Ok(answer) = Answer::read(bytes) {
        assert!(answer.code().is_some() || answer.credits.is_some());
    }
}

/// Every complete payload, and whether it is a report.
fn whole() -> &'static [(String, Vec<u8>, bool)] {
    static WHOLE: LazyLock<Vec<(String, Vec<u8>, bool)>> = LazyLock::new(|| {
        let reports = reports();
        let answers = named(&["own-send", "own-unauthorized"]);
        let names = reports
            .iter()
            .map(|name| (name, true))
            .chain(answers.iter().map(|name| (name, false)));
        names
            .map(|(name, is_report)| (name.clone(), fixture(name), is_report))
            .collect()
    });
    &WHOLE
}

fn settles(bytes: &[u8]) -> Option<Outcome> {
    let observations = normalize::payload(bytes, Channel::Callback).ok()?;
    observations.iter().find_map(|it| match it.status {
        Some(Status::Finished(outcome)) => Some(outcome),
        _ => None,
    })
}

#[test]
fn truncated_json_is_refused() {
    for (name, payload, is_report) in whole().iter().filter(|(name, ..)| name.ends_with(".json")) {
        let reads = |bytes: &[u8]| {
            if *is_report {
                Report::read(bytes).is_ok()
            } else {
                Answer::read(bytes).is_ok()
            }
        };
        assert!(reads(payload), "{name}");
        for length in 0..payload.trim_ascii_end().len() {
            assert!(
                !reads(&payload[..length]),
                "{name} cut off after {length} bytes is read"
            );
            if length % 8 == 0 {
                read_as_everything(&payload[..length]);
            }
        }
        for garbage in ["x", "{}", "]", "\0", ","] {
            assert!(
                !reads(&[payload.as_slice(), garbage.as_bytes()].concat()),
                "{name} followed by {garbage:?}"
            );
        }
        assert!(
            reads(&["\u{feff} \n".as_bytes(), payload.as_slice(), b" \r\n\t"].concat()),
            "{name} with white space around it"
        );
    }
}

/// The end of a form cannot be missing, and its `Estado` precedes its `Result`: the state remains,
/// and the report says that it is incomplete.
#[test]
fn truncated_form_reports_an_incomplete_result() {
    let form = String::from_utf8(fixture("own-report.form"))
        .unwrap()
        .replace("Estado=5001", "Estado=5100");
    let form = form.trim_end();
    assert_eq!(settles(form.as_bytes()), Some(Outcome::Verified));
    let start = form.find("Result=").unwrap() + "Result=".len();
    for length in start + 3..form.len() {
        let cut = &form.as_bytes()[..length];
        let observation = normalize::payload(cut, Channel::Callback)
            .unwrap()
            .remove(0);
        let report = observation.report().unwrap();
        assert!(
            report.reasons.iter().any(|it| it.code == "Result"),
            "truncated after {length} of {} bytes",
            form.len()
        );
        assert!(
            report.custom.contains_key("Result"),
            "truncated after {length}"
        );
    }
    let multipart = fixture("own-report.multipart");
    for length in 0..multipart.trim_ascii_end().len() - 1 {
        assert!(
            Report::read(&multipart[..length]).is_err(),
            "truncated after {length} bytes"
        );
    }
}

#[test]
fn truncated_result_still_prevents_success() {
    let result =
        r#"{"Resultado":-9,"DNISolicitadoCoincide":"No","DNI":{"Edad":66,"DNI":"12345678Z"}}"#;
    let outcome = |length: usize| {
        let result = serde_json::to_string(&result[..length]).unwrap();
        let body = format!(
            r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5100,"Result":{result}}}"#
        );
        settles(body.as_bytes())
    };
    let first_comma = result.find(',').unwrap();
    assert_eq!(outcome(first_comma - 1), Some(Outcome::Verified));
    for length in first_comma + 1..=result.len() {
        assert_eq!(
            outcome(length),
            Some(Outcome::Inconclusive),
            "truncated after {length}"
        );
    }
}

#[test]
fn no_structural_byte_turns_a_report_into_success() {
    let names = [
        "report.json",
        "own-report-objects.json",
        "own-report.form",
        "own-report-rejected.json",
        "own-report-accessed.json",
    ];
    for name in names {
        let payload = fixture(name);
        assert_ne!(settles(&payload), Some(Outcome::Verified), "{name}");
        for position in (0..payload.len()).filter(|position| !payload[*position].is_ascii_digit()) {
            for byte in [0, b'"', b'\\', b']', b'}', b',', b':', b'&', 0x80] {
                let mut payload = payload.clone();
                payload[position] = byte;
                assert_ne!(
                    settles(&payload),
                    Some(Outcome::Verified),
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
            ("{\"Result\":", "}"),
            ("<a>", "</a>"),
            ("[ 0: ", "]"),
        ] {
            let nested = open.repeat(depth) + "1" + &close.repeat(depth);
            read_as_everything(nested.as_bytes());
            for part in ["Result", "Acceso", "Estado", "ID", "Added"] {
                read_as_everything(
                    format!(r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5100,"{part}":{nested}}}"#).as_bytes(),
                );
            }
        }
    }
    // Strings nested in strings.
    let mut text = r#"{"Resultado":93}"#.to_owned();
    for _ in 0..8 {
        text = serde_json::to_string(&text).unwrap();
        read_as_everything(
            format!(
                r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5100,"Result":{text}}}"#
            )
            .as_bytes(),
        );
    }
}

#[test]
fn many_members_are_parsed_within_bounds() {
    let body = |count: usize| {
        let parts: Vec<_> = (0..count).map(|part| format!(r#""P{part}":"x""#)).collect();
        format!(
            r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5500,{}}}"#,
            parts.join(",")
        )
    };
    let observations = normalize::payload(body(20_000).as_bytes(), Channel::Callback).unwrap();
    let report = observations[0].report().unwrap();
    assert_eq!(
        (report.custom.len(), report.reasons.len()),
        (20_000, 20_000)
    );
    assert_eq!(
        normalize::payload(body(50_000).as_bytes(), Channel::Callback)
            .unwrap_err()
            .kind(),
        &ErrorKind::Malformed
    );
    let repeated = vec![r#""P":1,"P":2"#; 10_000].join(",");
    read_as_everything(
        format!(r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5100,{repeated}}}"#)
            .as_bytes(),
    );
    let accesses = vec![r#"{"IP":"203.0.113.1"}"#; 20_000].join(",");
    read_as_everything(
        format!(r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5100,"Acceso":[{accesses}]}}"#).as_bytes(),
    );
}

#[test]
fn report_about_two_requests_is_refused() {
    for body in [
        r#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","ID":"2","Estado":"5100"}"#,
        r#"{"Servicio":"X","Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":"5100"}"#,
        "Servicio=VERIFICACION_IDENTIDAD&ID=1&Id=2&Estado=5100",
    ] {
        assert_eq!(
            normalize::payload(body.as_bytes(), Channel::Callback)
                .unwrap_err()
                .kind(),
            &ErrorKind::Malformed,
            "{body}"
        );
    }
    let same =
        "Servicio=VERIFICACION_IDENTIDAD&ID=1&ID=1&Estado=5100&Servicio=VERIFICACION_IDENTIDAD";
    assert_eq!(settles(same.as_bytes()), Some(Outcome::Verified));
}

#[test]
fn utf16_and_empty_text_are_refused() {
    let utf16: Vec<u8> = "{\"Servicio\":\"x\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let payloads: [&[u8]; 4] = [&utf16, b"", b" ", b"\xEF\xBB\xBF"];
    for payload in payloads {
        assert_eq!(
            Report::read(payload).unwrap_err().kind(),
            &ErrorKind::Malformed
        );
    }
}

#[test]
fn parse_errors_do_not_quote_the_payload() {
    for payload in [
        r#"{"Mustermann":Mustermann}"#,
        r#"["Mustermann"#,
        "Mustermann",
        "<Mustermann>Mustermann</a>",
        "<r><Error>&Mustermann;</Error></r>",
        "--Mustermann\nMustermann",
        "[\"Mustermann\"]",
    ] {
        for kind in ["result", "status", "callback"] {
            let Err(error) = normalize::kind(payload.as_bytes(), kind) else {
                panic!("{payload} is read")
            };
            let printed = printed(&error);
            assert!(!printed.contains("Mustermann"), "{printed}");
        }
    }
}

#[test]
fn personal_data_is_not_printed() {
    for (name, bytes, is_report) in whole() {
        let mut printed = String::new();
        if *is_report {
            let report = Report::read(bytes).unwrap();
            let result = report.result();
            let card = result.as_ref().map(IdentityResult::card);
            printed += &format!(
                "{report:?} {result:#?} {card:?} {:?} {:?} {:?}",
                report.accesses(),
                report.position(),
                report.device()
            );
            printed += &format!(
                "{:?} {:?}",
                report.position().coordinates(),
                normalize::payload(bytes, Channel::Callback).unwrap()
            );
        } else {
            printed += &format!("{:?}", Answer::read(bytes).unwrap());
        }
        for word in [
            "APARICIO", "JUAN", "ERIKA", "1955", "0000000", "BGT", "85.10", "203.0", "Madrid",
            "1.659", "Chrome", "34600", "2998463", "12838", "Falta", "ilegible",
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
        start in prop::sample::select(vec![
            "{", "[", "[{", "<", "<r>", "--x\r\n", "Res:", "[ 0: [ ", "Servicio=VERIFICACION_IDENTIDAD&ID=1&",
            r#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5001,"Result":"#,
            r#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5001,"Result":{"DNI":{"DNI":""#,
        ]),
        text in "[ -~\\n\\r{}\\[\\]:,\"/\\\\&=%<>;a-f0-9]{0,300}",
    ) {
        read_as_everything(format!("{start}{text}").as_bytes());
    }

    #[test]
    fn mutated_payloads_do_not_panic(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (_, mut payload, _) = which.get(whole()).clone();
        for (position, byte) in changes {
            let position = position.index(payload.len());
            payload[position] = byte;
        }
        read_as_everything(&payload);
    }

    #[test]
    fn one_wrong_digit_changes_the_check_letter(number in 0_u32..100_000_000, place in 0_usize..8, add in 1_u8..10) {
        let letters = "TRWAGMYFPDXBNJZSQVHLCKE".as_bytes();
        let right = format!("{number:08}{}", char::from(letters[(number % 23) as usize]));
        prop_assert_eq!(dni::letter_holds(&right), Some(true));
        let mut wrong = right.into_bytes();
        wrong[place] = b'0' + (wrong[place] - b'0' + add) % 10;
        prop_assert_eq!(dni::letter_holds(std::str::from_utf8(&wrong).unwrap()), Some(false));
    }
}
