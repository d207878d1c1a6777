//! Results as JSON (13.4).

use idv_core::{Error, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Identification, Payload};

/// Reads a bare identification, `{"identifications": […]}`, or an array of identifications.
pub(super) fn read(bytes: &[u8]) -> Result<Payload<'_>> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::malformed("the JSON is not UTF-8"))?;
    if text.trim_start().starts_with('[') {
        return list(parse::<Vec<&RawValue>>(text)?);
    }
    if !begins_a_list(text) {
        let bare: Identification<'_> = parse(text)?;
        if bare != Identification::default() {
            return Ok(Payload { identifications: vec![bare], unreadable: 0, listed: false });
        }
    }
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        identifications: Option<Vec<&'a RawValue>>,
    }
    parse::<List<'_>>(text)?
        .identifications
        .map_or_else(|| Err(Error::malformed("the JSON holds no identification (chapter 13.4)")), list)
}

/// One entry that cannot be read does not spoil the others; a list of which nothing can be read is an error.
fn list(entries: Vec<&RawValue>) -> Result<Payload<'_>> {
    let mut payload = Payload { listed: true, ..Payload::default() };
    let mut first = None;
    for entry in entries {
        match serde_json::from_str::<Identification<'_>>(entry.get()) {
            Ok(identification) if identification != Identification::default() => payload.identifications.push(identification),
            Ok(_) => payload.unreadable += 1,
            Err(error) => {
                payload.unreadable += 1;
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) if payload.identifications.is_empty() => Err(Error::malformed_json(&error)),
        _ => Ok(payload),
    }
}

/// Whether the first key is that of a list: it saves reading the whole for nothing.
fn begins_a_list(text: &str) -> bool {
    let key = text.trim_start().strip_prefix('{').map(str::trim_start);
    key.is_some_and(|key| key.starts_with("\"identifications\""))
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::malformed_json(&error))
}
