//! The documents of an identification (7.2).

use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::definition::{Definition, Definitions};
use super::fields::{body, text};
use super::{Terms, placement};
use crate::idnow::failure::Failure;
use crate::idnow::rules;

/// The maximum total length of an identification's documents, in bytes. The vendor's document
/// states no limit. This one keeps an archive below the 4 GB of the plain ZIP format.
pub(crate) const MAX_TOTAL: usize = 256 << 20;

/// A document of an identification: the instance of a definition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    /// The definition at the time when the identification was created.
    definition: Definition,
    order: usize,
    /// The values for this person, in place of the definition's.
    name: Option<String>,
    version: Option<String>,
    signatures: Map<String, Value>,
    bytes: Option<Bytes>,
}

/// The checked fields of a request about a person's document.
#[derive(Debug, Default)]
pub(super) struct Update {
    name: Option<String>,
    version: Option<String>,
    signatures: Option<Map<String, Value>>,
}

impl Update {
    /// Parses the body of an update (7.2.3).
    pub(super) fn read(bytes: &[u8], terms: Terms) -> Result<Self, Failure> {
        let mut update = Self::default();
        for (key, value) in body(bytes)? {
            match key.as_str() {
                "name" => update.name = Some(text("name", value)?),
                "version" => update.version = Some(text("version", value)?),
                "signatures" => update.signatures = Some(placement::read(&value, terms)?),
                // These fields exist but are read-only.
                "hash" | "displayHash" | "status" | "documentDefinition" => {
                    return Err(Failure::bad_value(&rules::DOCUMENT_READ_ONLY, &key));
                }
                _ => return Err(Failure::unrecognized_field(&rules::DOCUMENT_FIELDS, &key)),
            }
        }
        Ok(update)
    }
}

/// Returns the documents of a new identification: one for every definition (7.2.1).
pub(crate) fn instances(definitions: &Definitions) -> Vec<Document> {
    let instance = |(order, definition): (usize, &Definition)| Document {
        definition: definition.clone(),
        order,
        name: None,
        version: None,
        signatures: Map::new(),
        // A required document that is the same for every person is available at once (7.1.1).
        bytes: definition.default.clone().filter(|_| !definition.optional),
    };
    definitions.each().map(instance).collect()
}

/// Returns whether a required document is missing, so that the person cannot sign (7.2.4).
pub(crate) fn is_missing_any(documents: &[Document]) -> bool {
    documents.iter().any(Document::is_missing)
}

/// Returns whether the person can upload the missing document. Only the first document has a page
/// for it (7.2.5).
pub(crate) fn person_can_upload(documents: &[Document]) -> bool {
    documents.iter().position(Document::is_missing) == Some(0)
        && documents
            .iter()
            .filter(|document| document.is_missing())
            .count()
            == 1
}

impl Document {
    pub(super) fn identifier(&self) -> &str {
        &self.definition.identifier
    }

    /// Returns the display name.
    pub(crate) fn name(&self) -> &str {
        self.name.as_ref().unwrap_or(&self.definition.name)
    }

    pub(super) fn mime_type(&self) -> &str {
        &self.definition.mime_type
    }

    /// Returns its length in bytes.
    pub(super) fn length(&self) -> usize {
        self.bytes.as_ref().map_or(0, Bytes::len)
    }

    /// Returns the document as in the samples.
    pub(super) fn to_json(&self, signed: bool) -> Value {
        let hash = self
            .bytes
            .as_ref()
            .map(|bytes| hex::encode(Sha256::digest(bytes)));
        let status = match (&self.bytes, signed) {
            (None, _) => "NEED_UPLOAD",
            (Some(_), false) => "UPLOADED",
            (Some(_), true) => "SIGNED",
        };
        let mut value = json!({
            "name": self.name(), "version": self.version.as_ref().or(self.definition.version.as_ref()), "hash": hash,
            "displayHash": hash.as_deref().map(fingerprint), "status": status,
            "documentDefinition": self.definition.to_json(self.order),
        });
        if let Some(members) = value
            .as_object_mut()
            .filter(|_| !self.signatures.is_empty())
        {
            members.insert("signatures".into(), self.signatures.clone().into());
        }
        value
    }

    /// Applies an update.
    pub(super) fn update(&mut self, update: Update, terms: Terms) -> Result<(), Failure> {
        let signatures = update.signatures.as_ref().unwrap_or(&self.signatures);
        let combined = placement::combined(&self.definition.signatures, signatures);
        placement::demand_count(&combined, terms)?;
        if self
            .bytes
            .as_ref()
            .is_some_and(|bytes| placement::lacks_a_place(&combined, bytes))
        {
            return Err(Failure::bad_value(&rules::SIGNATURE_PLACE, "signatures"));
        }
        let Update {
            name,
            version,
            signatures,
        } = update;
        self.name = name.or(self.name.take());
        self.version = version.or(self.version.take());
        if let Some(signatures) = signatures {
            self.signatures = signatures;
        }
        Ok(())
    }

    /// Stores the document to sign.
    pub(super) fn upload(&mut self, bytes: Bytes) -> Result<(), Failure> {
        if placement::lacks_a_place(
            &placement::combined(&self.definition.signatures, &self.signatures),
            &bytes,
        ) {
            return Err(Failure::bad_value(&rules::SIGNATURE_PLACE, "signatures"));
        }
        self.bytes = Some(bytes);
        Ok(())
    }

    /// Returns the document with the person's signature: the upload and a comment that stands for
    /// the signature, ending as a PDF does.
    pub(crate) fn signed(&self, ident_id: &str) -> Option<Bytes> {
        let signatures = placement::combined(&self.definition.signatures, &self.signatures);
        let mut bytes = self.bytes.as_ref()?.to_vec();
        bytes
            .extend_from_slice(format!("\n% Signed in the identification {ident_id}\n").as_bytes());
        for (name, signature) in &signatures {
            let kind = signature
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or("ELECTRONIC");
            // The customer chooses the name, so it must not end the comment.
            let name: String = name.chars().filter(|letter| !letter.is_control()).collect();
            bytes.extend_from_slice(format!("% {kind} {name}\n").as_bytes());
        }
        bytes.extend_from_slice(b"%%EOF\n");
        Some(bytes.into())
    }

    /// Returns its name in the archive (7.2.7).
    pub(crate) fn archive_name(&self) -> String {
        format!("{}_signed.pdf", self.definition.identifier)
    }

    fn is_missing(&self) -> bool {
        self.bytes.is_none() && !self.definition.optional
    }
}

/// Returns a hash in the form for people: its beginning in three groups of four.
fn fingerprint(hash: &str) -> String {
    let group = |start: usize| hash.get(start..start + 4).unwrap_or_default();
    [group(0), group(4), group(8)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_that_of_the_table() {
        assert_eq!(
            fingerprint("094c33504ab62a49957ed5f051fc10fc0e1bd7feadfdb223654270835e693bb4"),
            "094c-3350-4ab6"
        );
    }
}
