//! Every code of the document, compared with the tables.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;

use std::collections::BTreeSet;

use fixture::table;
use idv_core::report::{CheckKind, CheckResult, Reason};
use idv_core::{Channel, Effect, ErrorKind, Observation, Outcome, Status};
use idv_verificar_identidad::api::CALLS;
use idv_verificar_identidad::normalize::{self, RESULTS, STATES, find_result, find_state, leaning};

fn told(state: &str, result: &str) -> Observation {
    let json = format!(
        r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":{state},"Result":{{"Resultado":{result}}}}}"#
    );
    normalize::payload(json.as_bytes(), Channel::Callback)
        .unwrap()
        .remove(0)
}

#[test]
fn table_has_exactly_the_documented_states() {
    let rows = table("states.txt");
    assert_eq!(rows.len(), 8);
    for (code, words) in &rows {
        let row =
            find_state((*code).try_into().unwrap()).unwrap_or_else(|| panic!("{code} is missing"));
        assert!(
            words.starts_with(&format!("{} ", row.name)),
            "{code}: {}",
            row.name
        );
        assert!(
            words.contains(row.meaning.trim_end_matches('.')),
            "{code}: {}",
            row.meaning
        );
    }
    let documented: BTreeSet<_> = rows.iter().map(|(code, _)| *code).collect();
    assert_eq!(
        STATES
            .iter()
            .map(|row| i64::from(row.code))
            .collect::<BTreeSet<_>>(),
        documented
    );
}

#[test]
fn every_state_has_its_status() {
    for (code, status, promised) in [
        ("3000", Status::InProgress, false),
        ("3001", Status::InProgress, false),
        ("3002", Status::InProgress, false),
        ("3003", Status::InProgress, false),
        ("5000", Status::InProgress, false),
        (
            "5001",
            Status::InReview {
                leaning: Some(Outcome::Verified),
            },
            true,
        ),
        ("5100", Status::Finished(Outcome::Verified), true),
        ("5500", Status::Finished(Outcome::Rejected), true),
    ] {
        assert_eq!(
            find_state(code.parse().unwrap()).unwrap().reports,
            promised,
            "{code}"
        );
        for code in [code.to_owned(), format!("\"{code}\"")] {
            let observation = told(&code, "93.5");
            assert_eq!(
                (observation.status, observation.report().is_some()),
                (Some(status), true),
                "{code}"
            );
        }
    }
}

#[test]
fn table_has_exactly_the_documented_results() {
    let rows = table("results.txt");
    assert_eq!(
        rows.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
        (-9..=-1).rev().collect::<Vec<_>>()
    );
    for (code, words) in &rows {
        let row = find_result(f64::from(i32::try_from(*code).unwrap()))
            .unwrap_or_else(|| panic!("{code} is missing"));
        assert!(words.contains(row.meaning), "{code}: {}", row.meaning);
    }
    assert_eq!(RESULTS.len(), rows.len());
}

#[test]
fn every_result_is_a_check_and_a_reason() {
    use CheckKind::*;
    use CheckResult::{Failed, Inconclusive};
    for (code, check, in_review, rejected) in [
        (
            "-1",
            Some((FaceMatch, Inconclusive)),
            None,
            Some(Reason::FaceMismatch),
        ),
        (
            "-2",
            Some((Age, Failed)),
            Some(Reason::Underage),
            Some(Reason::Underage),
        ),
        (
            "-3",
            Some((DocumentSides, Failed)),
            Some(Reason::DocumentSidesMismatch),
            Some(Reason::DocumentSidesMismatch),
        ),
        (
            "-4",
            Some((SamePerson, Failed)),
            Some(Reason::LivenessFailed),
            Some(Reason::LivenessFailed),
        ),
        (
            "-5",
            Some((DocumentExpiry, Failed)),
            Some(Reason::DocumentExpired),
            Some(Reason::DocumentExpired),
        ),
        (
            "-6",
            Some((Liveness, Failed)),
            Some(Reason::LivenessFailed),
            Some(Reason::LivenessFailed),
        ),
        ("-7", None, None, None),
        (
            "-8",
            Some((FaceMatch, Failed)),
            Some(Reason::FaceMismatch),
            Some(Reason::FaceMismatch),
        ),
        (
            "-9",
            Some((RequestedNumber, Failed)),
            Some(Reason::DocumentNumberWrong),
            Some(Reason::DocumentNumberWrong),
        ),
    ] {
        for (state, reason) in [("5001", in_review), ("5500", rejected)] {
            for code in [code.to_owned(), format!("\"{code}\""), format!("{code}.0")] {
                let observation = told(state, &code);
                let report = observation.report().unwrap();
                let code = code.trim_matches('"');
                let reasons: Vec<_> = report
                    .reasons
                    .iter()
                    .map(|it| (it.reason, it.code.as_str()))
                    .collect();
                assert_eq!(
                    reasons,
                    reason
                        .map(|reason| (reason, code))
                        .into_iter()
                        .collect::<Vec<_>>(),
                    "{state} {code}"
                );
                let checks: Vec<_> = report
                    .checks
                    .iter()
                    .filter(|it| it.kind != AgentReview)
                    .map(|it| (it.kind, it.result))
                    .collect();
                assert_eq!(
                    checks,
                    check.into_iter().collect::<Vec<_>>(),
                    "{state} {code}"
                );
                let leans = in_review.map(|_| Outcome::Rejected);
                if state == "5001" {
                    assert_eq!(
                        observation.status,
                        Some(Status::InReview { leaning: leans }),
                        "{code}"
                    );
                }
            }
        }
    }
}

#[test]
fn result_is_positive_only_above_eighty_percent() {
    for (result, leans) in [
        (80.000_001, Some(Outcome::Verified)),
        (100.0, Some(Outcome::Verified)),
        // The document does not define exactly 80.
        (80.0, None),
        (79.9, None),
        (0.0, None),
        (-0.5, None),
        (100.000_1, None),
        (-1.0, None),
        (-7.0, None),
        (-10.0, None),
        (-5.0, Some(Outcome::Rejected)),
        (f64::NAN, None),
    ] {
        assert_eq!(leaning(result), leans, "{result}");
    }
    // It settles nothing: only 5100 and 5500 do.
    assert_eq!(
        told("5100", "-8").status,
        Some(Status::Finished(Outcome::Verified))
    );
    assert_eq!(
        told("5500", "99").status,
        Some(Status::Finished(Outcome::Rejected))
    );
}

#[test]
fn send_function_codes_have_their_kind() {
    let request = || ErrorKind::InvalidRequest {
        field: "request".into(),
    };
    let send = CALLS[0];
    assert_eq!(send.name, "VerificarIdentidad");
    let expected = [
        (-1, ErrorKind::Unauthorized, Effect::NotApplied),
        (-2, ErrorKind::QuotaExhausted, Effect::NotApplied),
        (-3, request(), Effect::NotApplied),
        (-4, ErrorKind::QuotaExhausted, Effect::NotApplied),
        (-5, request(), Effect::Unknown),
        (-6, request(), Effect::Unknown),
        (-7, request(), Effect::Unknown),
    ];
    let documented: Vec<_> = table("send-codes.txt")
        .into_iter()
        .map(|(code, _)| code)
        .filter(|code| *code != 1)
        .collect();
    assert_eq!(
        documented,
        expected.iter().map(|(code, ..)| *code).collect::<Vec<_>>()
    );
    assert_eq!(
        documented,
        send.failures
            .iter()
            .map(|failure| failure.res)
            .collect::<Vec<_>>()
    );
    for (code, kind, effect) in expected {
        let error = send.error(code);
        assert_eq!((error.kind(), error.effect()), (&kind, effect), "{code}");
    }
    for (call, effect) in [
        (CALLS[0], Effect::Unknown),
        (CALLS[1], Effect::NotApplied),
        (CALLS[2], Effect::NotApplied),
    ] {
        for code in [0, 2, -8, 5100] {
            let error = call.error(code);
            assert_eq!(
                (error.kind(), error.effect()),
                (&ErrorKind::Malformed, effect),
                "{} {code}",
                call.name
            );
        }
        assert_eq!(
            call.error(-1).kind(),
            &ErrorKind::Unauthorized,
            "{}",
            call.name
        );
    }
}
