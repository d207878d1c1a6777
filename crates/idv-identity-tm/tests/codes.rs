//! Every code of the document's tables, which the fixtures contain, so that a missing code is
//! detected.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

mod fixture;

use fixture::fixture;
use idv_core::report::{CheckKind, Reason};
use idv_core::{Channel, Observation, Outcome, ResultState, Status};
use idv_identity_tm::normalize::{self, Flow, KINDS, SUB_KINDS};
use serde_json::{Value, json};

const FLOWS: [Flow; 2] = [Flow::Identification, Flow::Esign];

/// The rows of a table, cell by cell.
fn table(name: &str) -> Vec<Vec<String>> {
    let text = String::from_utf8(fixture(name)).unwrap();
    let rows = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|row| row.split(" | ").map(str::to_owned).collect())
        .collect()
}

fn observe(status: &Value, flow: Flow) -> Observation {
    let payload = json!({ "OrderID": "99921269855041", "Ref": "our-reference", "Status": status });
    normalize::kind(payload.to_string().as_bytes(), "status", flow)
        .unwrap()
        .observations
        .remove(0)
}

fn history(kinds: &[u32], flow: Flow) -> Option<Status> {
    observe(
        &kinds.iter().map(|kind| json!({ "Kind": kind })).collect(),
        flow,
    )
    .status
}

fn reasons(observation: &Observation) -> Vec<(Reason, String)> {
    let report = observation.report();
    report
        .into_iter()
        .flat_map(|report| &report.reasons)
        .map(|finding| (finding.reason, finding.code.clone()))
        .collect()
}

#[test]
fn status_codes_match_the_document() {
    let table = table("status-codes.txt");
    assert_eq!(table.len(), 78, "the table was not read as a whole");
    for row in &table {
        let [code, meaning, final_identification, final_esign, extended] = row.as_slice() else {
            panic!("{row:?}")
        };
        let found = normalize::find_kind(code.parse().unwrap())
            .unwrap_or_else(|| panic!("{code} is not mapped"));
        assert_eq!(found.meaning, meaning);
        assert_eq!(
            (
                found.final_identification,
                found.final_esign,
                found.extended
            ),
            (
                final_identification == "Y",
                final_esign == "Y",
                extended == "Y"
            ),
            "{code}"
        );
    }
    assert_eq!(
        KINDS.len(),
        table.len(),
        "a known code that the document lacks"
    );
    assert!(KINDS.is_sorted_by(|a, b| a.code < b.code));
}

#[test]
fn sub_status_codes_match_the_document() {
    let table = table("sub-status-codes.txt");
    assert_eq!(table.len(), 85, "the table was not read as a whole");
    for row in &table {
        let [kind, sub_kind, meaning] = row.as_slice() else {
            panic!("{row:?}")
        };
        let found = normalize::find_sub_kind(kind.parse().unwrap(), sub_kind.parse().unwrap());
        let found = found.unwrap_or_else(|| panic!("{kind}/{sub_kind} is not mapped"));
        // The meanings of 153 are abridged.
        assert!(
            found.meaning == meaning || (kind == "153" && !found.meaning.is_empty()),
            "{kind}/{sub_kind}"
        );
        assert!(normalize::find_kind(found.kind).is_some());
    }
    assert_eq!(
        SUB_KINDS.len(),
        table.len(),
        "a known code that the document lacks"
    );
    assert!(SUB_KINDS.is_sorted_by(|a, b| (a.kind, a.sub_kind) < (b.kind, b.sub_kind)));
}

#[test]
fn final_codes_match_the_document() {
    for row in table("status-codes.txt") {
        let kind: u32 = row[0].parse().unwrap();
        for (flow, cell) in FLOWS.into_iter().zip(&row[2..4]) {
            let observation = observe(&json!([{ "Kind": kind }]), flow);
            let is_over = matches!(observation.status, Some(Status::Finished(_)));
            // By the text 29 ends a signing order, by the table it does not.
            assert_eq!(
                is_over,
                cell == "Y" || (kind == 29 && flow == Flow::Esign),
                "{kind} of {flow:?}: {:?}",
                observation.status
            );
            assert_eq!(observation.code.as_deref(), Some(row[0].as_str()));
            // A known code gives a status, alone and among other codes.
            assert!(observation.status.is_some());
            assert_eq!(
                observation.status,
                normalize::status_of_code(&row[0], flow),
                "{kind}"
            );
        }
    }
}

#[test]
fn orders_end_by_their_codes() {
    use Outcome::{Canceled, Expired, Rejected, Verified};
    let outcomes = [
        (6, Some(Verified), None),
        (16, Some(Canceled), Some(Canceled)),
        (17, Some(Rejected), Some(Rejected)),
        (22, Some(Canceled), Some(Canceled)),
        (58, Some(Canceled), Some(Canceled)),
        (63, Some(Canceled), Some(Canceled)),
        (84, None, Some(Verified)),
        (99, Some(Expired), Some(Expired)),
        (100, Some(Expired), Some(Expired)),
        (103, None, Some(Canceled)),
    ];
    for (code, identification, esign) in outcomes {
        let row = normalize::find_kind(code).unwrap();
        assert_eq!(
            (
                row.ends_with(Flow::Identification),
                row.ends_with(Flow::Esign)
            ),
            (identification, esign),
            "{code}"
        );
    }
    let is_final = |row: &&normalize::KindRow| row.final_identification || row.final_esign;
    assert_eq!(
        KINDS.iter().filter(is_final).count(),
        outcomes.len(),
        "a final code without a test"
    );
    assert!(
        KINDS
            .iter()
            .all(|row| is_final(&row) == row.outcome.is_some())
    );
}

#[test]
fn identification_does_not_end_a_signing_order() {
    assert_eq!(
        history(&[25, 77, 78, 75, 6, 23], Flow::Identification),
        Some(Status::Finished(Outcome::Verified))
    );
    assert_eq!(
        history(&[25, 77, 78, 75, 6, 23], Flow::Esign),
        Some(Status::InProgress)
    );
    assert_eq!(
        history(&[25, 75, 6, 80], Flow::Esign),
        Some(Status::InProgress)
    );
    assert_eq!(
        history(&[25, 75, 6, 84], Flow::Esign),
        Some(Status::Finished(Outcome::Verified))
    );
    assert_eq!(
        history(&[25, 75, 84], Flow::Identification),
        Some(Status::InProgress)
    );
    assert_eq!(
        history(&[25, 75, 6, 100], Flow::Esign),
        Some(Status::Finished(Outcome::Expired))
    );
    assert_eq!(
        (
            Flow::of_product(15),
            Flow::of_product(12),
            Flow::of_product(16)
        ),
        (FLOWS[1], FLOWS[0], FLOWS[0])
    );
}

#[test]
fn final_code_counts_at_any_position() {
    for kinds in [[6, 25, 77, 78], [25, 6, 77, 78], [25, 77, 78, 6]] {
        assert_eq!(
            history(&kinds, Flow::Identification),
            Some(Status::Finished(Outcome::Verified))
        );
    }
    assert_eq!(
        history(&[25, 78, 17, 7, 80, 25], Flow::Identification),
        Some(Status::Finished(Outcome::Rejected))
    );
}

#[test]
fn least_favourable_of_two_ends_counts() {
    use Outcome::{Canceled, Expired, Rejected};
    for (kinds, outcome) in [
        ([6, 17], Rejected),
        ([6, 63], Canceled),
        ([6, 99], Expired),
        ([99, 63], Canceled),
        ([63, 17], Rejected),
    ] {
        let [first, second] = kinds;
        assert_eq!(
            history(&[first, second], Flow::Identification),
            Some(Status::Finished(outcome)),
            "{kinds:?}"
        );
        assert_eq!(
            history(&[second, first], Flow::Identification),
            Some(Status::Finished(outcome)),
            "{kinds:?}"
        );
    }
}

#[test]
fn open_order_has_the_state_of_its_latest_code() {
    let review = |leaning| Some(Status::InReview { leaning });
    for (kinds, status) in [
        (&[25][..], Some(Status::AwaitingPerson)),
        (&[7, 71], Some(Status::AwaitingPerson)),
        (&[25, 77], Some(Status::InProgress)),
        (&[25, 77, 78, 21, 7], Some(Status::AwaitingPerson)),
        (&[25, 77, 78, 21, 77, 78], Some(Status::InProgress)),
        (&[25, 98, 153, 10006], Some(Status::AwaitingPerson)),
        (&[25, 75, 11], review(None)),
        (&[25, 75, 11, 30], review(None)),
        (&[25, 75, 104, 105], review(None)),
        (&[25, 75, 104, 106], review(Some(Outcome::Verified))),
        (&[25, 75, 104, 108], review(Some(Outcome::Rejected))),
        (&[25, 75, 80], Some(Status::InProgress)),
        // A suspicion remains until the end.
        (&[25, 78, 89, 75, 104, 21], review(Some(Outcome::Rejected))),
        (&[25, 98, 20003, 153], review(Some(Outcome::Rejected))),
    ] {
        assert_eq!(history(kinds, Flow::Identification), status, "{kinds:?}");
    }
    assert_eq!(
        history(&[25, 78, 89, 75, 6], Flow::Identification),
        Some(Status::Finished(Outcome::Verified))
    );
}

#[test]
fn latest_code_is_chosen_by_time() {
    let at = |kind: u32, time: &str| json!({ "Kind": kind, "Time": format!("2024-03-01T{time}") });
    let entries = [
        at(25, "10:00:00+01:00"),
        at(78, "09:30:00Z"),
        at(21, "10:45:00+01:00"),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let status = order.map(|index| entries[index].clone()).to_vec();
        let observation = observe(&status.into(), Flow::Identification);
        assert_eq!(
            (observation.status, observation.code.as_deref()),
            (Some(Status::AwaitingPerson), Some("21")),
            "{order:?}"
        );
        assert_eq!(observation.at.unwrap().to_string(), "2024-03-01T09:45:00Z");
    }
}

#[test]
fn observation_has_the_decisive_code() {
    for (status, code) in [
        (json!([{ "Kind": 25 }, { "Kind": 6 }, { "Kind": 23 }]), "6"),
        (
            json!([{ "Kind": "25" }, { "Kind": "17", "SubKind": "43" }, { "Kind": 7, "SubKind": 25 }]),
            "17/43",
        ),
        (
            json!([{ "Kind": 98 }, { "Kind": 153, "SubKind": 176 }]),
            "153/176",
        ),
        (
            json!([{ "Kind": 78 }, { "Kind": 89 }, { "Kind": 75 }]),
            "89",
        ),
        (json!([{ "Kind": 7, "SubKind": 12 }]), "7/12"),
    ] {
        assert_eq!(
            observe(&status, Flow::Identification).code.as_deref(),
            Some(code),
            "{status}"
        );
    }
}

#[test]
fn undocumented_code_is_kept_and_changes_nothing() {
    for (kind, code) in [
        (json!(4711), "4711"),
        (json!("NEW"), "NEW"),
        (json!(-1), "-1"),
        (json!(99_999_999_999_u64), "99999999999"),
    ] {
        for flow in FLOWS {
            let alone = observe(&json!([{ "Kind": kind }]), flow);
            assert_eq!((alone.status, alone.code.as_deref()), (None, Some(code)));
            assert_eq!(reasons(&alone), [(Reason::Unknown, code.to_owned())]);
            for known in KINDS {
                let without = observe(&json!([{ "Kind": known.code }]), flow);
                let before = observe(&json!([{ "Kind": kind }, { "Kind": known.code }]), flow);
                assert_eq!(
                    (before.status, &before.code),
                    (without.status, &without.code),
                    "{code} before {}",
                    known.code
                );
                // An unknown latest code is reported, unless the order is over or suspected
                // already.
                let after = observe(&json!([{ "Kind": known.code }, { "Kind": kind }]), flow);
                let is_over = matches!(known.state_in(flow), Some(Status::Finished(_)));
                let told = if known.ends_with(flow).is_some() || known.failed.is_some() || is_over {
                    (without.status, without.code.clone())
                } else {
                    (None, Some(code.to_owned()))
                };
                assert_eq!(
                    (after.status, after.code),
                    told,
                    "{code} after {}",
                    known.code
                );
            }
        }
    }
    assert_eq!(normalize::status_of_code("4711", Flow::Esign), None);
    assert_eq!(normalize::status_of_code("", Flow::Esign), None);
}

#[test]
fn history_without_codes_has_no_state() {
    for status in [
        json!([]),
        json!(null),
        json!([null]),
        json!([{ "Kind": null }, { "Kind": "" }]),
    ] {
        let observation = observe(&status, Flow::Identification);
        assert_eq!(
            (observation.status, observation.code, observation.result),
            (None, None, ResultState::Absent)
        );
    }
    let observation = observe(
        &json!([{ "Time": "x", "Text": "y" }, { "SubKind": 5 }]),
        Flow::Identification,
    );
    assert_eq!(
        (observation.status, &observation.code, observation.at),
        (None, &None, None)
    );
    assert_eq!(
        observation.report().unwrap().custom["Status"].expose(),
        &json!(["x y", "/5"])
    );
}

#[test]
fn every_abort_detail_is_a_known_reason() {
    for row in SUB_KINDS {
        let observation = observe(
            &json!([{ "Kind": row.kind, "SubKind": row.sub_kind }]),
            Flow::Esign,
        );
        let code = format!("{}/{}", row.kind, row.sub_kind);
        let found = reasons(&observation);
        match row.reason {
            Some(reason) => assert_eq!(found, [(reason, code)]),
            None => assert!(found.is_empty(), "{code}: {found:?}"),
        }
        // A sent message and a verified document are not reasons; an end or an abort is.
        assert_eq!(
            row.reason.is_some(),
            !matches!(row.kind, 6 | 7 | 23 | 71),
            "{}/{}",
            row.kind,
            row.sub_kind
        );
        assert_ne!(row.reason, Some(Reason::Unknown));
    }
    for row in KINDS.iter().filter(|row| row.code >= 10_000) {
        assert!(
            row.reason.is_some_and(|reason| reason != Reason::Unknown),
            "{}",
            row.code
        );
    }
}

#[test]
fn undocumented_detail_is_a_reason_of_codes_with_reasons() {
    let of = |kind: u32| {
        reasons(&observe(
            &json!([{ "Kind": kind, "SubKind": 999 }]),
            Flow::Esign,
        ))
    };
    for kind in [17, 21, 103, 153] {
        assert_eq!(of(kind), [(Reason::Unknown, format!("{kind}/999"))]);
    }
    assert_eq!(of(29), [(Reason::VendorError, "29/999".to_owned())]);
    assert!(of(7).is_empty() && of(71).is_empty() && of(25).is_empty());
}

#[test]
fn uncorrectable_error_ends_a_signing_as_inconclusive() {
    use Outcome::{Canceled, Expired, Inconclusive, Rejected, Verified};
    let esign = |status: Value| observe(&status, Flow::Esign);
    let observation = esign(
        json!([{ "Kind": 6 }, { "Kind": 139, "SubKind": 66 }, { "Kind": 29, "SubKind": 65 }]),
    );
    assert_eq!(
        (observation.status, observation.code.as_deref()),
        (Some(Status::Finished(Inconclusive)), Some("29/65"))
    );
    let permanent: Vec<_> = observation
        .report()
        .unwrap()
        .reasons
        .iter()
        .map(|finding| finding.permanent)
        .collect();
    assert_eq!(permanent, [Some(false), Some(true)]);
    for (kinds, flow, outcome) in [
        (&[25, 29, 7, 71][..], Flow::Esign, Some(Inconclusive)),
        (&[25, 89, 29], Flow::Esign, Some(Inconclusive)),
        (&[25, 29, 17], Flow::Identification, Some(Rejected)),
        (&[25, 29, 7], Flow::Identification, None),
        // The vendor closes the order, or continues it.
        (&[6, 29, 99], Flow::Esign, Some(Expired)),
        (&[6, 29, 103], Flow::Esign, Some(Canceled)),
        (&[6, 29, 84], Flow::Esign, Some(Verified)),
        (&[29, 6], Flow::Identification, Some(Verified)),
        (&[6, 29, 83], Flow::Esign, None),
    ] {
        let expected = outcome.map_or(Status::InProgress, Status::Finished);
        assert_eq!(history(kinds, flow), Some(expected), "{kinds:?}");
    }
}

#[test]
fn verified_phone_is_not_a_verified_person() {
    use Outcome::{Canceled, Disputed, Inconclusive, Rejected};
    assert_eq!(Flow::of_product(17), Flow::PhoneVerification);
    for (kinds, outcome) in [
        (&[25, 71, 6][..], Inconclusive),
        (&[25, 6, 80], Inconclusive),
        (&[25, 6, 17], Rejected),
        (&[25, 63], Canceled),
        (&[25, 6, 89], Disputed),
    ] {
        assert_eq!(
            history(kinds, Flow::PhoneVerification),
            Some(Status::Finished(outcome)),
            "{kinds:?}"
        );
    }
    assert_eq!(
        normalize::status_of_code("6", Flow::PhoneVerification),
        Some(Status::Finished(Inconclusive))
    );
}

#[test]
fn suspicion_is_a_failed_check() {
    let of = |kind: u32| {
        observe(&json!([{ "Kind": kind }]), Flow::Identification)
            .report()
            .unwrap()
            .checks
            .clone()
    };
    for (kind, check) in [
        (89, CheckKind::Fraud),
        (20_000, CheckKind::FaceMatch),
        (20_001, CheckKind::DocumentAuthenticity),
        (20_002, CheckKind::Fraud),
        (20_003, CheckKind::Fraud),
    ] {
        let checks = of(kind);
        assert_eq!(
            (checks.len(), checks[0].kind, checks[0].code.as_deref()),
            (1, check, Some(kind.to_string().as_str()))
        );
    }
    assert!(of(20_004).is_empty() && of(17).is_empty());
}

#[test]
fn report_contains_the_whole_history() {
    let status = json!([
        { "Kind": 78, "Time": "2024-03-01T10:05:00+01:00" },
        { "Kind": "25", "Time": "2024-03-01T10:00:00+01:00" },
        { "Kind": 7, "SubKind": 12, "Text": "invited" },
        { "Kind": 6, "Time": "2024-03-01T10:06:00+01:00", "Text": " done ", "Agent": { "id": 7 } },
        "odd",
    ]);
    for flow in FLOWS {
        let observation = observe(&status, flow);
        let report = observation.report().unwrap();
        let custom: Value = report
            .custom
            .iter()
            .map(|(name, value)| (name.clone(), value.expose().clone()))
            .collect();
        let expected = json!({
            "Status": [
                "25 2024-03-01T10:00:00+01:00",
                "7/12 invited",
                "78 2024-03-01T10:05:00+01:00",
                "6 2024-03-01T10:06:00+01:00 done",
            ],
            "Status.3.Agent": { "id": 7 },
            "Status.4": "odd",
        });
        assert_eq!(custom, expected);
        assert_eq!(
            report.vendor_id.as_ref().map(idv_core::VendorId::as_str),
            Some("99921269855041")
        );
        assert_eq!(report.reference.as_deref(), Some("our-reference"));
    }
}

#[test]
fn explanatory_text_is_a_reason() {
    let texts = |status: Value| -> Vec<_> {
        let observation = observe(&status, Flow::Esign);
        let reasons = &observation.report().unwrap().reasons;
        let text = |finding: &idv_core::report::Finding| {
            finding.text.as_ref().map(|text| text.expose().clone())
        };
        reasons
            .iter()
            .map(|finding| {
                (
                    finding.reason,
                    finding.code.clone(),
                    text(finding),
                    finding.by_person,
                )
            })
            .collect()
    };
    let text = "Ausweis abgelaufen am 01.02.2025";
    for (kind, reason, by_person) in [
        (17, Reason::Other, None),
        (22, Reason::Other, None),
        (63, Reason::Other, None),
        (103, Reason::Other, None),
        (21, Reason::Other, None),
        (153, Reason::Other, None),
        (53, Reason::Other, None),
        (87, Reason::Other, None),
        (16, Reason::CanceledByPerson, Some(true)),
        (58, Reason::CanceledByPerson, Some(true)),
        (99, Reason::TimedOut, None),
        (24, Reason::DocumentOther, None),
    ] {
        let expected = vec![(reason, kind.to_string(), Some(text.to_owned()), by_person)];
        assert_eq!(
            texts(json!([{ "Kind": kind, "Text": text }])),
            expected,
            "{kind}"
        );
        // Two texts of one code are two reasons; the same text is one reason.
        let twice = json!([{ "Kind": kind, "Text": text }, { "Kind": kind, "Text": text }, { "Kind": kind, "Text": "other" }]);
        assert_eq!(texts(twice).len(), 2, "{kind}");
    }
    for kind in [6, 7, 11, 25, 71, 75, 78, 80, 83, 84, 94, 106] {
        assert_eq!(
            texts(json!([{ "Kind": kind, "Text": "TAN" }])),
            [],
            "{kind}"
        );
    }
    assert_eq!(
        texts(json!([{ "Kind": 17, "SubKind": 43, "Text": text }]))[0].0,
        Reason::DocumentNotSupported
    );
    assert_eq!(
        texts(json!([{ "Kind": 17, "SubKind": [73, 74] }]))[0].1,
        "17/[73,74]"
    );
    for kind in [17, 22, 21, 153] {
        assert_eq!(
            texts(json!([{ "Kind": kind }])),
            [],
            "{kind} says nothing more"
        );
    }
}

#[test]
fn obstacle_to_an_attempt_is_not_a_reason_of_success() {
    let list = json!({ "OrderID": "1", "Status": [{ "Kind": 21, "SubKind": 39 }, { "Kind": 89 }, { "Kind": 6 }] }).to_string();
    let list = idv_identity_tm::wire::StatusList::read(list.as_bytes()).unwrap();
    let mut report = idv_core::Report::new(idv_core::ProviderId::new("identity-tm"));
    normalize::explain(&mut report, &list, Flow::Identification);
    let codes: Vec<_> = report
        .reasons
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!((codes, report.checks.len()), (vec!["89"], 1));
    normalize::explain(&mut report, &list, Flow::Esign);
    let codes: Vec<_> = report
        .reasons
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(
        (codes, report.checks.len()),
        (vec!["89", "21/39"], 1),
        "each reason once"
    );
    assert_eq!(
        normalize::status(&list, Flow::Identification, Channel::Poll)
            .subject
            .reference,
        None
    );
}
