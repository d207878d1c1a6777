//! The only place that writes to standard output and standard error.

use std::io::{self, Write as _};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::failure::Failure;

/// How answers are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads the answer.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints an answer: as JSON for a program, else as `people` makes it.
    pub(crate) fn answer<T: Serialize>(self, value: &T, people: impl FnOnce(&T) -> String) -> Result<(), Failure> {
        if self.json { json(value) } else { text(&people(value)) }
    }
}

/// Prints text, and a line break where it has none at its end.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Prints bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Prints JSON over several lines, for a program that a person may watch.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    text(&encoded(serde_json::to_string_pretty(value))?)
}

/// Prints JSON in one line.
pub(crate) fn json_line<T: Serialize>(value: &T) -> Result<(), Failure> {
    text(&encoded(serde_json::to_string(value))?)
}

/// Says something beside the answer, in one line on standard error.
pub(crate) fn note(line: &str) {
    let line: String = line.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A table for people, without frames, so that it can be cut and searched.
pub(crate) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if !head.is_empty() {
        table.set_header(head.iter().map(|name| name.to_uppercase()));
    }
    table
}

/// A table as text, without blanks at the ends of its lines.
pub(crate) fn plain(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn encoded(result: serde_json::Result<String>) -> Result<String, Failure> {
    result.map_err(|error| Failure::new(crate::failure::Exit::Failed, format!("the answer cannot be written as JSON: {error}")))
}
