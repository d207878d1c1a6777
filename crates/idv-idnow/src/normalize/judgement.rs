//! Judges the members of a result together.
//!
//! The result's word alone does not decide. A suspicion beside a positive end makes it a dispute,
//! and so does a document that had expired when it was shown: the vendor contradicts itself, and an
//! operator must decide. An earlier suspicion that a review has settled is a failed check of the
//! report. An attempt that was aborted for a permanent reason cannot be repeated.

use idv_core::adapter::{last_day, non_empty};
use idv_core::report::{Check, CheckKind, CheckResult, Finding, Reason};
use idv_core::{Outcome, Status, Timestamp, time_zone};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::ZONE;
use super::reasons::{self, ReasonRow};
use super::results::ResultRow;
use crate::wire::Identification;

/// The judgement of an identification.
pub(super) struct Judgement {
    /// The status, or `None` if the result's word is unknown.
    pub(super) status: Option<Status>,
    pub(super) checks: Vec<Check>,
    pub(super) reasons: Vec<Finding>,
}

impl Judgement {
    /// Judges an identification whose result has the row `result`, if its word is known, and that
    /// was finished at `at`.
    pub(super) fn of(
        identification: &Identification<'_>,
        result: Option<&ResultRow>,
        at: Option<Timestamp>,
    ) -> Self {
        let mut judgement = Self {
            status: result.map(|row| row.status),
            checks: Vec::new(),
            reasons: Vec::new(),
        };
        if let Some((row, review)) = result.and_then(|row| Some((row, row.review?))) {
            judgement.check(CheckKind::AgentReview, review, row.code);
        }
        let process = &identification.identificationprocess;
        let mut contradicted = false;
        let mut permanent = false;
        for word in process
            .reason
            .iter()
            .filter_map(|text| non_empty(Some(text)))
        {
            let meaning = judgement.reason(word);
            contradicted |= meaning.contradicts_success;
            permanent |= meaning.is_permanent;
        }
        for (word, is_final) in [(&process.result, false), (&process.previousresult, true)] {
            if let Some(word) = non_empty(word.as_ref()).filter(|word| is_suspicion(word)) {
                judgement.check(CheckKind::Fraud, CheckResult::Failed, word);
                // Two final results contradict each other; a preliminary suspicion is the subject
                // of the review.
                contradicted |= is_final && word != PRELIMINARY;
            }
        }
        if expires_on(identification)
            .zip(at)
            .is_some_and(|(last_day, at)| last_day < date(at))
        {
            judgement.check(CheckKind::DocumentExpiry, CheckResult::Failed, "validuntil");
            contradicted = true;
        }
        for signing in &identification.esigning {
            if let Some(word) = non_empty(signing.result.as_ref()) {
                judgement.signing(word);
            }
        }
        judgement.status = judgement.status.map(|status| match status {
            Status::Finished(Outcome::Verified) if contradicted => {
                Status::Finished(Outcome::Disputed)
            }
            Status::InReview {
                leaning: Some(Outcome::Verified),
            } if contradicted => Status::InReview { leaning: None },
            Status::AwaitingPerson if permanent => Status::Finished(Outcome::Canceled),
            status => status,
        });
        judgement
    }

    /// Adds a reason, and the check that it fails.
    fn reason(&mut self, word: &str) -> Meaning {
        let row = reasons::find(word);
        let mut finding = Finding::new(row.map_or(Reason::Unknown, |row| row.reason), word);
        finding.permanent = row.and_then(|row| row.permanent);
        finding.by_person = row.and_then(|row| row.by_person);
        self.reasons.push(finding);
        // The table of fraud reasons is open, and all of its words have the same prefix (chapter
        // 13.1.1).
        let unknown_warning = (row.is_none()
            && (word.starts_with("WARNING_") || is_suspicion(word)))
        .then_some(CheckKind::Fraud);
        let failed = row.and_then(|row| row.failed).or(unknown_warning);
        if let Some(kind) = failed {
            self.check(kind, CheckResult::Failed, word);
        }
        Meaning {
            contradicts_success: failed.is_some_and(|kind| kind != CheckKind::Signature)
                || row.is_some_and(contradicts_success),
            is_permanent: row.is_some_and(|row| row.permanent == Some(true)),
        }
    }

    /// Adds the result of a signing. Its words are known only from other clients.
    fn signing(&mut self, word: &str) {
        let row = reasons::find(word).filter(|row| row.failed == Some(CheckKind::Signature));
        let result = match word {
            "SUCCESS" => CheckResult::Passed,
            _ if row.is_some() || is_failure(word) => CheckResult::Failed,
            _ => CheckResult::Inconclusive,
        };
        self.check(CheckKind::Signature, result, word);
        if result == CheckResult::Failed {
            self.reasons.push(Finding::new(
                row.map_or(Reason::SigningFailed, |row| row.reason),
                word,
            ));
        }
    }

    fn check(&mut self, kind: CheckKind, result: CheckResult, code: &str) {
        let check = Check::new(kind, result).with_code(code);
        if !self.checks.contains(&check) {
            self.checks.push(check);
        }
    }
}

/// The effect of a reason on the status.
struct Meaning {
    contradicts_success: bool,
    is_permanent: bool,
}

/// The suspicion that a review confirms or settles (chapter 13.1.1).
const PRELIMINARY: &str = "FRAUD_SUSPICION_PENDING";

/// Returns whether a result is a suspicion, known or unknown.
fn is_suspicion(word: &str) -> bool {
    word.get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("FRAUD"))
}

/// Returns whether a reason contradicts a success: the document had expired, or the person or the
/// data differ.
fn contradicts_success(row: &ReasonRow) -> bool {
    matches!(
        row.reason,
        Reason::DocumentExpired
            | Reason::DocumentNumberWrong
            | Reason::WrongPerson
            | Reason::DataMismatch
            | Reason::AddressMismatch
            | Reason::Abuse
    )
}

/// Returns whether the result of a signing is a failure, in any wording.
fn is_failure(word: &str) -> bool {
    let word = word.to_ascii_uppercase();
    [
        "FAIL",
        "ERROR",
        "ABORT",
        "CANCEL",
        "REJECT",
        "DECLIN",
        "DENIED",
        "REFUS",
        "EXPIRE",
        "TIMEOUT",
        "UNSUCCESS",
        "NOT_SIGNED",
    ]
    .iter()
    .any(|failure| word.contains(failure))
}

/// Returns the last day of the document's validity, if it is known. For a month or a year it is the
/// last day.
fn expires_on(identification: &Identification<'_>) -> Option<Date> {
    let item = identification
        .identificationdocument
        .validuntil
        .as_deref()?;
    last_day(non_empty(item.value.as_ref())?.parse().ok()?)
}

/// Returns the day of a time in the vendor's zone.
fn date(at: Timestamp) -> Date {
    at.to_zoned_datetime(time_zone(ZONE).unwrap_or(TimeZone::UTC))
        .date()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::normalize::{self, Inline};
    use crate::wire;

    /// The status, the failed and other checks, and the reasons of an identification.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it keeps the call sites simple"
    )]
    fn judged(process: Value, more: Value) -> (Option<Status>, Vec<String>, Vec<String>) {
        let mut payload = json!({"identificationprocess": {"id": "A", "identificationtime": "2020-03-10T23:30:00+01:00"}});
        payload["identificationprocess"]
            .as_object_mut()
            .unwrap()
            .extend(process.as_object().unwrap().clone());
        payload
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let payload = payload.to_string();
        let payload = wire::read(payload.as_bytes()).unwrap();
        let observation = normalize::observation(
            &payload.identifications[0],
            idv_core::Channel::Fetch,
            Inline::Report,
        );
        let report = serde_json::to_value(observation.report().unwrap()).unwrap();
        let list = |name: &str, parts: &[&str]| -> Vec<String> {
            let list = report[name].as_array().cloned().unwrap_or_default();
            list.iter()
                .map(|entry| {
                    parts
                        .iter()
                        .map(|part| entry[part].as_str().unwrap_or("-"))
                        .collect::<Vec<_>>()
                        .join(" ")
                })
                .collect()
        };
        (
            observation.status,
            list("checks", &["kind", "result", "code"]),
            list("reasons", &["reason", "code"]),
        )
    }

    const VERIFIED: Option<Status> = Some(Status::Finished(Outcome::Verified));
    const DISPUTED: Option<Status> = Some(Status::Finished(Outcome::Disputed));

    #[test]
    fn suspicion_beside_success_is_a_dispute() {
        for (reason, check) in [
            (
                "WARNING_FAKE_ID",
                Some("document_authenticity failed WARNING_FAKE_ID"),
            ),
            ("WARNING_PHOTO", Some("face_match failed WARNING_PHOTO")),
            (
                "USER_SOCIAL_ENGINEERING",
                Some("fraud failed USER_SOCIAL_ENGINEERING"),
            ),
            (
                "WARNING_SOMETHING_NEW",
                Some("fraud failed WARNING_SOMETHING_NEW"),
            ),
            (
                "FRAUD_SOMETHING_NEW",
                Some("fraud failed FRAUD_SOMETHING_NEW"),
            ),
            ("DATA_ID_EXPIRED", None),
            ("ID_EXPIRED", None),
            ("USER_WRONG_PERSON", None),
            ("USER_ID_NUMBER", None),
            ("DATA_APPLICATION_DATA", None),
            ("DATA_APPLICATION_ADDRESS", None),
            ("OTHER_ABUSE", None),
        ] {
            let (status, checks, reasons) =
                judged(json!({"result": "SUCCESS", "reason": reason}), json!({}));
            assert_eq!(status, DISPUTED, "{reason}");
            assert_eq!(checks.get(1).map(String::as_str), check, "{reason}");
            assert!(reasons[0].ends_with(reason), "{reason}");
            let (status, ..) = judged(
                json!({"result": "REVIEW_PENDING", "reason": reason}),
                json!({}),
            );
            assert_eq!(status, Some(Status::InReview { leaning: None }), "{reason}");
        }
        for reason in [
            "TECH_AUDIO",
            "OTHER_TEST",
            "SOMETHING_NEW",
            "TSP_SIGNING_FAILED",
        ] {
            let (status, ..) = judged(
                json!({"result": "SUCCESS_DATA_CHANGED", "reason": reason}),
                json!({}),
            );
            assert_eq!(status, VERIFIED, "{reason}");
        }
    }

    #[test]
    fn each_of_several_reasons_counts() {
        let (status, checks, reasons) = judged(
            json!({"result": "SUCCESS", "reason": ["TECH_AUDIO", "WARNING_FAKE_ID", "WARNING_FAKE_ID"]}),
            json!({}),
        );
        assert_eq!(status, DISPUTED);
        assert_eq!(
            checks,
            [
                "agent_review passed SUCCESS",
                "document_authenticity failed WARNING_FAKE_ID"
            ]
        );
        assert_eq!(reasons.len(), 3);
    }

    #[test]
    fn earlier_suspicion_is_a_failed_check() {
        for (result, previous, status, checks) in [
            (
                "SUCCESS",
                "FRAUD_SUSPICION_PENDING",
                VERIFIED,
                &[
                    "agent_review passed SUCCESS",
                    "fraud failed FRAUD_SUSPICION_PENDING",
                ][..],
            ),
            (
                "SUCCESS",
                "FRAUD_SUSPICION_CONFIRMED",
                DISPUTED,
                &[
                    "agent_review passed SUCCESS",
                    "fraud failed FRAUD_SUSPICION_CONFIRMED",
                ],
            ),
            (
                "SUCCESS",
                "fraud_new",
                DISPUTED,
                &["agent_review passed SUCCESS", "fraud failed fraud_new"],
            ),
            (
                "SUCCESS",
                "REVIEW_PENDING",
                VERIFIED,
                &["agent_review passed SUCCESS"],
            ),
            (
                "CANCELED",
                "FRAUD_SUSPICION_PENDING",
                Some(Status::Finished(Outcome::Canceled)),
                &["fraud failed FRAUD_SUSPICION_PENDING"],
            ),
            (
                "FRAUD_SUSPICION_CONFIRMED",
                "FRAUD_SUSPICION_PENDING",
                Some(Status::Finished(Outcome::Rejected)),
                &[
                    "agent_review failed FRAUD_SUSPICION_CONFIRMED",
                    "fraud failed FRAUD_SUSPICION_CONFIRMED",
                    "fraud failed FRAUD_SUSPICION_PENDING",
                ],
            ),
            (
                "FRAUD_SOMETHING",
                "",
                None,
                &["fraud failed FRAUD_SOMETHING"],
            ),
            ("FRAU", "FRAÜDX", None, &[]),
        ] {
            let judged = judged(
                json!({"result": result, "previousresult": previous}),
                json!({}),
            );
            assert_eq!(
                (judged.0, judged.1),
                (status, checks.iter().map(ToString::to_string).collect()),
                "{result} {previous}"
            );
        }
    }

    #[test]
    fn expired_document_is_not_verified() {
        for (until, expired) in [
            // The identification took place at 23:30 on 10 March.
            ("2020-03-09", true),
            ("2020-03-10", false),
            ("2020-03-11", false),
            ("2020-02", true),
            ("2020-03", false),
            ("2019", true),
            ("2020", false),
            ("2020-02-00", true),
            ("9999-12-31", false),
            ("never", false),
        ] {
            let document = json!({"identificationdocument": {"validuntil": {"value": until, "status": "NEW"}}});
            let (status, checks, _) = judged(json!({"result": "SUCCESS"}), document.clone());
            assert_eq!(status, if expired { DISPUTED } else { VERIFIED }, "{until}");
            assert_eq!(
                checks.contains(&"document_expiry failed validuntil".to_owned()),
                expired,
                "{until}"
            );
            let (status, ..) = judged(
                json!({"result": "SUCCESS", "identificationtime": null}),
                document,
            );
            assert_eq!(status, VERIFIED, "{until}, at an unknown time");
        }
    }

    #[test]
    fn signing_is_a_separate_check() {
        for (word, result, reason) in [
            ("SUCCESS", "passed", None),
            ("FAILED", "failed", Some("signing_failed")),
            ("failure", "failed", Some("signing_failed")),
            ("ABORTED", "failed", Some("signing_failed")),
            ("CANCELED", "failed", Some("signing_failed")),
            ("UNSUCCESSFUL", "failed", Some("signing_failed")),
            (
                "TSP_CERTIFICATE_EXPIRED",
                "failed",
                Some("signing_certificate_expired"),
            ),
            ("PENDING", "inconclusive", None),
            ("success", "inconclusive", None),
            ("SOMETHING_NEW", "inconclusive", None),
        ] {
            for esigning in [
                json!({"result": word}),
                json!([{"result": "SUCCESS"}, {"result": word}]),
            ] {
                let (status, checks, reasons) =
                    judged(json!({"result": "SUCCESS"}), json!({"esigning": esigning}));
                assert_eq!(status, VERIFIED, "{word}");
                assert_eq!(checks.last(), Some(&format!("signature {result} {word}")));
                assert_eq!(
                    reasons,
                    reason
                        .map(|reason| format!("{reason} {word}"))
                        .into_iter()
                        .collect::<Vec<_>>()
                );
            }
        }
        let (_, checks, _) = judged(
            json!({"result": "SUCCESS"}),
            json!({"esigning": {"result": " ", "sessionid": "x"}}),
        );
        assert_eq!(checks, ["agent_review passed SUCCESS"]);
    }

    #[test]
    fn abort_for_a_permanent_reason_is_final() {
        for (reason, status) in [
            (
                json!("OTHER_MISCELLANEOUS_PERMANENT"),
                Status::Finished(Outcome::Canceled),
            ),
            (json!("USER_LANGUAGE"), Status::Finished(Outcome::Canceled)),
            (
                json!(["TECH_VIDEO", "DATA_APPLICATION_DATA"]),
                Status::Finished(Outcome::Canceled),
            ),
            (
                json!("OTHER_MISCELLANEOUS_TEMPORARY"),
                Status::AwaitingPerson,
            ),
            (json!("STALLED_TIMEOUT"), Status::AwaitingPerson),
            (json!("SOMETHING_NEW"), Status::AwaitingPerson),
            (json!(null), Status::AwaitingPerson),
        ] {
            let (judged, ..) = judged(json!({"result": "ABORTED", "reason": reason}), json!({}));
            assert_eq!(judged, Some(status), "{reason}");
        }
    }
}
