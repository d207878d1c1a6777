//! Judges the data of the document: each field, and the limits on its dates.

use idv_core::adapter::non_empty;
use idv_core::report::{CheckKind, CheckResult, Reason};

use super::{Judge, comparison, validity, worse};
use crate::normalize::fields::{Target, target};
use crate::normalize::limits::{Ages, Days, Standing};
use crate::normalize::{data_fields, words};
use crate::wire::{ResultField, Transaction};

impl Judge<'_> {
    pub(super) fn document(&mut self, transaction: &Transaction<'_>) {
        let mut data = Data::default();
        let (mut expiry, mut age) = (Dated::default(), Dated::default());
        // Each name is looked up once: there are many names, and several questions about each
        // field.
        let fields: Vec<_> = data_fields(transaction).map(Datum::of).collect();
        for Datum {
            name,
            target,
            field,
        } in fields.iter().copied()
        {
            let name = name.unwrap_or("field");
            let is_tolerated = self.rule.tolerates(name);
            let (checked, compared) = (validity(field), comparison(field));
            if !is_tolerated {
                if checked.is_none() || field.field.is_none() {
                    self.doubt(Reason::Unknown, name, "validity");
                }
                if compared == CheckResult::Failed {
                    self.doubt(Reason::DocumentDataInconsistent, name, "comparison");
                }
                data.take(Some(compared));
            }
            match target {
                Some(Target::ExpiresOn) => expiry.take(name, checked, is_tolerated),
                Some(Target::Age) => age.take(name, checked, is_tolerated),
                _ if is_tolerated => {}
                _ => {
                    if checked == Some(CheckResult::Failed) {
                        self.doubt(Reason::DocumentDataInconsistent, name, "invalid");
                    }
                    data.take(checked);
                }
            }
        }
        if let Some(result) = data.result() {
            self.check(CheckKind::DocumentData, result);
        }
        self.expiry(&fields, &expiry);
        self.age(&fields, &age);
        for required in &self.rule.required_fields {
            let has_value =
                |field: &ResultField<'_>| words(field).any(|word| !is_placeholder(word));
            let (name, wanted) = (required.trim(), target(required.trim()));
            let is_it = |datum: &Datum<'_>| {
                datum.name.is_some_and(|it| it.eq_ignore_ascii_case(name))
                    || (wanted.is_some() && datum.target == wanted)
            };
            if !fields
                .iter()
                .any(|datum| is_it(datum) && has_value(datum.field))
            {
                self.doubt(Reason::DocumentUnreadable, required, "missing");
            }
        }
    }

    /// Judges the expiry date: by the dates if there are any, otherwise by the vendor's validity.
    fn expiry(&mut self, fields: &[Datum<'_>], seen: &Dated<'_>) {
        let allowance = self.rule.allowed_expiration.unwrap_or(0);
        let name = seen.name.unwrap_or("date_of_expiry");
        let is_invalid = seen.result == Some(CheckResult::Failed);
        let mut standing = None;
        if let Some(on) = self.on {
            for days in dates(fields, Target::ExpiresOn).map(|(_, days)| days) {
                standing = Some(together(standing, days.expiry(on, allowance)));
            }
        }
        let result = match standing {
            Some(Standing::Beyond) => {
                let is_past = self.on.is_none_or(|on| {
                    dates(fields, Target::ExpiresOn)
                        .all(|(_, days)| days.expiry(on, 0) == Standing::Beyond)
                });
                let code = if is_invalid { "invalid" } else { "expired" };
                match is_past {
                    true => self.reject(Reason::DocumentExpired, name, code),
                    false => self.reject(Reason::DocumentNotSupported, name, "allowed_expiration"),
                }
                CheckResult::Failed
            }
            Some(Standing::Open) => {
                self.doubt(Reason::DocumentUnreadable, name, "uncertain");
                CheckResult::Inconclusive
            }
            Some(Standing::Within) => {
                if is_invalid && !seen.is_tolerated {
                    self.doubt(Reason::DocumentDataInconsistent, name, "invalid");
                }
                CheckResult::Passed
            }
            // The limit demands remaining validity, and no date proves it.
            None if allowance < 0 => {
                self.doubt(
                    Reason::DocumentUnreadable,
                    name,
                    if seen.name.is_some() {
                        "unreadable"
                    } else {
                        "missing"
                    },
                );
                CheckResult::Inconclusive
            }
            None if is_invalid && (allowance > 0 || seen.is_tolerated) => {
                self.doubt(Reason::DocumentDataInconsistent, name, "invalid");
                CheckResult::Failed
            }
            None if is_invalid => {
                self.reject(Reason::DocumentExpired, name, "invalid");
                CheckResult::Failed
            }
            None if seen.name.is_some() && seen.result != Some(CheckResult::Passed) => {
                self.doubt(
                    Reason::DocumentUnreadable,
                    name,
                    if self.on.is_some() {
                        "unreadable"
                    } else {
                        "undated"
                    },
                );
                CheckResult::Inconclusive
            }
            None => CheckResult::Passed,
        };
        match seen.result {
            // The check passes only if the vendor has performed it.
            Some(checked) => self.check(CheckKind::DocumentExpiry, worse(checked, result)),
            None if result != CheckResult::Passed => self.check(CheckKind::DocumentExpiry, result),
            None => {}
        }
    }

    /// Judges the age: by the vendor's validity, and by the limits if there are any.
    fn age(&mut self, fields: &[Datum<'_>], seen: &Dated<'_>) {
        let is_rejected = seen.result == Some(CheckResult::Failed) && !seen.is_tolerated;
        let limits = self.age_limits(fields);
        if is_rejected {
            let is_old_enough = limits
                .minimum
                .is_some_and(|(standing, _)| standing == Standing::Within);
            let is_underage = self.rule.minimum_age.is_some() && !is_old_enough;
            let reason = if is_underage {
                Reason::Underage
            } else {
                Reason::Other
            };
            self.reject(reason, seen.name.unwrap_or("age"), "invalid");
        }
        let is_limited = self.rule.minimum_age.is_some() || self.rule.maximum_age.is_some();
        let kept = if is_limited {
            self.keeps(&limits, is_rejected)
        } else {
            CheckResult::Passed
        };
        match seen.result {
            // The check passes only if the vendor has performed it.
            Some(result) => self.check(CheckKind::Age, worse(result, kept)),
            None if kept != CheckResult::Passed => self.check(CheckKind::Age, kept),
            None => {}
        }
    }

    /// Returns whether the ages are within the limits, and adds a reason for each violation.
    fn keeps(&mut self, limits: &AgeLimits<'_>, is_rejected: bool) -> CheckResult {
        let mut result = CheckResult::Passed;
        for (limit, code, reason) in [
            (limits.minimum, "minimum", Reason::Underage),
            (limits.maximum, "maximum", Reason::Other),
        ] {
            match limit {
                Some((Standing::Beyond, name)) => {
                    if !is_rejected {
                        self.reject(reason, name, code);
                    }
                    result = CheckResult::Failed;
                }
                Some((Standing::Open, name)) => {
                    self.doubt(Reason::DocumentUnreadable, name, "uncertain");
                    result = worse(result, CheckResult::Inconclusive);
                }
                _ => {}
            }
        }
        let missing = if limits.is_known {
            limits.unreadable.map(|name| (name, "unreadable"))
        } else {
            Some(("age", "missing"))
        };
        if let Some((name, code)) = missing {
            self.doubt(Reason::DocumentUnreadable, name, code);
            result = worse(result, CheckResult::Inconclusive);
        }
        result
    }

    /// Compares every age and every date of birth with the limits.
    fn age_limits<'t>(&self, fields: &[Datum<'t>]) -> AgeLimits<'t> {
        let mut limits = AgeLimits::default();
        for (name, word) in readings(fields, Target::Age) {
            match Ages::of(word) {
                Some(ages) => limits.take(name, ages, self.rule.minimum_age, self.rule.maximum_age),
                None => limits.unreadable = Some(name),
            }
        }
        if let Some(on) = self.on {
            for (name, days) in dates(fields, Target::BirthDate) {
                limits.take(
                    name,
                    days.ages(on),
                    self.rule.minimum_age,
                    self.rule.maximum_age,
                );
            }
        }
        limits
    }
}

/// The relation of a result's ages to the limits, with the worst field.
#[derive(Default)]
struct AgeLimits<'t> {
    is_known: bool,
    unreadable: Option<&'t str>,
    minimum: Option<(Standing, &'t str)>,
    maximum: Option<(Standing, &'t str)>,
}

impl<'t> AgeLimits<'t> {
    fn take(&mut self, name: &'t str, ages: Ages, minimum: Option<u16>, maximum: Option<u16>) {
        self.is_known = true;
        for (limit, standing) in [
            (
                &mut self.minimum,
                minimum.map(|minimum| ages.minimum(minimum)),
            ),
            (
                &mut self.maximum,
                maximum.map(|maximum| ages.maximum(maximum)),
            ),
        ] {
            let Some(standing) = standing else { continue };
            if limit.is_none_or(|(known, _)| severity(standing) > severity(known)) {
                *limit = Some((standing, name));
            }
        }
    }
}

const fn severity(standing: Standing) -> u8 {
    match standing {
        Standing::Within => 0,
        Standing::Open => 1,
        Standing::Beyond => 2,
    }
}

/// Combines the relations of several readings of one date to a limit: open if they differ.
fn together(one: Option<Standing>, other: Standing) -> Standing {
    match one {
        Some(one) if one != other => Standing::Open,
        _ => other,
    }
}

/// A datum with a check of its own. If its field occurs several times, the worst occurrence counts.
#[derive(Default)]
struct Dated<'t> {
    name: Option<&'t str>,
    result: Option<CheckResult>,
    is_tolerated: bool,
}

impl<'t> Dated<'t> {
    fn take(&mut self, name: &'t str, result: Option<CheckResult>, is_tolerated: bool) {
        let result = result.unwrap_or(CheckResult::Inconclusive);
        self.name.get_or_insert(name);
        self.result = Some(self.result.map_or(result, |known| worse(known, result)));
        self.is_tolerated = is_tolerated;
    }
}

/// Counts the checks of the document's other data.
#[derive(Default)]
struct Data {
    failed: bool,
    unknown: bool,
    passed: bool,
    any: bool,
}

impl Data {
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

/// A field with its name and its target in the model.
#[derive(Clone, Copy)]
struct Datum<'t> {
    name: Option<&'t str>,
    target: Option<Target>,
    field: &'t ResultField<'t>,
}

impl<'t> Datum<'t> {
    fn of(field: &'t ResultField<'t>) -> Self {
        let name = non_empty(field.field.as_ref());
        Self {
            name,
            target: name.and_then(target),
            field,
        }
    }
}

/// Returns every reading of a datum, with the name of its field.
fn readings<'t>(fields: &[Datum<'t>], wanted: Target) -> impl Iterator<Item = (&'t str, &'t str)> {
    let fields = fields
        .iter()
        .filter(move |datum| datum.target == Some(wanted));
    fields.flat_map(|datum| words(datum.field).map(|word| (datum.name.unwrap_or_default(), word)))
}

/// Returns every readable date of a datum, with the name of its field.
fn dates<'t>(fields: &[Datum<'t>], wanted: Target) -> impl Iterator<Item = (&'t str, Days)> {
    readings(fields, wanted).filter_map(|(name, word)| Some((name, Days::of(word)?)))
}

/// Returns whether a word stands for a missing value. The document shows no such word, so the
/// report keeps it, but it does not satisfy a required field.
fn is_placeholder(word: &str) -> bool {
    ["n/a", "na", "none", "null", "nil", "unknown", "undefined"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
        || !word.chars().any(char::is_alphanumeric)
}
