//! Draws the output of `idv demo` as an SVG image for the README and the book.
//!
//! The demo is deterministic, so the image can be compared with a new run: a picture of output that
//! the program no longer prints fails.

use std::fmt::Write as _;
use std::path::Path;

use crate::Result;
use crate::workspace::{Workspace, cargo, output};

/// The image, in the workspace.
const IMAGE: &str = "docs/src/demo.svg";

/// The size of a character and of a line, in pixels.
const CHARACTER: f64 = 7.3;
const LINE: f64 = 17.0;
/// The margin around the text, in pixels. The window's title bar is above it.
const MARGIN: f64 = 16.0;
const TITLE_BAR: f64 = 28.0;
/// The time between two lines, in seconds.
const DELAY: f64 = 0.25;

/// Fails if the image does not show the demo's present output; writes it if `write`.
pub(crate) fn check(write: bool) -> Result<()> {
    let workspace = Workspace::read()?;
    let printed = output(cargo().args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "idv-cli",
        "--",
        "demo",
        "--color",
        "never",
    ]))?;
    let image = draw("idv demo", &printed);
    keep(&workspace.root.join(IMAGE), &image, write)
}

fn keep(file: &Path, image: &str, write: bool) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    if write {
        return std::fs::write(file, image).map_err(failed);
    }
    if std::fs::read_to_string(file).map_err(failed)? == image {
        println!("{IMAGE} shows the demo's output");
        return Ok(());
    }
    Err(format!(
        "{IMAGE} does not show the demo's output: run `cargo xtask recording --write`"
    ))
}

/// Draws a command and its output as a terminal in which the lines appear one after the other.
fn draw(command: &str, printed: &str) -> String {
    let prompt = format!("$ {command}");
    let lines: Vec<&str> = std::iter::once(prompt.as_str())
        .chain(printed.lines())
        .collect();
    let number = |count: usize| u32::try_from(count).map_or(0.0, f64::from);
    let columns = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or_default();
    let width = (number(columns) * CHARACTER + 2.0 * MARGIN).ceil();
    let height = (number(lines.len()) * LINE + TITLE_BAR + 2.0 * MARGIN).ceil();
    let mut image = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{command}">
<style>
text {{ font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #d5dbe3; white-space: pre; }}
.prompt, .title {{ font-weight: bold; fill: #ffffff; }}
.outcome {{ font-weight: bold; fill: #6fdc8c; }}
.line {{ animation: appear 0.1s both; }}
@keyframes appear {{ from {{ opacity: 0; }} to {{ opacity: 1; }} }}
@media (prefers-reduced-motion: reduce) {{ .line {{ animation: none; }} }}
</style>
<rect width="100%" height="100%" rx="8" fill="#1b2027"/>
<circle cx="18" cy="15" r="5" fill="#ff5f57"/><circle cx="36" cy="15" r="5" fill="#febc2e"/><circle cx="54" cy="15" r="5" fill="#28c840"/>
"##
    );
    for (index, line) in lines.iter().enumerate() {
        let class = match (index, line) {
            (0, _) => "prompt",
            (_, line) if line.trim_start().starts_with("outcome: ") => "outcome",
            (_, line) if !line.starts_with(' ') => "title",
            _ => "output",
        };
        let y = TITLE_BAR + MARGIN + number(index) * LINE;
        let delay = number(index) * DELAY;
        let text = escape(line);
        // Writing to a string cannot fail.
        let _ = writeln!(
            image,
            r#"<text class="line {class}" style="animation-delay:{delay}s" x="{MARGIN}" y="{y}" xml:space="preserve">{text}</text>"#
        );
    }
    image + "</svg>\n"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_in_order_and_escaped() {
        let image = draw("idv demo", "idnow\n  a -> b & c\n  outcome: verified\n");
        let texts: Vec<&str> = image
            .lines()
            .filter(|line| line.starts_with("<text"))
            .collect();
        assert_eq!(texts.len(), 4);
        for (text, (class, shown)) in texts.iter().zip([
            ("prompt", ">$ idv demo<"),
            ("title", ">idnow<"),
            ("output", ">  a -&gt; b &amp; c<"),
            ("outcome", ">  outcome: verified<"),
        ]) {
            assert!(
                text.contains(&format!("line {class}\"")) && text.contains(shown),
                "{text}"
            );
        }
        assert!(image.contains(r#"viewBox="0 0 171 128""#), "{image}");
    }
}
