//! Every code of the document. The lists are copied from its tables, not from the crate's, so that
//! a missing code is detected.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test"
)]

use idv_core::report::{CheckKind, CheckResult, EvidenceKind, Field, Reason, Report, Verdict};
use idv_core::{Channel, Observation, Outcome, Status};
use idv_idnow::normalize::{self, ATTACHMENTS, REASONS, RESULTS};

fn observe(payload: &serde_json::Value) -> Observation {
    normalize::payload(payload.to_string().as_bytes(), Channel::Fetch)
        .unwrap()
        .remove(0)
}

fn with_process(process: &serde_json::Value) -> Observation {
    let mut payload =
        serde_json::json!({ "identificationprocess": { "transactionnumber": "AH73JK3LM" } });
    payload["identificationprocess"]
        .as_object_mut()
        .unwrap()
        .extend(process.as_object().unwrap().clone());
    observe(&payload)
}

fn with_reason(reason: &str) -> Report {
    with_process(&serde_json::json!({ "result": "ABORTED", "reason": reason }))
        .report()
        .unwrap()
        .clone()
}

#[test]
fn every_result_has_its_status() {
    use Outcome::{Canceled, Rejected, Verified};
    let results = [
        // 13.1.1, final.
        ("SUCCESS", Status::Finished(Verified)),
        ("SUCCESS_DATA_CHANGED", Status::Finished(Verified)),
        ("FRAUD_SUSPICION_CONFIRMED", Status::Finished(Rejected)),
        // 13.1.1, preliminary.
        (
            "REVIEW_PENDING",
            Status::InReview {
                leaning: Some(Verified),
            },
        ),
        (
            "FRAUD_SUSPICION_PENDING",
            Status::InReview {
                leaning: Some(Rejected),
            },
        ),
        // 14.5.
        ("ABORTED", Status::AwaitingPerson),
        ("CANCELED", Status::Finished(Canceled)),
        // Seen by clients.
        ("CHECK_PENDING", Status::InReview { leaning: None }),
    ];
    for (code, status) in results {
        let observation = with_process(&serde_json::json!({ "result": code }));
        assert_eq!(
            (observation.status, observation.code.as_deref()),
            (Some(status), Some(code))
        );
    }
    assert_eq!(
        RESULTS.len(),
        results.len(),
        "a known result without a test"
    );
}

#[test]
fn undocumented_result_is_kept_without_status() {
    for code in [
        "FINISH",
        "SUCCESSFUL",
        "SUCCESSFUL_WITH_CHANGES",
        "CANCELLED",
        "success",
        "SUCCESS_",
        "FAILED",
    ] {
        let observation = with_process(&serde_json::json!({ "result": code }));
        assert_eq!(
            (observation.status, observation.code.as_deref()),
            (None, Some(code))
        );
        assert!(observation.report().unwrap().checks.is_empty());
    }
    for result in [
        serde_json::json!(null),
        serde_json::json!(""),
        serde_json::json!({}),
        serde_json::json!(["SUCCESS"]),
    ] {
        let observation = with_process(&serde_json::json!({ "result": result }));
        assert_eq!((observation.status, observation.code), (None, None));
    }
}

/// Chapter 14.5.3, with its columns "Permanent?" and "Caused by User?"; `None` if the cell is empty
/// or illegible in the document's text.
const FAILURES: [(&str, Option<bool>, Option<bool>); 27] = [
    ("DATA_APPLICATION_ADDRESS", Some(true), Some(true)),
    ("DATA_APPLICATION_DATA", Some(true), Some(true)),
    ("DATA_ID_EXPIRED", Some(false), Some(true)),
    ("OTHER_ABUSE", Some(false), Some(true)),
    ("OTHER_MISCELLANEOUS_PERMANENT", Some(true), None),
    ("OTHER_MISCELLANEOUS_TEMPORARY", Some(false), None),
    ("OTHER_TEST", Some(false), None),
    ("STALLED_TIMEOUT", None, None),
    ("TECH_AUDIO", Some(false), Some(true)),
    ("TECH_DISCONNECTED_VIDEO", Some(false), Some(true)),
    ("TECH_DISCONNECTED_WEBSOCKET", Some(false), Some(true)),
    ("TECH_HOLOGRAM", Some(false), Some(true)),
    ("TECH_ID_TYPE", Some(false), Some(true)),
    ("TECH_IDENT_CODE_DELIVERY", Some(false), Some(true)),
    ("TECH_INTERNAL_SERVER_ERROR", Some(false), Some(false)),
    ("TECH_INTERNET_CONNECTION", Some(false), Some(true)),
    ("TECH_LIGHTING", Some(false), Some(true)),
    ("TECH_PHOTO", Some(false), Some(true)),
    ("TECH_TIMEOUT", Some(false), Some(true)),
    ("TECH_VIDEO", Some(false), Some(true)),
    ("USER_ABORT_WHILE_WAITING", Some(false), Some(true)),
    ("USER_CANCELLATION", Some(false), Some(true)),
    ("USER_ID_NUMBER", Some(false), Some(true)),
    ("USER_IDENT_CODE", Some(false), Some(true)),
    ("USER_LANGUAGE", Some(true), Some(true)),
    ("USER_NO_ID", Some(false), Some(true)),
    ("USER_WRONG_PERSON", Some(false), Some(true)),
];

/// Chapter 13.1.1: the table of fraud reasons, and the example of `reason`, which the table lacks.
const FRAUDS: [(&str, CheckKind); 9] = [
    ("WARNING_SOCIAL_ENGINEERING", CheckKind::Fraud),
    ("WARNING_ID_MANIPULATION", CheckKind::DocumentAuthenticity),
    ("WARNING_FAKE_ID", CheckKind::DocumentAuthenticity),
    ("WARNING_PHOTO", CheckKind::FaceMatch),
    ("WARNING_DESCRIPTION", CheckKind::Fraud),
    ("WARNING_BEHAVIOUR", CheckKind::Fraud),
    ("WARNING_INCONSISTENT_DATA", CheckKind::DocumentData),
    ("WARNING_WRONG_CHECKSUM", CheckKind::DocumentData),
    ("USER_SOCIAL_ENGINEERING", CheckKind::Fraud),
];

/// Codes that clients of newer accounts have seen.
const SEEN: [&str; 45] = [
    "ID_BLURRY",
    "ID_GLARE",
    "ID_DARKNESS",
    "ID_DATA_COVERED",
    "ID_PERSPECTIVE",
    "ID_DATA",
    "ID_DATA_OTHER",
    "ID_NOT_SUPPORTED",
    "ID_EXPIRED",
    "ID_WRONG_SIDE",
    "ID_OUTWORN",
    "ID_HAS_STICKER",
    "ID_WRITTEN_ON",
    "ID_BROKEN",
    "ID_DAMAGED",
    "ID_DAMAGED_OTHER",
    "ID_OTHER",
    "ID_SECURITY_FEATURE_NOT_VISIBLE_NOT_FRAUD",
    "ID_SECURITY_FEATURE_VIDEO_SHORT",
    "ID_SECURITY_FEATURE_VIDEO_CANNOT_BE_PLAYED",
    "ID_SECURITY_FEATURE_VIDEO_FILE_MISSING",
    "ID_SECURITY_FEATURE_OTHER",
    "ID_SECOND_DOCUMENT",
    "ID_SECOND_DOCUMENT_BAD_PHOTO_QUALITY",
    "ID_SECOND_DOCUMENT_DAMAGED",
    "ID_SECOND_DOCUMENT_EXPIRED",
    "ID_SECOND_DOCUMENT_OTHER",
    "ID_NEED_ADDITIONAL_DOCUMENT",
    "USER_INVOICE_MISSING",
    "USER_OBSCURED",
    "SELFIE_BLURRY",
    "SELFIE_GLARE",
    "SELFIE_DARKNESS",
    "SELFIE_PERSPECTIVE",
    "SELFIE_OTHER",
    "IDENT_CANNOT_BE_COMPLETED",
    "IDENT_DISPLAY_ERROR",
    "IDENT_OTHER",
    "TSP_WRONG_CONFIRMATION_TOKEN",
    "TSP_SIGNING_FAILED",
    "TSP_CERTIFICATE_EXPIRED",
    "BAD_PHOTO_QUALITY",
    "PHOTO_OTHER",
    "USER_ID",
    "OTHER_ERROR",
];

#[test]
fn every_reason_is_known() {
    let frauds = FRAUDS.iter().map(|(code, _)| (*code, None, None));
    let seen = SEEN.iter().map(|code| (*code, None, None));
    for (code, permanent, by_person) in FAILURES.into_iter().chain(frauds).chain(seen) {
        let report = with_reason(code);
        let [finding] = report.reasons.as_slice() else {
            panic!("{code}: {report:?}")
        };
        assert_ne!(finding.reason, Reason::Unknown, "{code}");
        assert_eq!(
            (finding.code.as_str(), finding.permanent, finding.by_person),
            (code, permanent, by_person)
        );
    }
    assert_eq!(
        REASONS.len(),
        FAILURES.len() + FRAUDS.len() + SEEN.len(),
        "a known reason without a test"
    );
}

#[test]
fn each_reason_is_unique_in_the_table() {
    let mut codes: Vec<_> = REASONS.iter().map(|row| row.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), REASONS.len());
}

#[test]
fn fraud_and_failed_signing_are_failed_checks() {
    for (code, kind) in FRAUDS {
        let report = with_reason(code);
        let [check] = report.checks.as_slice() else {
            panic!("{code}: {report:?}")
        };
        assert_eq!(
            (check.kind, check.result, check.code.as_deref()),
            (kind, CheckResult::Failed, Some(code))
        );
    }
    for code in FAILURES.iter().map(|(code, ..)| *code).chain(SEEN) {
        let checks = with_reason(code).checks;
        if code.starts_with("TSP_") {
            let [check] = checks.as_slice() else {
                panic!("{code}: {checks:?}")
            };
            assert_eq!(
                (check.kind, check.result),
                (CheckKind::Signature, CheckResult::Failed),
                "{code}"
            );
        } else {
            assert!(checks.is_empty(), "{code}");
        }
    }
}

#[test]
fn undocumented_reason_is_kept() {
    let report = with_reason("SOMETHING_NEW");
    assert_eq!(
        (report.reasons[0].reason, report.reasons[0].code.as_str()),
        (Reason::Unknown, "SOMETHING_NEW")
    );
    assert_eq!(report.reasons[0].permanent, None);
}

#[test]
fn every_result_has_its_review_check() {
    for (code, review) in [
        ("SUCCESS", Some(CheckResult::Passed)),
        ("SUCCESS_DATA_CHANGED", Some(CheckResult::Passed)),
        ("FRAUD_SUSPICION_CONFIRMED", Some(CheckResult::Failed)),
        ("REVIEW_PENDING", Some(CheckResult::NotPerformed)),
        ("FRAUD_SUSPICION_PENDING", Some(CheckResult::NotPerformed)),
        ("CHECK_PENDING", Some(CheckResult::NotPerformed)),
        ("ABORTED", None),
        ("CANCELED", None),
    ] {
        let observation = with_process(&serde_json::json!({ "result": code }));
        let checks = &observation.report().unwrap().checks;
        assert_eq!(
            checks.iter().map(|check| (check.kind, check.result)).next(),
            review.map(|it| (CheckKind::AgentReview, it))
        );
        let fraud = checks
            .iter()
            .any(|check| check.kind == CheckKind::Fraud && check.result == CheckResult::Failed);
        assert_eq!(fraud, code.starts_with("FRAUD"), "{code}");
    }
}

#[test]
fn every_status_of_a_value_has_its_verdict() {
    for (status, verdict) in [
        // 13.1.4.
        (Some("MATCH"), Verdict::Match),
        (Some("CHANGE"), Verdict::Changed),
        (Some("NEW"), Verdict::New),
        (Some("ORIGINAL"), Verdict::Original),
        // The samples of chapters 13.3 and 13.4.
        (Some("REDACTION"), Verdict::Redacted),
        (Some("SOMETHING_NEW"), Verdict::Unchecked),
        (None, Verdict::Unchecked),
    ] {
        let observation = observe(&serde_json::json!({
            "identificationprocess": { "id": "A" },
            "userdata": { "firstname": { "value": "ARMIN", "status": status, "original": "ARMIM" } },
        }));
        let name = observation
            .report()
            .unwrap()
            .person
            .given_names
            .clone()
            .unwrap();
        assert_eq!(name.verdict, verdict);
        assert_eq!(
            name.expose().is_none(),
            verdict == Verdict::Redacted,
            "{status:?}"
        );
        assert_eq!(name.submitted.unwrap().expose(), "ARMIM");
    }
}

#[test]
fn every_documented_field_reaches_the_report() {
    // Chapters 13.1.1 to 13.1.7: the vendor's member, its value, and the field of the report.
    for (pointer, word, field) in [
        ("/identificationprocess/agentname", "HMUELLER", Field::Agent),
        (
            "/identificationprocess/identificationtime",
            "2014-06-02T05:03:54Z",
            Field::CompletedAt,
        ),
        ("/customdata/custom1", "x", Field::Custom),
        ("/customdata/custom5", "x", Field::Custom),
        ("/identificationprocess/trackingid", "x", Field::Custom),
        ("/trackingid", "x", Field::Custom),
        ("/contactdata/email", "sampleuser@example.com", Field::Email),
        ("/contactdata/mobilephone", "0151 23411232", Field::Phone),
        ("/userdata/birthday/value", "1975-12-20", Field::BirthDate),
        ("/userdata/birthname/value", "MEIER", Field::BirthName),
        ("/userdata/birthplace/value", "MÜNCHEN", Field::BirthPlace),
        ("/userdata/address/city/value", "BERLIN", Field::City),
        (
            "/userdata/address/country/value",
            "DE",
            Field::AddressCountry,
        ),
        (
            "/userdata/firstname/value",
            "MICHAEL PETER",
            Field::GivenNames,
        ),
        ("/userdata/gender/value", "MALE", Field::Gender),
        ("/userdata/lastname/value", "BERGER", Field::FamilyName),
        ("/userdata/nationality/value", "DE", Field::Nationalities),
        (
            "/userdata/personalnumber/value",
            "784-1964-1234567-1",
            Field::PersonalNumber,
        ),
        (
            "/userdata/address/street/value",
            "BAHNSTRASSE",
            Field::Street,
        ),
        (
            "/userdata/address/streetnumber/value",
            "27",
            Field::HouseNumber,
        ),
        ("/userdata/title/value", "Dr.", Field::Title),
        (
            "/userdata/address/zipcode/value",
            "80127",
            Field::PostalCode,
        ),
        (
            "/identificationdocument/type/value",
            "IDCARD",
            Field::DocumentKind,
        ),
        (
            "/identificationdocument/country/value",
            "DE",
            Field::IssuingCountry,
        ),
        (
            "/identificationdocument/validuntil/value",
            "2020-03-10",
            Field::ExpiresOn,
        ),
        (
            "/identificationdocument/number/value",
            "402324847",
            Field::DocumentNumber,
        ),
        (
            "/identificationdocument/issuedby/value",
            "LANDESHAUPTSTADT MÜNCHEN, KVR",
            Field::Issuer,
        ),
        (
            "/identificationdocument/dateissued/value",
            "2010-03-10",
            Field::IssuedOn,
        ),
        (
            "/identificationdocument/driversclasses/value",
            "B",
            Field::LicenceClasses,
        ),
        ("/attachments/pdf", "x.pdf", Field::Evidence),
        ("/questions/question_key1/value", "1", Field::Answers),
    ] {
        let observation = observe(&at(pointer, word));
        let filled: Vec<_> = Field::ALL
            .iter()
            .filter(|field| field.is_filled(observation.report().unwrap()))
            .collect();
        assert_eq!(filled, [&field], "{pointer}");
    }
}

/// A payload with one value.
fn at(pointer: &str, word: &str) -> serde_json::Value {
    let mut payload = serde_json::json!({ "identificationprocess": { "id": "A" } });
    let mut place = &mut payload;
    for part in pointer.split('/').skip(1) {
        place = &mut place[part];
    }
    *place = word.into();
    payload
}

#[test]
fn document_kinds_and_genders_are_in_the_model() {
    let kind = |word: &str| {
        let observation = observe(&at("/identificationdocument/type/value", word));
        serde_json::to_value(observation.report().unwrap().document.kind.clone().unwrap()).unwrap()
    };
    // 13.1.5.
    for (word, value) in [
        ("IDCARD", "id_card"),
        ("PASSPORT", "passport"),
        ("DRIVERS_LICENSE", "driving_licence"),
        ("RESIDENCE_TITLE", "residence_permit"),
    ] {
        assert_eq!(
            (&kind(word)["value"], &kind(word)["raw"]),
            (&value.into(), &word.into())
        );
    }
    assert_eq!(
        (
            &kind("SOMETHING_NEW")["value"],
            &kind("SOMETHING_NEW")["raw"]
        ),
        (&"other".into(), &"SOMETHING_NEW".into())
    );
    // 13.1.4.
    for (word, value) in [("MALE", "male"), ("FEMALE", "female")] {
        let observation = observe(&at("/userdata/gender/value", word));
        let gender =
            serde_json::to_value(observation.report().unwrap().person.gender.clone().unwrap())
                .unwrap();
        assert_eq!(gender["value"], value);
    }
}

#[test]
fn every_attachment_has_its_documented_kind() {
    for (key, kind) in [
        // 13.1.6.
        ("pdf", EvidenceKind::ReportPdf),
        ("idfrontside", EvidenceKind::DocumentFront),
        ("idbackside", EvidenceKind::DocumentBack),
        ("idholograms", EvidenceKind::SecurityFeature),
        ("userface", EvidenceKind::Selfie),
        ("audiolog", EvidenceKind::Audio),
        ("videolog", EvidenceKind::Video),
        ("security1", EvidenceKind::SecurityFeature),
        ("security2", EvidenceKind::SecurityFeature),
        ("security3", EvidenceKind::SecurityFeature),
        ("security_covered", EvidenceKind::SecurityFeature),
        ("customimage", EvidenceKind::Other),
        ("livenessleft", EvidenceKind::Selfie),
        ("livenessright", EvidenceKind::Selfie),
        // Seen by clients.
        ("livenessscreenshot1", EvidenceKind::Selfie),
        ("livenessscreenshot2", EvidenceKind::Selfie),
        ("xml", EvidenceKind::Other),
    ] {
        let observation = observe(&at(&format!("/attachments/{key}"), "x.jpg"));
        let [evidence] = observation.report().unwrap().evidence.as_slice() else {
            panic!("{key}")
        };
        assert_eq!((evidence.id.as_str(), evidence.kind), (key, kind));
    }
    assert_eq!(ATTACHMENTS.len(), 13);
}

#[test]
fn tables_name_their_sources() {
    assert!(
        RESULTS
            .iter()
            .all(|row| !row.source.is_empty() && !row.why.is_empty())
    );
    assert!(REASONS.iter().all(|row| !row.source.is_empty()));
    assert!(ATTACHMENTS.iter().all(|row| !row.source.is_empty()));
}
