//! Limits: an expired document and a person of the wrong age are not verified, even if the vendor's
//! validity is positive.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod judge;

use idv_cm_id_scan::normalize::{self, Acceptance};
use idv_core::Outcome::{self, Inconclusive, Rejected, Verified};
use idv_core::report::{CheckKind, CheckResult, Reason};
use idv_core::{Channel, Observation};
use judge::{check, field, judged, outcome, reasons, remove, set, strict, with};
use serde_json::json;

fn allowing(days: impl Into<Option<i32>>) -> Acceptance {
    with(|rule| rule.allowed_expiration = days.into())
}

/// A result whose document expires on this day, judged on 2024-06-01.
fn expiring(rule: &Acceptance, date: &str, validity: &str) -> Observation {
    judged(rule, |result| set(result, "date_of_expiry", date, validity))
}

#[track_caller]
fn expect_all(
    rows: impl IntoIterator<Item = (Observation, Outcome, &'static [(Reason, &'static str)])>,
) {
    for (index, (observation, expected, expected_reasons)) in rows.into_iter().enumerate() {
        assert_eq!(
            (outcome(&observation), reasons(&observation).as_slice()),
            (expected, expected_reasons),
            "row {index}"
        );
    }
}

const NONE: &[(Reason, &str)] = &[];
const EXPIRED: &[(Reason, &str)] = &[(Reason::DocumentExpired, "date_of_expiry:expired")];
const EXPIRED_SAID: &[(Reason, &str)] = &[(Reason::DocumentExpired, "date_of_expiry:invalid")];
const TOO_SOON: &[(Reason, &str)] = &[(
    Reason::DocumentNotSupported,
    "date_of_expiry:allowed_expiration",
)];
const DOUBTED: &[(Reason, &str)] = &[(Reason::DocumentDataInconsistent, "date_of_expiry:invalid")];
const UNREADABLE: &[(Reason, &str)] = &[(Reason::DocumentUnreadable, "date_of_expiry:unreadable")];
const UNCERTAIN: &[(Reason, &str)] = &[(Reason::DocumentUnreadable, "date_of_expiry:uncertain")];
const UNDATED: &[(Reason, &str)] = &[(Reason::DocumentUnreadable, "date_of_expiry:undated")];
const MISSING: &[(Reason, &str)] = &[(Reason::DocumentUnreadable, "date_of_expiry:missing")];

#[test]
fn expired_document_is_rejected_by_its_date() {
    for validity in ["valid", "not_checked", "VALID"] {
        for (date, expected, against) in [
            ("2015-05-20", Rejected, EXPIRED),
            ("2024-05-31", Rejected, EXPIRED),
            ("31.05.2024", Rejected, EXPIRED),
            ("2023", Rejected, EXPIRED),
            ("2024", Inconclusive, UNCERTAIN),
            ("08/07/2024", Verified, NONE),
            ("01/07/2024", Inconclusive, UNCERTAIN),
            ("2024-06-01", Verified, NONE),
            ("2031-08-30", Verified, NONE),
        ] {
            let observation = expiring(&strict(), date, validity);
            assert_eq!(
                (outcome(&observation), reasons(&observation).as_slice()),
                (expected, against),
                "{date} {validity}"
            );
        }
    }
    assert_eq!(
        check(
            &expiring(&strict(), "2015-05-20", "valid"),
            CheckKind::DocumentExpiry
        ),
        Some(CheckResult::Failed)
    );
    assert_eq!(
        check(
            &expiring(&strict(), "2024", "valid"),
            CheckKind::DocumentExpiry
        ),
        Some(CheckResult::Inconclusive)
    );
    assert_eq!(
        check(
            &expiring(&strict(), "2031", "valid"),
            CheckKind::DocumentExpiry
        ),
        Some(CheckResult::Passed)
    );
    // A check passes only if the vendor has performed it.
    assert_eq!(
        check(
            &expiring(&strict(), "2031", "not_checked"),
            CheckKind::DocumentExpiry
        ),
        Some(CheckResult::NotPerformed)
    );
}

#[test]
fn date_is_compared_with_completion_before_the_clock() {
    let completed = |at: &str| {
        judged(&strict(), |result| {
            result["completed"] = at.into();
            set(result, "date_of_expiry", "2023-06-01", "not_checked");
        })
    };
    expect_all([
        (completed("2023-06-01T23:59:59Z"), Verified, NONE),
        (completed("2023-06-02T00:00:00+00:00"), Rejected, EXPIRED),
        (completed("2020-01-01T00:00:00Z"), Verified, NONE),
        // An unreadable time is ignored.
        (completed("yesterday"), Rejected, EXPIRED),
    ]);
}

#[test]
fn without_any_time_only_a_checked_expiry_counts() {
    let undated = |rule: &Acceptance, validity: &str| {
        let mut result = fixture::json("own-result-verified.json");
        set(&mut result, "date_of_expiry", "2031-08-30", validity);
        normalize::payload(result.to_string().as_bytes(), Channel::Fetch, rule)
            .unwrap()
            .remove(0)
    };
    expect_all([
        (undated(&strict(), "valid"), Verified, NONE),
        (undated(&strict(), "not_checked"), Inconclusive, UNDATED),
        (undated(&allowing(-1), "valid"), Inconclusive, UNREADABLE),
        (undated(&strict(), "invalid"), Rejected, EXPIRED_SAID),
    ]);
    let adults = with(|rule| rule.minimum_age = Some(18));
    let mut result = fixture::json("own-result-verified.json");
    remove(&mut result, "age");
    let observation = normalize::payload(result.to_string().as_bytes(), Channel::Fetch, &adults)
        .unwrap()
        .remove(0);
    expect_all([(
        observation,
        Inconclusive,
        &[(Reason::DocumentUnreadable, "age:missing")][..],
    )]);
}

#[test]
fn allowance_is_judged_by_the_date() {
    expect_all([
        // Expired for 12 days.
        (
            expiring(&allowing(30), "2024-05-20", "valid"),
            Verified,
            NONE,
        ),
        (
            expiring(&allowing(30), "2024-05-20", "not_checked"),
            Verified,
            NONE,
        ),
        (
            expiring(&allowing(30), "2024-05-20", "invalid"),
            Inconclusive,
            DOUBTED,
        ),
        (
            expiring(&allowing(12), "2024-05-20", "invalid"),
            Inconclusive,
            DOUBTED,
        ),
        (
            expiring(&allowing(11), "2024-05-20", "invalid"),
            Rejected,
            EXPIRED_SAID,
        ),
        (
            expiring(&allowing(11), "2024-05-20", "valid"),
            Rejected,
            EXPIRED,
        ),
        (
            expiring(&allowing(0), "2024-05-20", "valid"),
            Rejected,
            EXPIRED,
        ),
        (
            expiring(&allowing(None), "2024-05-20", "invalid"),
            Rejected,
            EXPIRED_SAID,
        ),
        // 30 days remain.
        (
            expiring(&allowing(-30), "2024-07-01", "not_checked"),
            Verified,
            NONE,
        ),
        (
            expiring(&allowing(-31), "2024-07-01", "valid"),
            Rejected,
            TOO_SOON,
        ),
        (
            expiring(&allowing(-90), "2024-07-01", "not_checked"),
            Rejected,
            TOO_SOON,
        ),
        (
            expiring(&allowing(-90), "2024-07-01", "invalid"),
            Rejected,
            TOO_SOON,
        ),
        (
            expiring(&allowing(-90), "2024-05-01", "valid"),
            Rejected,
            EXPIRED,
        ),
        (
            expiring(&allowing(-90), "2031-08-30", "invalid"),
            Inconclusive,
            DOUBTED,
        ),
        (
            expiring(&allowing(i32::MIN), "9999-12-31", "valid"),
            Rejected,
            TOO_SOON,
        ),
        (
            expiring(&allowing(i32::MAX), "0001-01-01", "valid"),
            Verified,
            NONE,
        ),
    ]);
}

#[test]
fn expiry_without_readable_date_uses_validity() {
    expect_all([
        (expiring(&strict(), "30 AUG 2031", "valid"), Verified, NONE),
        (
            expiring(&strict(), "30 AUG 2031", "not_checked"),
            Inconclusive,
            UNREADABLE,
        ),
        (
            expiring(&strict(), "", "not_checked"),
            Inconclusive,
            UNREADABLE,
        ),
        (
            expiring(&strict(), "30 AUG 2031", "invalid"),
            Rejected,
            EXPIRED_SAID,
        ),
        (
            expiring(&allowing(30), "30 AUG 2031", "invalid"),
            Inconclusive,
            DOUBTED,
        ),
        (
            expiring(&allowing(30), "30 AUG 2031", "valid"),
            Verified,
            NONE,
        ),
        (
            expiring(&allowing(-1), "30 AUG 2031", "valid"),
            Inconclusive,
            UNREADABLE,
        ),
        (
            judged(&strict(), |result| remove(result, "date_of_expiry")),
            Verified,
            NONE,
        ),
        (
            judged(&allowing(30), |result| remove(result, "date_of_expiry")),
            Verified,
            NONE,
        ),
        (
            judged(&allowing(-1), |result| remove(result, "date_of_expiry")),
            Inconclusive,
            MISSING,
        ),
    ]);
    let missing = judged(&strict(), |result| remove(result, "date_of_expiry"));
    assert_eq!(check(&missing, CheckKind::DocumentExpiry), None);
    let demanded = judged(&allowing(-1), |result| remove(result, "date_of_expiry"));
    assert_eq!(
        check(&demanded, CheckKind::DocumentExpiry),
        Some(CheckResult::Inconclusive)
    );
}

#[test]
fn different_expiry_readings_are_uncertain() {
    let read = |rule: &Acceptance, dates: [&str; 2]| {
        judged(rule, |result| {
            let values = dates.map(|date| json!({ "source": "visual", "value": date }));
            field(result, "date_of_expiry")["values"] = json!(values);
        })
    };
    expect_all([
        (
            read(&strict(), ["2031-08-30", "2015-08-30"]),
            Inconclusive,
            UNCERTAIN,
        ),
        (
            read(&strict(), ["2015-08-30", "2031-08-30"]),
            Inconclusive,
            UNCERTAIN,
        ),
        (
            read(&strict(), ["2015-08-30", "2016-08-30"]),
            Rejected,
            EXPIRED,
        ),
        (
            read(&strict(), ["2031-08-30", "30 AUG 2031"]),
            Verified,
            NONE,
        ),
        // One has expired, and neither is valid long enough.
        (
            read(&allowing(-90), ["2024-07-01", "2015-08-30"]),
            Rejected,
            TOO_SOON,
        ),
    ]);
    let renamed = judged(&strict(), |result| {
        let mut another = field(result, "date_of_expiry").clone();
        another["field"] = "expiry_date".into();
        another["values"] = json!(["2015-01-01"]);
        result["tasks"][0]["result"]
            .as_array_mut()
            .unwrap()
            .push(another);
    });
    expect_all([(renamed, Inconclusive, UNCERTAIN)]);
}

#[test]
fn tolerating_the_expiry_keeps_its_limit() {
    let tolerant = with(|rule| rule.tolerated_fields = vec!["expiry_date".into()]);
    expect_all([
        (expiring(&tolerant, "2031-08-30", "invalid"), Verified, NONE),
        (expiring(&tolerant, "2031-08-30", "perhaps"), Verified, NONE),
        (
            expiring(&tolerant, "2015-05-20", "invalid"),
            Rejected,
            EXPIRED_SAID,
        ),
        (
            expiring(&tolerant, "2015-05-20", "valid"),
            Rejected,
            EXPIRED,
        ),
        (
            expiring(&tolerant, "30 AUG 2031", "invalid"),
            Inconclusive,
            DOUBTED,
        ),
    ]);
}

const TOO_YOUNG: &[(Reason, &str)] = &[(Reason::Underage, "age:minimum")];
const TOO_YOUNG_BORN: &[(Reason, &str)] = &[(Reason::Underage, "date_of_birth:minimum")];
const TOO_OLD: &[(Reason, &str)] = &[(Reason::Other, "age:maximum")];
const TOO_OLD_BORN: &[(Reason, &str)] = &[(Reason::Other, "date_of_birth:maximum")];
const AGE_MISSING: &[(Reason, &str)] = &[(Reason::DocumentUnreadable, "age:missing")];
const AGE_UNREADABLE: &[(Reason, &str)] = &[(Reason::DocumentUnreadable, "age:unreadable")];
const BIRTH_UNCERTAIN: &[(Reason, &str)] =
    &[(Reason::DocumentUnreadable, "date_of_birth:uncertain")];

fn limited() -> Acceptance {
    with(|rule| (rule.minimum_age, rule.maximum_age) = (Some(18), Some(80)))
}

/// A result with an age and without a date of birth.
fn aged(rule: &Acceptance, age: &str, validity: &str) -> Observation {
    judged(rule, |result| {
        remove(result, "date_of_birth");
        set(result, "age", age, validity);
    })
}

/// A result with a date of birth and without an age.
fn born(rule: &Acceptance, date: &str) -> Observation {
    judged(rule, |result| {
        remove(result, "age");
        set(result, "date_of_birth", date, "valid");
    })
}

#[test]
fn age_outside_the_limits_rejects_despite_validity() {
    for validity in ["valid", "not_checked"] {
        expect_all([
            (aged(&limited(), "17", validity), Rejected, TOO_YOUNG),
            (aged(&limited(), "18", validity), Verified, NONE),
            (aged(&limited(), "80", validity), Verified, NONE),
            (aged(&limited(), "81", validity), Rejected, TOO_OLD),
            (aged(&limited(), "old", validity), Inconclusive, AGE_MISSING),
            (aged(&limited(), "", validity), Inconclusive, AGE_MISSING),
            (aged(&strict(), "12", validity), Verified, NONE),
            (
                aged(&with(|rule| rule.maximum_age = Some(80)), "12", validity),
                Verified,
                NONE,
            ),
            (
                aged(&with(|rule| rule.minimum_age = Some(18)), "95", validity),
                Verified,
                NONE,
            ),
        ]);
    }
    expect_all([
        (
            aged(&limited(), "17", "invalid"),
            Rejected,
            &[(Reason::Underage, "age:invalid")][..],
        ),
        (
            aged(&limited(), "99", "invalid"),
            Rejected,
            &[(Reason::Other, "age:invalid")][..],
        ),
        (
            aged(&strict(), "17", "invalid"),
            Rejected,
            &[(Reason::Other, "age:invalid")][..],
        ),
        (
            aged(&limited(), "old", "invalid"),
            Rejected,
            &[
                (Reason::Underage, "age:invalid"),
                (Reason::DocumentUnreadable, "age:missing"),
            ][..],
        ),
    ]);
    assert_eq!(
        check(&aged(&limited(), "17", "valid"), CheckKind::Age),
        Some(CheckResult::Failed)
    );
    assert_eq!(
        check(&aged(&limited(), "18", "not_checked"), CheckKind::Age),
        Some(CheckResult::NotPerformed)
    );
    assert_eq!(
        check(&aged(&limited(), "old", "valid"), CheckKind::Age),
        Some(CheckResult::Inconclusive)
    );
}

#[test]
fn age_is_also_judged_by_the_date_of_birth() {
    expect_all([
        (born(&limited(), "2006-06-01"), Verified, NONE),
        (born(&limited(), "2006-06-02"), Rejected, TOO_YOUNG_BORN),
        (born(&limited(), "2015-01-01"), Rejected, TOO_YOUNG_BORN),
        (born(&limited(), "1991"), Verified, NONE),
        // A year alone is uncertain at the limit.
        (born(&limited(), "2006"), Inconclusive, BIRTH_UNCERTAIN),
        (born(&limited(), "2006-06"), Inconclusive, BIRTH_UNCERTAIN),
        (
            born(&limited(), "2006-00-00"),
            Inconclusive,
            BIRTH_UNCERTAIN,
        ),
        (born(&limited(), "2007"), Rejected, TOO_YOUNG_BORN),
        (born(&limited(), "1943-06-02"), Verified, NONE),
        (born(&limited(), "1943-06-01"), Rejected, TOO_OLD_BORN),
        (born(&limited(), "1943"), Inconclusive, BIRTH_UNCERTAIN),
        (born(&limited(), "03/04/1990"), Verified, NONE),
        (born(&limited(), "10 MRT 1990"), Inconclusive, AGE_MISSING),
        (born(&strict(), "2015-01-01"), Verified, NONE),
    ]);
    assert_eq!(
        check(&born(&limited(), "2015-01-01"), CheckKind::Age),
        Some(CheckResult::Failed)
    );
    assert_eq!(
        check(&born(&limited(), "2006"), CheckKind::Age),
        Some(CheckResult::Inconclusive)
    );
    assert_eq!(check(&born(&limited(), "1991"), CheckKind::Age), None);
}

#[test]
fn every_age_reading_must_be_within_the_limits() {
    let both = |age: &str, birth: &str| {
        judged(&limited(), |result| {
            set(result, "age", age, "valid");
            set(result, "date_of_birth", birth, "valid");
        })
    };
    expect_all([
        (both("18", "2006-06-01"), Verified, NONE),
        (both("18", "2015-01-01"), Rejected, TOO_YOUNG_BORN),
        (both("12", "1991-01-01"), Rejected, TOO_YOUNG),
        (both("18", "2006"), Inconclusive, BIRTH_UNCERTAIN),
        (both("old", "1991-01-01"), Inconclusive, AGE_UNREADABLE),
        (both("18", "10 MRT 1990"), Verified, NONE),
    ]);
    let readings = judged(&limited(), |result| {
        field(result, "age")["values"] = json!(["45", "12"]);
    });
    expect_all([(readings, Rejected, TOO_YOUNG)]);
}

#[test]
fn tolerating_the_age_keeps_its_limits() {
    let tolerant = with(|rule| {
        (rule.minimum_age, rule.maximum_age) = (Some(18), Some(80));
        rule.tolerated_fields = vec!["AGE".into(), "birth_date".into()];
    });
    expect_all([
        (aged(&tolerant, "12", "valid"), Rejected, TOO_YOUNG),
        (aged(&tolerant, "12", "invalid"), Rejected, TOO_YOUNG),
        (aged(&tolerant, "45", "invalid"), Verified, NONE),
        (aged(&tolerant, "", "invalid"), Inconclusive, AGE_MISSING),
        (born(&tolerant, "2015-01-01"), Rejected, TOO_YOUNG_BORN),
    ]);
}
