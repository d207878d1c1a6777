//! `idv list`.

use clap::{Args, ValueEnum};
use idv::{ListFilter, ListQuery, Observation};

use super::Run;
use crate::failure::{Exit, Failure};
use crate::output::{Output, json_line, note, plain, table, text};
use crate::progress::Progress;
use crate::settings::Settings;
use crate::words;

/// Lists verifications. Prints an array with --json; with --lines one JSON object per line, as the
/// pages arrive.
#[derive(Args)]
pub(crate) struct List {
    /// List only this group; may be repeated. Without it, all groups of the vendor
    #[arg(long)]
    group: Vec<Group>,

    /// Print one JSON object per line
    #[arg(long)]
    lines: bool,

    /// Stop after this many verifications
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Group {
    Finished,
    #[value(name = "in_review")]
    InReview,
    Canceled,
    Aborted,
}

impl Run for List {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let client = settings.connect()?;
        let query = ListQuery::of(
            self.group
                .iter()
                .map(|group| ListFilter::from(*group))
                .collect::<Vec<_>>(),
        );
        let limit = self.limit.unwrap_or(usize::MAX);
        let mut observations: Vec<Observation> = Vec::new();
        let (mut printed, mut unreadable, mut cursor) = (0, 0, None);
        let progress = if self.lines {
            Progress::beside_lines("listing")
        } else {
            Progress::begin("listing")
        };
        loop {
            let page = client.list(&query, cursor.as_deref()).await?;
            unreadable += page.unreadable;
            for observation in page.observations.into_iter().take(limit - printed) {
                printed += 1;
                if self.lines {
                    json_line(&observation)?;
                } else {
                    observations.push(observation);
                }
            }
            progress.show(&format!("listing: {printed}"));
            cursor = page.next;
            if cursor.is_none() || printed == limit {
                break;
            }
        }
        progress.end();
        if unreadable > 0 {
            note(&format!(
                "idv: skipped {unreadable} unreadable entries of the list"
            ));
        }
        if self.lines {
            return Ok(Exit::Done);
        }
        // The vendor's order may change; sorting keeps the output stable.
        observations
            .sort_by(|a, b| (&a.subject.reference, a.at).cmp(&(&b.subject.reference, b.at)));
        if observations.is_empty() && !output.is_json() {
            text("no verifications")?;
            return Ok(Exit::Done);
        }
        output.answer(&observations, |observations| {
            let mut lines = table(&["reference", "vendor id", "status", "code", "at"]);
            lines.add_rows(observations.iter().map(words::row));
            plain(&lines)
        })?;
        Ok(Exit::Done)
    }
}

impl From<Group> for ListFilter {
    fn from(group: Group) -> Self {
        match group {
            Group::Finished => Self::Finished,
            Group::InReview => Self::InReview,
            Group::Canceled => Self::Canceled,
            Group::Aborted => Self::Aborted,
        }
    }
}
