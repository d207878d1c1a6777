//! Collects members beyond the model, by the vendor's names and in their own shape.

use idv_core::Pii;
use idv_core::adapter::wire::{Loose, Members};
use idv_core::adapter::{CustomValues, NameClash, non_empty, path};
use serde_json::Value;

use super::attribute::Reading;
use super::fields::Target;
use super::judge::{completed_at, validity};
use super::{is, words};
use crate::api::{DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH};
use crate::wire::{File, ResultField, Scan, Task, TaskResult, Transaction, named};

/// Collects the values beyond the model.
///
/// A member of the transaction keeps its name; a member of a task has the task's name as a prefix
/// (`face_match.attempts`), and a member of a field the field's (`surname.validity`). The second of
/// several different values with one name gets the suffix `#2`, and so on. Equal values are stored
/// once.
#[derive(Debug)]
pub(crate) struct Custom {
    pub(crate) values: CustomValues,
}

impl Custom {
    pub(crate) const fn new() -> Self {
        Self {
            values: CustomValues::new(NameClash::NumberIfDifferent),
        }
    }

    /// Adds the unknown members of an object, with a prefix.
    pub(crate) fn members(&mut self, prefix: &str, members: &Members) {
        for (name, value) in named(members) {
            self.values.add(path(prefix, name), value.clone());
        }
    }

    fn loose(&mut self, name: impl Into<String>, value: Option<&Loose<'_>>) {
        self.values
            .add(name, value.map_or(Value::Null, Loose::to_value));
    }

    /// Adds a member below a prefix. Most are missing, and their paths are not built.
    fn member(&mut self, prefix: &str, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.values.add(path(prefix, name), value);
        }
    }

    fn any(&mut self, name: impl Into<String>, value: Option<&Pii<Value>>) {
        self.values.add(
            name,
            value.map_or(Value::Null, |value| value.expose().clone()),
        );
    }
}

/// Collects the values of a result beyond the model.
pub(super) fn of_result(transaction: &Transaction<'_>) -> Custom {
    let mut custom = Custom::new();
    custom.loose("created", transaction.created.as_ref());
    custom.loose("expires", transaction.expires.as_ref());
    if completed_at(transaction).is_none() {
        custom.loose("completed", transaction.completed.as_ref());
    }
    custom.loose("locale", transaction.locale.as_ref());
    custom.any("mobileOnly", transaction.mobile_only.as_ref());
    custom.loose("resultId", transaction.result_id.as_ref());
    custom.members("", &transaction.others);
    let kinds = transaction
        .tasks
        .iter()
        .filter_map(|task| task.kind.as_ref())
        .map(Loose::to_value);
    let kinds: Vec<_> = kinds.collect();
    if !kinds.is_empty() {
        custom.values.add("tasks", kinds.into());
    }
    for task in &transaction.tasks {
        custom.task(task);
    }
    custom
}

/// Collects the values of details that a result does not repeat: the single scans and unknown
/// members.
pub(super) fn of_details(transaction: &Transaction<'_>) -> Custom {
    let mut custom = Custom::new();
    if completed_at(transaction).is_none() {
        custom.loose("completed", transaction.completed.as_ref());
    }
    let known = transaction
        .others
        .iter()
        .filter(|(name, _)| *name != "settings");
    for (name, value) in known {
        custom.values.add(name, value.expose().clone());
    }
    for task in &transaction.tasks {
        let name = non_empty(task.kind.as_ref()).unwrap_or("task");
        if let Some(score) = &task.score {
            custom.values.add(path(name, "score"), score.to_value());
        }
        custom.scans(name, task);
        custom.result(name, task);
        custom.files(name, task);
        custom.members(name, &task.others);
    }
    custom
}

impl Custom {
    fn task(&mut self, task: &Task<'_>) {
        let name = non_empty(task.kind.as_ref()).unwrap_or("task");
        let makes_a_check =
            is(task.kind.as_ref(), FACE_LIVENESS) || is(task.kind.as_ref(), FACE_MATCH);
        // The check already carries the score, and the state as its code.
        if !makes_a_check || non_empty(task.state.as_ref()).is_none() {
            self.member(name, "state", task.state.as_ref().map(Loose::to_value));
        }
        if let Some(score) = task
            .score
            .as_ref()
            .filter(|score| !makes_a_check || score.value().is_none())
        {
            self.values.add(path(name, "score"), score.to_value());
        }
        let any = |value: &Option<Pii<Value>>| value.as_ref().map(|value| value.expose().clone());
        self.member(name, "level", task.level.as_ref().map(Loose::to_value));
        self.member(name, "attempts", any(&task.attempts));
        self.member(name, "attemptsInvoiced", any(&task.attempts_invoiced));
        self.scans(name, task);
        self.result(name, task);
        self.files(name, task);
        self.members(name, &task.others);
    }

    fn scans(&mut self, name: &str, task: &Task<'_>) {
        if !task.document_scans.is_empty() {
            self.values.add(
                path(name, "documentScans"),
                task.document_scans.iter().map(Scan::to_value).collect(),
            );
        }
    }

    /// Adds the images without their URLs.
    fn files(&mut self, name: &str, task: &Task<'_>) {
        if !task.files.is_empty() {
            self.values.add(
                path(name, "files"),
                task.files.iter().map(File::to_value).collect(),
            );
        }
    }

    fn result(&mut self, name: &str, task: &Task<'_>) {
        match &task.result {
            Some(TaskResult::Word(word)) => {
                self.values.add(path(name, "result"), word.expose().into());
            }
            // Values from a document have a field in the model, or are added one by one.
            Some(TaskResult::Fields(fields))
                if !name.eq_ignore_ascii_case(DOCUMENT_SCAN) && !fields.is_empty() =>
            {
                self.values.add(
                    path(name, "result"),
                    fields.iter().map(ResultField::to_value).collect(),
                );
            }
            _ => {}
        }
    }

    /// Adds a field of a document that the model lacks. The best reading of each field takes the
    /// name without a suffix.
    pub(super) fn readings(&mut self, mut readings: Vec<Reading<'_>>) {
        readings.sort_by_key(Reading::rank);
        for reading in readings {
            let Some(name) = non_empty(reading.field.field.as_ref()) else {
                continue;
            };
            let word = Value::from(reading.word);
            if self.values.get(name).is_none() {
                self.values.add(name, word);
                continue;
            }
            let parts = [
                Some(name),
                non_empty(reading.value.source.as_ref()),
                non_empty(reading.field.locale.as_ref()),
            ];
            self.values.add(
                parts.into_iter().flatten().collect::<Vec<_>>().join("."),
                word,
            );
        }
    }

    /// Adds the members of a field other than its readings. `chosen` is the field whose reading
    /// became the attribute's value.
    pub(super) fn field(
        &mut self,
        field: &ResultField<'_>,
        target: Option<Target>,
        chosen: Option<&ResultField<'_>>,
    ) {
        let name = non_empty(field.field.as_ref()).unwrap_or("field");
        let locale = non_empty(field.locale.as_ref());
        let part = |part: &str| {
            [Some(name), locale, Some(part)]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(".")
        };
        let is_chosen = chosen.is_some_and(|chosen| std::ptr::eq(chosen, field));
        // An attribute has the verdict of the chosen field, and an age has a check.
        let is_reported = match target {
            None => false,
            Some(Target::Age) => validity(field).is_some(),
            Some(_) => {
                validity(field).is_some()
                    && (is_chosen || chosen.map(validity) == Some(validity(field)))
            }
        };
        if let Some(validity) = field.validity.as_ref().filter(|_| !is_reported) {
            self.values.add(part("validity"), validity.to_value());
        }
        let is_known =
            |word: &&Loose<'_>| is(Some(*word), "match") || is(Some(*word), "not_performed");
        if let Some(comparison) = field.comparison.as_ref().filter(|word| !is_known(word)) {
            self.values.add(part("comparison"), comparison.to_value());
        }
        let (has_place, has_words) = (
            target.is_some_and(|target| target != Target::Age),
            words(field).next().is_some(),
        );
        // Every other reading of an attribute carries its language.
        if let Some(locale) = field
            .locale
            .as_ref()
            .filter(|_| !has_place || is_chosen || !has_words)
        {
            self.values.add(path(name, "locale"), locale.to_value());
        }
        if non_empty(field.field.as_ref()).is_none() || (!has_words && field.validity.is_none()) {
            self.loose("field", field.field.as_ref());
        }
        for value in &field.values {
            let is_known = ["mrz", "visual", "chip", "nfc", "rfid"]
                .iter()
                .any(|known| is(value.source.as_ref(), known));
            if !is_known || !has_place {
                self.loose(part("source"), value.source.as_ref());
            }
            if non_empty(value.value.as_ref()).is_none()
                || non_empty(field.field.as_ref()).is_none()
            {
                self.loose(part("value"), value.value.as_ref());
            }
            if !value.others.is_empty() {
                self.members(
                    &path(name, non_empty(value.source.as_ref()).unwrap_or("value")),
                    &value.others,
                );
            }
        }
        self.members(name, &field.others);
    }
}
