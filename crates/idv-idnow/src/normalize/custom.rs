//! Collects the values beyond the model, by the vendor's names.
//!
//! A member has its path as its name, such as `userdata.firstname.reviewstatus`, and keeps its
//! shape. Custom data have their own names, such as `custom1`, because the application chose them.

use std::collections::BTreeMap;

use idv_core::adapter::wire::{Members, Part, Shape};
use idv_core::adapter::{CustomValues, NameClash, non_empty};
use idv_core::{Pii, Text};
use serde_json::Value;

use super::{attribute, time};
use crate::wire::{Classes, ESigning, Entry, Identification, IdentificationProcess, Item, Scalar};

/// The parts of a report that have the vendor's names.
pub(super) struct Named {
    /// Members without a field, and custom data.
    pub(super) custom: CustomValues,
    /// Answers by question.
    pub(super) answers: BTreeMap<String, Pii<Value>>,
}

impl Named {
    pub(super) const fn new() -> Self {
        Self {
            custom: CustomValues::new(NameClash::Underscore),
            answers: BTreeMap::new(),
        }
    }

    /// Collects the values of an identification, except those of the [items](Named::item) and of
    /// their sections.
    pub(super) fn add_sections(&mut self, identification: &Identification<'_>) {
        self.process(&identification.identificationprocess);
        self.entries("customdata", &identification.customdata);
        self.entries("attachments", &identification.attachments);
        self.entries("questions", &identification.questions);
        match identification.esigning.as_slice() {
            [signing] => self.signing("esigning", signing),
            signings => signings
                .iter()
                .enumerate()
                .for_each(|(place, it)| self.signing(&format!("esigning.{place}"), it)),
        }
        let user = &identification.userdata;
        self.custom
            .members("contactdata", &identification.contactdata.others);
        self.custom.members("userdata", &user.others);
        self.custom
            .members("userdata.address", &user.address.others);
        self.custom.members(
            "identificationdocument",
            &identification.identificationdocument.others,
        );
        self.custom.members("", &identification.others);
    }

    /// Adds the members that other parts of the observation lack.
    fn process(&mut self, process: &IdentificationProcess<'_>) {
        self.custom
            .text("identificationprocess.type", "", process.channel.as_ref());
        self.custom.text(
            "identificationprocess.companyid",
            "",
            process.companyid.as_ref(),
        );
        self.custom.text(
            "identificationprocess.filename",
            "",
            process.filename.as_ref(),
        );
        self.custom
            .text("identificationprocess.href", "", process.href.as_ref());
        self.flag(
            "identificationprocess.identchanges",
            process.identchanges.as_ref(),
        );
        self.flag(
            "identificationprocess.reviewchanges",
            process.reviewchanges.as_ref(),
        );
        self.custom.text(
            "identificationprocess.previousresult",
            "",
            process.previousresult.as_ref(),
        );
        let time = process
            .identificationtime
            .as_ref()
            .filter(|text| non_empty(Some(*text)).and_then(time).is_none());
        self.custom
            .text("identificationprocess.identificationtime", "", time);
        self.custom
            .members("identificationprocess", &process.others);
    }

    /// Adds the tracking id under its own name, from any section (chapter 6.1.2).
    pub(super) fn add_tracking_id(&mut self, identification: &Identification<'_>) {
        let [own, process] = [
            &identification.trackingid,
            &identification.identificationprocess.trackingid,
        ]
        .map(|text| non_empty(text.as_ref()));
        if let Some(word) = own.or(process) {
            self.custom.add_filled("trackingid", word.into());
        }
        if let Some(word) = process.filter(|process| own.is_some_and(|own| own != *process)) {
            self.custom
                .add_filled("identificationprocess.trackingid", word.into());
        }
    }

    /// Adds the members of a value that its attribute lacks.
    pub(super) fn item(&mut self, path: &str, item: &Item<'_>) {
        self.status(
            path,
            item.status.as_ref(),
            item.reviewstatus.as_deref(),
            &item.others,
        );
    }

    /// As [`Named::item`].
    pub(super) fn classes(&mut self, path: &str, item: &Classes<'_>) {
        self.status(
            path,
            item.status.as_ref(),
            item.reviewstatus.as_ref(),
            &item.others,
        );
    }

    fn status(
        &mut self,
        path: &str,
        status: Option<&Scalar<'_>>,
        review: Option<&Scalar<'_>>,
        others: &Members,
    ) {
        if let Some(status) = status.filter(|status| !attribute::is_known_status(status)) {
            self.custom.text(path, "status", Some(status));
        }
        self.custom.text(path, "reviewstatus", review);
        self.custom.members(path, others);
    }

    fn signing(&mut self, path: &str, signing: &ESigning<'_>) {
        self.custom.text(path, "result", signing.result.as_ref());
        self.custom
            .text(path, "sessionid", signing.sessionid.as_ref());
        self.custom.members(path, &signing.others);
    }

    /// Adds a boolean, which XML and some JSON write as a word.
    fn flag(&mut self, path: &str, text: Option<&Scalar<'_>>) {
        match non_empty(text).map(|word| <bool as Part<'_>>::text(Text::new(word))) {
            Some(Shape::Expected(flag)) => self.custom.add(path, flag.into()),
            _ => self.custom.text(path, "", text),
        }
    }

    fn entries(&mut self, path: &str, entries: &[Entry<'_>]) {
        for entry in entries {
            let name = entry.name.expose();
            let whole = entry.others.get("value").map(Pii::expose);
            let value = || {
                non_empty(entry.value.as_ref())
                    .map(Value::from)
                    .or_else(|| whole.cloned())
            };
            let is_named = !name.trim().is_empty();
            match path {
                "questions" if is_named => self
                    .answers
                    .extend(value().map(|value| (name.to_owned(), Pii::new(value)))),
                // The others are evidence.
                "attachments" if is_named && whole.is_none() => {}
                "customdata" if self.custom.get(name).is_none() => {
                    self.custom.add_filled(name, value().unwrap_or_default());
                }
                path => self
                    .custom
                    .add_filled([path, ".", name].concat(), value().unwrap_or_default()),
            }
            for (member, value) in entry.others.iter().filter(|(member, _)| *member != "value") {
                self.custom
                    .add_filled(format!("{path}.{name}.{member}"), value.expose().clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::normalize;

    fn named(payload: &Value) -> Value {
        let mut payload = payload.clone();
        payload["identificationprocess"]["id"] = json!("A");
        named_by(&payload.to_string())
    }

    /// Returns the custom data and the answers of a payload.
    fn named_by(payload: &str) -> Value {
        let observations =
            normalize::payload(payload.as_bytes(), idv_core::Channel::Fetch).unwrap();
        let report = observations[0].report().unwrap();
        let shown = |map: &BTreeMap<String, Pii<Value>>| {
            Value::Object(
                map.iter()
                    .map(|(name, value)| (name.clone(), value.expose().clone()))
                    .collect(),
            )
        };
        json!([shown(&report.custom), shown(&report.answers)])
    }

    #[test]
    fn member_is_named_by_its_path() {
        for (payload, custom) in [
            (
                json!({"userdata": {"identlanguage": "en"}}),
                json!({"userdata.identlanguage": "en"}),
            ),
            (
                json!({"userdata": {"firstname": {"value": "A", "status": "MATCH", "reviewstatus": "NEW", "x": [1]}}}),
                json!({"userdata.firstname.reviewstatus": "NEW", "userdata.firstname.x": [1]}),
            ),
            (
                json!({"userdata": {"address": {"city": {"value": "B", "status": "ODD"}, "region": "C"}}}),
                json!({"userdata.address.city.status": "ODD", "userdata.address.region": "C"}),
            ),
            (
                json!({"identificationprocess": {"type": "APP"}}),
                json!({"identificationprocess.type": "APP"}),
            ),
            (
                json!({"identificationprocess": {"identificationtime": "soon"}}),
                json!({"identificationprocess.identificationtime": "soon"}),
            ),
            (
                json!({"identificationprocess": {"identificationtime": "2014-06-02T05:03:54Z"}}),
                json!({}),
            ),
            (
                json!({"identificationprocess": {"reviewchanges": "TRUE"}}),
                json!({"identificationprocess.reviewchanges": true}),
            ),
            (
                json!({"identificationprocess": {"identchanges": false}}),
                json!({"identificationprocess.identchanges": false}),
            ),
            (
                json!({"identificationprocess": {"identchanges": "some"}}),
                json!({"identificationprocess.identchanges": "some"}),
            ),
            (
                json!({"identificationprocess": {"agentname": ["x"]}}),
                json!({"identificationprocess.agentname": ["x"]}),
            ),
            (
                json!({"esigning": {"result": "SUCCESS"}}),
                json!({"esigning.result": "SUCCESS"}),
            ),
            (
                json!({"esigning": [{"result": "A"}, {"x": 1}]}),
                json!({"esigning.0.result": "A", "esigning.1.x": 1}),
            ),
            (
                json!({"userdata": "x", "y": {"z": [null]}}),
                json!({"userdata": "x", "y": {"z": [null]}}),
            ),
            (json!({"x": "", "y": " ", "z": null}), json!({})),
        ] {
            assert_eq!(named(&payload), json!([custom, {}]), "{payload}");
        }
    }

    #[test]
    fn tracking_id_keeps_its_name() {
        for (payload, custom) in [
            (json!({"trackingid": "a"}), json!({"trackingid": "a"})),
            (
                json!({"identificationprocess": {"trackingid": "a"}}),
                json!({"trackingid": "a"}),
            ),
            (
                json!({"trackingid": "a", "identificationprocess": {"trackingid": "a"}}),
                json!({"trackingid": "a"}),
            ),
            (
                json!({"trackingid": "a", "identificationprocess": {"trackingid": "b"}}),
                json!({"trackingid": "a", "identificationprocess.trackingid": "b"}),
            ),
        ] {
            assert_eq!(named(&payload), json!([custom, {}]), "{payload}");
        }
    }

    #[test]
    fn entry_is_stored_by_its_section() {
        for (payload, expected) in [
            (
                json!({"customdata": {"custom1": 7, "other": {"a": [1]}}}),
                json!([{"custom1": "7", "customdata.other.a": [1]}, {}]),
            ),
            (
                json!({"customdata": {"custom1": ["a"]}}),
                json!([{"custom1": ["a"]}, {}]),
            ),
            (
                json!({"questions": {"q": {"value": 1, "asked": true}}}),
                json!([{"questions.q.asked": true}, {"q": "1"}]),
            ),
            (
                json!({"questions": {"q": ["a", "b"]}}),
                json!([{}, {"q": ["a", "b"]}]),
            ),
            (
                json!({"questions": {"q": {"text": "a"}}}),
                json!([{"questions.q.text": "a"}, {}]),
            ),
            (json!({"attachments": {"pdf": "a.pdf"}}), json!([{}, {}])),
            (
                json!({"attachments": {"pdf": ["a.pdf"]}}),
                json!([{"attachments.pdf": ["a.pdf"]}, {}]),
            ),
            (
                json!({"attachments": {"pdf": {"value": "a.pdf", "size": 7}}}),
                json!([{"attachments.pdf.size": 7}, {}]),
            ),
            (
                json!({"attachments": {"": "a"}, "questions": {"": "b"}}),
                json!([{"attachments.": "a", "questions.": "b"}, {}]),
            ),
            (
                json!({"questions": ["a"]}),
                json!([{"questions": ["a"]}, {}]),
            ),
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
        assert_eq!(
            named(&json!({"x": 1, "customdata": {"x": 1}})),
            json!([{"x": "1", "x_": 1}, {}])
        );
    }

    #[test]
    fn last_of_repeated_entries_counts() {
        let payload =
            r#"{"identificationprocess":{"id":"A"},"customdata":{"a":"1","b":"2","a":"3"}}"#;
        assert_eq!(named_by(payload), json!([{"a": "3", "b": "2"}, {}]));
    }
}
