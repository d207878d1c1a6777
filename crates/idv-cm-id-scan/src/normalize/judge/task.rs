//! Judges a task: its state, score, result word and other members.

use idv_core::adapter::non_empty;
use idv_core::adapter::wire::{Loose, Members};
use idv_core::report::{Check, CheckKind, CheckResult, Reason};
use serde_json::Value;

use super::doubt::{Word, is_negative, word_of};
use super::{Judge, check_kind, comparison, validity, worse};
use crate::api::DOCUMENT_SCAN;
use crate::normalize::fields::target;
use crate::normalize::is;
use crate::wire::{ResultField, Score, Task, TaskResult, named};

/// The judgement of a task so far.
struct Seen<'t> {
    name: &'t str,
    reason: Reason,
    /// Whether a documented value shows that the task has passed.
    is_proven: bool,
    result: CheckResult,
}

impl Judge<'_> {
    /// Judges a task. A document scan collects data, which are judged separately. Every other task
    /// is a check of the person and must not contain unknown values.
    pub(super) fn task(&mut self, task: &Task<'_>) {
        let name = non_empty(task.kind.as_ref()).unwrap_or("task");
        let kind = check_kind(name);
        let is_scan = name.eq_ignore_ascii_case(DOCUMENT_SCAN);
        let reason = match kind {
            Some(CheckKind::FaceMatch) => Reason::FaceMismatch,
            Some(_) => Reason::LivenessFailed,
            None if is_scan => Reason::DocumentOther,
            None => Reason::Other,
        };
        let mut seen = Seen {
            name,
            reason,
            is_proven: false,
            result: CheckResult::Passed,
        };
        if !is(task.state.as_ref(), "completed") {
            self.doubt(
                Reason::CannotBeCompleted,
                name,
                non_empty(task.state.as_ref()).unwrap_or("state"),
            );
            seen.result = CheckResult::NotPerformed;
        }
        self.score(&mut seen, task, kind.is_some());
        for file in &task.files {
            let is_good = file.score.as_ref().is_none_or(|score| self.is_good(score));
            if !is_good {
                self.against(&mut seen, "file_score", CheckResult::Inconclusive);
            }
        }
        if is_scan {
            self.scan(&mut seen, task);
        } else {
            self.contents(&mut seen, task);
        }
        if !seen.is_proven && seen.result == CheckResult::Passed {
            self.unproven(&mut seen, kind.is_some());
        }
        if let Some(kind) = kind {
            let mut check = Check::new(kind, seen.result);
            check.score = task.score.as_ref().and_then(Score::value);
            check.code = non_empty(task.state.as_ref()).map(str::to_owned);
            self.checks.push(check);
        }
    }

    fn score(&mut self, seen: &mut Seen<'_>, task: &Task<'_>, is_about_the_face: bool) {
        match &task.score {
            Some(Score::Of(score)) if is_about_the_face && *score < self.rule.face_floor => {
                self.rejects = true;
                self.against(seen, "score", CheckResult::Failed);
            }
            Some(score) if self.is_good(score) => seen.is_proven = true,
            None if !self.rule.require_scores => {}
            _ => self.against(seen, "score", CheckResult::Inconclusive),
        }
    }

    /// Judges the members of a scan other than its fields, which are judged with the document.
    fn scan(&mut self, seen: &mut Seen<'_>, task: &Task<'_>) {
        if let Some(TaskResult::Word(_)) = task.result {
            self.against(seen, "result", CheckResult::Inconclusive);
        }
        let says_well = |field: &ResultField<'_>| {
            validity(field) == Some(CheckResult::Passed) || comparison(field) == CheckResult::Passed
        };
        seen.is_proven |= task.fields().iter().any(says_well);
        self.members(seen.name, &task.others);
        for field in task.fields() {
            self.members(
                non_empty(field.field.as_ref()).unwrap_or("field"),
                &field.others,
            );
        }
        for file in &task.files {
            self.members("file", &file.others);
        }
    }

    /// Judges the members of a task that checks the person.
    fn contents(&mut self, seen: &mut Seen<'_>, task: &Task<'_>) {
        match &task.result {
            Some(TaskResult::Word(word)) => match word.expose() {
                word if word.eq_ignore_ascii_case("valid")
                    || word.eq_ignore_ascii_case("match") =>
                {
                    seen.is_proven = true;
                }
                word if is_negative(word) => self.against(seen, "result", CheckResult::Failed),
                _ => self.against(seen, "result", CheckResult::Inconclusive),
            },
            Some(TaskResult::Fields(fields)) => {
                for field in fields {
                    self.field(seen, field);
                }
            }
            None => {}
        }
        self.unknown(seen, &task.others);
        for file in &task.files {
            self.unknown(seen, &file.others);
        }
        if !task.document_scans.is_empty() {
            self.against(seen, "documentScans", CheckResult::Inconclusive);
        }
    }

    /// Judges a field of a task that checks the person. The field belongs to that check; data of
    /// the document prove nothing about a face.
    fn field(&mut self, seen: &mut Seen<'_>, field: &ResultField<'_>) {
        let is_data = non_empty(field.field.as_ref()).is_some_and(|name| target(name).is_some());
        let results = [
            (field.validity.is_some(), validity(field)),
            (field.comparison.is_some(), Some(comparison(field))),
        ];
        for (code, (is_there, result)) in ["validity", "comparison"].into_iter().zip(results) {
            match result {
                _ if !is_there => {}
                Some(CheckResult::Passed) => seen.is_proven |= !is_data,
                Some(CheckResult::Failed) if code == "validity" => {
                    self.against(seen, "invalid", CheckResult::Failed);
                }
                Some(CheckResult::Failed) => self.against(seen, code, CheckResult::Failed),
                Some(_) => {}
                None => self.against(seen, code, CheckResult::Inconclusive),
            }
        }
        self.unknown(seen, &field.others);
        for value in &field.values {
            self.unknown(seen, &value.others);
            let is_low = |word: &str| {
                word.parse()
                    .is_ok_and(|score: f64| (0.0..self.rule.min_score).contains(&score))
            };
            match &value.value {
                Some(Loose::Text(word))
                    if is_negative(word.expose()) || (!is_data && is_low(word.expose())) =>
                {
                    self.against(seen, "value", CheckResult::Inconclusive);
                }
                Some(Loose::Other(_)) => self.against(seen, "value", CheckResult::Inconclusive),
                _ => {}
            }
        }
    }

    /// Judges undocumented members.
    fn unknown(&mut self, seen: &mut Seen<'_>, members: &Members) {
        for (name, value) in named(members) {
            match word_of(name, value) {
                Word::Positive => seen.is_proven = true,
                Word::Neutral => {}
                Word::Negative => self.against(seen, name, CheckResult::Failed),
                Word::Unknown if is_time(name, value) => {}
                Word::Unknown => self.against(seen, name, CheckResult::Inconclusive),
            }
        }
    }

    /// Judges a completed task without a known result.
    fn unproven(&mut self, seen: &mut Seen<'_>, is_about_the_face: bool) {
        if is_about_the_face && self.rule.completed_means_match {
            return;
        }
        self.doubt(Reason::CannotBeCompleted, seen.name, "unproven");
        seen.result = CheckResult::NotPerformed;
    }

    fn against(&mut self, seen: &mut Seen<'_>, code: &str, result: CheckResult) {
        self.doubt(seen.reason, seen.name, code);
        seen.result = worse(seen.result, result);
    }

    fn is_good(&self, score: &Score) -> bool {
        score
            .value()
            .is_some_and(|score| score >= self.rule.min_score)
    }
}

/// Returns whether a member is a time as in the vendor's other samples, which does not tell the
/// task's result.
fn is_time(name: &str, value: &Value) -> bool {
    const TIMES: &[&str] = &[
        "created",
        "createdAt",
        "updated",
        "updatedAt",
        "completed",
        "completedAt",
    ];
    TIMES.contains(&name)
        && value
            .as_str()
            .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok())
}
