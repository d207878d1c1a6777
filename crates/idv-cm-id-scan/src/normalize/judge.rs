//! Judges a result by the acceptance rule. This module judges the transaction and its tasks; the
//! submodules judge fields, limits and unknown members.

mod document;
mod doubt;
mod task;

use idv_core::adapter::{find_word, non_empty};
use idv_core::report::{Check, CheckKind, CheckResult, Finding, Reason};
use idv_core::{Outcome, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::acceptance::{Acceptance, Judgement};
use super::is;
use crate::api::{DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH, Tasks};
use crate::wire::{ResultField, Transaction};

pub(super) fn judge(
    rule: &Acceptance,
    transaction: &Transaction<'_>,
    now: Option<Timestamp>,
) -> Judgement {
    let on = completed_at(transaction)
        .or(now)
        .map(|time| time.to_zoned_datetime(TimeZone::UTC).date());
    let mut judge = Judge {
        rule,
        on,
        rejects: false,
        reasons: Vec::new(),
        checks: Vec::new(),
    };
    judge.tasks(transaction);
    judge.document(transaction);
    judge.members("", &transaction.others);
    let outcome = match (judge.reasons.is_empty(), judge.rejects) {
        (true, _) => Outcome::Verified,
        (false, true) => Outcome::Rejected,
        (false, false) => Outcome::Inconclusive,
    };
    Judgement {
        outcome,
        reasons: judge.reasons,
        checks: judge.checks,
    }
}

/// Returns the time of completion, if the transaction has one.
pub(super) fn completed_at(transaction: &Transaction<'_>) -> Option<Timestamp> {
    non_empty(transaction.completed.as_ref())?.parse().ok()
}

/// A judgement in progress.
struct Judge<'r> {
    rule: &'r Acceptance,
    /// The day with which dates are compared.
    on: Option<Date>,
    rejects: bool,
    reasons: Vec<Finding>,
    checks: Vec<Check>,
}

impl Judge<'_> {
    fn tasks(&mut self, transaction: &Transaction<'_>) {
        let ordered = self
            .rule
            .ordered
            .map_or([DOCUMENT_SCAN].as_slice(), Tasks::names);
        for kind in ordered {
            if !transaction
                .tasks
                .iter()
                .any(|task| is(task.kind.as_ref(), kind))
            {
                self.doubt(Reason::CannotBeCompleted, kind, "missing");
                self.checks.extend(
                    check_kind(kind).map(|kind| Check::new(kind, CheckResult::NotPerformed)),
                );
            }
        }
        for task in &transaction.tasks {
            self.task(task);
        }
    }

    fn doubt(&mut self, reason: Reason, subject: &str, code: &str) {
        self.reasons.push(Finding::new(
            reason,
            [label(subject), ":", label(code)].concat(),
        ));
    }

    fn reject(&mut self, reason: Reason, subject: &str, code: &str) {
        self.rejects = true;
        self.doubt(reason, subject, code);
    }

    /// Adds a check, or lowers the result of an existing one.
    fn check(&mut self, kind: CheckKind, result: CheckResult) {
        match self.checks.iter_mut().find(|check| check.kind == kind) {
            Some(check) => check.result = worse(check.result, result),
            None => self.checks.push(Check::new(kind, result)),
        }
    }
}

/// Returns the check that a face task makes. A document scan is an upload or a photograph, which
/// checks nothing by itself.
fn check_kind(task: &str) -> Option<CheckKind> {
    find_word(
        &[
            (FACE_LIVENESS, CheckKind::Liveness),
            (FACE_MATCH, CheckKind::FaceMatch),
        ],
        task,
    )
}

/// Returns the result of a field's check, or `None` if the vendor's word is missing or unknown. A
/// decisive word is compared exactly.
pub(super) fn validity(field: &ResultField<'_>) -> Option<CheckResult> {
    validity_word(field.validity.as_ref()?.text()?.expose())
}

fn validity_word(word: &str) -> Option<CheckResult> {
    let known = [
        ("valid", CheckResult::Passed),
        ("not_checked", CheckResult::NotPerformed),
        ("invalid", CheckResult::Failed),
    ];
    find_word(&known, word)
}

/// Returns the result of comparing a field's sources. The word for a mismatch is not documented:
/// every word but the documented ones means it.
pub(super) fn comparison(field: &ResultField<'_>) -> CheckResult {
    match &field.comparison {
        None => CheckResult::NotPerformed,
        Some(comparison) => comparison
            .text()
            .map_or(CheckResult::Failed, |word| comparison_word(word.expose())),
    }
}

fn comparison_word(word: &str) -> CheckResult {
    let known = [
        ("not_performed", CheckResult::NotPerformed),
        ("match", CheckResult::Passed),
    ];
    find_word(&known, word).unwrap_or(CheckResult::Failed)
}

fn worse(one: CheckResult, other: CheckResult) -> CheckResult {
    let order = [
        CheckResult::Failed,
        CheckResult::Inconclusive,
        CheckResult::NotPerformed,
    ];
    order
        .into_iter()
        .find(|result| *result == one || *result == other)
        .unwrap_or(CheckResult::Passed)
}

/// Returns a vendor's word as a part of a code, which may be printed, or a replacement if the word
/// is not a plain name.
fn label(word: &str) -> &str {
    let is_name =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' ');
    if !word.is_empty() && word.len() <= 64 && word.bytes().all(is_name) {
        word
    } else {
        "unknown"
    }
}
