//! Whether a result is good enough. The vendor measures and does not decide, so this rule does.

use std::fmt;

use idv_core::report::{Check, CheckKind, CheckResult, Finding, Reason};
use idv_core::{Error, Outcome, Result, Text};

use super::fields::{Target, target};
use super::{filled, is};
use crate::api::{DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH, Tasks};
use crate::wire::{ResultField, Score, Task, TaskResult, Transaction};

/// The rule that judges the result of a completed transaction. Version 1 of the strict rule:
///
/// | what | must be, else | the outcome is |
/// |---|---|---|
/// | the scan of a document, and every task that was ordered | there and `completed` | inconclusive |
/// | the score of each task | `min_score` at least, where there is one (everywhere, with `require_scores`) | inconclusive |
/// | the score of a task about the face | not below `face_floor` | **rejected** |
/// | a word as a task's result | one that says it went well | inconclusive |
/// | each of the `required_fields` | there, with a value | inconclusive |
/// | the validity of each field | `valid` or `not_checked` | inconclusive; for the age and the day of expiry **rejected** |
/// | the age, where a minimum is configured | there, else inconclusive; and not below it | **rejected** |
/// | the comparison of each field | `match`, `not_performed`, or not there | inconclusive |
///
/// Whatever is missing, unreadable or unknown speaks against a result, never for it. Who fails in nothing is verified; one rejection is
/// one. An invalid field is mostly a bad picture, hence inconclusive; a document that has expired or a person of the wrong age stays so.
///
/// Its `Display` is what [`Report::acceptance`](idv_core::Report::acceptance) carries: the rule's version and every number in it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Acceptance {
    /// What was ordered; `None` where nobody knows, and what is there is judged.
    pub ordered: Option<Tasks>,
    /// The least score of a task, from 0 to 1.
    pub min_score: f64,
    /// The score of a task about the face below which the person is rejected, from 0 to 1.
    pub face_floor: f64,
    /// Whether each task must have a score.
    pub require_scores: bool,
    /// The fields that must be there, in the vendor's words.
    pub required_fields: Vec<String>,
    /// The fields of which neither validity nor comparison counts, in the vendor's words.
    pub tolerated_fields: Vec<String>,
    /// The least age, in years.
    pub minimum_age: Option<u16>,
}

/// What a rule makes of a result.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// The outcome: verified where there are no reasons against it.
    pub outcome: Outcome,
    /// Every reason against it. A code is the vendor's field or task and what is wrong with it: `document_number:invalid`.
    pub reasons: Vec<Finding>,
    /// What was checked, whatever came of it.
    pub checks: Vec<Check>,
}

impl Acceptance {
    /// The least score unless told otherwise.
    pub const MIN_SCORE: f64 = 0.8;
    /// The score of a task about the face that rejects, unless told otherwise.
    pub const FACE_FLOOR: f64 = 0.5;

    /// The strict rule: every number as it is unless told otherwise.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            ordered: None,
            min_score: Self::MIN_SCORE,
            face_floor: Self::FACE_FLOOR,
            require_scores: false,
            required_fields: vec!["document_number".to_owned(), "surname".to_owned()],
            tolerated_fields: Vec::new(),
            minimum_age: None,
        }
    }

    /// Checks that the rule can be one.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key.
    pub fn check(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.min_score) {
            return Err(Error::config("acceptance_min_score is a number from 0 to 1"));
        }
        if !(0.0..=self.min_score).contains(&self.face_floor) {
            return Err(Error::config("acceptance_face_floor is a number from 0 to acceptance_min_score"));
        }
        if self.required_fields.is_empty() {
            return Err(Error::config("acceptance_required_fields must name a field: a result that says nothing proves nothing"));
        }
        Ok(())
    }

    /// Judges the result of a completed transaction.
    #[must_use]
    pub fn judge(&self, transaction: &Transaction<'_>) -> Judgement {
        let mut bench = Bench { rule: self, rejects: false, reasons: Vec::new(), checks: Vec::new() };
        let ordered = self.ordered.map_or([DOCUMENT_SCAN].as_slice(), Tasks::names);
        for kind in ordered {
            if !transaction.tasks.iter().any(|task| is(task.kind.as_ref(), kind)) {
                bench.doubt(Reason::CannotBeCompleted, kind, "missing");
                bench.checks.extend(check_kind(kind).map(|kind| Check::new(kind, CheckResult::NotPerformed)));
            }
        }
        for task in &transaction.tasks {
            bench.task(task);
        }
        bench.fields(transaction);
        let outcome = match (bench.reasons.is_empty(), bench.rejects) {
            (true, _) => Outcome::Verified,
            (false, true) => Outcome::Rejected,
            (false, false) => Outcome::Inconclusive,
        };
        Judgement { outcome, reasons: bench.reasons, checks: bench.checks }
    }

    fn tolerates(&self, field: &str) -> bool {
        self.tolerated_fields.iter().any(|tolerated| tolerated.eq_ignore_ascii_case(field))
    }
}

impl Default for Acceptance {
    fn default() -> Self {
        Self::strict()
    }
}

impl fmt::Display for Acceptance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("strict/1 min_score=")?;
        number(f, self.min_score, Self::MIN_SCORE, "0.8")?;
        f.write_str(" face_floor=")?;
        number(f, self.face_floor, Self::FACE_FLOOR, "0.5")?;
        if self.require_scores {
            f.write_str(" require_scores")?;
        }
        list(f, " required_fields=", &self.required_fields)?;
        list(f, " tolerated_fields=", &self.tolerated_fields)?;
        if let Some(age) = self.minimum_age {
            write!(f, " minimum_age={age}")?;
        }
        match self.ordered {
            Some(tasks) => list(f, " tasks=", tasks.names()),
            None => Ok(()),
        }
    }
}

/// A number. To write a fraction takes as long as to read a field, so the usual one is not written anew for each report.
fn number(f: &mut fmt::Formatter<'_>, number: f64, usual: f64, written: &str) -> fmt::Result {
    if number.to_bits() == usual.to_bits() { f.write_str(written) } else { write!(f, "{number}") }
}

/// Words with commas between them, where there are any.
fn list(f: &mut fmt::Formatter<'_>, name: &str, words: &[impl AsRef<str>]) -> fmt::Result {
    for (index, word) in words.iter().enumerate() {
        f.write_str(if index == 0 { name } else { "," })?;
        f.write_str(word.as_ref())?;
    }
    Ok(())
}

/// Words by which a task may say that it went well. The results of tasks about the face are not documented.
const WENT_WELL: &[&str] = &["match", "matched", "passed", "valid", "success", "live", "true"];

/// What a task checks.
fn check_kind(task: &str) -> Option<CheckKind> {
    [(DOCUMENT_SCAN, CheckKind::DocumentAuthenticity), (FACE_LIVENESS, CheckKind::Liveness), (FACE_MATCH, CheckKind::FaceMatch)]
        .into_iter()
        .find_map(|(known, kind)| known.eq_ignore_ascii_case(task).then_some(kind))
}

/// Where a result is judged.
struct Bench<'r> {
    rule: &'r Acceptance,
    rejects: bool,
    reasons: Vec<Finding>,
    checks: Vec<Check>,
}

impl Bench<'_> {
    fn doubt(&mut self, reason: Reason, what: &str, code: &str) {
        self.reasons.push(Finding::new(reason, format!("{what}:{code}")));
    }

    fn reject(&mut self, reason: Reason, what: &str, code: &str) {
        self.rejects = true;
        self.doubt(reason, what, code);
    }

    /// State, score and word of a task.
    fn task(&mut self, task: &Task<'_>) {
        let name = filled(task.kind.as_ref()).unwrap_or("task");
        let kind = check_kind(name);
        let reason = match kind {
            Some(CheckKind::FaceMatch) => Reason::FaceMismatch,
            Some(CheckKind::Liveness) => Reason::LivenessFailed,
            Some(_) => Reason::DocumentOther,
            None => Reason::Other,
        };
        let is_about_the_face = matches!(kind, Some(CheckKind::FaceMatch | CheckKind::Liveness));
        let state = filled(task.state.as_ref());
        let mut result = CheckResult::Passed;
        if !is(task.state.as_ref(), "completed") {
            self.doubt(Reason::CannotBeCompleted, name, state.unwrap_or("state"));
            result = CheckResult::NotPerformed;
        }
        match task.score {
            Some(Score::Of(score)) if is_about_the_face && score < self.rule.face_floor => {
                self.reject(reason, name, "score");
                result = CheckResult::Failed;
            }
            Some(Score::Of(score)) if score >= self.rule.min_score => {}
            None if !self.rule.require_scores => {}
            _ => {
                self.doubt(reason, name, "score");
                result = worse(result, CheckResult::Inconclusive);
            }
        }
        if let Some(TaskResult::Word(word)) = &task.result
            && (kind == Some(CheckKind::DocumentAuthenticity) || !went_well(word))
        {
            self.doubt(reason, name, "result");
            result = worse(result, CheckResult::Inconclusive);
        }
        if let Some(kind) = kind {
            let mut check = Check::new(kind, result);
            check.score = task.score.and_then(Score::value);
            check.code = state.map(str::to_owned);
            self.checks.push(check);
        }
    }

    /// What was read.
    fn fields(&mut self, transaction: &Transaction<'_>) {
        let fields = || transaction.tasks.iter().flat_map(Task::fields);
        let mut data = Seen::default();
        for field in fields() {
            let name = filled(field.field.as_ref()).unwrap_or("field");
            if self.rule.tolerates(name) {
                continue;
            }
            let (target, compared) = (target(name), comparison(field));
            let checked = validity(field);
            if checked == Some(CheckResult::Failed) {
                match target {
                    Some(Target::Age) => self.reject(self.age_reason(field), name, "invalid"),
                    Some(Target::ExpiresOn) => self.reject(Reason::DocumentExpired, name, "invalid"),
                    _ => self.doubt(Reason::DocumentDataInconsistent, name, "invalid"),
                }
            } else if checked.is_none() || field.field.is_none() {
                self.doubt(Reason::Unknown, name, "validity");
            }
            if compared == CheckResult::Failed {
                self.doubt(Reason::DocumentDataInconsistent, name, "comparison");
            }
            if let Some(age) = self.too_young(target, field) {
                self.reject(Reason::Underage, name, age);
            }
            match target {
                Some(Target::Age) => self.alone(CheckKind::Age, checked),
                Some(Target::ExpiresOn) => self.alone(CheckKind::DocumentExpiry, checked),
                _ => data.take(checked),
            }
            data.take(Some(compared));
        }
        if let Some(result) = data.result() {
            self.checks.push(Check::new(CheckKind::DocumentData, result));
        }
        if self.rule.minimum_age.is_some()
            && !fields().any(|field| {
                target(filled(field.field.as_ref()).unwrap_or_default()) == Some(Target::Age) && age(field).is_some()
            })
        {
            self.doubt(Reason::DocumentUnreadable, "age", "missing");
        }
        for required in &self.rule.required_fields {
            let is_there = |field: &ResultField<'_>| {
                is(field.field.as_ref(), required) && field.values.iter().any(|value| filled(value.value.as_ref()).is_some())
            };
            if !fields().any(is_there) {
                self.reasons.push(Finding::new(Reason::DocumentUnreadable, format!("{required}:missing")));
            }
        }
    }

    /// A check that a single field makes. It can stand several times; the worst counts.
    fn alone(&mut self, kind: CheckKind, result: Option<CheckResult>) {
        let result = result.unwrap_or(CheckResult::Inconclusive);
        match self.checks.iter_mut().find(|check| check.kind == kind) {
            Some(check) => check.result = worse(check.result, result),
            None => self.checks.push(Check::new(kind, result)),
        }
    }

    /// Why an age is invalid: the vendor does not say whether it is too low or too high.
    fn age_reason(&self, field: &ResultField<'_>) -> Reason {
        match (age(field), self.rule.minimum_age) {
            (Some(age), Some(minimum)) if age >= minimum => Reason::Other,
            (_, Some(_)) => Reason::Underage,
            _ => Reason::Other,
        }
    }

    /// Whether an age that the vendor did not find invalid is too low all the same.
    fn too_young(&self, target: Option<Target>, field: &ResultField<'_>) -> Option<&'static str> {
        let minimum = self.rule.minimum_age.filter(|_| target == Some(Target::Age))?;
        (validity(field) != Some(CheckResult::Failed) && age(field)? < minimum).then_some("minimum")
    }
}

/// What is known of the document's data.
#[derive(Default)]
struct Seen {
    failed: bool,
    unknown: bool,
    passed: bool,
    any: bool,
}

impl Seen {
    fn take(&mut self, result: Option<CheckResult>) {
        self.any = true;
        match result {
            Some(CheckResult::Failed) => self.failed = true,
            Some(CheckResult::Passed) => self.passed = true,
            Some(_) => {}
            None => self.unknown = true,
        }
    }

    fn result(&self) -> Option<CheckResult> {
        match self {
            Self { any: false, .. } => None,
            Self { failed: true, .. } => Some(CheckResult::Failed),
            Self { unknown: true, .. } => Some(CheckResult::Inconclusive),
            Self { passed: true, .. } => Some(CheckResult::Passed),
            _ => Some(CheckResult::NotPerformed),
        }
    }
}

/// What came of a field's check; `None` where the vendor's word is missing or not known.
pub(super) fn validity(field: &ResultField<'_>) -> Option<CheckResult> {
    [("valid", CheckResult::Passed), ("not_checked", CheckResult::NotPerformed), ("invalid", CheckResult::Failed)]
        .into_iter()
        .find_map(|(word, result)| is(field.validity.as_ref(), word).then_some(result))
}

/// What came of comparing a field's sources. The word for a mismatch is not documented: any other than those for the rest is one.
pub(super) fn comparison(field: &ResultField<'_>) -> CheckResult {
    match field.comparison.as_ref() {
        None => CheckResult::NotPerformed,
        comparison if is(comparison, "not_performed") => CheckResult::NotPerformed,
        comparison if is(comparison, "match") => CheckResult::Passed,
        Some(_) => CheckResult::Failed,
    }
}

fn age(field: &ResultField<'_>) -> Option<u16> {
    field.values.iter().filter_map(|value| filled(value.value.as_ref())?.parse().ok()).min()
}

fn went_well(word: &Text<'_>) -> bool {
    WENT_WELL.iter().any(|known| known.eq_ignore_ascii_case(word.expose().trim()))
}

fn worse(one: CheckResult, other: CheckResult) -> CheckResult {
    let order = [CheckResult::Failed, CheckResult::Inconclusive, CheckResult::NotPerformed];
    order.into_iter().find(|result| *result == one || *result == other).unwrap_or(CheckResult::Passed)
}
