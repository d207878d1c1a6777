//! Truncated, ill-formed and hostile payloads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test"
)]

mod fixture;

use fixture::{archive, fixture, results};
use idv_core::report::Source;
use idv_core::{Channel, ErrorKind, Outcome, Status};
use idv_idnow::{normalize, wire};
use idv_testkit::printed;
use proptest::prelude::*;

fn verifies(payload: &[u8]) -> bool {
    let verified = Some(Status::Finished(Outcome::Verified));
    normalize::payload(payload, Channel::Fetch).is_ok_and(|observations| {
        observations
            .iter()
            .any(|observation| observation.status == verified)
    })
}

fn refused(payload: &[u8]) -> ErrorKind {
    normalize::payload(payload, Channel::Fetch)
        .expect_err("it is read")
        .kind()
        .clone()
}

fn xml(userdata: &str) -> Vec<u8> {
    format!(
        "<identification><identificationprocess><id>A</id><result>SUCCESS</result></identificationprocess>\
         <userdata>{userdata}</userdata></identification>"
    )
    .into_bytes()
}

fn name(payload: &[u8]) -> String {
    let observation = normalize::payload(payload, Channel::Fetch)
        .unwrap()
        .remove(0);
    observation
        .report()
        .unwrap()
        .person
        .given_names
        .as_ref()
        .unwrap()
        .expose()
        .unwrap()
        .clone()
}

/// Every complete payload: the fixtures, and one of them as an archive.
fn whole() -> Vec<(String, Vec<u8>)> {
    let mut payloads: Vec<_> = results()
        .into_iter()
        .map(|name| (name.clone(), fixture(&name)))
        .collect();
    payloads.push((
        "archive".to_owned(),
        archive(&[
            ("AH73JK3LM.xml", &fixture("same-case.xml")),
            ("AH73JK3LM.pdf", b"%PDF-"),
        ]),
    ));
    payloads
}

#[test]
fn truncated_payload_is_refused() {
    for (name, payload) in whole() {
        let end = payload.trim_ascii_end().len();
        for length in 0..end {
            assert!(
                normalize::payload(&payload[..length], Channel::Fetch).is_err(),
                "{name} cut off after {length} bytes is read"
            );
        }
    }
}

#[test]
fn trailing_data_is_refused() {
    for (name, payload) in whole().into_iter().filter(|(name, _)| name != "archive") {
        for garbage in ["x", "{}", "<identifications/>", "]", "\0"] {
            let payload = [payload.as_slice(), garbage.as_bytes()].concat();
            assert_eq!(
                refused(&payload),
                ErrorKind::Malformed,
                "{name} followed by {garbage:?}"
            );
        }
    }
}

#[test]
fn no_single_byte_turns_a_result_into_success() {
    for name in [
        "result-aborted.json",
        "result-fraud-suspicion-confirmed.json",
        "result-review-pending.json",
        "callback-canceled.json",
    ] {
        let payload = fixture(name);
        for position in 0..payload.len() {
            for byte in [0, b' ', b'"', b'\\', b'<', b'{', b'}', b',', 0x80, 0xFF] {
                let mut payload = payload.clone();
                payload[position] = byte;
                assert!(!verifies(&payload), "{name}: byte {position} as {byte}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(!verifies(&bytes));
        let _ = wire::ErrorBody::read(&bytes);
    }

    #[test]
    fn arbitrary_text_after_a_valid_prefix_does_not_panic(
        start in prop::sample::select(vec!["{", "[", "<", "<identifications>", "{\"identificationprocess\":", "PK\u{3}\u{4}", "PK\u{5}\u{6}"]),
        text in "[ -~\\n<>\"{}\\[\\]&;:,/a-f0-9]{0,300}",
    ) {
        let payload = format!("{start}{text}");
        let _ = normalize::payload(payload.as_bytes(), Channel::Fetch);
        let _ = wire::ErrorBody::read(payload.as_bytes());
    }

    #[test]
    fn mutated_payloads_do_not_panic(
        which in 0_usize..1000,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let payloads = whole();
        let (_, mut payload) = payloads[which % payloads.len()].clone();
        for (position, byte) in changes {
            let position = position.index(payload.len());
            payload[position] = byte;
        }
        if let Ok(observations) = normalize::payload(&payload, Channel::Fetch) {
            prop_assert!(serde_json::to_string(&observations).is_ok());
        }
    }
}

#[test]
fn doctype_is_refused_anywhere() {
    let result = "<identification><identificationprocess><id>A</id></identificationprocess></identification>";
    let laughs = r#"<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>"#;
    let external = r#"<!DOCTYPE x SYSTEM "file:///etc/passwd">"#;
    for payload in [
        format!("<!DOCTYPE x>{result}"),
        format!("<?xml version=\"1.0\"?>{laughs}{result}"),
        format!("{external}{result}"),
        format!("{result}<!DOCTYPE x>"),
        "<identification><!DOCTYPE x></identification>".to_owned(),
        "<identification><identificationprocess><id><!DOCTYPE x>A</id></identificationprocess></identification>".to_owned(),
    ] {
        assert_eq!(refused(payload.as_bytes()), ErrorKind::Malformed, "{payload}");
    }
}

#[test]
fn only_predefined_xml_entities_are_accepted() {
    for (text, read) in [
        ("&lt;&gt;&amp;&apos;&quot;", "<>&'\""),
        ("M&#220;LLER", "MÜLLER"),
        ("M&#xDC;LLER", "MÜLLER"),
        ("M<![CDATA[Ü&L]]>LER", "MÜ&LLER"),
        (
            "\n  ARMIN <!-- a comment --> JOSEF<?a b?>\n",
            "ARMIN  JOSEF",
        ),
        ("ARMIN<b>x<c/></b>", "ARMIN"),
        ("A\r\nB", "A\nB"),
    ] {
        assert_eq!(name(&xml(&format!("<firstname>{text}</firstname>"))), read);
        assert_eq!(
            refused(&xml(&format!("<firstname>{text}&unknown;</firstname>"))),
            ErrorKind::Malformed,
            "a reference beside {text:?}"
        );
    }
    for reference in [
        "&nbsp;",
        "&lol;",
        "&#0;",
        "&#x1;",
        "&#xD800;",
        "&#x110000;",
        "&#xFFFFFFFFF;",
        "&#;",
        "&;",
        "&",
        "&amp",
    ] {
        assert_eq!(
            refused(&xml(&format!("<firstname>{reference}</firstname>"))),
            ErrorKind::Malformed,
            "{reference}"
        );
        assert_eq!(
            refused(&xml(&format!("<unknown>{reference}</unknown>"))),
            ErrorKind::Malformed,
            "{reference}"
        );
    }
    for reference in ["&nbsp;", "&lol;", "&#0;", "&#xD800;", "&"] {
        let payload = xml(&format!(
            "<firstname original=\"{reference}\">A</firstname>"
        ));
        assert_eq!(
            refused(&payload),
            ErrorKind::Malformed,
            "{reference} in an attribute"
        );
    }
}

#[test]
fn ill_formed_xml_is_refused() {
    for payload in [
        "<identification><identificationprocess><id>A</identificationprocess></id></identification>",
        "<identification><identificationprocess><id>A</id></identificationprocess>",
        "<identification><identificationprocess><id>A</id></identificationprocess></identifications>",
        "<identification><identificationprocess><id a=1>A</id></identificationprocess><userdata><firstname a=1/></userdata></identification>",
        "<identification><userdata><firstname status=\"a\" status=\"b\">A</firstname></userdata></identification>",
        "<other><identificationprocess><id>A</id></identificationprocess></other>",
        "text<identification/>",
        "<identification/>",
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?><identifications/>",
        "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><identifications/>",
        "<identifications/><identifications/>",
        "<!-- a comment -->",
        "<",
    ] {
        assert_eq!(
            refused(payload.as_bytes()),
            ErrorKind::Malformed,
            "{payload}"
        );
    }
}

#[test]
fn deep_nesting_is_refused_without_overflow() {
    for depth in [100, 100_000] {
        let elements = "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert_eq!(refused(&xml(&elements)), ErrorKind::Malformed);
        assert_eq!(
            refused(&xml(&format!("<firstname>{elements}</firstname>"))),
            ErrorKind::Malformed
        );
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = open.repeat(100_000) + "1" + &close.repeat(100_000);
        let _ = normalize::payload(
            format!("{{\"unknown\":{nested},\"identificationprocess\":{{\"id\":\"A\"}}}}")
                .as_bytes(),
            Channel::Fetch,
        );
        let _ = normalize::payload(nested.as_bytes(), Channel::Fetch);
        let _ = normalize::payload(
            format!("{{\"userdata\":{{\"firstname\":{nested}}}}}").as_bytes(),
            Channel::Fetch,
        );
        let _ = wire::ErrorBody::read(nested.as_bytes());
    }
}

#[test]
fn other_encodings_are_refused() {
    let utf16: Vec<u8> = "{\"identificationprocess\":{\"id\":\"A\"}}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for payload in [
        &utf16[..],
        &[&[0xFF, 0xFE], &utf16[..]].concat(),
        b"{\"a\":\"\xFF\"}",
        b"<identifications>\xFC</identifications>",
        b"",
        b" ",
        b"\xEF\xBB\xBF",
    ] {
        assert_eq!(refused(payload), ErrorKind::Malformed);
    }
}

#[test]
fn last_of_repeated_members_counts_in_both_formats() {
    // The first section's number does not belong to the second section.
    let json = br#"{"identificationprocess":{"result":"SUCCESS","id":"B","transactionnumber":"C"},
        "identificationprocess":{"result":"ABORTED","id":"A"},
        "userdata":{"lastname":"D"},"userdata":{"firstname":{"value":"A","original":"B"},"firstname":{"value":"C"}},
        "contactdata":{"email":"e"},"contactdata":null,"questions":{"a":1},"questions":{"b":2}}"#;
    let xml =
        b"<identification><identificationprocess><result>SUCCESS</result><id>B</id><transactionnumber>C</transactionnumber>\
        </identificationprocess><identificationprocess><result>ABORTED</result><id>A</id></identificationprocess>\
        <userdata><lastname>D</lastname></userdata>\
        <userdata><firstname original=\"B\">A</firstname><firstname>C</firstname></userdata>\
        <contactdata><email>e</email></contactdata><contactdata/>\
        <questions><a>1</a></questions><questions><b>2</b></questions></identification>";
    let json = normalize::payload(json, Channel::Fetch).unwrap();
    assert_eq!(json, normalize::payload(xml, Channel::Fetch).unwrap());
    assert_eq!(json[0].status, Some(Status::AwaitingPerson));
    assert_eq!(
        (
            json[0].subject.reference.as_deref(),
            json[0]
                .subject
                .vendor_id
                .as_ref()
                .map(idv_core::VendorId::as_str)
        ),
        (None, Some("A"))
    );
    let report = json[0].report().unwrap();
    assert!(report.person.family_name.is_none() && report.person.email.is_none());
    assert_eq!(report.answers.keys().collect::<Vec<_>>(), ["b"]);
    let name = report.person.given_names.clone().unwrap();
    assert_eq!(
        (
            name.expose().map(String::as_str),
            &name.submitted,
            name.source
        ),
        (Some("C"), &None, Source::Vendor)
    );
}

#[test]
fn parse_errors_do_not_quote_the_payload() {
    let payloads: [&[u8]; 5] = [
        br#"{"identificationprocess":{"id":"Mustermann",}}"#,
        b"<identification>Mustermann</Mustermann>",
        b"<identification Mustermann=Mustermann><Mustermann/></identification>",
        b"<identification>&Mustermann;</identification>",
        br#"["Mustermann"#,
    ];
    for payload in payloads {
        let error = normalize::payload(payload, Channel::Fetch).unwrap_err();
        let printed = printed(&error);
        assert!(!printed.contains("Mustermann"), "{printed}");
    }
}

#[test]
fn wire_types_print_no_personal_data() {
    for name in ["same-case.json", "same-case.xml"] {
        let bytes = fixture(name);
        let printed = format!(
            "{:?} {:#?}",
            wire::read(&bytes).unwrap(),
            wire::read(&bytes).unwrap()
        );
        for word in [
            "ERIKA",
            "NEILL",
            "1983",
            "MÜNCHEN",
            "AH73JK3LM",
            "quoted",
            "HMUELLER",
        ] {
            assert!(!printed.contains(word), "{name} prints {word}");
        }
    }
}
