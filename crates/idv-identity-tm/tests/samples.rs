//! The document's samples and our own, and what is made of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says what is wrong by failing"
)]

mod fixture;

use fixture::{fixture, histories, named, results};
use idv_core::report::{CheckKind, CheckResult, DocumentKind, Field, Method, Report, Source, Verdict};
use idv_core::{Channel, ErrorKind, EvidenceId, Observation, Outcome, Status, Text};
use idv_identity_tm::normalize::{self, Flow, REPORT_FIELDS};
use idv_identity_tm::wire::{
    Encoded, Hashes, IdentResult, Images, NewPassword, Orders, SignedDocuments, SignmeUser, StatusList, SystemStatus, VoiceFiles,
};

fn observe(name: &str, kind: &str, flow: Flow) -> Observation {
    let page = normalize::kind(&fixture(name), kind, flow).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((page.observations.len(), page.unreadable), (1, 0));
    page.observations.into_iter().next().unwrap()
}

fn report(name: &str) -> Report {
    observe(name, "result", Flow::Identification).report().unwrap().clone()
}

fn read(json: &str) -> Report {
    let observations = normalize::payload(json.as_bytes(), Channel::Fetch, Flow::Identification).unwrap();
    observations[0].report().unwrap().clone()
}

fn decoded(file: &Encoded<'_>) -> idv_core::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.decode(|piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

#[test]
fn every_result_says_what_its_snapshot_says() {
    for name in results() {
        insta::assert_json_snapshot!(name.replace('.', "-"), observe(&name, "result", Flow::Identification));
    }
}

#[test]
fn every_history_says_what_its_snapshot_says() {
    for name in histories() {
        let both = [Flow::Identification, Flow::Esign].map(|flow| observe(&name, "status", flow));
        let both = [("identification", &both[0]), ("esign", &both[1])];
        insta::assert_json_snapshot!(name.replace('.', "-"), std::collections::BTreeMap::from(both));
    }
}

#[test]
fn every_fixture_is_explained() {
    let explained = String::from_utf8(fixture("README.md")).unwrap();
    for name in named(&["get-", "own-", "status-", "sub-", "system-", "check-", "confirm-", "put-"]) {
        assert!(explained.contains(&format!("`{name}`")), "{name} is not in the table of fixtures");
    }
}

#[test]
fn the_documents_result_matches_what_was_submitted() {
    let observation = observe("get-ident-data.json", "result", Flow::Identification);
    assert_eq!((observation.status, observation.code.as_deref()), (None, None));
    assert_eq!(observation.at.unwrap().to_string(), "2018-09-05T09:06:21Z");
    let report = observation.report().unwrap();
    assert_eq!(report.completed_at, observation.at);
    let birth_date = report.person.birth_date.as_ref().unwrap();
    assert_eq!((birth_date.verdict, birth_date.expose().unwrap().to_string()), (Verdict::Match, "1964-08-12".to_owned()));
    assert_eq!(birth_date.submitted.as_ref().unwrap().expose().to_string(), "1964-08-12");
    // Of the document nothing had been submitted: null and 1970-01-01 are nothing.
    let expires_on = report.document.expires_on.as_ref().unwrap();
    assert_eq!((expires_on.verdict, expires_on.expose().unwrap().to_string()), (Verdict::New, "2020-10-31".to_owned()));
    assert_eq!((&expires_on.submitted, expires_on.alternatives.len()), (&None, 0));
    assert_eq!(report.document.kind.as_ref().unwrap().expose(), Some(&DocumentKind::IdCard));
    assert!(report.method.is_none() && report.agent.is_none() && report.checks.is_empty() && report.evidence.is_empty());
}

#[test]
fn what_was_changed_says_so_and_what_was_submitted() {
    let report = report("own-ident-data-changed.json");
    let surname = report.person.family_name.unwrap();
    assert_eq!(
        (surname.verdict, surname.expose().unwrap().as_str(), surname.source),
        (Verdict::Changed, "Musterfrau", Source::Agent)
    );
    assert_eq!(surname.submitted.unwrap().expose(), "Mustermann");
    let birth_date = report.person.birth_date.unwrap();
    assert_eq!((birth_date.verdict, birth_date.expose().unwrap().to_string()), (Verdict::Changed, "1964-08-21".to_owned()));
    // The country is the same, in another word.
    let nationality = report.person.nationality.unwrap();
    assert_eq!((nationality.verdict, nationality.raw.unwrap().expose().as_str()), (Verdict::Match, "Germany"));
    assert_eq!(report.person.birth_name.unwrap().verdict, Verdict::New);
    assert_eq!(report.document.kind.unwrap().expose(), Some(&DocumentKind::Passport));
    // It was submitted, and not checked.
    assert_eq!(report.custom["InitialData.custom1"].expose(), "policy-4711");
}

#[test]
fn birth_date_of_1970_01_01_is_a_birth_date() {
    let date = |date: Option<&idv_core::Pii<idv_core::PartialDate>>| date.map(|date| date.expose().to_string());
    for (json, value, submitted, verdict) in [
        (r#"{"Type":1,"Birthdate":"1970-01-01"}"#, Some("1970-01-01"), None, Verdict::Valid),
        (r#"{"Birthdate":"1970-01-01"}"#, Some("1970-01-01"), None, Verdict::Unchecked),
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
        (r#"{"Type":2,"Birthdate":"1970-01-01"}"#, None, Some("1970-01-01"), Verdict::Original),
    ] {
        let birth_date = read(&format!(r#"{{"IdentData":[{json}]}}"#)).person.birth_date.unwrap();
        assert_eq!(date(birth_date.value.as_ref()).as_deref(), value, "{json}");
        assert_eq!((date(birth_date.submitted.as_ref()).as_deref(), birth_date.verdict), (submitted, verdict), "{json}");
    }
}

#[test]
fn submitted_document_has_fillers_for_its_dates() {
    let dates = |kind: u32, text: &str| {
        let report = read(&format!(
            r#"{{"IdentData":[{{"Type":{kind},"Surname":"M","IDCard":{{"CardNo":"X","DateOfIssue":{text},"ValidUntil":{text}}},
                "DriverLicence":{{"DateOfIssue":{text}}}}}]}}"#
        ));
        (report.document.issued_on.is_some(), report.document.expires_on.is_some(), report.custom.len())
    };
    assert_eq!(dates(2, r#""1970-01-01""#), (false, false, 0), "as in the sample of chapter 3.3.7");
    assert_eq!(dates(2, r#""1970-01-02""#), (true, true, 1));
    assert_eq!(dates(1, r#""1970-01-01""#), (true, true, 1));
    for absent in [r#""""#, "null", r#"" ""#, "[]"] {
        assert_eq!(dates(1, absent), (false, false, 0), "{absent}");
    }
}

#[test]
fn what_was_submitted_alone_is_no_value_of_the_person() {
    let report = read(r#"{"IdentData":[{"Type":2,"Firstname":"Erika","IDCard":{"Type":"IDCard"}}]}"#);
    let name = report.person.given_names.unwrap();
    assert_eq!((name.verdict, name.source, name.expose()), (Verdict::Original, Source::Submitted, None));
    assert_eq!(name.submitted.unwrap().expose(), "Erika");
    assert_eq!(report.document.kind.unwrap().expose(), None);
}

#[test]
fn a_value_comes_from_where_the_method_says() {
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
        (r#""IdentifyMethod":"Shop","#, Some(Method::Shop), Agent, Agent),
        (r#""IdentifyMethod":"Video","#, Some(Method::Video), Agent, Agent),
        (r#""Identifier":1872,"#, None, Agent, Agent),
        (r#""IdentifyMethod":"eID","#, Some(Method::Eid), Chip, Vendor),
        (r#""IdentifyMethod":"eID","OcrStatus":1,"#, Some(Method::Eid), Chip, Visual),
        (r#""eIdUsed":true,"OcrStatus":0,"#, Some(Method::Eid), Chip, Vendor),
        (r#""eldUsed":"true","OcrStatus":"2","#, Some(Method::Eid), Chip, Visual),
        (r#""eIdUsed":false,"IdentifyMethod":"Shop","#, Some(Method::Shop), Agent, Agent),
        (r#""IdentifyMethod":"Giro","#, Some(Method::Bank), Vendor, Vendor),
        (r#""IdentifyMethod":"AutoID","#, Some(Method::Auto), Vendor, Vendor),
        (r#""IdentifyMethod":"SmartID","#, Some(Method::Eid), Vendor, Vendor),
        (r#""IdentifyMethod":"Pigeon","#, None, Vendor, Vendor),
    ] {
        assert_eq!(sources(top), (method, name, number, Vendor), "{top}");
    }
}

#[test]
fn a_document_is_told_by_its_name_and_by_its_bits() {
    let kind = |card: &str| {
        let report = read(&format!(r#"{{"IdentData":[{{"Type":1,"IDCard":{{"CardNo":"X",{card}}}}}]}}"#));
        report.document.kind.map(|kind| {
            let others: Vec<_> = kind.alternatives.iter().map(|other| *other.value.as_ref().unwrap().expose()).collect();
            (kind.expose().copied(), kind.raw.map(idv_core::Pii::into_exposed), others)
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
        (r#""extDocumentType":14"#, Passport, "14", vec![ResidencePermit, DrivingLicence]),
        (r#""extDocumentType":3,"Type":"Passport""#, Passport, "Passport", vec![IdCard]),
        (r#""extDocumentType":4,"Type":"Aufenthaltstitel""#, ResidencePermit, "Aufenthaltstitel", vec![]),
        (r#""extDocumentType":64"#, Other, "64", vec![]),
    ] {
        assert_eq!(kind(card), Some((Some(value), Some(raw.to_owned()), others)), "{card}");
    }
    assert_eq!(kind(r#""Type":null"#), None);
    assert_eq!(kind(r#""extDocumentType":"many""#), Some((Some(Other), Some("many".to_owned()), vec![])));
}

#[test]
fn a_licence_that_was_checked_alone_is_the_document() {
    let alone = report("own-ident-data-licence-alone.json");
    assert_eq!(alone.document.kind.unwrap().expose(), Some(&DocumentKind::DrivingLicence));
    assert_eq!(alone.document.number.unwrap().expose().unwrap(), "B072RRE2I55");
    assert_eq!(alone.document.licence_classes.unwrap().expose().unwrap(), &["AM", "B", "L"]);
    let beside = report("own-ident-data-licence.json");
    assert_eq!(beside.document.number.unwrap().expose().unwrap(), "T22000129");
    assert_eq!(beside.custom["DriverLicence.LicenceNo"].expose(), "B072RRE2I55");
}

#[test]
fn flag_of_fraud_is_read_in_any_spelling() {
    use CheckResult::{Failed, Inconclusive};
    let result = |flag: &str, value: &str| {
        let json = format!(r#"{{"{flag}":{value},"IdentData":[{{"Type":1,"Surname":"M"}}]}}"#);
        let observation = normalize::payload(json.as_bytes(), Channel::Fetch, Flow::Identification).unwrap().remove(0);
        let checks: Vec<_> =
            observation.report().unwrap().checks.iter().map(|it| (it.kind, it.result, it.code.clone())).collect();
        (checks, observation.status, observation.code)
    };
    let disputed = Some(Status::Finished(Outcome::Disputed));
    for (flag, kind) in [("FraudAttempt", CheckKind::Fraud), ("SecurityCheckFailed", CheckKind::Device)] {
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
            assert_eq!(result(flag, value), (vec![(kind, check, code.clone())], disputed, code.clone()), "{flag} {value}");
        }
        for value in ["null", "\"\"", "[]"] {
            assert_eq!(result(flag, value), (vec![], None, None), "{flag} {value}");
        }
    }
    // That no agent flagged the person is no check; that the device raised no alarm is one.
    for value in ["false", "0", "\"No\"", "\"nein\""] {
        assert_eq!(result("FraudAttempt", value), (vec![], None, None), "{value}");
        let passed = (CheckKind::Device, CheckResult::Passed, Some("SecurityCheckFailed".to_owned()));
        assert_eq!(result("SecurityCheckFailed", value), (vec![passed], None, None), "{value}");
    }
}

#[test]
fn expired_document_and_other_number_are_failed_checks() {
    let checks = |card: &str, initial: &str| {
        let json = format!(
            r#"{{"Identitfied":"2024-03-01T23:30:00Z","IdentData":[{{"Type":1,"Surname":"M","IDCard":{{{card}}}}},
                {{"Type":2,"Surname":"M","IDCard":{{{initial}}}}}]}}"#
        );
        let observation = normalize::payload(json.as_bytes(), Channel::Fetch, Flow::Identification).unwrap().remove(0);
        let checks = &observation.report().unwrap().checks;
        let checks: Vec<_> = checks.iter().map(|check| (check.kind, check.result)).collect();
        // The status is a matter of the history.
        assert_eq!((observation.status, observation.code), (None, None));
        checks
    };
    let (expiry, number) = (CheckKind::DocumentExpiry, CheckKind::RequestedNumber);
    for (card, initial, expected) in [
        // At that time it is 2 March in Berlin.
        (r#""ValidUntil":"2024-03-01""#, "", vec![(expiry, CheckResult::Failed)]),
        (r#""ValidUntil":"2024-03-02""#, "", vec![]),
        (r#""ValidUntil":"1970-01-01""#, "", vec![(expiry, CheckResult::Inconclusive)]),
        ("", r#""ValidUntil":"2024-03-01""#, vec![]),
        (r#""CardNo":"T22000129""#, r#""CardNo":"t22000129""#, vec![(number, CheckResult::Passed)]),
        (r#""CardNo":"T22000129""#, r#""CardNo":"T22000120""#, vec![(number, CheckResult::Failed)]),
        (r#""CardNo":null"#, r#""CardNo":"T22000120""#, vec![(number, CheckResult::NotPerformed)]),
        (r#""CardNo":"T22000129""#, "", vec![]),
    ] {
        assert_eq!(checks(card, initial), expected, "{card} {initial}");
    }
    let licence = |number: &str| format!(r#""Surname":"M","DriverLicence":{{"LicenceNo":"{number}"}}"#);
    let json = format!(r#"{{"IdentData":[{{"Type":1,{}}},{{"Type":2,{}}}]}}"#, licence("A"), licence("B"));
    let checks = read(&json).checks;
    assert_eq!((checks[0].result, checks[0].code.as_deref()), (CheckResult::Failed, Some("DriverLicence.LicenceNo")));
}

#[test]
fn result_that_names_no_person_is_refused() {
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
fn entries_of_an_object_are_read_by_their_places() {
    let report = read(
        r#"{"IdentData":{"0":{"Type":2,"Firstname":"Erika","Surname":"Muster"},"1":{"Type":1,"Firstname":"Erika","Surname":"Mustermann"},
            "Images":[{"Image":"AA==","Filename":"front.jpg"}],"New":7}}"#,
    );
    let surname = report.person.family_name.unwrap();
    assert_eq!((surname.verdict, surname.expose().unwrap().as_str()), (Verdict::Changed, "Mustermann"));
    assert_eq!(report.evidence[0].id.as_str(), "image/front.jpg");
    assert_eq!(report.custom["IdentData.2.New"].expose(), 7);
}

/// `custom` of a result whose root and whose checked and submitted entries hold these members.
fn custom(root: &str, checked: &str, initial: &str) -> serde_json::Value {
    let json = format!(
        r#"{{{root}"IdentData":[{{"Type":2,"Surname":"M"{initial}}},{{"Type":1,"Surname":"M"{checked}}},
            {{"Type":1,"Surname":"Second","IDCard":{{"CardNo":"2"}},"New":[1]}}]}}"#
    );
    read(&json).custom.iter().map(|(name, value)| (name.clone(), value.expose().clone())).collect()
}

#[test]
fn members_without_a_field_are_kept_in_their_own_shape() {
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
        assert_eq!(custom(root, checked, initial), with_second(expected), "{root} {checked} {initial}");
    }
}

#[test]
fn type_that_is_not_documented_is_kept() {
    for (kind, kept) in [("3", serde_json::json!(3)), (r#""checked""#, serde_json::json!("checked"))] {
        let report = read(&format!(r#"{{"IdentData":{{"Type":{kind},"Surname":"M"}}}}"#));
        assert_eq!(report.person.family_name.unwrap().verdict, Verdict::Unchecked);
        assert_eq!(report.custom["IdentData.Type"].expose(), &kept);
    }
}

#[test]
fn verified_telephone_says_nothing_of_the_person() {
    let json =
        br#"{"IdentData":[{"Type":1,"Surname":"M","Mobile":"+49171","Email":"a@b.de","IDCard":{"CardNo":"1","Type":"IDCard"}},
        {"Type":2,"Surname":"M","Firstname":"E","Mobile":"+49171","IDCard":{"CardNo":"2"}}]}"#;
    let report = |flow| normalize::payload(json, Channel::Fetch, flow).unwrap().remove(0).report().unwrap().clone();
    let verdicts = |report: Report| {
        let person = report.person;
        (
            [person.family_name, person.given_names, person.phone, person.email, report.document.number]
                .map(|it| it.unwrap().verdict),
            report.document.kind.unwrap().verdict,
            report.checks.iter().map(|check| check.result).collect::<Vec<_>>(),
        )
    };
    use Verdict::{Changed, Match, New, Original, Unchecked};
    assert_eq!(
        verdicts(report(Flow::PhoneVerification)),
        ([Unchecked, Original, Match, New, Unchecked], Unchecked, vec![CheckResult::NotPerformed])
    );
    assert_eq!(verdicts(report(Flow::Identification)), ([Match, Original, Match, New, Changed], New, vec![CheckResult::Failed]));
}

#[test]
fn every_field_that_is_declared_is_filled_by_some_fixture_and_no_other_is() {
    let reports = results().into_iter().map(|name| report(&name));
    let histories = histories().into_iter().filter_map(|name| observe(&name, "status", Flow::Identification).report().cloned());
    let reports: Vec<_> = reports.chain(histories).collect();
    for field in Field::ALL {
        let filled = reports.iter().any(|report| field.is_filled(report));
        assert_eq!(filled, REPORT_FIELDS.contains(field), "{field}");
    }
}

#[test]
fn the_documents_history_is_over_for_an_identification_only() {
    let identification = observe("get-status.json", "status", Flow::Identification);
    assert_eq!((identification.status, identification.code.as_deref()), (Some(Status::Finished(Outcome::Verified)), Some("6")));
    assert_eq!(identification.at.unwrap().to_string(), "2018-09-05T09:06:21Z");
    assert_eq!(identification.subject.reference.as_deref(), Some("Sign-me_Account_Creation_Test"));
    let esign = observe("get-status.json", "status", Flow::Esign);
    assert_eq!(esign.status, Some(Status::InProgress));
}

#[test]
fn the_documents_files_are_listed_and_those_it_cut_off_are_no_files() {
    let bytes = fixture("get-images.json");
    let images = Images::read(&bytes).unwrap();
    let evidence = normalize::images(&images.images);
    let ids: Vec<_> = evidence.iter().map(|piece| piece.id.as_str()).collect();
    assert_eq!(ids, ["image/back_20211008-091705-123.jpg", "image/front_20211008-091623-123.jpg"]);
    assert!(decoded(images.images[0].image.as_ref().unwrap()).is_err());

    let bytes = fixture("get-voice-files.json");
    let voice = VoiceFiles::read(&bytes).unwrap().voice_files;
    assert_eq!((voice.len(), voice[0].filename.as_ref().map(Text::expose)), (1, Some("sound_4348.mp3")));
    assert!(decoded(voice[0].base64_data.as_ref().unwrap()).is_err());
}

#[test]
fn files_are_decoded_where_they_stand() {
    let bytes = fixture("own-ident-data-object.json");
    let result = IdentResult::read(&bytes).unwrap();
    let evidence = normalize::images(result.images());
    assert_eq!(evidence.len(), 3);
    let front = normalize::find_image(result.images(), &EvidenceId::new("image/front_20211008-091623-123.jpg")).unwrap();
    assert!(decoded(front.image.as_ref().unwrap()).unwrap().starts_with(&[0xFF, 0xD8, 0xFF, 0xE0]));

    let bytes = fixture("own-esign-pdf.json");
    let pdfs = SignedDocuments::read(&bytes).unwrap().pdfs;
    let pdfs: Vec<_> = pdfs.iter().map(|pdf| decoded(pdf.base64_data.as_ref().unwrap()).unwrap()).collect();
    assert!(pdfs.len() == 2 && pdfs.iter().all(|pdf| pdf.starts_with(b"%PDF-")));
}

#[test]
fn the_orders_of_a_reference_are_read_in_each_form() {
    for (payload, ids) in [
        (String::from_utf8(fixture("get-orders-by-ref.txt")).unwrap(), vec!["99921801997040", "99921800019939"]),
        (r#"["99921801997040", 99921800019939, null, ""]"#.to_owned(), vec!["99921801997040", "99921800019939"]),
        (r#"{"Orders": ["99921801997040"]}"#.to_owned(), vec!["99921801997040"]),
        (r#"{"x": 1, "OrderIDs": [{"OrderID": "99921801997040", "Ref": "543210"}]}"#.to_owned(), vec!["99921801997040"]),
        ("[]".to_owned(), vec![]),
        ("{ [] }".to_owned(), vec![]),
    ] {
        let orders = Orders::read(payload.as_bytes()).unwrap_or_else(|error| panic!("{payload}: {error}"));
        let found: Vec<_> = orders.order_ids.as_ref().unwrap().iter().map(Text::expose).collect();
        assert_eq!(found, ids, "{payload}");
    }
    for payload in ["{}", "", "\"x\"", "{ [\"1\" }", "{ [\"1\"] ]", "{\"Error\": \"x\"}", "{ [1], [2] }", "{{[1]}}"] {
        assert!(Orders::read(payload.as_bytes()).is_err(), "{payload}");
    }
}

#[test]
fn the_other_samples_are_read() {
    let status = SystemStatus::read(&fixture("system-status.json")).unwrap();
    assert_eq!((status.server_alive, status.sms_tan_available, status.auto_ident_available), (Some(true), Some(true), None));
    assert_eq!((status.esign.qes_available, status.esign.fes_available), (Some(true), Some(true)));
    for name in ["autoIdentAvailable", "autoldentAvailable"] {
        let status = SystemStatus::read(format!(r#"{{"{name}": false}}"#).as_bytes()).unwrap();
        assert_eq!(status.auto_ident_available, Some(false));
    }
    let user = SignmeUser::read(&fixture("check-signme-user.json")).unwrap();
    assert_eq!((user.user_exists, user.user_is_able_to_sign), (Some(false), Some(false)));
    let new = NewPassword::read(&fixture("confirm-new-password.json")).unwrap();
    assert_eq!(new.password.unwrap().expose(), "XXXXXXXXXXXX");
    let bytes = fixture("own-esign-hash.json");
    let hashes = Hashes::read(&bytes).unwrap().hashes.entries;
    let hashes: Vec<_> = hashes.iter().map(|(name, hash)| (name.expose(), hash.expose())).collect();
    assert_eq!(hashes, [("contract.pdf", "MIIBAgMEBQ=="), ("terms.pdf", "MIIGBwgJCg==")]);
    let one = br#"{"Hashes": {"a": "b", "c": "d", "e": null}}"#;
    assert_eq!(Hashes::read(one).unwrap().hashes.entries.len(), 2);
}

#[test]
fn what_is_something_else_is_not_read() {
    let created = br#"{"OrderID": "99921269855041", "Ref": "x", "TargetURL": "https://www.identity.tm/status/37C4"}"#;
    for error in [
        StatusList::read(created).unwrap_err(),
        IdentResult::read(created).unwrap_err(),
        StatusList::read(&fixture("get-ident-data.json")).unwrap_err(),
        IdentResult::read(&fixture("get-status.json")).unwrap_err(),
        IdentResult::read(br#"{"IdentData": "none"}"#).unwrap_err(),
        StatusList::read(br#"[{"Kind": 6}]"#).unwrap_err(),
        SystemStatus::read(b"{}").unwrap_err(),
        SignmeUser::read(br#"{"Error": "x"}"#).unwrap_err(),
        NewPassword::read(br#"{"password": ""}"#).unwrap_err(),
        normalize::kind(b"<html></html>", "result", Flow::Identification).unwrap_err(),
    ] {
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{error}");
    }
    let error = normalize::kind(&fixture("get-status.json"), "return", Flow::Identification).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "kind".into() });
}

#[test]
fn a_callback_says_what_its_address_says() {
    let page =
        normalize::kind(b"orderId=99921269855041&ref=our-reference&statusCode=6", "callback", Flow::Identification).unwrap();
    let observation = &page.observations[0];
    assert_eq!((observation.channel, observation.status), (Channel::Callback, Some(Status::Finished(Outcome::Verified))));
    assert_eq!(observation.subject.reference.as_deref(), Some("our-reference"));
    assert!(!observation.trust.is_proven());
}
