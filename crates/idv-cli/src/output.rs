//! The only place that writes to standard output and standard error.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, presets};
use serde::Serialize;

use crate::escape;
use crate::failure::Failure;

/// The form in which a command prints its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the answer is printed as JSON.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints an answer: as JSON if `--json` was given, else the text that `people` makes of it.
    pub(crate) fn answer<T: Serialize>(self, value: &T, people: impl FnOnce(&T) -> String) -> Result<(), Failure> {
        if self.json { json(value) } else { text(&people(value)) }
    }
}

/// Prints text in lines, and adds a line break at the end if there is none. Control characters are escaped.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let text = escape::in_lines(text);
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Prints bytes unchanged into a file or a pipe. A terminal gets them as text with control characters escaped.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    if io::stdout().is_terminal() {
        return text(&String::from_utf8_lossy(bytes));
    }
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Prints JSON over several lines.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    text(&escape::in_json(&encoded(serde_json::to_string_pretty(value))?))
}

/// Prints JSON in one line.
pub(crate) fn json_line<T: Serialize>(value: &T) -> Result<(), Failure> {
    text(&escape::in_json(&encoded(serde_json::to_string(value))?))
}

/// Prints one line on standard error, beside the answer.
pub(crate) fn note(line: &str) {
    let line = line.replace(['\n', '\r', '\t'], " ");
    // If standard error is closed, the program cannot report anything.
    let _ = writeln!(io::stderr().lock(), "{}", escape::in_one_line(&line));
}

/// A table without frames, so that other programs can cut and search it. A cell is one line: control characters are escaped.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// Adds a row.
    pub(crate) fn add_row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.0.add_row(cells.into_iter().map(|cell| escape::in_one_line(cell.as_ref()).into_owned()));
    }

    /// Adds several rows.
    pub(crate) fn add_rows<R: IntoIterator<Item = C>, C: AsRef<str>>(&mut self, rows: impl IntoIterator<Item = R>) {
        rows.into_iter().for_each(|row| self.add_row(row));
    }
}

/// Returns an empty table with this head, or with none.
pub(crate) fn table(head: &[&str]) -> Table {
    let mut table = comfy_table::Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    // A terminal gets cells of several lines rather than broken ones; a file or a pipe gets a row in each line.
    if io::stdout().is_terminal()
        && let Some((_, columns)) = console::Term::stdout().size_checked()
    {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
    }
    if !head.is_empty() {
        table.set_header(head.iter().map(|name| name.to_uppercase()));
    }
    Table(table)
}

/// Lays out a table as text, without blanks at the ends of its lines.
pub(crate) fn plain(table: &Table) -> String {
    table.0.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn encoded(result: serde_json::Result<String>) -> Result<String, Failure> {
    result.map_err(|error| Failure::new(crate::failure::Exit::Failed, format!("the answer cannot be written as JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_keeps_a_row_in_one_line() {
        let mut rows = table(&["field", "value"]);
        rows.add_row(["city", "Ber\nlin\u{1b}[31m\u{9b}2J\u{202e}"]);
        rows.add_rows([["street", "a\r\tb"]]);
        let text = plain(&rows);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("Ber\\u000alin\\u001b[31m\\u009b2J\\u202e"), "{text}");
        assert!(text.contains("a\\u000d\\u0009b"), "{text}");
    }
}
