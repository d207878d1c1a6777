//! Lists of identifications as they are read, and how much a payload may make a reader keep.

use std::cell::Cell;

use idv_core::adapter::wire::Members;
use idv_core::{Error, Result};
use serde_json::Value;

use super::Payload;
use super::place::{Node, Seen};
use super::sections::Identification;

/// The number of identifications that a list may have whatever their contents, and the bytes of text that one more has to have, and each
/// of its values.
///
/// One without contents takes forty bytes of the payload and a thousand of memory, and each value ten bytes and 150. Every identification
/// of the document has more text in its mandatory fields alone (chapter 13.1.1).
const FREE_IDENTIFICATIONS: usize = 5_000;
const TEXT_OF_IDENTIFICATION: usize = 128;
const TEXT_OF_VALUE: usize = 16;

/// The number of entries that one section may have, and that all of them may have whatever their length.
const ENTRIES_OF_SECTION: usize = 10_000;
const FREE_ENTRIES: usize = 10_000;
/// The bytes of an entry beside its name and its value: quotation marks, a colon and a comma.
const ENTRY_OVERHEAD: usize = 6;
const BYTES_PER_ENTRY: usize = 16;

/// The bytes of memory that values in their own shape may take whatever their length, and those for each byte of them. The report has
/// them once more.
const FREE_ROOM: usize = 6 << 20;
const ROOM_PER_BYTE: usize = 2;

/// Counts the parts that are kept, so that a payload takes at most a few times its length in memory.
///
/// A reader passes over what exceeds the budget, and reports it at the end.
#[derive(Default)]
pub(super) struct Budget {
    entries: Cell<usize>,
    /// The length of the entries.
    seen: Cell<usize>,
    /// The memory that values in their own shape take, and their length.
    room: Cell<usize>,
    length: Cell<usize>,
    exceeded: Cell<bool>,
}

impl Budget {
    /// Returns whether one more entry may be kept, in a section that has so many.
    pub(super) fn allows_entry(&self, of_section: usize, length: usize) -> bool {
        self.entries.set(self.entries.get() + 1);
        self.seen.set(self.seen.get() + length + ENTRY_OVERHEAD);
        let allowed = of_section < ENTRIES_OF_SECTION && self.entries.get() <= FREE_ENTRIES + self.seen.get() / BYTES_PER_ENTRY;
        if !allowed {
            self.exceeded.set(true);
        }
        allowed
    }

    /// Returns whether a value may be kept in its own shape under a name.
    pub(super) fn allows_value(&self, name: &str, value: &Value) -> bool {
        let (room, length) = footprint(name, value);
        self.room.set(self.room.get() + room);
        self.length.set(self.length.get() + length);
        let allowed = self.room.get() <= FREE_ROOM + self.length.get() * ROOM_PER_BYTE;
        if !allowed {
            self.exceeded.set(true);
        }
        allowed
    }

    /// Checks that nothing was passed over.
    pub(super) fn check(&self) -> Result<()> {
        if self.exceeded.get() {
            return Err(Error::malformed("the result has far more parts than its length suggests"));
        }
        Ok(())
    }
}

/// The bytes that a value takes under its name, in memory and in a payload, both roughly.
fn footprint(name: &str, value: &Value) -> (usize, usize) {
    /// A name and a value in a map, and the map's first node.
    const ENTRY: usize = 96;
    const NODE: usize = 640;
    let (room, length) = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => (0, 1),
        Value::String(text) => (text.len() + 16, text.len() + 2),
        Value::Array(array) => array.iter().map(|value| footprint("", value)).fold((64, 2), add),
        Value::Object(object) if object.is_empty() => (0, 2),
        Value::Object(object) => object.iter().map(|(name, value)| footprint(name, value)).fold((NODE, 2), add),
    };
    (room + name.len() + ENTRY, length + name.len() + 3)
}

const fn add((a, b): (usize, usize), (c, d): (usize, usize)) -> (usize, usize) {
    (a + c, b + d)
}

/// A list as it is read.
#[derive(Default)]
pub(super) struct List<'a> {
    identifications: Vec<Identification<'a>>,
    unreadable: usize,
    /// The number of identifications that their text allows, in parts of [`TEXT_OF_IDENTIFICATION`].
    earned: usize,
    exceeded: bool,
}

impl<'a> List<'a> {
    /// Takes an identification in, if it is one.
    pub(super) fn add(&mut self, identification: Identification<'a>) {
        if !identification.is_named() {
            self.unreadable += 1;
            return;
        }
        let (text, values) = size_of(&identification);
        let needed = TEXT_OF_IDENTIFICATION + values * TEXT_OF_VALUE;
        self.earned += TEXT_OF_IDENTIFICATION * text.min(needed) / needed;
        if self.identifications.len() >= FREE_IDENTIFICATIONS + self.earned / TEXT_OF_IDENTIFICATION {
            self.exceeded = true;
            return;
        }
        // Growing by a quarter keeps the spare room of a long list small.
        if self.identifications.len() == self.identifications.capacity() {
            self.identifications.reserve_exact(self.identifications.len() / 4 + 1);
        }
        self.identifications.push(identification);
    }

    /// Counts an entry that is no identification.
    pub(super) const fn add_unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// The payload that the list is, with the members beside it.
    pub(super) fn into_payload(self, others: Members) -> Result<Payload<'a>> {
        if self.exceeded {
            return Err(Error::malformed("the list has far more identifications than its length suggests"));
        }
        Ok(Payload { identifications: self.identifications, unreadable: self.unreadable, listed: true, others })
    }
}

/// The payload that one bare identification is.
pub(super) fn bare(identification: Identification<'_>) -> Result<Payload<'_>> {
    if !identification.is_named() {
        return Err(Error::malformed("it names no identification: transactionnumber and id are missing"));
    }
    Ok(Payload { identifications: vec![identification], ..Payload::default() })
}

/// The length of the texts of an identification, and the number of its values.
fn size_of(node: &dyn Node<'_>) -> (usize, usize) {
    let (mut text, mut values) = (0, 0);
    node.visit(&mut |_, part| match part {
        Seen::Text(part) => text += part.expose().len(),
        Seen::Section(section) => {
            let (of_text, of_values) = size_of(section);
            text += of_text;
            values += of_values;
        }
        Seen::Item(item) => {
            text += size_of(item).0;
            values += 1;
        }
        Seen::Entries(_) | Seen::Signings(_) => {}
    });
    (text, values)
}

#[cfg(test)]
mod tests {
    use idv_core::{ErrorKind, Text};

    use super::*;

    fn identification(id: &str) -> Identification<'static> {
        let mut identification = Identification::default();
        identification.identificationprocess.id = Some(Text::new(id.to_owned()));
        identification
    }

    #[test]
    fn identifications_are_bounded_by_their_text() {
        let count = |id: &str, count: usize| {
            let mut list = List::default();
            (0..count).for_each(|_| list.add(identification(id)));
            list.into_payload(Members::default())
                .map(|payload| payload.identifications.len())
                .map_err(|error| error.kind().clone())
        };
        assert_eq!(count("A", FREE_IDENTIFICATIONS), Ok(FREE_IDENTIFICATIONS));
        assert_eq!(count("A", FREE_IDENTIFICATIONS * 2), Err(ErrorKind::Malformed));
        assert_eq!(count(&"A".repeat(TEXT_OF_IDENTIFICATION), FREE_IDENTIFICATIONS * 2), Ok(FREE_IDENTIFICATIONS * 2));
        assert_eq!(count(&"A".repeat(TEXT_OF_IDENTIFICATION / 4), FREE_IDENTIFICATIONS * 2), Err(ErrorKind::Malformed));
    }

    #[test]
    fn values_of_an_identification_need_text() {
        let mut identification = identification("AA");
        assert_eq!(size_of(&identification), (2, 0));
        identification
            .place("userdata")
            .fill(serde_json::json!({"firstname": {"value": "BBB", "status": "C"}, "address": {"city": "D"}}));
        identification
            .place("identificationdocument")
            .fill(serde_json::json!({"driversclasses": {"value": ["E"], "status": "F"}}));
        assert_eq!(size_of(&identification), (2 + 3 + 1 + 1 + 1, 3));
        let text = "A".repeat(TEXT_OF_IDENTIFICATION);
        for (city, expected) in [("D".repeat(3 * TEXT_OF_VALUE), true), ("D".to_owned(), false)] {
            let mut list = List::default();
            for _ in 0..30_000 {
                let mut identification = identification.clone();
                identification.identificationprocess.id = Some(Text::new(text.clone()));
                identification.place("userdata").fill(serde_json::json!({"firstname": "B", "address": {"city": city}}));
                list.add(identification);
                if list.exceeded {
                    break;
                }
            }
            assert_eq!(list.into_payload(Members::default()).is_ok(), expected);
        }
    }

    #[test]
    fn identification_without_a_name_is_counted() {
        let mut list = List::default();
        list.add(Identification::default());
        list.add(identification(" "));
        list.add_unreadable();
        let payload = list.into_payload(Members::default()).unwrap();
        assert_eq!((payload.identifications.len(), payload.unreadable, payload.listed), (0, 3, true));
    }

    #[test]
    fn values_are_bounded_by_their_room() {
        let kept = |value: &Value, most: usize| {
            let budget = Budget::default();
            let kept = (0..most).take_while(|_| budget.allows_value("name", value)).count();
            (kept, budget.check().is_ok())
        };
        let text = Value::from("x".repeat(1_000));
        assert_eq!(kept(&text, 20_000), (20_000, true));
        let object = serde_json::json!({"a": 0});
        let (room, length) = footprint("name", &object);
        let most = FREE_ROOM / (room - ROOM_PER_BYTE * length);
        assert_eq!(kept(&object, 20_000), (most, false));
        assert!(kept(&serde_json::json!([[], [], {}, null, true, 7]), 100_000).0 < 20_000);
    }

    #[test]
    fn entries_are_bounded_by_section_and_by_length() {
        let kept = |entries: usize, length: usize, sections: usize| {
            let budget = Budget::default();
            let kept = (0..entries).filter(|entry| budget.allows_entry(entry / sections, length)).count();
            (kept, budget.check().map_err(|error| error.kind().clone()))
        };
        assert_eq!(kept(ENTRIES_OF_SECTION, 0, 1), (ENTRIES_OF_SECTION, Ok(())));
        assert_eq!(kept(ENTRIES_OF_SECTION + 1, 100, 1), (ENTRIES_OF_SECTION, Err(ErrorKind::Malformed)));
        assert_eq!(kept(2 * FREE_ENTRIES, 10, 10), (2 * FREE_ENTRIES, Ok(())));
        assert_eq!(kept(2 * FREE_ENTRIES, 1, 10).1, Err(ErrorKind::Malformed));
    }
}
