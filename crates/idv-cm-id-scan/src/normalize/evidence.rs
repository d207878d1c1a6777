//! The images of a result and the audit reports, as evidence.
//!
//! | evidence | is |
//! |---|---|
//! | `results/{resultId}/files/{task}/{category}/{type}` | an image of a result; a second one of the same names ends with `#2` |
//! | `results/{resultId}/report` | the simple audit report |
//! | `results/{resultId}/report/extended` | the extended audit report, until the transaction expires |
//!
//! An image is named by what it is and not by its address, since the vendor does not say how long an address lives; the id of the result is part of
//! the name, since nothing else leads to it later.

use std::collections::BTreeMap;

use idv_core::adapter::non_empty;
use idv_core::report::{Evidence, EvidenceKind};
use idv_core::{EvidenceId, Pii};

use super::{is, scans};
use crate::api::{DOCUMENT_SCAN, REPORT, ReportKind, ResultId};
use crate::wire::{File, Task, Transaction};

const RESULTS: &str = "results/";
const FILES: &str = "files/";
const EXTENDED: &str = "report/extended";

/// A piece of evidence to be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wanted<'e> {
    /// An image, by the name that [`find_file`] knows.
    File(&'e str),
    /// An audit report.
    Report(ReportKind),
}

/// The audit reports of a result.
#[must_use]
pub fn audit_reports(result: &ResultId) -> [Evidence; 2] {
    [REPORT, EXTENDED].map(|name| {
        let id = EvidenceId::new(format!("{RESULTS}{}/{name}", result.as_str()));
        Evidence::new(id, EvidenceKind::ReportPdf).with_media_type("application/pdf")
    })
}

/// Reads the id of a piece of evidence: the result that it belongs to, and what is to be downloaded; `None` if it is no id of this vendor's.
#[must_use]
pub fn wanted(evidence: &EvidenceId) -> Option<(ResultId, Wanted<'_>)> {
    let (result, name) = evidence.as_str().strip_prefix(RESULTS)?.split_once('/')?;
    let wanted = match name {
        REPORT => Wanted::Report(ReportKind::Simple),
        EXTENDED => Wanted::Report(ReportKind::Extended),
        name if name.starts_with(FILES) => Wanted::File(name),
        _ => return None,
    };
    Some((ResultId::parse(result).ok()?, wanted))
}

/// The images of a result that can be downloaded. Without the id of the result their names are incomplete: good for looking, not for
/// downloading.
#[must_use]
pub fn images(transaction: &Transaction<'_>, result: Option<&ResultId>) -> Vec<Evidence> {
    let prefix = result.map_or_else(String::new, |result| {
        format!("{RESULTS}{}/", result.as_str())
    });
    let mut sides = Sides::of(transaction);
    let named = names(transaction).filter_map(|(name, task, file)| {
        let kind = kind(task, file, &mut sides);
        non_empty(file.url.as_ref())?;
        let mut evidence = Evidence::new(EvidenceId::new(format!("{prefix}{name}")), kind);
        evidence.name = non_empty(file.name.as_ref()).map(Pii::from);
        Some(evidence)
    });
    named.collect()
}

/// The image of a result that has this name.
#[must_use]
pub fn find_file<'t>(transaction: &'t Transaction<'t>, name: &str) -> Option<&'t File<'t>> {
    names(transaction).find_map(|(known, _, file)| (known == name).then_some(file))
}

/// The images with their names.
fn names<'t>(
    transaction: &'t Transaction<'t>,
) -> impl Iterator<Item = (String, &'t Task<'t>, &'t File<'t>)> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let files = transaction
        .tasks
        .iter()
        .flat_map(|task| task.files.iter().map(move |file| (task, file)));
    files.map(move |(task, file)| {
        let parts = [&task.kind, &file.category, &file.kind]
            .map(|text| non_empty(text.as_ref()).unwrap_or("other"));
        let [task_name, category, kind] = parts;
        let mut name = [FILES, task_name, "/", category, "/", kind].concat();
        name.make_ascii_lowercase();
        match counts.get_mut(&name) {
            Some(count) => {
                *count += 1;
                name = format!("{name}#{count}");
            }
            None => _ = counts.insert(name.clone(), 1),
        }
        (name, task, file)
    })
}

/// The sides of the document that are still to be told apart by their order.
struct Sides {
    front: bool,
    back: bool,
}

impl Sides {
    /// Both, but for those that an image names.
    fn of(transaction: &Transaction<'_>) -> Self {
        let mut sides = Self {
            front: true,
            back: true,
        };
        for file in scans(transaction).flat_map(|task| &task.files) {
            match named_side(file) {
                Some(EvidenceKind::DocumentFront) => sides.front = false,
                Some(EvidenceKind::DocumentBack) => sides.back = false,
                _ => {}
            }
        }
        sides
    }

    fn next(&mut self) -> EvidenceKind {
        if std::mem::take(&mut self.front) {
            EvidenceKind::DocumentFront
        } else if std::mem::take(&mut self.back) {
            EvidenceKind::DocumentBack
        } else {
            EvidenceKind::Other
        }
    }
}

/// The side that an image names: `Netherlands - Driving License (2022) Side B` in a sample.
fn named_side(file: &File<'_>) -> Option<EvidenceKind> {
    let texts = [&file.name, &file.kind]
        .into_iter()
        .filter_map(|text| non_empty(text.as_ref()));
    let words = texts
        .flat_map(|text| text.split(|character: char| !character.is_alphanumeric()))
        .filter(|word| !word.is_empty());
    let (mut is_front, mut is_back, mut before) = (false, false, "");
    for word in words {
        let is = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(word));
        let is_lettered = before.eq_ignore_ascii_case("side");
        is_front |= is(&["front", "frontside"]) || (is_lettered && is(&["a"]));
        is_back |= is(&["back", "backside"]) || (is_lettered && is(&["b"]));
        before = word;
    }
    match (is_front, is_back) {
        (_, true) => Some(EvidenceKind::DocumentBack),
        (true, false) => Some(EvidenceKind::DocumentFront),
        (false, false) => None,
    }
}

/// The subject of an image. If the images of a document do not name their sides, the first is the front and the second the back, as they are
/// asked for.
fn kind(task: &Task<'_>, file: &File<'_>, sides: &mut Sides) -> EvidenceKind {
    if !is(task.kind.as_ref(), DOCUMENT_SCAN) {
        let name = non_empty(file.kind.as_ref())
            .unwrap_or_default()
            .to_ascii_lowercase();
        return if name.contains("video") {
            EvidenceKind::Video
        } else {
            EvidenceKind::Selfie
        };
    }
    match () {
        () if is(file.kind.as_ref(), "portrait") => EvidenceKind::Portrait,
        () if is(file.kind.as_ref(), "raw_document_image") => EvidenceKind::Other,
        () if !is(file.category.as_ref(), "document") => EvidenceKind::Other,
        () => named_side(file).unwrap_or_else(|| sides.next()),
    }
}
