//! Everything that no field of the model has, by the vendor's names.
//!
//! A member is called by its path, `userdata.firstname.reviewstatus`, and has its own shape. Custom data are called by their own names,
//! `custom1`, since the application chose them.

use std::collections::{BTreeMap, HashSet};

use idv_core::adapter::wire::{Members, Part};
use idv_core::{Pii, Text};
use serde_json::Value;

use super::{attribute, filled, time};
use crate::wire::{Entry, Identification, Node, Seen};

/// Texts that other parts of the observation have.
const MODELLED: &[&str] = &[
    "identificationprocess.result",
    "identificationprocess.agentname",
    "identificationprocess.transactionnumber",
    "identificationprocess.id",
];

/// Parts of a value that its attribute has.
const ATTRIBUTE: &[&str] = &["value", "original", "identification"];

/// Truth values, which XML and some JSON write as words.
const FLAGS: &[&str] = &["identificationprocess.identchanges", "identificationprocess.reviewchanges"];

/// Parts of a report that are called by the vendor's names.
#[derive(Default)]
pub(super) struct Named {
    /// Members that no field has, and custom data.
    pub(super) custom: BTreeMap<String, Pii<Value>>,
    /// Answers by question.
    pub(super) answers: BTreeMap<String, Pii<Value>>,
}

impl Named {
    /// Collects them from an identification.
    pub(super) fn of(identification: &Identification<'_>) -> Self {
        let mut named = Self::default();
        // The tracking id is called by its own name in whichever section it came (chapter 6.1.2).
        let process = &identification.identificationprocess;
        let tracking = [&identification.trackingid, &process.trackingid].into_iter().find_map(|text| filled(text.as_ref()));
        if let Some(tracking) = tracking {
            named.add("trackingid".to_owned(), Value::from(tracking));
        }
        named.section("", identification);
        if named.custom.get("identificationprocess.trackingid") == named.custom.get("trackingid") {
            named.custom.remove("identificationprocess.trackingid");
        }
        named
    }

    /// Adds members that stand beside the identification.
    pub(super) fn members(&mut self, path: &str, members: &Members) {
        for (name, value) in members.iter() {
            self.add(join(path, name), value.expose().clone());
        }
    }

    fn section(&mut self, path: &str, section: &dyn Node<'_>) {
        section.visit(&mut |name, part| {
            let path = join(path, name);
            match part {
                Seen::Section(section) => self.section(&path, section),
                Seen::Text(text) => self.text(path, text),
                Seen::Item(item) => self.item(&path, item),
                Seen::Entries(entries) => self.entries(&path, entries),
                Seen::Signings([signing]) => self.section(&path, signing),
                Seen::Signings(signings) => {
                    for (index, signing) in signings.iter().enumerate() {
                        self.section(&format!("{path}.{index}"), signing);
                    }
                }
            }
        });
        self.members(path, section.others());
    }

    fn text(&mut self, path: String, text: &Text<'_>) {
        let Some(word) = filled(Some(text)) else { return };
        if MODELLED.contains(&path.as_str()) || (path == "identificationprocess.identificationtime" && time(word).is_some()) {
            return;
        }
        let flag = if FLAGS.contains(&path.as_str()) { bool::text(Text::new(word)).expected() } else { None };
        self.add(path, flag.map_or_else(|| Value::from(word), Value::from));
    }

    /// The parts of a value that its attribute has no field for.
    fn item(&mut self, path: &str, item: &dyn Node<'_>) {
        item.visit(&mut |name, part| {
            let Seen::Text(text) = part else { return };
            let is_in_attribute = ATTRIBUTE.contains(&name) || (name == "status" && attribute::is_known_status(text));
            if !is_in_attribute {
                self.text(join(path, name), text);
            }
        });
        self.members(path, item.others());
    }

    fn entries(&mut self, path: &str, entries: &[Entry<'_>]) {
        for entry in last_of_each(entries) {
            let name = entry.name.expose();
            let whole = entry.others.get("value").map(|value| value.expose().clone());
            let value = filled(entry.value.as_ref()).map(Value::from);
            match (path, value.or_else(|| whole.clone())) {
                (_, None) => {}
                ("questions", Some(value)) if !name.trim().is_empty() => {
                    self.answers.insert(name.to_owned(), Pii::new(value));
                }
                // The others are evidence.
                ("attachments", Some(Value::String(_))) if whole.is_none() && !name.trim().is_empty() => {}
                ("customdata", Some(value)) if !self.custom.contains_key(name) => self.add(name.to_owned(), value),
                (path, Some(value)) => self.add(join(path, name), value),
            }
            for (member, value) in entry.others.iter().filter(|(member, _)| *member != "value") {
                self.add(format!("{path}.{name}.{member}"), value.expose().clone());
            }
        }
    }

    /// Adds a value under its name, or under one with an underscore if another value has it. Blank text says nothing.
    fn add(&mut self, mut name: String, value: Value) {
        if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
            return;
        }
        while self.custom.get(&name).is_some_and(|known| *known.expose() != value) {
            name.push('_');
        }
        self.custom.insert(name, Pii::new(value));
    }
}

/// The entries, of a repeated name the last one.
fn last_of_each<'e, 'a>(entries: &'e [Entry<'a>]) -> Vec<&'e Entry<'a>> {
    let mut seen = HashSet::with_capacity(entries.len());
    let mut last: Vec<_> = entries.iter().rev().filter(|entry| seen.insert(entry.name.expose())).collect();
    last.reverse();
    last
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire;

    fn named(payload: &Value) -> Value {
        let mut payload = payload.clone();
        payload["identificationprocess"]["id"] = json!("A");
        let payload = payload.to_string();
        let payload = wire::read(payload.as_bytes()).unwrap();
        let named = Named::of(&payload.identifications[0]);
        let shown = |map: &BTreeMap<String, Pii<Value>>| {
            Value::Object(map.iter().map(|(name, value)| (name.clone(), value.expose().clone())).collect())
        };
        json!([shown(&named.custom), shown(&named.answers)])
    }

    #[test]
    fn member_is_called_by_its_path() {
        for (payload, custom) in [
            (json!({"userdata": {"identlanguage": "en"}}), json!({"userdata.identlanguage": "en"})),
            (
                json!({"userdata": {"firstname": {"value": "A", "status": "MATCH", "reviewstatus": "NEW", "x": [1]}}}),
                json!({"userdata.firstname.reviewstatus": "NEW", "userdata.firstname.x": [1]}),
            ),
            (
                json!({"userdata": {"address": {"city": {"value": "B", "status": "ODD"}, "region": "C"}}}),
                json!({"userdata.address.city.status": "ODD", "userdata.address.region": "C"}),
            ),
            (json!({"identificationprocess": {"type": "APP"}}), json!({"identificationprocess.type": "APP"})),
            (
                json!({"identificationprocess": {"identificationtime": "soon"}}),
                json!({"identificationprocess.identificationtime": "soon"}),
            ),
            (json!({"identificationprocess": {"identificationtime": "2014-06-02T05:03:54Z"}}), json!({})),
            (json!({"identificationprocess": {"reviewchanges": "TRUE"}}), json!({"identificationprocess.reviewchanges": true})),
            (json!({"identificationprocess": {"identchanges": false}}), json!({"identificationprocess.identchanges": false})),
            (json!({"identificationprocess": {"identchanges": "some"}}), json!({"identificationprocess.identchanges": "some"})),
            (json!({"identificationprocess": {"agentname": ["x"]}}), json!({"identificationprocess.agentname": ["x"]})),
            (json!({"esigning": {"result": "SUCCESS"}}), json!({"esigning.result": "SUCCESS"})),
            (json!({"esigning": [{"result": "A"}, {"x": 1}]}), json!({"esigning.0.result": "A", "esigning.1.x": 1})),
            (json!({"userdata": "x", "y": {"z": [null]}}), json!({"userdata": "x", "y": {"z": [null]}})),
            (json!({"x": "", "y": " ", "z": null}), json!({})),
        ] {
            assert_eq!(named(&payload), json!([custom, {}]), "{payload}");
        }
    }

    #[test]
    fn tracking_id_is_called_by_its_name() {
        for (payload, custom) in [
            (json!({"trackingid": "a"}), json!({"trackingid": "a"})),
            (json!({"identificationprocess": {"trackingid": "a"}}), json!({"trackingid": "a"})),
            (json!({"trackingid": "a", "identificationprocess": {"trackingid": "a"}}), json!({"trackingid": "a"})),
            (
                json!({"trackingid": "a", "identificationprocess": {"trackingid": "b"}}),
                json!({"trackingid": "a", "identificationprocess.trackingid": "b"}),
            ),
        ] {
            assert_eq!(named(&payload), json!([custom, {}]), "{payload}");
        }
    }

    #[test]
    fn entry_goes_where_its_section_belongs() {
        for (payload, expected) in [
            (
                json!({"customdata": {"custom1": 7, "other": {"a": [1]}}}),
                json!([{"custom1": "7", "customdata.other.a": [1]}, {}]),
            ),
            (json!({"customdata": {"custom1": ["a"]}}), json!([{"custom1": ["a"]}, {}])),
            (json!({"questions": {"q": {"value": 1, "asked": true}}}), json!([{"questions.q.asked": true}, {"q": "1"}])),
            (json!({"questions": {"q": ["a", "b"]}}), json!([{}, {"q": ["a", "b"]}])),
            (json!({"questions": {"q": {"text": "a"}}}), json!([{"questions.q.text": "a"}, {}])),
            (json!({"attachments": {"pdf": "a.pdf"}}), json!([{}, {}])),
            (json!({"attachments": {"pdf": ["a.pdf"]}}), json!([{"attachments.pdf": ["a.pdf"]}, {}])),
            (json!({"attachments": {"pdf": {"value": "a.pdf", "size": 7}}}), json!([{"attachments.pdf.size": 7}, {}])),
            (json!({"attachments": {"": "a"}, "questions": {"": "b"}}), json!([{"attachments.": "a", "questions.": "b"}, {}])),
            (json!({"questions": ["a"]}), json!([{"questions": ["a"]}, {}])),
        ] {
            assert_eq!(named(&payload), expected, "{payload}");
        }
    }

    #[test]
    fn values_of_one_name_are_all_kept() {
        let payload = json!({
            "custom1": "a", "customdata": {"custom1": "b", "custom2": "c"},
            "userdata": {"x": 1}, "userdata.x": 2, "userdata.x_": 3,
        });
        let custom = json!({
            "custom1": "b", "custom1_": "a", "custom2": "c", "userdata.x": 1, "userdata.x_": 2, "userdata.x__": 3,
        });
        assert_eq!(named(&payload), json!([custom, {}]));
        assert_eq!(named(&json!({"x": 1, "customdata": {"x": 1}})), json!([{"x": "1", "x_": 1}, {}]));
    }

    #[test]
    fn last_of_repeated_entries_counts() {
        let payload = r#"{"identificationprocess":{"id":"A"},"customdata":{"a":"1","b":"2","a":"3"}}"#;
        let payload = wire::read(payload.as_bytes()).unwrap();
        let named = Named::of(&payload.identifications[0]);
        let custom: Vec<_> = named.custom.iter().map(|(name, value)| (name.as_str(), value.expose().clone())).collect();
        assert_eq!(custom, [("a", json!("3")), ("b", json!("2"))]);
    }
}
