//! Turns the vendor's findings into checks and reasons, and combines them with the state to an
//! outcome.

use idv_core::adapter::FromVendor as _;
use idv_core::report::{Check, CheckKind, CheckResult, Country, Finding, Reason};
use idv_core::{Outcome, PartialDate, Status, Text};
use jiff::civil::{Date, DateTime};

use super::codes::{OF_AGE, OVERRULING, SIMILAR, StateRow, find_result, leaning};
use super::number::{self, Requested, compare, decimal, hundredth};
use super::{Rules, given_text, local};
use crate::dni;
use crate::wire::{Card, IdentityResult, Others, Report};

/// The rule that ends a verification without an operator: [`Rules::automatic_outcome_is_final`].
pub(super) const AUTOMATIC: &str = "verificar-identidad/1 automatic_outcome_is_final";

/// The judged findings of a report.
pub(super) struct Judgement {
    pub(super) checks: Vec<Check>,
    pub(super) reasons: Vec<Finding>,
    pub(super) requested: Requested,
    pub(super) letter: Option<bool>,
    /// `Resultado`.
    outcome: Option<f64>,
    /// Whether the report contradicts itself.
    contradicted: bool,
    /// Whether a part of the result could not be parsed.
    incomplete: bool,
}

impl Judgement {
    /// Judges the findings of a report.
    pub(super) fn of(payload: &Report<'_>, found: &IdentityResult<'_>, card: &Card<'_>) -> Self {
        let places = [
            ("", &payload.others),
            ("Result.", &found.others),
            ("Result.DNI.", &card.others),
        ];
        let mut judgement = Self {
            checks: Vec::with_capacity(8),
            reasons: Vec::new(),
            requested: compare(payload, found, card),
            letter: letter(payload, found, card),
            outcome: decimal(found.outcome.as_ref()),
            contradicted: places
                .iter()
                .any(|(_, others)| !others.contradicted().is_empty()),
            incomplete: !found.others.get("").is_empty() || !card.others.get("").is_empty(),
        };
        judgement.measurement(found);
        for word in words(found, card) {
            if let Some(result) = word.result() {
                judgement.check(word.kind, result, word.name);
            }
        }
        judgement.expiry(payload, card);
        judgement.requested_number();
        if let Some(age) = given_text(card.age.as_ref()).and_then(|age| age.parse::<u32>().ok()) {
            judgement.check(
                CheckKind::Age,
                if age >= OF_AGE {
                    CheckResult::Passed
                } else {
                    CheckResult::Failed
                },
                "Edad",
            );
        }
        if let Some(holds) = judgement.letter {
            judgement.check(
                CheckKind::DocumentData,
                if holds {
                    CheckResult::Passed
                } else {
                    CheckResult::Failed
                },
                "DNI",
            );
        }
        judgement.code(found);
        judgement.failures();
        for (path, others) in places {
            for name in others.contradicted() {
                judgement
                    .reasons
                    .push(Finding::new(Reason::VendorError, format!("{path}{name}")));
            }
        }
        for (part, others) in [("Result", &found.others), ("Result.DNI", &card.others)] {
            if !others.get("").is_empty() {
                judgement
                    .reasons
                    .push(Finding::new(Reason::VendorError, part));
            }
        }
        judgement
    }

    /// Returns the status of the verification by the vendor's state and the findings.
    pub(super) fn status(&self, row: &StateRow, rules: Rules) -> Status {
        match row.status {
            Status::Finished(Outcome::Verified) => Status::Finished(self.validated()),
            Status::InReview { .. } => match self.leaning() {
                Some(outcome) if rules.automatic_outcome_is_final => {
                    Status::Finished(self.automatic(outcome))
                }
                leaning => Status::InReview { leaning },
            },
            status => status,
        }
    }

    /// Adds the reason of a code that an operator had to judge, and the operator's own reasons,
    /// which the document promises as parameters without naming them.
    pub(super) fn reject(&mut self, found: &IdentityResult<'_>, payload: &Report<'_>) {
        if let (Some(code), Some(row)) = (
            given_text(found.outcome.as_ref()),
            self.outcome.and_then(find_result),
        ) && let Some(reason) = row.reason.filter(|_| row.to_be_judged)
        {
            self.reasons.insert(0, Finding::new(reason, code));
        }
        for (name, values) in payload
            .others
            .undocumented()
            .chain(found.others.undocumented())
        {
            let texts = values.iter().flat_map(|value| match value.expose() {
                serde_json::Value::Array(entries) => entries.iter().map(as_text).collect(),
                other => vec![as_text(other)],
            });
            for text in texts.filter(|text| !text.trim().is_empty()) {
                let mut finding = Finding::new(Reason::Unknown, name);
                finding.text = Some(text.into());
                self.reasons.push(finding);
            }
        }
    }

    /// Returns the outcome of a verification that the vendor validated.
    fn validated(&self) -> Outcome {
        if self.contradicted {
            return Outcome::Disputed;
        }
        let overruling = OVERRULING
            .iter()
            .find(|(kind, _)| self.result(*kind) == Some(CheckResult::Failed));
        // A word about the number that is neither yes nor no does not confirm it.
        let unclear = self.checks.iter().any(|check| {
            check.kind == CheckKind::RequestedNumber
                && check.result == CheckResult::Inconclusive
                && check.code.as_deref() == Some("DNISolicitadoCoincide")
        });
        match overruling {
            Some((_, outcome)) => *outcome,
            None if unclear => Outcome::Inconclusive,
            None => Outcome::Verified,
        }
    }

    /// Returns the expected outcome of a verification that an operator must still validate.
    fn leaning(&self) -> Option<Outcome> {
        if self.contradicted {
            return None;
        }
        let leans = leaning(self.outcome?)?;
        let any = |result| self.checks.iter().any(|check| check.result == result);
        match leans {
            Outcome::Verified if any(CheckResult::Failed) => Some(Outcome::Rejected),
            Outcome::Verified if self.incomplete || any(CheckResult::Inconclusive) => None,
            leans => Some(leans),
        }
    }

    /// Returns the outcome of a verification that no operator validates. A wrong number and an
    /// expired document are not signs of fraud.
    fn automatic(&self, leaning: Outcome) -> Outcome {
        let failed = |kind| self.result(kind) == Some(CheckResult::Failed);
        match leaning {
            Outcome::Rejected
                if failed(CheckKind::RequestedNumber) || failed(CheckKind::DocumentExpiry) =>
            {
                Outcome::Inconclusive
            }
            leaning => leaning,
        }
    }

    fn result(&self, kind: CheckKind) -> Option<CheckResult> {
        self.checks
            .iter()
            .find(|check| check.kind == kind)
            .map(|check| check.result)
    }

    /// Adds a check. An existing check changes only from not failed to failed.
    fn check(&mut self, kind: CheckKind, result: CheckResult, code: &str) {
        match self.checks.iter_mut().find(|check| check.kind == kind) {
            Some(check) if result == CheckResult::Failed && check.result != CheckResult::Failed => {
                (check.result, check.code) = (result, Some(code.to_owned()));
            }
            Some(_) => {}
            None => self.checks.push(Check::new(kind, result).with_code(code)),
        }
    }

    /// Adds the similarity of the faces. A result that is not a code is the same measurement.
    fn measurement(&mut self, found: &IdentityResult<'_>) {
        let Some((text, code)) = measured(found) else {
            return;
        };
        let (Some(percent), Some(score)) = (decimal(text), hundredth(text)) else {
            return;
        };
        let result = if percent > SIMILAR {
            CheckResult::Passed
        } else {
            CheckResult::Inconclusive
        };
        let mut check = Check::new(CheckKind::FaceMatch, result).with_code(code);
        check.score = Some(score);
        self.checks.push(check);
    }

    /// Adds the expiry check. A document that expired before the day of the report has expired,
    /// whatever `Caducado` says.
    fn expiry(&mut self, payload: &Report<'_>, card: &Card<'_>) {
        let day = |text: &Option<Text<'_>>| local(text.as_ref()).map(DateTime::date);
        let expires: Option<Date> = given_text(card.expires_on.as_ref())
            .and_then(PartialDate::parse)
            .and_then(PartialDate::whole);
        if let (Some(expires), Some(day)) =
            (expires, day(&payload.updated_at).max(day(&payload.sent_at)))
            && expires < day
        {
            self.check(
                CheckKind::DocumentExpiry,
                CheckResult::Failed,
                "FechaExpira",
            );
        }
    }

    /// Compares the numbers, which overrides the vendor's word and replaces a missing one. If a
    /// number was requested and none was extracted, the check is inconclusive and the vendor's
    /// state remains.
    fn requested_number(&mut self) {
        match self.requested {
            Requested::Differs => self.check(
                CheckKind::RequestedNumber,
                CheckResult::Failed,
                "DNISolicitado",
            ),
            Requested::Unread if self.result(CheckKind::RequestedNumber).is_none() => {
                self.check(
                    CheckKind::RequestedNumber,
                    CheckResult::Inconclusive,
                    "DNISolicitado",
                );
            }
            Requested::Unread | Requested::Matches | Requested::No => {}
        }
    }

    /// Adds the code of the result, which overrides a measurement that has not failed. A number
    /// that is not negative is a similarity.
    fn code(&mut self, found: &IdentityResult<'_>) {
        let Some(code) = given_text(found.outcome.as_ref()) else {
            return;
        };
        if self
            .outcome
            .is_some_and(|outcome| (0.0..=100.0).contains(&outcome))
        {
            return;
        }
        let Some(row) = self.outcome.and_then(find_result) else {
            self.reasons.push(Finding::new(Reason::Unknown, code));
            return;
        };
        if let Some((kind, result)) = row.check {
            match self.checks.iter_mut().find(|check| check.kind == kind) {
                Some(check)
                    if check.result == CheckResult::Failed && result != CheckResult::Failed => {}
                Some(check) => (check.result, check.code) = (result, Some(code.to_owned())),
                None => self.checks.push(Check::new(kind, result).with_code(code)),
            }
        }
        if let Some(reason) = row.reason.filter(|_| !row.to_be_judged) {
            self.reasons.push(Finding::new(reason, code));
        }
    }

    /// Adds a reason for each failed check, unless the code of the result gives the same reason.
    fn failures(&mut self) {
        for check in &self.checks {
            let reason = match (check.kind, check.result) {
                (CheckKind::RequestedNumber, CheckResult::Inconclusive) => {
                    Reason::CannotBeCompleted
                }
                (CheckKind::Liveness | CheckKind::SamePerson, CheckResult::Failed) => {
                    Reason::LivenessFailed
                }
                (CheckKind::DocumentSides, CheckResult::Failed) => Reason::DocumentSidesMismatch,
                (CheckKind::DocumentExpiry, CheckResult::Failed) => Reason::DocumentExpired,
                (CheckKind::RequestedNumber, CheckResult::Failed) => Reason::DocumentNumberWrong,
                (CheckKind::Age, CheckResult::Failed) => Reason::Underage,
                (CheckKind::DocumentData, CheckResult::Failed) => Reason::DocumentChecksumWrong,
                _ => continue,
            };
            if !self.reasons.iter().any(|finding| finding.reason == reason) {
                self.reasons
                    .push(Finding::new(reason, check.code.clone().unwrap_or_default()));
            }
        }
    }
}

/// A member with the value `Si` or `No`.
pub(super) struct YesNo<'t> {
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) kind: CheckKind,
    text: Option<&'t Text<'t>>,
    good: bool,
    others: &'t Others,
}

impl YesNo<'_> {
    /// Returns the word, unless it is `N/A`.
    pub(super) fn word(&self) -> Option<&str> {
        given_text(self.text)
    }

    /// Returns whether the word is a plain yes or no.
    pub(super) fn is_plain(&self) -> bool {
        self.word().is_some_and(|word| yes(word).is_some())
    }

    /// Returns the result of the check. If the member occurs several times, one negative word fails
    /// it.
    pub(super) fn result(&self) -> Option<CheckResult> {
        let of = |word: &str| match yes(word) {
            Some(said) if said == self.good => CheckResult::Passed,
            Some(_) => CheckResult::Failed,
            None => CheckResult::Inconclusive,
        };
        if !self.others.contradicts(self.name) {
            return self.word().map(of);
        }
        let mut words = self
            .others
            .get(self.name)
            .iter()
            .filter_map(|value| value.expose().as_str());
        Some(if words.any(|word| of(word) == CheckResult::Failed) {
            CheckResult::Failed
        } else {
            CheckResult::Inconclusive
        })
    }
}

/// Returns the members with the values `Si` or `No`, each for one check.
pub(super) fn words<'t>(found: &'t IdentityResult<'_>, card: &'t Card<'_>) -> [YesNo<'t>; 5] {
    let of_result = |name, path, kind, text: &'t Option<Text<'_>>| YesNo {
        name,
        path,
        kind,
        text: text.as_ref(),
        good: true,
        others: &found.others,
    };
    [
        of_result(
            "PruebaDeVida",
            "Result.PruebaDeVida",
            CheckKind::Liveness,
            &found.liveness,
        ),
        of_result(
            "ProcesoRelizadoMismaPersona",
            "Result.ProcesoRelizadoMismaPersona",
            CheckKind::SamePerson,
            &found.same_person,
        ),
        of_result(
            "AnversoReversoCoinciden",
            "Result.AnversoReversoCoinciden",
            CheckKind::DocumentSides,
            &found.sides_match,
        ),
        YesNo {
            name: "Caducado",
            path: "Result.DNI.Caducado",
            kind: CheckKind::DocumentExpiry,
            text: card.expired.as_ref(),
            good: false,
            others: &card.others,
        },
        of_result(
            "DNISolicitadoCoincide",
            "Result.DNISolicitadoCoincide",
            CheckKind::RequestedNumber,
            &found.requested_number_matches,
        ),
    ]
}

/// Returns the similarity of the faces, and the name of its member.
pub(super) fn measured<'t>(
    found: &'t IdentityResult<'_>,
) -> Option<(Option<&'t Text<'t>>, &'static str)> {
    let is_percent = |text: &Option<Text<'_>>| {
        decimal(text.as_ref()).is_some_and(|percent| (0.0..=100.0).contains(&percent))
    };
    if is_percent(&found.similarity) {
        return Some((found.similarity.as_ref(), "ParecidoPersonaDNI"));
    }
    is_percent(&found.outcome).then_some((found.outcome.as_ref(), "Resultado"))
}

/// Returns whether the check letter of a Spanish number is right, or `None` if the number is not
/// Spanish.
fn letter(payload: &Report<'_>, found: &IdentityResult<'_>, card: &Card<'_>) -> Option<bool> {
    let country = given_text(card.country.as_ref()).and_then(Country::from_word);
    if country.is_some_and(|country| country.code() != "ES") {
        return None;
    }
    number::read(payload, found, card)
        .next()
        .and_then(|number| dni::letter_holds(&dni::plain(number)))
}

/// Parses `Si` or `No`, with or without an accent, in any case.
fn yes(word: &str) -> Option<bool> {
    let word = word.trim();
    let is = |known: &&str| known.eq_ignore_ascii_case(word);
    let is_accented = matches!(word, "sí" | "Sí" | "sÍ" | "SÍ");
    if is_accented || ["si", "s", "true", "1"].iter().any(is) {
        Some(true)
    } else {
        ["no", "n", "false", "0"].iter().any(is).then_some(false)
    }
}

fn as_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}
