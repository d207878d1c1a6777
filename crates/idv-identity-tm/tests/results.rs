//! Results (chapter 3.3): values, sources, checks, and members without a field.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use idv_core::report::{CheckKind, CheckResult, DocumentKind, Method, Report, Source, Verdict};
use idv_core::{Channel, ErrorKind, Outcome, Status};
use idv_identity_tm::normalize::{self, Flow};

fn read(json: &str) -> Report {
    let observations =
        normalize::payload(json.as_bytes(), Channel::Fetch, Flow::Identification).unwrap();
    observations[0].report().unwrap().clone()
}

#[test]
fn birth_date_of_1970_01_01_is_a_birth_date() {
    let date = |date: Option<&idv_core::Pii<idv_core::PartialDate>>| {
        date.map(|date| date.expose().to_string())
    };
    for (json, value, submitted, verdict) in [
        (
            r#"{"Type":1,"Birthdate":"1970-01-01"}"#,
            Some("1970-01-01"),
            None,
            Verdict::Valid,
        ),
        (
            r#"{"Birthdate":"1970-01-01"}"#,
            Some("1970-01-01"),
            None,
            Verdict::Unchecked,
        ),
        (
            r#"{"Type":1,"Birthdate":"1970-01-01"},{"Type":2,"Birthdate":"1970-01-01"}"#,
            Some("1970-01-01"),
            Some("1970-01-01"),
            Verdict::Match,
        ),
        (
            r#"{"Type":1,"Birthdate":"1970-01-02"},{"Type":2,"Birthdate":"1970-01-01"}"#,
            Some("1970-01-02"),
            Some("1970-01-01"),
            Verdict::Changed,
        ),
        (
            r#"{"Type":2,"Birthdate":"1970-01-01"}"#,
            None,
            Some("1970-01-01"),
            Verdict::Original,
        ),
    ] {
        let birth_date = read(&format!(r#"{{"IdentData":[{json}]}}"#))
            .person
            .birth_date
            .unwrap();
        assert_eq!(date(birth_date.value.as_ref()).as_deref(), value, "{json}");
        assert_eq!(
            (
                date(birth_date.submitted.as_ref()).as_deref(),
                birth_date.verdict
            ),
            (submitted, verdict),
            "{json}"
        );
    }
}

#[test]
fn filler_dates_of_submitted_document_are_absent() {
    let dates = |kind: u32, text: &str| {
        let report = read(&format!(
            r#"{{"IdentData":[{{"Type":{kind},"Surname":"M","IDCard":{{"CardNo":"X","DateOfIssue":{text},"ValidUntil":{text}}},
                "DriverLicence":{{"DateOfIssue":{text}}}}}]}}"#
        ));
        (
            report.document.issued_on.is_some(),
            report.document.expires_on.is_some(),
            report.custom.len(),
        )
    };
    assert_eq!(
        dates(2, r#""1970-01-01""#),
        (false, false, 0),
        "as in the sample of chapter 3.3.7"
    );
    assert_eq!(dates(2, r#""1970-01-02""#), (true, true, 1));
    assert_eq!(dates(1, r#""1970-01-01""#), (true, true, 1));
    for absent in [r#""""#, "null", r#"" ""#, "[]"] {
        assert_eq!(dates(1, absent), (false, false, 0), "{absent}");
    }
}

#[test]
fn submitted_value_alone_is_not_the_persons() {
    let report =
        read(r#"{"IdentData":[{"Type":2,"Firstname":"Erika","IDCard":{"Type":"IDCard"}}]}"#);
    let name = report.person.given_names.unwrap();
    assert_eq!(
        (name.verdict, name.source, name.expose()),
        (Verdict::Original, Source::Submitted, None)
    );
    assert_eq!(name.submitted.unwrap().expose(), "Erika");
    assert_eq!(report.document.kind.unwrap().expose(), None);
}

#[test]
fn method_determines_the_source_of_a_value() {
    let sources = |top: &str| {
        let report = read(&format!(
            r#"{{{top}"IdentData":[{{"Type":1,"Firstname":"E","Mobile":"1","IDCard":{{"CardNo":"X","ValidUntil":"2030-01-01"}}}}]}}"#
        ));
        let of = |source: Option<Source>| source.unwrap();
        (
            report.method,
            of(report.person.given_names.map(|it| it.source)),
            of(report.document.number.map(|it| it.source)),
            of(report.person.phone.map(|it| it.source)),
        )
    };
    use Source::{Agent, Chip, Vendor, Visual};
    for (top, method, name, number) in [
        (r#""#, None, Vendor, Vendor),
        (
            r#""IdentifyMethod":"Shop","#,
            Some(Method::Shop),
            Agent,
            Agent,
        ),
        (
            r#""IdentifyMethod":"Video","#,
            Some(Method::Video),
            Agent,
            Agent,
        ),
        (r#""Identifier":1872,"#, None, Agent, Agent),
        (
            r#""IdentifyMethod":"eID","#,
            Some(Method::Eid),
            Chip,
            Vendor,
        ),
        (
            r#""IdentifyMethod":"eID","OcrStatus":1,"#,
            Some(Method::Eid),
            Chip,
            Visual,
        ),
        (
            r#""eIdUsed":true,"OcrStatus":0,"#,
            Some(Method::Eid),
            Chip,
            Vendor,
        ),
        (
            r#""eldUsed":"true","OcrStatus":"2","#,
            Some(Method::Eid),
            Chip,
            Visual,
        ),
        (
            r#""eIdUsed":false,"IdentifyMethod":"Shop","#,
            Some(Method::Shop),
            Agent,
            Agent,
        ),
        (
            r#""IdentifyMethod":"Giro","#,
            Some(Method::Bank),
            Vendor,
            Vendor,
        ),
        (
            r#""IdentifyMethod":"AutoID","#,
            Some(Method::Auto),
            Vendor,
            Vendor,
        ),
        (
            r#""IdentifyMethod":"SmartID","#,
            Some(Method::Eid),
            Vendor,
            Vendor,
        ),
        (r#""IdentifyMethod":"Pigeon","#, None, Vendor, Vendor),
    ] {
        assert_eq!(sources(top), (method, name, number, Vendor), "{top}");
    }
}

#[test]
fn document_kind_comes_from_name_and_bits() {
    let kind = |card: &str| {
        let report = read(&format!(
            r#"{{"IdentData":[{{"Type":1,"IDCard":{{"CardNo":"X",{card}}}}}]}}"#
        ));
        report.document.kind.map(|kind| {
            let others: Vec<_> = kind
                .alternatives
                .iter()
                .map(|other| *other.value.as_ref().unwrap().expose())
                .collect();
            (
                kind.expose().copied(),
                kind.raw.map(idv_core::Pii::into_exposed),
                others,
            )
        })
    };
    use DocumentKind::{DrivingLicence, IdCard, Other, Passport, ResidencePermit};
    for (card, value, raw, others) in [
        (r#""Type":"IDCard""#, IdCard, "IDCard", vec![]),
        (r#""Type":"Passport""#, Passport, "Passport", vec![]),
        (r#""Type":"Company badge""#, Other, "Company badge", vec![]),
        (r#""extDocumentType":0"#, Other, "0", vec![]),
        (r#""extDocumentType":1"#, IdCard, "1", vec![]),
        (r#""extDocumentType":"2""#, Passport, "2", vec![]),
        (r#""extDocumentType":4"#, ResidencePermit, "4", vec![]),
        (r#""extDocumentType":8"#, DrivingLicence, "8", vec![]),
        (r#""extDocumentType":16"#, Other, "16", vec![]),
        (r#""extDocumentType":9"#, IdCard, "9", vec![DrivingLicence]),
        (
            r#""extDocumentType":14"#,
            Passport,
            "14",
            vec![ResidencePermit, DrivingLicence],
        ),
        (
            r#""extDocumentType":3,"Type":"Passport""#,
            Passport,
            "Passport",
            vec![IdCard],
        ),
        (
            r#""extDocumentType":4,"Type":"Aufenthaltstitel""#,
            ResidencePermit,
            "Aufenthaltstitel",
            vec![],
        ),
        (r#""extDocumentType":64"#, Other, "64", vec![]),
    ] {
        assert_eq!(
            kind(card),
            Some((Some(value), Some(raw.to_owned()), others)),
            "{card}"
        );
    }
    assert_eq!(kind(r#""Type":null"#), None);
    assert_eq!(
        kind(r#""extDocumentType":"many""#),
        Some((Some(Other), Some("many".to_owned()), vec![]))
    );
}

#[test]
fn fraud_flag_is_parsed_in_any_notation() {
    use CheckResult::{Failed, Inconclusive};
    let result = |flag: &str, value: &str| {
        let json = format!(r#"{{"{flag}":{value},"IdentData":[{{"Type":1,"Surname":"M"}}]}}"#);
        let observation = normalize::payload(json.as_bytes(), Channel::Fetch, Flow::Identification)
            .unwrap()
            .remove(0);
        let checks: Vec<_> = observation
            .report()
            .unwrap()
            .checks
            .iter()
            .map(|it| (it.kind, it.result, it.code.clone()))
            .collect();
        (checks, observation.status, observation.code)
    };
    let disputed = Some(Status::Finished(Outcome::Disputed));
    for (flag, kind) in [
        ("FraudAttempt", CheckKind::Fraud),
        ("SecurityCheckFailed", CheckKind::Device),
    ] {
        let code = Some(flag.to_owned());
        for (value, check) in [
            ("true", Failed),
            ("\"true\"", Failed),
            ("\"True\"", Failed),
            ("\"TRUE \"", Failed),
            ("\"yes\"", Failed),
            ("\"Y\"", Failed),
            ("\"ja\"", Failed),
            ("1", Failed),
            ("\"1\"", Failed),
            ("1.0", Failed),
            ("\"suspected\"", Inconclusive),
            ("2", Inconclusive),
            ("[true]", Inconclusive),
            ("{\"value\":true}", Inconclusive),
        ] {
            assert_eq!(
                result(flag, value),
                (vec![(kind, check, code.clone())], disputed, code.clone()),
                "{flag} {value}"
            );
        }
        for value in ["null", "\"\"", "[]"] {
            assert_eq!(result(flag, value), (vec![], None, None), "{flag} {value}");
        }
    }
    // The absence of an agent's flag is not a check; the absence of the device's alarm is one.
    for value in ["false", "0", "\"No\"", "\"nein\""] {
        assert_eq!(
            result("FraudAttempt", value),
            (vec![], None, None),
            "{value}"
        );
        let passed = (
            CheckKind::Device,
            CheckResult::Passed,
            Some("SecurityCheckFailed".to_owned()),
        );
        assert_eq!(
            result("SecurityCheckFailed", value),
            (vec![passed], None, None),
            "{value}"
        );
    }
}

#[test]
fn expired_document_and_wrong_number_fail_checks() {
    let checks = |card: &str, initial: &str| {
        let json = format!(
            r#"{{"Identitfied":"2024-03-01T23:30:00Z","IdentData":[{{"Type":1,"Surname":"M","IDCard":{{{card}}}}},
                {{"Type":2,"Surname":"M","IDCard":{{{initial}}}}}]}}"#
        );
        let observation = normalize::payload(json.as_bytes(), Channel::Fetch, Flow::Identification)
            .unwrap()
            .remove(0);
        let checks = &observation.report().unwrap().checks;
        let checks: Vec<_> = checks
            .iter()
            .map(|check| (check.kind, check.result))
            .collect();
        // The history determines the status.
        assert_eq!((observation.status, observation.code), (None, None));
        checks
    };
    let (expiry, number) = (CheckKind::DocumentExpiry, CheckKind::RequestedNumber);
    for (card, initial, expected) in [
        // In Berlin this time is on 2 March.
        (
            r#""ValidUntil":"2024-03-01""#,
            "",
            vec![(expiry, CheckResult::Failed)],
        ),
        (r#""ValidUntil":"2024-03-02""#, "", vec![]),
        (
            r#""ValidUntil":"1970-01-01""#,
            "",
            vec![(expiry, CheckResult::Inconclusive)],
        ),
        ("", r#""ValidUntil":"2024-03-01""#, vec![]),
        (
            r#""CardNo":"T22000129""#,
            r#""CardNo":"t22000129""#,
            vec![(number, CheckResult::Passed)],
        ),
        (
            r#""CardNo":"T22000129""#,
            r#""CardNo":"T22000120""#,
            vec![(number, CheckResult::Failed)],
        ),
        (
            r#""CardNo":null"#,
            r#""CardNo":"T22000120""#,
            vec![(number, CheckResult::NotPerformed)],
        ),
        (r#""CardNo":"T22000129""#, "", vec![]),
    ] {
        assert_eq!(checks(card, initial), expected, "{card} {initial}");
    }
    let licence =
        |number: &str| format!(r#""Surname":"M","DriverLicence":{{"LicenceNo":"{number}"}}"#);
    let json = format!(
        r#"{{"IdentData":[{{"Type":1,{}}},{{"Type":2,{}}}]}}"#,
        licence("A"),
        licence("B")
    );
    let checks = read(&json).checks;
    assert_eq!(
        (checks[0].result, checks[0].code.as_deref()),
        (CheckResult::Failed, Some("DriverLicence.LicenceNo"))
    );
}

#[test]
fn result_without_a_person_is_refused() {
    for data in [
        "[]",
        "null",
        "{}",
        "[null]",
        "[{}]",
        r#"[{"Type":1}]"#,
        r#"[{"Type":1,"Firstname":null,"Surname":" ","IDCard":{},"DriverLicence":[]}]"#,
        r#"{"Images":[{"Image":"AA==","Filename":"front.jpg"}]}"#,
        r#"{"Checked":{"Firstname":"Erika"}}"#,
        r#"["Erika"]"#,
        r#"[["Erika"]]"#,
    ] {
        let json = format!(r#"{{"Identitfied":"2018-09-05T11:06:21+02:00","IdentData":{data}}}"#);
        let error = normalize::kind(json.as_bytes(), "result", Flow::Identification).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{data}");
    }
}

#[test]
fn entries_of_an_object_are_parsed_in_order() {
    let report = read(
        r#"{"IdentData":{"0":{"Type":2,"Firstname":"Erika","Surname":"Muster"},"1":{"Type":1,"Firstname":"Erika","Surname":"Mustermann"},
            "Images":[{"Image":"AA==","Filename":"front.jpg"}],"New":7}}"#,
    );
    let surname = report.person.family_name.unwrap();
    assert_eq!(
        (surname.verdict, surname.expose().unwrap().as_str()),
        (Verdict::Changed, "Mustermann")
    );
    assert_eq!(report.evidence[0].id.as_str(), "image/front.jpg");
    assert_eq!(report.custom["IdentData.2.New"].expose(), 7);
}

/// `custom` of a result with these members at its root and in its checked and submitted entries.
fn custom(root: &str, checked: &str, initial: &str) -> serde_json::Value {
    let json = format!(
        r#"{{{root}"IdentData":[{{"Type":2,"Surname":"M"{initial}}},{{"Type":1,"Surname":"M"{checked}}},
            {{"Type":1,"Surname":"Second","IDCard":{{"CardNo":"2"}},"New":[1]}}]}}"#
    );
    read(&json)
        .custom
        .iter()
        .map(|(name, value)| (name.clone(), value.expose().clone()))
        .collect()
}

#[test]
fn unknown_members_keep_their_shape() {
    let second = serde_json::json!({
        "IdentData.2.Type": 1, "IdentData.2.Surname": "Second", "IdentData.2.IDCard.CardNo": "2", "IdentData.2.New": [1],
    });
    let with_second = |expected: serde_json::Value| {
        let mut all = second.as_object().unwrap().clone();
        all.extend(expected.as_object().unwrap().clone());
        serde_json::Value::Object(all)
    };
    for (root, checked, initial, expected) in [
        (
            r#""UserIp":"203.0.113.7","OcrStatus":1,"eIdUsed":false,"FraudAttempt":false,"#,
            r#","Artistname":"Rika""#,
            r#","Artistname":"Rika""#,
            serde_json::json!({
                "UserIp": "203.0.113.7", "OcrStatus": 1, "eIdUsed": false, "FraudAttempt": false, "Artistname": "Rika",
            }),
        ),
        (
            r#""IdentifyMethod":"Reader","Identitfied":"yesterday","#,
            r#","IDCard":{"CardNo":"1","Type":"Passport","extDocumentType":66,"Foo":{"a":[true]}},"Bar":123456789012345678901234"#,
            "",
            serde_json::json!({
                "IdentifyMethod": "Reader", "Identitfied": "yesterday", "IDCard.extDocumentType": 66, "IDCard.Foo": { "a": [true] },
                "Bar": "123456789012345678901234",
            }),
        ),
        (
            r#""IdentifyMethod":"SmartID","Identitfied":"2024-03-01T10:00:00Z","Identified":"2024-03-02T10:00:00Z","#,
            r#","IDCard":[{"CardNo":"1","eidRestrictedIdentifier":"0F"}],"Images":[{"Filename":"a.jpg"},{"Image":"AA==","Size":3}]"#,
            "",
            serde_json::json!({
                "IdentifyMethod": "SmartID", "Identified": "2024-03-02T10:00:00Z", "IDCard.eidRestrictedIdentifier": "0F",
                "Images.0.Filename": "a.jpg", "Images.1.Size": 3,
            }),
        ),
        (
            r#""UserIp":"203.0.113.7","IdentifyMethod":"video","#,
            r#","Additional":{"policy":"4711","UserIp":"mine","flag":true,"none":null,"blank":""},"policy":"vendor's""#,
            r#","Additional":{"policy":"4711","UserIp":"theirs","other":{"Type":1,"Value":"x"}}"#,
            serde_json::json!({
                "UserIp": "203.0.113.7", "policy": "vendor's", "Additional.policy": "4711", "Additional.UserIp": "mine", "flag": true,
                "InitialData.policy": "4711", "InitialData.Additional.UserIp": "theirs",
                "InitialData.other": { "Type": 1, "Value": "x" },
            }),
        ),
        (
            "",
            r#","DriverLicence":{"LicenceNo":"L","Classes":"B","DateOfIssue":"2000-01-01","New":1}"#,
            r#","IDCard":{"CardNo":"C","ValidUntil":"2030-01-01","extDocumentType":3,"Type":"IDCard"}"#,
            serde_json::json!({
                "DriverLicence.New": 1, "InitialData.IDCard.CardNo": "C", "InitialData.IDCard.ValidUntil": "2030-01-01",
                "InitialData.IDCard.Type": "IDCard", "InitialData.IDCard.extDocumentType": 3,
            }),
        ),
        (
            "",
            r#","IDCard":{"CardNo":"C"},"DriverLicence":{"LicenceNo":"L","DateOfIssue":"1970-01-01"}"#,
            r#","DriverLicence":{"LicenceNo":"L","DateOfIssue":"1970-01-01"}"#,
            serde_json::json!({ "DriverLicence.LicenceNo": "L", "DriverLicence.DateOfIssue": "1970-01-01" }),
        ),
    ] {
        assert_eq!(
            custom(root, checked, initial),
            with_second(expected),
            "{root} {checked} {initial}"
        );
    }
}

#[test]
fn undocumented_type_is_kept() {
    for (kind, kept) in [
        ("3", serde_json::json!(3)),
        (r#""checked""#, serde_json::json!("checked")),
    ] {
        let report = read(&format!(
            r#"{{"IdentData":{{"Type":{kind},"Surname":"M"}}}}"#
        ));
        assert_eq!(
            report.person.family_name.unwrap().verdict,
            Verdict::Unchecked
        );
        assert_eq!(report.custom["IdentData.Type"].expose(), &kept);
    }
}

#[test]
fn verified_phone_does_not_verify_the_person() {
    let json =
        br#"{"IdentData":[{"Type":1,"Surname":"M","Mobile":"+49171","Email":"a@b.de","IDCard":{"CardNo":"1","Type":"IDCard"}},
        {"Type":2,"Surname":"M","Firstname":"E","Mobile":"+49171","IDCard":{"CardNo":"2"}}]}"#;
    let report = |flow| {
        normalize::payload(json, Channel::Fetch, flow)
            .unwrap()
            .remove(0)
            .report()
            .unwrap()
            .clone()
    };
    let verdicts = |report: Report| {
        let person = report.person;
        (
            [
                person.family_name,
                person.given_names,
                person.phone,
                person.email,
                report.document.number,
            ]
            .map(|it| it.unwrap().verdict),
            report.document.kind.unwrap().verdict,
            report
                .checks
                .iter()
                .map(|check| check.result)
                .collect::<Vec<_>>(),
        )
    };
    use Verdict::{Changed, Match, New, Original, Unchecked};
    assert_eq!(
        verdicts(report(Flow::PhoneVerification)),
        (
            [Unchecked, Original, Match, New, Unchecked],
            Unchecked,
            vec![CheckResult::NotPerformed]
        )
    );
    assert_eq!(
        verdicts(report(Flow::Identification)),
        (
            [Match, Original, Match, New, Changed],
            New,
            vec![CheckResult::Failed]
        )
    );
}
