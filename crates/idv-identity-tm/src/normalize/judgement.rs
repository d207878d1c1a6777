//! The checks of a result, and their effect on the outcome.

use idv_core::adapter::last_day;
use idv_core::report::{Attribute, Check, CheckKind, CheckResult, Verdict};
use idv_core::{Observation, Outcome, PartialDate, Report, Status, time_zone};
use jiff::civil::Date;

use super::TIME_ZONE;
use crate::wire::IdentResult;

/// The codes of [`checks`] that can contradict a positive end.
pub(crate) const AGAINST: &[&str] = &[FRAUD, DEVICE, NUMBER, LICENCE_NUMBER, EXPIRY];

/// The codes among them that the vendor itself sends.
pub(crate) const FLAGS: &[&str] = &[FRAUD, DEVICE];

const FRAUD: &str = "FraudAttempt";
const DEVICE: &str = "SecurityCheckFailed";
const NUMBER: &str = "IDCard.CardNo";
const LICENCE_NUMBER: &str = "DriverLicence.LicenceNo";
const EXPIRY: &str = "IDCard.ValidUntil";

/// Returns the checks of a result.
///
/// A flag with an unreadable value is an inconclusive check: the vendor sends `FraudAttempt` only
/// if an agent flagged the person (chapter 3.3.4). A flag of fraud that is false is not a passed
/// check; it only says that no agent flagged the person.
pub(super) fn checks(
    result: &IdentResult<'_>,
    report: &Report,
    is_licence_alone: bool,
) -> Vec<Check> {
    use CheckResult::{Failed, Inconclusive, Passed};
    let unreadable = |name: &str| result.others.get(name).is_some();
    let mut checks = Vec::new();
    let mut add = |kind, result: Option<CheckResult>, code: &str| {
        checks.extend(result.map(|result| Check::new(kind, result).with_code(code)));
    };
    let fraud = match result.fraud_attempt {
        Some(true) => Some(Failed),
        _ if unreadable(FRAUD) => Some(Inconclusive),
        _ => None,
    };
    add(CheckKind::Fraud, fraud, FRAUD);
    let device = match result.security_check_failed {
        Some(true) => Some(Failed),
        _ if unreadable(DEVICE) => Some(Inconclusive),
        Some(false) => Some(Passed),
        None => None,
    };
    add(CheckKind::Device, device, DEVICE);
    let number = if is_licence_alone {
        LICENCE_NUMBER
    } else {
        NUMBER
    };
    add(
        CheckKind::RequestedNumber,
        requested_number(report.document.number.as_ref()),
        number,
    );
    let identified_on = report
        .completed_at
        .and_then(|at| Some(at.to_zoned_datetime(time_zone(TIME_ZONE)?).date()));
    add(
        CheckKind::DocumentExpiry,
        expiry(report.document.expires_on.as_ref(), identified_on),
        EXPIRY,
    );
    checks
}

/// Compares the document's number with the submitted one, if both are present.
fn requested_number(number: Option<&Attribute<String>>) -> Option<CheckResult> {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars()
            .filter(|it| it.is_alphanumeric())
            .flat_map(char::to_uppercase)
    }
    let number = number?;
    let submitted = number.submitted.as_ref()?.expose();
    Some(match number.expose() {
        _ if number.verdict == Verdict::Unchecked => CheckResult::NotPerformed,
        None => CheckResult::NotPerformed,
        Some(checked) if letters(checked).eq(letters(submitted)) => CheckResult::Passed,
        Some(_) => CheckResult::Failed,
    })
}

/// Returns whether the document had expired at the time of the identification. A valid document
/// does not pass the check, because the vendor does not say that it was checked.
///
/// `1970-01-01` is the vendor's filler for missing dates of submitted documents. It is probably a
/// filler in checked data as well, which is not documented, so the check is inconclusive.
fn expiry(
    expires_on: Option<&Attribute<PartialDate>>,
    identified_on: Option<Date>,
) -> Option<CheckResult> {
    let (date, identified_on) = (*expires_on?.expose()?, identified_on?);
    if date == PartialDate::from(Date::constant(1970, 1, 1)) {
        return Some(CheckResult::Inconclusive);
    }
    last_day(date)
        .is_some_and(|last| last < identified_on)
        .then_some(CheckResult::Failed)
}

/// Returns the first of these codes whose check contradicts a positive end.
fn contradiction<'r>(report: &'r Report, codes: &[&str]) -> Option<&'r str> {
    let speaks = |check: &&Check| match check.result {
        CheckResult::Failed => true,
        CheckResult::Inconclusive => check.kind != CheckKind::DocumentExpiry,
        _ => false,
    };
    let mut found = report
        .checks
        .iter()
        .filter(speaks)
        .filter_map(|check| check.code.as_deref());
    found.find(|code| codes.contains(code))
}

/// Judges the state of an order by the checks of its result with these codes.
///
/// A result has no time of its findings, so a suspicion in it is as recent as the end: a positive
/// end is disputed, a negative one remains, and an open order leans to a rejection. A result alone
/// does not tell how the order ended: a suspicion in it is a dispute until the history is known.
pub(crate) fn judge(observation: &mut Observation, report: &Report, codes: &[&str]) {
    let Some(code) = contradiction(report, codes) else {
        return;
    };
    let status = match observation.status {
        // The history has an unknown code, which decides nothing, and so does its result.
        None if observation.code.is_some() => return,
        None | Some(Status::Finished(Outcome::Verified)) => Status::Finished(Outcome::Disputed),
        Some(
            Status::AwaitingPerson | Status::InProgress | Status::InReview { .. } | Status::Ended,
        ) => Status::InReview {
            leaning: Some(Outcome::Rejected),
        },
        Some(_) => return,
    };
    observation.status = Some(status);
    observation.code = Some(code.to_owned());
}

#[cfg(test)]
mod tests {
    use idv_core::report::Source;
    use idv_core::{Channel, ProviderId, Subject};

    use super::*;

    #[test]
    fn document_expires_after_its_last_day() {
        use CheckResult::{Failed, Inconclusive};
        for (valid_until, identified, expected) in [
            ("2020-10-31", "2020-10-31", None),
            ("2020-10-31", "2020-11-01", Some(Failed)),
            ("2020-10-31", "2021-01-01", Some(Failed)),
            ("2020-10", "2020-10-31", None),
            ("2020-10", "2020-11-01", Some(Failed)),
            ("2020", "2020-12-31", None),
            ("2020", "2021-01-01", Some(Failed)),
            ("1970-01-01", "2021-01-01", Some(Inconclusive)),
            ("1970-01-02", "2021-01-01", Some(Failed)),
        ] {
            let date = Attribute::new(Source::Agent, Verdict::Valid)
                .with_value(valid_until.parse::<PartialDate>().unwrap());
            assert_eq!(
                expiry(Some(&date), Some(identified.parse().unwrap())),
                expected,
                "{valid_until} {identified}"
            );
            assert_eq!(expiry(Some(&date), None), None);
        }
        assert_eq!(expiry(None, Some(Date::constant(2020, 1, 1))), None);
    }

    #[test]
    fn number_comparison_ignores_blanks_and_case() {
        use CheckResult::{Failed, NotPerformed, Passed};
        for (checked, submitted, expected) in [
            (Some("T22000129"), Some("t22 000-129"), Some(Passed)),
            (Some("T22000129"), Some("T22000128"), Some(Failed)),
            (None, Some("T22000129"), Some(NotPerformed)),
            (Some("T22000129"), None, None),
        ] {
            let mut number = Attribute::new(Source::Agent, Verdict::Changed);
            number.value = checked.map(|text| text.to_owned().into());
            number.submitted = submitted.map(|text| text.to_owned().into());
            assert_eq!(
                requested_number(Some(&number)),
                expected,
                "{checked:?} {submitted:?}"
            );
            number.verdict = Verdict::Unchecked;
            assert_eq!(
                requested_number(Some(&number)),
                submitted.map(|_| NotPerformed)
            );
        }
        assert_eq!(requested_number(None), None);
    }

    #[test]
    fn suspicion_in_result_is_judged_with_the_status() {
        use Outcome::{Canceled, Disputed, Expired, Inconclusive, Rejected, Verified};
        let leaning = Some(Status::InReview {
            leaning: Some(Rejected),
        });
        for (status, code, judged) in [
            (None, None, Some(Status::Finished(Disputed))),
            (None, Some("4711"), None),
            (
                Some(Status::Finished(Verified)),
                Some("6"),
                Some(Status::Finished(Disputed)),
            ),
            (
                Some(Status::Finished(Rejected)),
                Some("17"),
                Some(Status::Finished(Rejected)),
            ),
            (
                Some(Status::Finished(Canceled)),
                Some("22"),
                Some(Status::Finished(Canceled)),
            ),
            (
                Some(Status::Finished(Expired)),
                Some("99"),
                Some(Status::Finished(Expired)),
            ),
            (
                Some(Status::Finished(Inconclusive)),
                Some("29"),
                Some(Status::Finished(Inconclusive)),
            ),
            (Some(Status::AwaitingPerson), Some("25"), leaning),
            (Some(Status::InProgress), Some("75"), leaning),
            (
                Some(Status::InReview {
                    leaning: Some(Verified),
                }),
                Some("106"),
                leaning,
            ),
            (Some(Status::Ended), Some("x"), leaning),
        ] {
            let mut report = Report::new(ProviderId::new("identity-tm"));
            let mut observation = Observation::claimed(Subject::default(), Channel::Fetch);
            (observation.status, observation.code) = (status, code.map(str::to_owned));
            let before = observation.clone();
            report
                .checks
                .push(Check::new(CheckKind::Device, CheckResult::Passed).with_code(DEVICE));
            report
                .checks
                .push(Check::new(CheckKind::Fraud, CheckResult::Failed).with_code("89"));
            report.checks.push(
                Check::new(CheckKind::DocumentExpiry, CheckResult::Inconclusive).with_code(EXPIRY),
            );
            judge(&mut observation, &report, AGAINST);
            assert_eq!(
                observation, before,
                "only the result's own suspicions are weighed here"
            );
            report
                .checks
                .push(Check::new(CheckKind::DocumentExpiry, CheckResult::Failed).with_code(EXPIRY));
            judge(&mut observation, &report, FLAGS);
            assert_eq!(observation, before, "it is no flag of the vendor");
            report.checks.insert(
                0,
                Check::new(CheckKind::Fraud, CheckResult::Inconclusive).with_code(FRAUD),
            );
            judge(&mut observation, &report, AGAINST);
            assert_eq!(observation.status, judged, "{status:?}");
            let expected = if judged == status { code } else { Some(FRAUD) };
            assert_eq!(observation.code.as_deref(), expected, "{status:?}");
        }
    }
}
