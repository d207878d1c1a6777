//! The parts that results are made of: a value with what was made of it, a driver's licence classes, and entries by name.

use idv_core::Text;

/// A value with what was made of it (chapter 13.1.4). Every part is optional: a redacted value has none, one of an aborted
/// identification has only `original`, and `status` takes words that no table has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item<'a> {
    /// The value.
    pub value: Option<Text<'a>>,
    /// How it compares with what was submitted: `MATCH`, `CHANGE`, `NEW`, `ORIGINAL`, and in samples `REDACTION`.
    pub status: Option<Text<'a>>,
    /// What was submitted.
    pub original: Option<Text<'a>>,
    /// How the reviewer's value compares with the agent's: `MATCH`, `CHANGE`, `NEW`.
    pub reviewstatus: Option<Text<'a>>,
    /// The agent's value, where the reviewer changed it.
    pub identification: Option<Text<'a>>,
}

/// The classes of a driver's licence (chapter 13.1.5): an item whose value is a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Classes<'a> {
    /// The classes.
    pub value: Vec<Text<'a>>,
    /// As [`Item::status`].
    pub status: Option<Text<'a>>,
    /// What was submitted.
    pub original: Vec<Text<'a>>,
    /// As [`Item::reviewstatus`].
    pub reviewstatus: Option<Text<'a>>,
    /// The agent's classes, where the reviewer changed them.
    pub identification: Vec<Text<'a>>,
}

impl Classes<'_> {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Classes::default()
    }
}

/// Something that the account names: an attachment, an answer, a piece of custom data. What has no value is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// The name: an element's or a key.
    pub name: Text<'a>,
    /// The value.
    pub value: Text<'a>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(name: Text<'a>, value: Text<'a>) -> Self {
        Self { name, value }
    }
}
