//! Unusual shapes give the same report in JSON and XML.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use idv_core::Channel;
use idv_idnow::normalize;
use serde_json::{Value, json};

/// The report of a payload.
fn report(payload: &[u8]) -> Value {
    let observations = normalize::payload(payload, Channel::Fetch).unwrap();
    let [observation] = observations.as_slice() else {
        panic!("{observations:?}")
    };
    serde_json::to_value(observation.report().unwrap()).unwrap()
}

fn xml(parts: &str) -> Value {
    report(
        format!("<identification><identificationprocess><id>A</id></identificationprocess>{parts}</identification>").as_bytes(),
    )
}

#[test]
fn unusual_shapes_match_in_xml_and_json() {
    for (elements, members) in [
        (
            r#"<userdata><firstname status="MATCH">A</firstname></userdata>"#,
            json!({"userdata": {"firstname": {"value": "A", "status": "MATCH"}}}),
        ),
        (
            "<userdata><firstname><value>A</value><status>MATCH</status></firstname></userdata>",
            json!({"userdata": {"firstname": {"value": "A", "status": "MATCH"}}}),
        ),
        (
            r#"<userdata><firstname status="NEW"><value>A</value></firstname></userdata>"#,
            json!({"userdata": {"firstname": {"value": "A", "status": "NEW"}}}),
        ),
        (
            r#"<userdata><firstname new="x">A</firstname></userdata>"#,
            json!({"userdata": {"firstname": {"value": "A", "new": "x"}}}),
        ),
        (
            r#"<userdata new="x"><firstname>A</firstname></userdata>"#,
            json!({"userdata": {"firstname": "A", "new": "x"}}),
        ),
        ("<userdata>A</userdata>", json!({"userdata": "A"})),
        (
            "<questions><q>1</q></questions>",
            json!({"questions": {"q": {"value": 1}}}),
        ),
        (
            "<questions><q><value>1</value></q></questions>",
            json!({"questions": {"q": 1}}),
        ),
        (
            r#"<questions><q asked="AGENT"><value>1</value></q></questions>"#,
            json!({"questions": {"q": {"value": 1, "asked": "AGENT"}}}),
        ),
        (
            "<questions><q><value>1</value><value>2</value></q></questions>",
            json!({"questions": {"q": ["1", "2"]}}),
        ),
        (
            "<questions><q>1</q><r>2</r><q a=\"b\">3</q></questions>",
            json!({"questions": {"q": ["1", {"a": "b", "value": "3"}], "r": "2"}}),
        ),
        (
            "<questions><q a=\"b\">1</q><q/><q>3</q></questions>",
            json!({"questions": {"q": [{"a": "b", "value": "1"}, "3"]}}),
        ),
        (
            "<attachments><pdf>a</pdf><pdf>b</pdf></attachments>",
            json!({"attachments": {"pdf": ["a", "b"]}}),
        ),
        ("<questions>A</questions>", json!({"questions": "A"})),
        (
            r#"<questions version="2"><q>1</q></questions>"#,
            json!({"questions": {"version": "2", "q": 1}}),
        ),
        (
            "<customdata><custom1><value>A</value></custom1></customdata>",
            json!({"customdata": {"custom1": "A"}}),
        ),
        (
            "<attachments><pdf><value>A.pdf</value></pdf></attachments>",
            json!({"attachments": {"pdf": "A.pdf"}}),
        ),
        (
            "<trackingid><value>A</value></trackingid>",
            json!({"trackingid": {"value": "A"}}),
        ),
        (
            r#"<trackingid of="link">A</trackingid>"#,
            json!({"trackingid": {"value": "A", "of": "link"}}),
        ),
        (
            "<new><a>1</a><a>2</a><b/></new>",
            json!({"new": {"a": ["1", "2"]}}),
        ),
        (
            r#"<new id="1"><a>2</a>text</new>"#,
            json!({"new": {"id": "1", "a": "2", "value": "text"}}),
        ),
        (
            "<new>1</new><new>2</new><new>3</new>",
            json!({"new": ["1", "2", "3"]}),
        ),
        ("<new/><other></other>", json!({"new": null, "other": ""})),
        (
            "<esigning><result>A</result></esigning><esigning><result>B</result></esigning>",
            json!({"esigning": [{"result": "A"}, {"result": "B"}]}),
        ),
        (
            "<identificationdocument><driversclasses status=\"NEW\"><type>ML</type><type>B (96)</type></driversclasses></identificationdocument>",
            json!({"identificationdocument": {"driversclasses": {"value": [{"type": "ML"}, {"type": "B (96)"}], "status": "NEW"}}}),
        ),
        (
            "<identificationdocument><driversclasses>AM/A1, B (79.03, 79.04)</driversclasses></identificationdocument>",
            json!({"identificationdocument": {"driversclasses": "AM/A1, B (79.03, 79.04)"}}),
        ),
        (
            r#"<identificationdocument><driversclasses original="A B" new="x"><value>B</value></driversclasses></identificationdocument>"#,
            json!({"identificationdocument": {"driversclasses": {"value": "B", "original": "A B", "new": "x"}}}),
        ),
    ] {
        let mut payload = members.clone();
        payload["identificationprocess"] = json!({"id": "A"});
        assert_eq!(
            xml(elements),
            report(payload.to_string().as_bytes()),
            "{elements}"
        );
    }
}

#[test]
fn classes_of_a_licence_keep_their_restrictions() {
    for (classes, value, raw) in [
        (
            json!("AM/A1, B (79.03, 79.04)"),
            json!(["AM/A1", "B (79.03, 79.04)"]),
            json!("AM/A1, B (79.03, 79.04)"),
        ),
        (
            json!([{"type": "AM/A1"}, {"type": "B (79.03, 79.04)"}]),
            json!(["AM/A1", "B (79.03, 79.04)"]),
            Value::Null,
        ),
        (
            json!({"value": "B", "status": "NEW"}),
            json!(["B"]),
            Value::Null,
        ),
    ] {
        let payload = json!({"identificationprocess": {"id": "A"}, "identificationdocument": {"driversclasses": classes}});
        let classes = report(payload.to_string().as_bytes())["document"]["licence_classes"].take();
        assert_eq!((&classes["value"], &classes["raw"]), (&value, &raw));
    }
    let redacted = json!({"value": ["A", "B"], "status": "REDACTION", "original": "C, D", "identification": ["E"]});
    let payload = json!({"identificationprocess": {"id": "A"}, "identificationdocument": {"driversclasses": redacted}});
    let expected = json!({
        "raw": "A, B", "source": "vendor", "verdict": "redacted", "submitted": ["C", "D"],
        "alternatives": [{"raw": "C, D", "source": "submitted"}, {"value": ["E"], "source": "agent"}],
    });
    assert_eq!(
        report(payload.to_string().as_bytes())["document"]["licence_classes"],
        expected
    );
}

#[test]
fn xml_namespaces_are_ignored() {
    let prefixed = br#"<?xml version="1.0"?><n:identifications xmlns:n="urn:x" xmlns="urn:y"><n:identification>
        <n:identificationprocess><n:id>A</n:id></n:identificationprocess>
        <n:userdata><firstname n:status="MATCH" xmlns="urn:z">ARMIN</firstname><n:new n:a="b"/></n:userdata>
        </n:identification></n:identifications>"#;
    let plain = br#"<identifications><identification><identificationprocess><id>A</id></identificationprocess>
        <userdata><firstname status="MATCH">ARMIN</firstname><new a="b"/></userdata></identification></identifications>"#;
    let read = report(prefixed);
    assert_eq!(read, report(plain));
    assert_eq!(read["custom"], json!({"userdata.new": {"a": "b"}}));
    assert_eq!(read["person"]["given_names"]["verdict"], "match");
}

#[test]
fn xml_is_decoded_by_its_declared_encoding() {
    let head = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><identification><identificationprocess><id>A</id></identificationprocess>";
    let payload =
        [&head[..], b"<userdata><birthplace original=\"K\xD6LN\">M\xDCNCHEN</birthplace></userdata></identification>"].concat();
    let place = report(&payload)["person"]["birth_place"].take();
    assert_eq!(
        (&place["value"], &place["submitted"]),
        (&json!("MÜNCHEN"), &json!("KÖLN"))
    );
}

#[test]
fn members_beside_a_list_are_kept_once() {
    let payloads = [
        br#"{"total":2,"identifications":[{"identificationprocess":{"id":"A"}},{"identificationprocess":{"id":"B"}}],"note":"x"}"#.to_vec(),
        b"<identifications total=\"2\"><identification><identificationprocess><id>A</id></identificationprocess></identification>\
          <note>x</note><identification><identificationprocess><id>B</id></identificationprocess></identification></identifications>"
            .to_vec(),
    ];
    for (payload, total) in payloads.into_iter().zip([json!(2), json!("2")]) {
        let observations = normalize::payload(&payload, Channel::Fetch).unwrap();
        let custom: Vec<_> = observations
            .iter()
            .map(|it| serde_json::to_value(it.report().unwrap()).unwrap()["custom"].take())
            .collect();
        assert_eq!(custom, [json!({"total": total, "note": "x"}), Value::Null]);
    }
}

#[test]
fn invalid_text_is_repaired_and_long_numbers_kept() {
    let payload = br#"{"identificationprocess":{"id":"A","agentname":"M\ud800\u0000LLER"},"userdata":{"lastname":"\udc00X",
        "title":12345678901234567890123},"identificationdocument":{"number":{"value":1.2345678901234567890}},
        "questions":{"q":123456789012345678901234567890},"new":{"deep":[98765432109876543210987654321]}}"#;
    let report = report(payload);
    assert_eq!(report["agent"], "M\u{fffd}LLER");
    assert_eq!(report["person"]["family_name"]["value"], "\u{fffd}X");
    assert_eq!(
        report["person"]["title"]["value"],
        "12345678901234567890123"
    );
    assert_eq!(
        report["document"]["number"]["value"],
        "1.2345678901234567890"
    );
    assert_eq!(report["answers"]["q"], "123456789012345678901234567890");
    assert_eq!(
        report["custom"]["new"],
        json!({"deep": ["98765432109876543210987654321"]})
    );
}

#[test]
fn unknown_words_are_kept() {
    let payload = json!({
        "identificationprocess": {"id": "A"},
        "userdata": {
            "birthday": {"value": "1958-00-00", "original": "12.1958"}, "gender": {"value": "X", "original": "Y"},
            "nationality": {"value": "RKS"}, "title": {"value": "XXX", "status": "REDACTION"},
        },
        "identificationdocument": {"type": {"value": "EMIRATES_ID", "original": "OTHER_ID", "identification": "IDCARD"}},
    });
    let report = report(payload.to_string().as_bytes());
    let (person, document) = (&report["person"], &report["document"]);
    let unchecked = |mut attribute: Value| {
        attribute["source"] = json!("vendor");
        attribute["verdict"] = json!("unchecked");
        attribute
    };
    assert_eq!(
        person["birth_date"],
        unchecked(
            json!({"value": "1958", "raw": "1958-00-00", "alternatives": [{"raw": "12.1958", "source": "submitted"}]})
        )
    );
    assert_eq!(
        person["gender"],
        unchecked(json!({"raw": "X", "alternatives": [{"raw": "Y", "source": "submitted"}]}))
    );
    assert_eq!(
        person["nationalities"][0],
        unchecked(json!({"value": "XK", "raw": "RKS"}))
    );
    assert_eq!(
        person["title"],
        json!({"raw": "XXX", "source": "vendor", "verdict": "redacted"})
    );
    let alternatives = json!([{"raw": "OTHER_ID", "source": "submitted"}, {"value": "id_card", "raw": "IDCARD", "source": "agent"}]);
    assert_eq!(
        document["kind"],
        unchecked(
            json!({"value": "other", "raw": "EMIRATES_ID", "submitted": "other", "alternatives": alternatives})
        )
    );
}
