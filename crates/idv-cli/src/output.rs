//! The only place that writes to standard output and standard error.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, presets};
use console::{Style, Term, colors_enabled, colors_enabled_stderr};
use serde::Serialize;

use crate::args::Color;
use crate::escape;
use crate::failure::Failure;

/// The format of a command's result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Returns whether the result is printed as JSON.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result: as JSON with `--json`, else as the text that `people` returns.
    pub(crate) fn answer<T: Serialize>(
        self,
        value: &T,
        people: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if self.json {
            json(value)
        } else {
            text(&people(value))
        }
    }
}

/// Sets whether standard output and standard error are coloured.
pub(crate) fn set_color(color: Color) {
    let of = |term: Term| match color {
        Color::Auto => term.features().colors_supported(),
        Color::Always => true,
        Color::Never => false,
    };
    console::set_colors_enabled(of(Term::stdout()));
    console::set_colors_enabled_stderr(of(Term::stderr()));
}

/// The meaning of a part of the text, which decides its colour.
///
/// Marks carry it through tables, which would count the bytes of a colour as width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Good,
    Bad,
    Open,
}

impl Mark {
    const ALL: [Self; 3] = [Self::Good, Self::Bad, Self::Open];
    const END: char = '\u{2064}';

    const fn begin(self) -> char {
        match self {
            Self::Good => '\u{2061}',
            Self::Bad => '\u{2062}',
            Self::Open => '\u{2063}',
        }
    }

    const fn style(self) -> Style {
        match self {
            Self::Good => Style::new().green(),
            Self::Bad => Style::new().red(),
            Self::Open => Style::new().yellow(),
        }
    }

    /// Returns the text with this mark, as a table cell.
    pub(crate) fn on(self, text: &str) -> Cell {
        Cell(format!(
            "{}{}{}",
            self.begin(),
            escape::in_one_line(text),
            Self::END
        ))
    }
}

/// A table cell: one line without control characters, with or without a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell(String);

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self(escape::in_one_line(text.as_ref()).into_owned())
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Replaces marks with colours, or removes them. A mark ends with its line.
fn colored(text: &str, enabled: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut mark: Option<Mark> = None;
    for part in text.split_inclusive(|character| character == '\n' || escape::is_mark(character)) {
        let end = part
            .chars()
            .next_back()
            .filter(|character| *character == '\n' || escape::is_mark(*character));
        let part = end.map_or(part, |end| part.trim_end_matches(end));
        match mark.filter(|_| enabled && !part.is_empty()) {
            Some(mark) => out += &mark.style().force_styling(true).apply_to(part).to_string(),
            None => out += part,
        }
        mark = Mark::ALL.into_iter().find(|mark| Some(mark.begin()) == end);
        if end == Some('\n') {
            out.push('\n');
        }
    }
    out
}

/// Prints lines of text, with a line break at the end. Control characters are escaped.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let text = colored(&escape::in_lines(text), colors_enabled());
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Prints bytes unchanged to a file or a pipe. On a terminal, prints text with control characters
/// escaped.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    if io::stdout().is_terminal() {
        return text(&String::from_utf8_lossy(bytes));
    }
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Prints indented JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    text(&escape::in_json(&encoded(serde_json::to_string_pretty(
        value,
    ))?))
}

/// Prints JSON on one line.
pub(crate) fn json_line<T: Serialize>(value: &T) -> Result<(), Failure> {
    text(&escape::in_json(&encoded(serde_json::to_string(value))?))
}

/// Prints one line on standard error, beside the result.
pub(crate) fn note(line: &str) {
    on_standard_error("", line);
}

/// Prints the explanation of a failure after the program's name.
pub(crate) fn failure(line: &str) {
    let name = Style::new()
        .red()
        .bold()
        .force_styling(colors_enabled_stderr())
        .apply_to("idv:");
    on_standard_error(&format!("{name} "), line);
}

fn on_standard_error(start: &str, line: &str) {
    let line = line.replace(['\n', '\r', '\t'], " ");
    // If standard error is closed, the program cannot report anything.
    let _ = writeln!(io::stderr().lock(), "{start}{}", escape::in_one_line(&line));
}

/// A table without borders, which other programs can cut and search. Each cell is one line: control
/// characters are escaped.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// Adds a row.
    pub(crate) fn add_row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.0.add_row(cells.into_iter().map(|cell| cell.into().0));
    }

    /// Adds several rows.
    pub(crate) fn add_rows<R: IntoIterator<Item = C>, C: Into<Cell>>(
        &mut self,
        rows: impl IntoIterator<Item = R>,
    ) {
        rows.into_iter().for_each(|row| self.add_row(row));
    }
}

/// Returns an empty table with this head, or without one.
pub(crate) fn table(head: &[&str]) -> Table {
    let mut table = comfy_table::Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    // On a terminal, cells wrap within their column; in a file or a pipe, a row is one line.
    if io::stdout().is_terminal()
        && let Some((_, columns)) = Term::stdout().size_checked()
    {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(columns);
    }
    if !head.is_empty() {
        table.set_header(head.iter().map(|name| name.to_uppercase()));
    }
    Table(table)
}

/// Formats a table as text, without trailing blanks.
pub(crate) fn plain(table: &Table) -> String {
    table
        .0
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

fn encoded(result: serde_json::Result<String>) -> Result<String, Failure> {
    result.map_err(|error| {
        Failure::new(
            crate::failure::Exit::Failed,
            format!("cannot write the result as JSON: {error}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_colours_only_if_enabled() {
        let mut rows = table(&["status", "name"]);
        rows.add_row([
            Mark::Bad.on("rejected"),
            Cell::from("\u{2061}Erika\u{2064}"),
        ]);
        rows.add_row([Mark::Good.on("ok"), Cell::from("Max")]);
        let text = plain(&rows);
        assert_eq!(
            colored(&text, true),
            " STATUS    NAME\n \u{1b}[31mrejected\u{1b}[0m  \\u2061Erika\\u2064\n \u{1b}[32mok\u{1b}[0m        Max\n"
        );
        assert_eq!(
            colored(&text, false),
            " STATUS    NAME\n rejected  \\u2061Erika\\u2064\n ok        Max\n"
        );
    }

    #[test]
    fn table_keeps_row_on_one_line() {
        let mut rows = table(&["field", "value"]);
        rows.add_row(["city", "Ber\nlin\u{1b}[31m\u{9b}2J\u{202e}"]);
        rows.add_rows([["street", "a\r\tb"]]);
        let text = plain(&rows);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(
            text.contains("Ber\\u000alin\\u001b[31m\\u009b2J\\u202e"),
            "{text}"
        );
        assert!(text.contains("a\\u000d\\u0009b"), "{text}");
    }
}
