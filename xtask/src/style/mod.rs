//! Measures the project's English against that of well-written libraries.
//!
//! Prose that was translated word by word has habits that can be counted. Each habit is a mark with
//! a limit, in occurrences per 1,000 sentences. The texts are in three groups, since each group has
//! to be good by itself: rustdoc and comments, Markdown, and messages (errors, logs, help texts).
//! The names of tests have limits of their own.

mod marks;
mod prose;
pub(crate) mod source;

use std::path::{Path, PathBuf};

use crate::Result;
use crate::workspace::Workspace;
use marks::{LONG_SUMMARIES, LONGEST_TEST, MARKS, TEST_MEDIAN};
use prose::Line;

/// Fewer sentences than this give no meaningful rate.
const FEWEST: usize = 50;

/// A group of texts that is measured by itself.
#[derive(Default)]
struct Group {
    name: &'static str,
    sentences: Vec<Place>,
}

/// The texts of all files.
#[derive(Default)]
struct Corpus {
    groups: [Group; 3],
    summaries: Vec<(PathBuf, Vec<Line>)>,
    tests: Vec<Place>,
}

/// A sentence or a name, and the file that it is in.
type Place = (PathBuf, Line);

/// Prints the measured values and fails above a limit.
///
/// Measures the folder `of` in place of the workspace if there is one. Prints every place that has
/// a mark if `places`.
pub(crate) fn check(of: Option<&Path>, places: bool) -> Result<()> {
    let root = match of {
        Some(folder) => folder.to_owned(),
        None => Workspace::read()?.root,
    };
    let mut files = Vec::new();
    search(&root, &mut files)?;
    files.sort();
    let corpus = read(&root, &files)?;
    let mut problems = Vec::new();
    for group in &corpus.groups {
        problems.extend(measure(group, places));
    }
    problems.extend(measure_summaries(&corpus.summaries, places));
    problems.extend(measure_tests(&corpus.tests, places));
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "the style is not plain English yet:\n{}",
            problems.join("\n")
        ))
    }
}

/// Finds the source files and Markdown files below a folder.
fn search(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !name.starts_with("target") && !name.starts_with('.') {
                search(&path, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "md")
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads the texts of all files.
fn read(root: &Path, files: &[PathBuf]) -> Result<Corpus> {
    let group = |name| Group {
        name,
        ..Group::default()
    };
    let mut code = group("rustdoc and comments");
    let mut pages = group("Markdown");
    let mut messages = group("messages and help");
    let (mut summaries, mut tests) = (Vec::new(), Vec::new());
    for file in files {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let path = file.strip_prefix(root).unwrap_or(file).to_owned();
        let add = |group: &mut Group, lines: &[Line]| {
            let sentences = prose::sentences(lines);
            group
                .sentences
                .extend(sentences.into_iter().map(|line| (path.clone(), line)));
        };
        if path.extension().is_some_and(|extension| extension == "md") {
            let lines: Vec<Line> = (1..)
                .zip(text.lines())
                .map(|(number, line)| Line::new(number, line))
                .collect();
            add(&mut pages, &lines);
            continue;
        }
        let is_test = path.iter().any(|part| part == "tests" || part == "benches")
            || path.file_name().is_some_and(|name| name == "tests.rs");
        let texts = source::read(&text, is_test);
        // A program's help is made from the rustdoc of its arguments.
        let is_help = text.contains("clap::") || path.iter().any(|part| part == "idv-cli");
        for block in &texts.comments {
            add(
                if is_help && !is_test {
                    &mut messages
                } else {
                    &mut code
                },
                block,
            );
        }
        for message in &texts.messages {
            add(&mut messages, std::slice::from_ref(message));
        }
        if !is_test {
            summaries.extend(
                texts
                    .summaries
                    .into_iter()
                    .map(|lines| (path.clone(), lines)),
            );
        }
        tests.extend(texts.tests.into_iter().map(|name| (path.clone(), name)));
    }
    Ok(Corpus {
        groups: [code, pages, messages],
        summaries,
        tests,
    })
}

/// Prints a group's table, and returns the limits that it exceeds.
fn measure(group: &Group, places: bool) -> Vec<String> {
    let total = group.sentences.len();
    println!("\n{}: {total} sentences\n", group.name);
    println!("| mark | found | in 1,000 | limit |\n|---|---|---|---|");
    let mut problems = Vec::new();
    let mut found = Vec::new();
    for mark in &MARKS {
        let hits: Vec<&Place> = group
            .sentences
            .iter()
            .filter(|(_, line)| {
                let words = marks::words(&line.text);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                (mark.hits)(&words)
            })
            .collect();
        let rate = rate(hits.len(), total);
        println!(
            "| {} | {} | {rate:.1} | {} |",
            mark.name,
            hits.len(),
            mark.limit
        );
        if rate > mark.limit && total >= FEWEST {
            let (name, limit) = (group.name, mark.limit);
            problems.push(format!(
                "{name}: {}: {rate:.1} in 1,000, limit {limit}",
                mark.name
            ));
        }
        found.push((mark.name, hits));
    }
    if places {
        for (name, hits) in found {
            for (path, line) in hits {
                let start: String = line.text.chars().take(100).collect();
                println!("{}:{}: {name}: {start}", path.display(), line.number);
            }
        }
    }
    problems
}

/// Prints the number of summaries with several sentences, and returns the limit if it is exceeded.
fn measure_summaries(summaries: &[(PathBuf, Vec<Line>)], places: bool) -> Option<String> {
    let long: Vec<_> = summaries
        .iter()
        .filter(|(_, lines)| prose::sentences(lines).len() > 1)
        .collect();
    let (rate, total) = (rate(long.len(), summaries.len()), summaries.len());
    println!(
        "\nsummaries with several sentences: {} of {total}, {rate:.1} in 1,000 (limit {LONG_SUMMARIES})",
        long.len()
    );
    if places {
        for (path, lines) in long {
            if let Some(line) = lines.first() {
                println!(
                    "{}:{}: summary with several sentences: {}",
                    path.display(),
                    line.number,
                    line.text
                );
            }
        }
    }
    (rate > LONG_SUMMARIES && total >= FEWEST).then(|| {
        format!("summaries with several sentences: {rate:.1} in 1,000, limit {LONG_SUMMARIES}")
    })
}

/// Prints the lengths of the tests' names, and returns the limits that they exceed.
fn measure_tests(tests: &[Place], places: bool) -> Vec<String> {
    let mut lengths: Vec<usize> = tests
        .iter()
        .map(|(_, name)| name.text.chars().count())
        .collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    let long: Vec<_> = tests
        .iter()
        .filter(|(_, name)| name.text.chars().count() > LONGEST_TEST)
        .collect();
    println!(
        "\ntest names: {}, median {median} characters (limit {TEST_MEDIAN}), {} above {LONGEST_TEST}",
        tests.len(),
        long.len()
    );
    if places {
        for (path, name) in &long {
            println!(
                "{}:{}: {} characters: {}",
                path.display(),
                name.number,
                name.text.chars().count(),
                name.text
            );
        }
    }
    let mut problems = Vec::new();
    if median > TEST_MEDIAN {
        problems.push(format!(
            "test names: median of {median} characters, limit {TEST_MEDIAN}"
        ));
    }
    if !long.is_empty() {
        problems.push(format!(
            "test names: {} have more than {LONGEST_TEST} characters",
            long.len()
        ));
    }
    problems
}

/// Returns the number of hits in 1,000 sentences.
fn rate(hits: usize, total: usize) -> f64 {
    let count = |number: usize| u32::try_from(number).map_or(f64::from(u32::MAX), f64::from);
    if total == 0 {
        0.0
    } else {
        1000.0 * count(hits) / count(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_above_the_limit_is_a_problem() {
        let sentences = |marked: usize| Group {
            name: "group",
            sentences: (0..1000)
                .map(|number| {
                    let text = if number < marked {
                        "What it is."
                    } else {
                        "The rest."
                    };
                    (PathBuf::new(), Line::new(1, text))
                })
                .collect(),
        };
        assert!(measure(&sentences(2), false).is_empty());
        let problems = measure(&sentences(3), false);
        assert_eq!(
            problems,
            ["group: begins with \"What\": 3.0 in 1,000, limit 2"]
        );
    }

    #[test]
    fn long_summaries_are_a_problem() {
        let summary = |text: &str| (PathBuf::new(), vec![Line::new(1, text)]);
        let mut summaries = vec![summary("Returns `a`. Fails if there is none."); 17];
        summaries.resize(100, summary("Returns `a`."));
        assert_eq!(measure_summaries(&summaries, false), None);
        summaries.truncate(90);
        assert!(measure_summaries(&summaries, false).is_some());
    }

    #[test]
    fn long_test_names_are_a_problem() {
        let test = |length: usize| (PathBuf::new(), Line::new(1, &"x".repeat(length)));
        assert!(measure_tests(&[test(20), test(TEST_MEDIAN), test(60)], false).is_empty());
        assert_eq!(measure_tests(&[test(TEST_MEDIAN + 1)], false).len(), 1);
        assert_eq!(
            measure_tests(&[test(20), test(20), test(61)], false).len(),
            1
        );
    }
}
