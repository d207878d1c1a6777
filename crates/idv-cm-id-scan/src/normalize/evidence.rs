//! The images of a result and the audit reports, as evidence.
//!
//! | evidence id | content |
//! |---|---|
//! | `results/{resultId}/files/{task}/{category}/{type}` | an image of a result; further images of the same names get the suffix `#2`, `#3` |
//! | `results/{resultId}/report` | the simple audit report |
//! | `results/{resultId}/report/extended` | the extended audit report, until the transaction expires |
//!
//! An image's id does not contain its URL, because the document does not say how long a URL is
//! valid. It contains the id of the result, without which the image cannot be found later.

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

/// A piece of evidence to download.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wanted<'e> {
    /// An image, by its name for [`find_file`].
    File(&'e str),
    /// An audit report.
    Report(ReportKind),
}

/// Returns the audit reports of a result.
#[must_use]
pub fn audit_reports(result: &ResultId) -> [Evidence; 2] {
    [REPORT, EXTENDED].map(|name| {
        let id = EvidenceId::new(format!("{RESULTS}{}/{name}", result.as_str()));
        Evidence::new(id, EvidenceKind::ReportPdf).with_media_type("application/pdf")
    })
}

/// Parses the id of a piece of evidence into its result and its content, or returns `None` if the
/// id is not this vendor's.
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

/// Returns the images of a result that can be downloaded. If `result` is `None`, their ids are
/// incomplete and cannot be downloaded.
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

/// Returns the image of a result with this name.
#[must_use]
pub fn find_file<'t>(transaction: &'t Transaction<'t>, name: &str) -> Option<&'t File<'t>> {
    names(transaction).find_map(|(known, _, file)| (known == name).then_some(file))
}

/// Returns the images with their names.
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

/// The sides of the document that only the order of the images can tell.
struct Sides {
    front: bool,
    back: bool,
}

impl Sides {
    /// Returns both sides, except those that an image names.
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

/// Returns the side that an image names, as in the sample
/// `Netherlands - Driving License (2022) Side B`.
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

/// Returns the kind of an image. If the images of a document do not name their sides, the first is
/// the front and the second the back, in the order in which the vendor requests them.
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
