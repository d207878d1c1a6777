//! An identification: its submitted data, its history and its result.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::KEPT;
use super::documents::Document;
use super::scenario::Manner;
use crate::clock::later;
use crate::part::Verification;

/// An identification at IDnow.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) company: String,
    pub(crate) created: Timestamp,
    /// The transaction number in its original spelling.
    pub(crate) transaction_number: String,
    /// IDnow's own id, such as `IBA-H5FD8`.
    pub(crate) ident_id: String,
    /// The parameters of section 3.2.8 except for the questions.
    pub(crate) submitted: BTreeMap<String, String>,
    /// The predefined values of questions, by key.
    pub(crate) questions: Map<String, Value>,
    /// The result, if there is one.
    pub(crate) result: Option<Outcome>,
    /// The tracking id of the link that was opened last.
    pub(crate) tracking_id: Option<String>,
    pub(crate) attempt: u32,
    /// Whether the test robots handle it. Their ids and agent have special names (chapter 15).
    pub(crate) robot: bool,
    /// Whether the test robots were started (15.2.4, step 3).
    pub(crate) robot_started: bool,
    /// The documents to sign, or already signed (7.2).
    pub(crate) documents: Vec<Document>,
    /// Whether it is archived (8.3.6).
    pub(crate) archived: bool,
}

/// A result, preliminary or final.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) word: String,
    pub(crate) reason: Option<String>,
    pub(crate) previous: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) agent: String,
    pub(crate) manner: Manner,
}

impl Outcome {
    /// Returns whether the result is final, so that the identification cannot be started again.
    pub(crate) fn is_final(&self) -> bool {
        !self.is_preliminary() && self.word != "ABORTED"
    }

    /// Returns whether the person's identity is finally confirmed.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.word.as_str(), "SUCCESS" | "SUCCESS_DATA_CHANGED")
    }

    /// Returns whether the result counts as a success while the person waits. A suspicion is a
    /// pending or failed identification (13.1.1).
    pub(crate) fn is_success_for_person(&self) -> bool {
        self.is_success() || self.word == "REVIEW_PENDING"
    }

    /// Returns whether the documents of an eSigning are signed. Only a successful identification
    /// yields the certificate.
    pub(crate) fn is_signed(&self) -> bool {
        self.is_success() && !self.manner.unsigned
    }

    pub(crate) fn is_preliminary(&self) -> bool {
        matches!(
            self.word.as_str(),
            "REVIEW_PENDING" | "FRAUD_SUSPICION_PENDING" | "CHECK_PENDING"
        )
    }

    /// Returns whether the person's data was kept. An aborted or canceled identification keeps only
    /// the submitted data (14.5).
    pub(crate) fn has_data(&self) -> bool {
        !matches!(self.word.as_str(), "ABORTED" | "CANCELED")
    }
}

/// A field of the result, as in tables 13.1.4 and 13.1.5.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) name: &'static str,
    pub(crate) status: &'static str,
    pub(crate) review: Option<&'static str>,
    pub(crate) value: Option<String>,
    pub(crate) original: Option<String>,
    pub(crate) identification: Option<String>,
}

/// The person's fields in the order of the samples, without the address.
const USER_DATA: [&str; 8] = [
    "firstname",
    "lastname",
    "birthname",
    "birthday",
    "birthplace",
    "nationality",
    "gender",
    "title",
];
const ADDRESS: [&str; 5] = ["street", "streetnumber", "city", "zipcode", "country"];

/// The document data of the sandbox's fictitious people if nothing was submitted.
const DOCUMENT_SAYS: [(&str, &str); 12] = [
    ("firstname", "ERIKA"),
    ("lastname", "MUSTERMANN"),
    ("birthday", "1964-08-12"),
    ("birthplace", "BERLIN"),
    ("nationality", "DE"),
    ("gender", "FEMALE"),
    ("street", "HEIDESTRASSE"),
    ("streetnumber", "17"),
    ("city", "KÖLN"),
    ("zipcode", "51147"),
    ("country", "DE"),
    ("birthname", "GABLER"),
];

impl Verification for Case {
    fn account(&self) -> &str {
        &self.company
    }

    fn is_over(&self) -> bool {
        self.is_finished()
    }

    fn awaits_robot(&self) -> bool {
        matches!(self.robot_case(), Some(("X-AUTOTEST", _)))
    }

    fn attempt(&mut self) -> &mut u32 {
        &mut self.attempt
    }
}

impl Case {
    /// Returns the time at which the vendor deletes it, unless a review continues.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        match &self.result {
            Some(result) if result.is_final() => Some(later(result.at, KEPT)),
            Some(result) if result.is_preliminary() => None,
            _ => Some(later(self.created, KEPT)),
        }
    }

    /// Returns whether it was performed and has ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.result.as_ref().is_some_and(Outcome::is_final)
    }

    /// Returns whether the person has performed it, so that a review or nothing is left to do.
    pub(crate) fn is_performed(&self) -> bool {
        self.result
            .as_ref()
            .is_some_and(|result| result.word != "ABORTED")
    }

    /// Returns the state for people: the result and its reason, or whether the person has started
    /// (chapter 2).
    pub(crate) fn state(&self) -> String {
        let mut state = match &self.result {
            Some(result) => match &result.reason {
                Some(reason) => format!("{} ({reason})", result.word),
                None => result.word.clone(),
            },
            None if self.is_begun() => "started".to_owned(),
            None => "not started".to_owned(),
        };
        if self.archived {
            state += ", archived";
        }
        state
    }

    /// Returns whether the person or the robots have begun, or whether it cannot be repeated.
    pub(crate) fn is_begun(&self) -> bool {
        let aborted = self
            .result
            .as_ref()
            .is_some_and(|result| result.word == "ABORTED");
        (self.attempt > 0 || self.robot_started) && !aborted
    }

    /// Returns whether there are documents to sign, which makes it an eSigning.
    pub(crate) fn is_e_signing(&self) -> bool {
        !self.documents.is_empty()
    }

    /// Returns whether there are documents and they are signed.
    pub(crate) fn is_signed(&self) -> bool {
        self.is_e_signing() && self.result.as_ref().is_some_and(Outcome::is_signed)
    }

    /// Returns the case that it requests of the test robots: `(prefix, case)` of section 15.1.
    pub(crate) fn robot_case(&self) -> Option<(&'static str, String)> {
        let fields = [
            "firstname",
            "lastname",
            "custom1",
            "custom2",
            "custom3",
            "custom4",
            "custom5",
        ];
        fields
            .iter()
            .filter_map(|field| self.submitted.get(*field))
            .find_map(|value| {
                let prefix = ["X-AUTOTEST", "X-MANUALTEST"]
                    .into_iter()
                    .find(|prefix| value.starts_with(prefix))?;
                Some((
                    prefix,
                    value.strip_prefix(prefix)?.strip_prefix('-')?.to_owned(),
                ))
            })
    }

    /// Returns the person's fields.
    pub(crate) fn user_data(&self, outcome: &Outcome) -> Vec<Item> {
        USER_DATA
            .iter()
            .filter_map(|name| self.item(name, outcome))
            .collect()
    }

    /// Returns the fields of the person's address.
    pub(crate) fn address(&self, outcome: &Outcome, merge_street_number: bool) -> Vec<Item> {
        let mut items: Vec<Item> = ADDRESS
            .iter()
            .filter_map(|name| self.item(name, outcome))
            .collect();
        if merge_street_number
            && let Some(number) = items
                .iter()
                .position(|item| item.name == "streetnumber")
                .map(|index| items.remove(index))
            && let Some(street) = items.iter_mut().find(|item| item.name == "street")
        {
            let join = |street: &mut Option<String>, number: Option<String>| {
                if let (Some(street), Some(number)) = (street, number) {
                    street.push(' ');
                    street.push_str(&number);
                }
            };
            join(&mut street.value, number.value);
            join(&mut street.original, number.original);
        }
        items
    }

    fn item(&self, name: &'static str, outcome: &Outcome) -> Option<Item> {
        let submitted = self.submitted.get(name).cloned();
        let blank = Item {
            name,
            status: "NEW",
            review: None,
            value: None,
            original: None,
            identification: None,
        };
        if !outcome.has_data() {
            return submitted.map(|original| Item {
                status: "ORIGINAL",
                original: Some(original),
                ..blank
            });
        }
        let on_document = DOCUMENT_SAYS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned());
        let reviewed = outcome.is_final().then_some("MATCH");
        let reviewer_changes = outcome.manner.review_changed
            && outcome.is_final()
            && (outcome.manner.exotic || name == "birthplace");
        let Some(submitted) = submitted.map(|value| as_on_document(name, &value)) else {
            // Birth name and title are on few documents; they are reported only if they were
            // submitted.
            let value = on_document.filter(|_| name != "birthname")?;
            if reviewer_changes {
                let corrected = another(name, &value);
                return Some(Item {
                    value: Some(corrected),
                    review: Some("CHANGE"),
                    identification: Some(value),
                    ..blank
                });
            }
            return Some(Item {
                value: Some(value),
                review: reviewed,
                ..blank
            });
        };
        let other = || {
            if outcome.manner.exotic {
                exotic(name, &submitted)
            } else {
                another(name, &submitted)
            }
        };
        let may_change =
            outcome.manner.exotic || matches!(name, "birthday" | "street" | "firstname");
        let mut item = Item {
            status: "MATCH",
            review: reviewed,
            value: Some(submitted.clone()),
            ..blank
        };
        if outcome.manner.changed && may_change {
            item = Item {
                status: "CHANGE",
                value: Some(other()),
                original: Some(submitted.clone()),
                ..item
            };
        }
        if reviewer_changes {
            item = Item {
                status: "CHANGE",
                review: Some("CHANGE"),
                identification: item.value.clone(),
                value: Some(other()),
                original: Some(submitted),
                ..item
            };
        }
        Some(item)
    }

    /// Returns the fields of the document (13.1.5). `redacted` withholds number and dates.
    pub(crate) fn document(&self, outcome: &Outcome, redacted: bool) -> Vec<Item> {
        let review = outcome.is_final().then_some("MATCH");
        let country = self
            .submitted
            .get("nationality")
            .cloned()
            .unwrap_or_else(|| "DE".to_owned());
        let item = |name, value: &str| Item {
            name,
            status: "NEW",
            review,
            value: Some(value.to_owned()),
            original: None,
            identification: None,
        };
        let withheld = |name, value: &str| {
            if redacted {
                Item {
                    status: "REDACTION",
                    review: None,
                    value: None,
                    ..item(name, value)
                }
            } else {
                item(name, value)
            }
        };
        vec![
            item("type", "IDCARD"),
            item("country", &country),
            withheld("validuntil", "2031-08-31"),
            withheld("number", "T220001293"),
            item("issuedby", "STADT KÖLN"),
            item("dateissued", "2021-09-01"),
        ]
    }
}

/// Returns a value in the spelling of the document: names and places in upper case, others
/// unchanged.
fn as_on_document(name: &str, value: &str) -> String {
    match name {
        "firstname" | "lastname" | "birthname" | "birthplace" | "street" | "city" => {
            value.to_uppercase()
        }
        _ => value.to_owned(),
    }
}

/// Returns the document's value if it differs from the submitted one.
fn another(name: &str, submitted: &str) -> String {
    match name {
        // A year later; 28 February in place of 29 February.
        "birthday" => submitted
            .parse::<jiff::civil::Date>()
            .and_then(|date| date.checked_add(jiff::Span::new().years(1)))
            .map_or_else(|_| "1983-05-22".to_owned(), |date| date.to_string()),
        "firstname" => format!("{submitted} ALEXANDER"),
        "birthplace" => format!("{submitted} (WEST)"),
        // Codes stay valid codes.
        "nationality" | "country" | "gender" | "zipcode" => exotic(name, submitted),
        _ => format!("NEUE {submitted}"),
    }
}

/// Returns the value that the robot CHANGEALL returns, with letters that break careless readers.
fn exotic(name: &str, submitted: &str) -> String {
    match name {
        "birthday" => another(name, submitted),
        "nationality" | "country" => if submitted == "AT" { "DE" } else { "AT" }.to_owned(),
        "gender" => if submitted == "MALE" {
            "FEMALE"
        } else {
            "MALE"
        }
        .to_owned(),
        "zipcode" => "01067".to_owned(),
        "streetnumber" => "1½ & <b>".to_owned(),
        _ => "ÄÖÜẞ ŁÓDŹ ÅØÆ ÇÑŠŽ «“’‚„”» & < > \" 'Ω中".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_birthday_is_a_day_of_the_calendar() {
        assert_eq!(another("birthday", "1982-05-22"), "1983-05-22");
        assert_eq!(another("birthday", "2000-02-29"), "2001-02-28");
        assert_eq!(another("birthday", "9999-12-31"), "1983-05-22");
    }
}
