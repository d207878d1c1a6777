//! Formats stories for people.

use std::collections::BTreeSet;

use super::story::{Comparison, Seen, Story};
use crate::output::{plain, table};

/// Formats one story: actions and observations in the order of time.
pub(crate) fn story(story: &Story) -> String {
    let mut text = format!("{} {}\n", story.provider, story.scenario);
    let mut lines = table(&[]);
    let mut events: Vec<(u64, u8, [String; 2])> = Vec::new();
    for act in &story.person {
        events.push((
            act.after_seconds,
            0,
            ["action".to_owned(), act.what.clone()],
        ));
    }
    for seen in &story.observations {
        // An observation at the same moment as an action follows it.
        events.push((
            seen.after_seconds,
            1,
            [seen.channel.clone(), observed(seen)],
        ));
    }
    events.sort_by_key(|(after, order, _)| (*after, *order));
    for (after, _, [who, what]) in events {
        lines.add_row([format!("  {}", time(after)), who, what]);
    }
    text += &plain(&lines);
    if let Some(forgery) = &story.forgery {
        let changed = if forgery.changed {
            "and changed the verification"
        } else {
            "and nothing changed"
        };
        text += &format!(
            "  a forged callback that claims `verified` was answered with {}, {changed}\n",
            forgery.status
        );
    }
    for field in &story.changed {
        let part = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let name = field.field.strip_prefix("person.").unwrap_or(&field.field);
        text += &format!(
            "  {name}: {} -> {}\n",
            part(&field.submitted),
            part(&field.value)
        );
    }
    if let Some(evidence) = &story.evidence {
        let digest: String = evidence.sha256.chars().take(16).collect();
        text += &format!(
            "  {} of evidence; downloaded {}: {} bytes, {}, sha256 {digest}…\n",
            if evidence.listed == 1 {
                "1 piece".to_owned()
            } else {
                format!("{} pieces", evidence.listed)
            },
            evidence.id,
            evidence.length,
            evidence.media_type.as_deref().unwrap_or("unknown type"),
        );
    }
    if let Some(deleted) = &story.deleted {
        text += &format!("  deleted at the vendor: {deleted}\n");
    }
    text += &format!(
        "  outcome: {} ({} requests)\n",
        story.outcome, story.requests
    );
    for shortfall in &story.shortfalls {
        text += &format!("  FAILED: {shortfall}\n");
    }
    text
}

/// Formats the summary in one line: the number of stories with the expected outcome.
pub(crate) fn summary(stories: &[Story], failed: usize, shows_all: bool) -> String {
    let vendors: BTreeSet<&str> = stories.iter().map(|story| story.provider).collect();
    let passed = stories.iter().filter(|story| !story.has_failed()).count();
    let vendors = if vendors.len() == 1 {
        "1 vendor".to_owned()
    } else {
        format!("{} vendors", vendors.len())
    };
    let more = if shows_all {
        ""
    } else {
        "; `idv demo --all` prints every story"
    };
    let verdict = if failed == 0 {
        "all as expected".to_owned()
    } else {
        format!("{passed} as expected")
    };
    format!("{} stories at {vendors}, {verdict}{more}\n", stories.len())
}

/// Formats all stories, one per line.
pub(crate) fn table_of(stories: &[Story]) -> String {
    let mut lines = table(&[
        "provider",
        "scenario",
        "outcome",
        "settled by",
        "vendor's code",
        "changed",
        "evidence",
        "deleted",
        "requests",
        "",
    ]);
    for story in stories {
        let none = || "-".to_owned();
        lines.add_row([
            story.provider.to_owned(),
            story.scenario.to_owned(),
            story.outcome.clone(),
            story.settled_by().map_or_else(none, str::to_owned),
            story.code().map_or_else(none, str::to_owned),
            story.changed.len().to_string(),
            story
                .evidence
                .as_ref()
                .map_or_else(none, |evidence| format!("{} B", evidence.length)),
            story.deleted.clone().unwrap_or_else(none),
            story.requests.to_string(),
            if story.has_failed() {
                "FAILED"
            } else {
                "as expected"
            }
            .to_owned(),
        ]);
    }
    plain(&lines)
}

/// Compares the vendors' reports of the same person, side by side.
pub(crate) fn comparison(comparison: &Comparison) -> String {
    let mut heads = vec!["the same person"];
    heads.extend(&comparison.providers);
    heads.push("");
    let mut lines = table(&heads);
    for feature in &comparison.features {
        let mut row = vec![feature.field.to_owned()];
        row.extend(
            feature
                .values
                .iter()
                .map(|value| value.clone().unwrap_or_else(|| "-".to_owned())),
        );
        row.push(if feature.same { "same" } else { "DIFFERS" }.to_owned());
        lines.add_row(row);
    }
    plain(&lines)
}

fn observed(seen: &Seen) -> String {
    let code = seen
        .code
        .as_deref()
        .map(|code| format!(" ({code})"))
        .unwrap_or_default();
    format!(
        "{}: {}{code} -> {}",
        seen.trust, seen.status, seen.transition
    )
}

/// Formats a time as `7 min`, `1 h 12 min` or `90 d`.
fn time(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let parts: Vec<String> = [(days, "d"), (hours, "h"), (minutes, "min")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if parts.is_empty() {
        "0 min".to_owned()
    } else {
        parts.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_days_hours_and_minutes() {
        assert_eq!(time(0), "0 min");
        assert_eq!(time(420), "7 min");
        assert_eq!(time(4320), "1 h 12 min");
        assert_eq!(time(90 * 86_400), "90 d");
    }
}
