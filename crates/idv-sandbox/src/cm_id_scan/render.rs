//! The bodies of the responses.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::account::{Account, Person};
use super::create::{DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH, Submitted};
use super::transaction::{Finding, Outcome, Transaction};

/// The vendor's name for the passport.
const PASSPORT: &str = "Netherlands - ePassport (2021)";

/// The base address of the vendor's pages and files.
#[derive(Debug)]
pub(crate) struct Places {
    /// The base address of pages for persons.
    pub(crate) pages: String,
    /// The base address of files.
    pub(crate) files: String,
}

impl Places {
    fn file(&self, token: &str) -> String {
        format!("{}/id-scan/v1/downloads/{token}", self.files)
    }
}

/// Returns the address of the person's page.
pub(crate) fn page(pages: &str, transaction: &Transaction) -> String {
    let locale = transaction.submitted.locale.to_ascii_lowercase();
    format!("{pages}/{locale}/identifications/{}", transaction.token)
}

/// Builds the response to "Create a transaction".
pub(crate) fn created(transaction: &Transaction, places: &Places) -> Value {
    let submitted = &transaction.submitted;
    json!({
        "id": transaction.id,
        "state": transaction.state,
        "tasks": submitted.tasks,
        "settings": submitted.settings,
        "url": page(&places.pages, transaction),
        "locale": submitted.locale,
        "mobileOnly": submitted.mobile_only,
        "expires": time(transaction.expires),
        "created": time(transaction.created),
    })
}

/// Builds a transaction's details. It has files while it is pending.
pub(crate) fn details(transaction: &Transaction, places: &Places) -> Value {
    let submitted = &transaction.submitted;
    let tasks: Vec<Value> = submitted
        .tasks
        .iter()
        .map(|task| task_details(transaction, task, places))
        .collect();
    json!({
        "id": transaction.id,
        "state": transaction.state,
        "created": time(transaction.created),
        "expires": time(transaction.expires),
        "completed": transaction.outcome.as_ref().map(|outcome| time(outcome.completed)),
        "tasks": tasks,
    })
}

fn task_details(transaction: &Transaction, task: &str, places: &Places) -> Value {
    let mut details = Map::new();
    details.insert("type".into(), task.into());
    details.insert("state".into(), transaction.task_state(task).into());
    let document = &transaction.submitted.document;
    if let Some(level) = document.level.as_deref().filter(|_| task == DOCUMENT_SCAN) {
        details.insert("level".into(), level.into());
    }
    details.insert("attempts".into(), transaction.tries(task).into());
    if task == DOCUMENT_SCAN {
        details.insert(
            "attemptsInvoiced".into(),
            u32::from(!transaction.scans.is_empty()).into(),
        );
        let source = document
            .capture_sources
            .as_ref()
            .and_then(|sources| sources.first())
            .map_or("camera", String::as_str);
        let scans = transaction.scans.iter().map(|scan| {
            let [raw, passport, portrait] = scan.files.each_ref().map(|token| places.file(token));
            let files = json!([
                { "category": "document", "type": "raw_document_image", "url": raw },
                { "category": "document", "type": "passport", "name": PASSPORT, "score": 0.98, "url": passport },
                { "category": "image", "type": "portrait", "url": portrait },
            ]);
            json!({
                "created": time(scan.created),
                "code": scan.code,
                "score": 0.98,
                "source": source,
                "linked": scan.linked,
                "files": if transaction.is_pending() { files } else { json!([]) },
            })
        });
        details.insert("documentScans".into(), scans.collect());
    }
    details.into()
}

/// Builds a transaction's result.
pub(crate) fn result(
    transaction: &Transaction,
    outcome: &Outcome,
    account: &Account,
    places: &Places,
) -> Value {
    let submitted = &transaction.submitted;
    let tasks: Vec<Value> = submitted
        .tasks
        .iter()
        .map(|task| {
            let mut result = Map::new();
            result.insert("type".into(), task.as_str().into());
            result.insert("state".into(), transaction.task_state(task).into());
            result.insert("attempts".into(), transaction.tries(task).into());
            if let Some(score) = score(submitted, outcome.finding, task) {
                result.insert("score".into(), score.into());
            }
            if task == DOCUMENT_SCAN {
                result.insert("result".into(), fields(submitted, outcome, account).into());
                result.insert("files".into(), files(submitted, outcome, places).into());
            } else if outcome.finding == Finding::FacesDenied {
                let part = if task == FACE_MATCH {
                    "match"
                } else {
                    "passed"
                };
                result.insert(part.into(), false.into());
            }
            result.into()
        })
        .collect();
    json!({ "id": transaction.id, "state": transaction.state, "tasks": tasks })
}

/// Returns the vendor's confidence. Without a task that could have the finding, it is in the
/// document.
fn score(submitted: &Submitted, finding: Finding, task: &str) -> Option<f64> {
    match finding {
        Finding::Unchecked => return None,
        Finding::FacesUnscored | Finding::FacesDenied if task != DOCUMENT_SCAN => return None,
        _ => {}
    }
    let found_by = match finding {
        Finding::OtherFace => Some(FACE_MATCH),
        Finding::NotAlive => Some(FACE_LIVENESS),
        _ => None,
    };
    let found_by = found_by.map(|found_by| {
        if submitted.has(found_by) {
            found_by
        } else {
            DOCUMENT_SCAN
        }
    });
    Some(match task {
        _ if found_by == Some(task) => 0.12,
        DOCUMENT_SCAN => 0.86,
        FACE_MATCH => 0.93,
        _ => 0.97,
    })
}

/// Returns the fields, each with its sources; those of the machine-readable zone are in upper case.
fn fields(submitted: &Submitted, outcome: &Outcome, account: &Account) -> Vec<Value> {
    let (settings, person, finding) = (&submitted.document, &outcome.person, outcome.finding);
    let today = outcome.completed.to_zoned_datetime(TimeZone::UTC).date();
    let both = |text: &str| json!([{ "source": "mrz", "value": text }, { "source": "visual", "value": text }]);
    let only = |source: &str, text: &str| json!([{ "source": source, "value": text }]);
    let mut fields = Vec::new();
    let mut push = |name: &str,
                    validity: &str,
                    comparison: &str,
                    locale: Option<&str>,
                    values: Value| {
        let (validity, comparison) = match finding {
            Finding::Unchecked => ("not_checked", "not_performed"),
            _ => (validity, comparison),
        };
        if settings.extracts(name) {
            let field = json!({
                "field": name, "validity": validity, "comparison": comparison, "locale": locale, "values": values,
            });
            fields.push(field);
        }
    };
    let number = match finding {
        Finding::Invalid => "invalid",
        Finding::UnknownWords => "under_review",
        _ => "valid",
    };
    push(
        "document_number",
        number,
        "match",
        None,
        both(&person.document_number),
    );
    push(
        "given_names",
        "not_checked",
        "match",
        None,
        only("mrz", &person.given_names.to_uppercase()),
    );
    push(
        "given_names",
        "not_checked",
        "not_performed",
        Some("nl-NL"),
        only("visual", &person.given_names),
    );
    if finding == Finding::Differing {
        let other = format!("{} Anders", person.surname);
        let values = json!([
            { "source": "mrz", "value": person.surname.to_uppercase() },
            { "source": "visual", "value": other },
        ]);
        push("surname", "not_checked", "mismatch", None, values);
    } else {
        let comparison = if finding == Finding::UnknownWords {
            "unclear"
        } else {
            "match"
        };
        push(
            "surname",
            "not_checked",
            comparison,
            None,
            only("mrz", &person.surname.to_uppercase()),
        );
        push(
            "surname",
            "not_checked",
            "not_performed",
            Some("nl-NL"),
            only("visual", &person.surname),
        );
    }
    push(
        "date_of_birth",
        "valid",
        "match",
        None,
        both(&person.date_of_birth.to_string()),
    );
    push("sex", "not_checked", "match", None, both(&person.sex));
    push(
        "nationality",
        "valid",
        "not_performed",
        None,
        only("mrz", &person.nationality),
    );
    let validated = settings
        .validate_fields
        .iter()
        .any(|field| field == "personal_number");
    let personal = if validated { "valid" } else { "not_checked" };
    push(
        "personal_number",
        personal,
        "match",
        None,
        both(&person.personal_number),
    );
    let days = i64::from((today - person.date_of_expiry).get_days());
    let unexpired = match days {
        _ if finding == Finding::ExpiredUnchecked => "not_checked",
        _ if days > settings.allowed_expiration => "invalid",
        1.. => account.allowed_expiration_validity.as_str(),
        _ => "valid",
    };
    push(
        "date_of_expiry",
        unexpired,
        "match",
        None,
        both(&person.date_of_expiry.to_string()),
    );
    let is_limited = settings.minimum_age.is_some() || settings.maximum_age.is_some();
    if (is_limited || settings.extract_fields.is_some()) && finding != Finding::AgeMissing {
        let age = age(person, today);
        let fits = settings.minimum_age.is_none_or(|minimum| age >= minimum)
            && settings.maximum_age.is_none_or(|most| age <= most);
        let validity = match (is_limited, fits) {
            (false, _) => "not_checked",
            (true, true) => "valid",
            (true, false) => "invalid",
        };
        push(
            "age",
            validity,
            "not_performed",
            None,
            only("mrz", &age.to_string()),
        );
    }
    fields
}

/// Returns the images. If the transaction selects fields, it has to select the images as well.
fn files(submitted: &Submitted, outcome: &Outcome, places: &Places) -> Vec<Value> {
    let settings = &submitted.document;
    let [document, back, portrait] = outcome.files.each_ref().map(|token| places.file(token));
    let extracted = |url: String| settings.extracts("document_image").then_some(url);
    let mut files = if outcome.finding == Finding::SideB {
        // The vendor's pages contain the side, and write this type in capitals.
        let side = |side: &str, url: String| {
            let name = format!("Netherlands - Driving License (2022) Side {side}");
            json!({ "category": "document", "type": "DRIVING_LICENSE", "name": name, "score": 0.97, "url": extracted(url) })
        };
        vec![side("B", back), side("A", document)]
    } else {
        let url = extracted(document);
        vec![
            json!({ "category": "document", "type": "passport", "name": PASSPORT, "score": 0.98, "url": url }),
        ]
    };
    if settings.extracts("portrait") || settings.extracts("document_image") {
        files.push(json!({ "category": "image", "type": "portrait", "url": portrait }));
    }
    files
}

/// Returns the lines of a report.
pub(crate) fn report(transaction: &Transaction, outcome: &Outcome, extended: bool) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} audit report",
            if extended { "Extended" } else { "Simple" }
        ),
        format!("Transaction {}", transaction.id),
        format!("Result {}", outcome.result_id),
        format!("Completed {}", time(outcome.completed)),
    ];
    for task in &transaction.submitted.tasks {
        lines.push(format!("{task}: {}", transaction.task_state(task)));
    }
    if extended {
        let person = &outcome.person;
        lines.push(format!("{PASSPORT}: {}", person.document_number));
        lines.push(format!("{} {}", person.given_names, person.surname));
        lines.push("Sealed by the sandbox, which has no seal.".to_owned());
    }
    lines
}

/// Formats a time as in the samples: in UTC, to the second, with `+00:00`.
pub(crate) fn time(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S+00:00")
        .to_string()
}

fn age(person: &Person, today: jiff::civil::Date) -> i64 {
    let years = i64::from(today.year()) - i64::from(person.date_of_birth.year());
    let had_birthday =
        (today.month(), today.day()) >= (person.date_of_birth.month(), person.date_of_birth.day());
    if had_birthday { years } else { years - 1 }
}
