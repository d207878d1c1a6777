//! Document definitions (7.1): the documents of an eSigning.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::fields::{body, text};
use super::{Terms, placement};
use crate::idnow::failure::Failure;
use crate::idnow::rules;

/// A document definition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition {
    pub(super) identifier: String,
    pub(super) name: String,
    pub(super) mime_type: String,
    /// Whether an identification can proceed without the document.
    pub(super) optional: bool,
    pub(super) signatures: Map<String, Value>,
    /// The version. No table contains it, but documents take it from their definition if they have
    /// none of their own (7.2).
    pub(super) version: Option<String>,
    view_policy: Option<String>,
    /// The document that is the same for every person.
    pub(super) default: Option<Bytes>,
}

/// A company's document definitions, in display order.
#[derive(Debug, Default)]
pub(crate) struct Definitions(Vec<Definition>);

/// The checked fields of a request about a definition.
#[derive(Debug)]
pub(super) struct Submitted {
    identifier: String,
    name: String,
    mime_type: String,
    optional: Option<bool>,
    sort_order: Option<usize>,
    signatures: Option<Map<String, Value>>,
    version: Option<String>,
    view_policy: Option<String>,
}

impl Submitted {
    /// Parses the body of a request to create or update a definition (7.1.1).
    pub(super) fn read(bytes: &[u8], terms: Terms) -> Result<Self, Failure> {
        let (mut name, mut identifier, mut mime_type) = (None, None, None);
        let (mut optional, mut sort_order, mut signatures) = (None, None, None);
        let (mut version, mut view_policy) = (None, None);
        for (key, value) in body(bytes)? {
            match key.as_str() {
                "name" => name = Some(text("name", value)?),
                "identifier" => {
                    identifier = Some(text("identifier", value)?);
                    if !identifier.as_deref().is_some_and(is_identifier) {
                        return Err(Failure::bad_value(&rules::IDENTIFIER, "identifier"));
                    }
                }
                "mimeType" => {
                    mime_type = Some(text("mimeType", value)?);
                    // The form is undocumented, and one client sends `txt`. The value becomes the
                    // Content-Type of a download.
                    if mime_type.as_deref().is_none_or(|text| {
                        text.is_empty() || http::HeaderValue::from_str(text).is_err()
                    }) {
                        return Err(Failure::bad_value(&rules::MIME_TYPE, "mimeType"));
                    }
                }
                "optional" => {
                    optional = Some(value.as_bool().ok_or_else(|| {
                        Failure::bad_value(&rules::DEFINITION_OPTIONAL, "optional")
                    })?);
                }
                "sortOrder" => {
                    // The order starts at 1.
                    let place = value
                        .as_u64()
                        .and_then(|order| usize::try_from(order).ok())
                        .filter(|order| *order > 0);
                    sort_order = Some(
                        place.ok_or_else(|| Failure::bad_value(&rules::SORT_ORDER, "sortOrder"))?,
                    );
                }
                "signatures" => {
                    let given = placement::read(&value, terms)?;
                    placement::demand_count(&given, terms)?;
                    signatures = Some(given);
                }
                "version" => version = Some(text("version", value)?),
                "viewPolicy" => {
                    let policy = value
                        .as_str()
                        .filter(|policy| matches!(*policy, "SCROLL" | "DEFAULT"));
                    view_policy = Some(
                        policy
                            .ok_or_else(|| Failure::bad_value(&rules::VIEW_POLICY, "viewPolicy"))?
                            .to_owned(),
                    );
                }
                _ => return Err(Failure::unrecognized_field(&rules::DEFINITION_FIELDS, &key)),
            }
        }
        let missing = |key| Failure::bad_value(&rules::DEFINITION_MANDATORY, key);
        Ok(Self {
            name: name.ok_or_else(|| missing("name"))?,
            identifier: identifier.ok_or_else(|| missing("identifier"))?,
            mime_type: mime_type.ok_or_else(|| missing("mimeType"))?,
            optional,
            sort_order,
            signatures,
            version,
            view_policy,
        })
    }
}

impl Definitions {
    /// Creates a definition (7.1.3).
    pub(super) fn create(&mut self, submitted: Submitted) -> Result<(), Failure> {
        if self.one(&submitted.identifier).is_ok() {
            return Err(Failure::bad_value(&rules::IDENTIFIER_UNIQUE, "identifier"));
        }
        let definition = Definition {
            identifier: submitted.identifier,
            name: submitted.name,
            mime_type: submitted.mime_type,
            optional: submitted.optional.unwrap_or_default(),
            signatures: submitted.signatures.unwrap_or_default(),
            version: submitted.version,
            view_policy: submitted.view_policy,
            default: None,
        };
        self.insert(definition, submitted.sort_order);
        Ok(())
    }

    /// Updates a definition (7.1.4). Omitted fields stay unchanged.
    pub(super) fn update(&mut self, identifier: &str, submitted: Submitted) -> Result<(), Failure> {
        let (index, known) = self
            .indexed(identifier)
            .ok_or_else(|| Failure::by(&rules::DEFINITION))?;
        // The URL contains the identifier, so another one would be another definition.
        if submitted.identifier != identifier {
            return Err(Failure::bad_value(&rules::IDENTIFIER_IN_PATH, "identifier"));
        }
        let places = submitted.signatures.as_ref().unwrap_or(&known.signatures);
        if known
            .default
            .as_ref()
            .is_some_and(|bytes| placement::lacks_a_place(places, bytes))
        {
            return Err(Failure::bad_value(&rules::SIGNATURE_PLACE, "signatures"));
        }
        let known = self.0.remove(index);
        let definition = Definition {
            name: submitted.name,
            mime_type: submitted.mime_type,
            optional: submitted.optional.unwrap_or(known.optional),
            signatures: submitted.signatures.unwrap_or(known.signatures),
            version: submitted.version.or(known.version),
            view_policy: submitted.view_policy.or(known.view_policy),
            ..known
        };
        self.insert(definition, submitted.sort_order.or(Some(index + 1)));
        Ok(())
    }

    /// Deletes a definition (7.1.5).
    pub(super) fn delete(&mut self, identifier: &str) -> Result<(), Failure> {
        let (index, _) = self
            .indexed(identifier)
            .ok_or_else(|| Failure::by(&rules::DEFINITION))?;
        self.0.remove(index);
        Ok(())
    }

    /// Returns a definition.
    pub(super) fn one(&self, identifier: &str) -> Result<&Definition, Failure> {
        self.indexed(identifier)
            .map(|(_, definition)| definition)
            .ok_or_else(|| Failure::by(&rules::DEFINITION))
    }

    /// Returns a definition for the upload of its document.
    pub(super) fn one_mut(&mut self, identifier: &str) -> Result<&mut Definition, Failure> {
        self.0
            .iter_mut()
            .find(|definition| definition.identifier == identifier)
            .ok_or_else(|| Failure::by(&rules::DEFINITION))
    }

    /// Returns the total length of the other definitions' default documents.
    pub(super) fn length_beside(&self, identifier: &str) -> usize {
        let others = self
            .0
            .iter()
            .filter(|definition| definition.identifier != identifier);
        others
            .filter_map(|definition| definition.default.as_ref())
            .map(Bytes::len)
            .sum()
    }

    /// Returns every definition and its place in the order.
    pub(super) fn each(&self) -> impl Iterator<Item = (usize, &Definition)> {
        self.0
            .iter()
            .enumerate()
            .map(|(index, definition)| (index + 1, definition))
    }

    /// Returns a definition as JSON (7.1.7).
    pub(super) fn to_json(&self, identifier: &str) -> Result<Value, Failure> {
        let (index, definition) = self
            .indexed(identifier)
            .ok_or_else(|| Failure::by(&rules::DEFINITION))?;
        Ok(definition.to_json(index + 1))
    }

    fn indexed(&self, identifier: &str) -> Option<(usize, &Definition)> {
        self.0
            .iter()
            .enumerate()
            .find(|(_, definition)| definition.identifier == identifier)
    }

    /// Inserts the definition at this place, or at the end if there is no such place.
    fn insert(&mut self, definition: Definition, order: Option<usize>) {
        let index = order
            .map_or(usize::MAX, |order| order.saturating_sub(1))
            .min(self.0.len());
        self.0.insert(index, definition);
    }
}

impl Definition {
    /// Returns the definition as in the samples, without unset fields.
    pub(super) fn to_json(&self, order: usize) -> Value {
        let Self {
            optional,
            name,
            identifier,
            mime_type,
            ..
        } = self;
        let mut value = json!({ "optional": optional, "name": name, "identifier": identifier, "mimeType": mime_type, "sortOrder": order });
        if let Some(members) = value.as_object_mut() {
            if let Some(version) = &self.version {
                members.insert("version".into(), version.as_str().into());
            }
            if !self.signatures.is_empty() {
                members.insert("signatures".into(), self.signatures.clone().into());
            }
            if let Some(policy) = &self.view_policy {
                members.insert("viewPolicy".into(), policy.as_str().into());
            }
        }
        value
    }
}

/// Returns whether an identifier has the documented alphabet: a-z, - and _, and the digits of every
/// sample.
fn is_identifier(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
    })
}
