//! `idv audit`.

use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::pin::pin;

use clap::{Args, Subcommand};
use futures_util::TryStreamExt as _;
use idv_flow::FlowId;
use idv_flow::audit::{ArchiveReport, AuditEntry, AuditReport};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::Run;
use super::flow::{Opened, Opening, StoreOption, flow_id};
use crate::failure::{Exit, Failure};
use crate::output::{Mark, Output, plain, table};
use crate::progress::Progress;
use crate::settings::Settings;
use crate::usage::Expected;

/// Reads and verifies the audit log of the flows in a store.
#[derive(Args)]
pub(crate) struct AuditCommand {
    #[command(flatten)]
    store: StoreOption,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Verify every entry and every block; exit with 1 if one was changed or is missing
    Verify(Verify),
    /// List the audit log of a flow or an account
    Show(Show),
    /// Write the blocks of the audit log to a file, and confirm that they are archived
    Archive(Archive),
}

/// Verifies every entry, the end of every flow's log, and every block. Prints an anchor to keep
/// elsewhere: with it, a later verification also detects a log that was rolled back. Exits with 1
/// if there is a finding.
#[derive(Args)]
struct Verify {
    /// The anchor that an earlier verification printed
    #[arg(long, value_name = "N:HASH", value_parser = anchor)]
    anchor: Option<String>,

    /// Verify a file that `idv audit archive` wrote, instead of the store
    #[arg(long, value_name = "FILE", conflicts_with = "anchor")]
    archive: Option<PathBuf>,
}

/// Writes the blocks of the audit log with their entries to a new file, one line of JSON each. The
/// file is verified and synchronized to the disk before the store learns that its blocks are
/// archived. Blocks of purged flows can leave the store from then on.
#[derive(Args)]
struct Archive {
    /// The file; an existing file is not replaced
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The anchor of the last block in the previous file; without it, all stored blocks are written
    #[arg(long, value_name = "N:HASH", value_parser = anchor)]
    after: Option<String>,
}

/// Lists the audit log of a flow, or the changes that operators have made to an account. It contains
/// no personal data.
#[derive(Args)]
struct Show {
    /// The flow
    #[arg(value_parser = flow_id, required_unless_present = "account")]
    id: Option<FlowId>,

    /// The account, instead of a flow
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "id")]
    account: Option<String>,
}

impl Run for AuditCommand {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let opening = Opening {
            settings,
            store: self.store.store.as_deref(),
            may_make: false,
        };
        let opened = opening.open().await?;
        let result = match self.command {
            Command::Verify(command) => command.run(&opened, output).await,
            Command::Show(command) => command.run(&opened, output).await,
            Command::Archive(command) => command.run(&opened, output).await,
        };
        opened.close().await;
        result
    }
}

impl Verify {
    async fn run(self, opened: &Opened, output: Output) -> Result<Exit, Failure> {
        if let Some(file) = &self.archive {
            let report = verify_archive(opened, file).await?;
            output.answer(&report, archive_text)?;
            return Ok(if report.holds() {
                Exit::Done
            } else {
                Exit::Failed
            });
        }
        let progress = Progress::begin("verifying");
        let verified = opened.flow.verify_audit(self.anchor.as_deref()).await?;
        progress.end();
        output.answer(&verified, text)?;
        Ok(if verified.holds() {
            Exit::Done
        } else {
            Exit::Failed
        })
    }
}

impl Archive {
    async fn run(self, opened: &Opened, output: Output) -> Result<Exit, Failure> {
        let unwritable = |error: &io::Error| {
            Failure::usage(format!("cannot write {}: {error}", self.file.display()))
        };
        let folder = self.file.parent().filter(|path| *path != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder).map_err(|error| unwritable(&error))?;
        let progress = Progress::begin("archiving");
        let mut blocks = pin!(opened.flow.archive_audit(self.after.as_deref())?);
        while let Some(block) = blocks.try_next().await? {
            writeln!(file, "{}", block.to_line()).map_err(|error| unwritable(&error))?;
        }
        let synced = file.as_file().sync_all();
        synced.map_err(|error| unwritable(&error))?;
        let report = verify_archive(opened, file.path()).await?;
        progress.end();
        if report.holds() {
            let saved = file.persist_noclobber(&self.file);
            saved.map_err(|error| unwritable(&error.error))?;
            if report.blocks > 0 {
                opened.flow.confirm_archive(&report.anchor).await?;
            }
        }
        output.answer(&report, archive_text)?;
        Ok(if report.holds() {
            Exit::Done
        } else {
            Exit::Failed
        })
    }
}

async fn verify_archive(opened: &Opened, path: &Path) -> Result<ArchiveReport, Failure> {
    let unreadable =
        |error: &io::Error| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| unreadable(&error))?;
    let lines = io::BufReader::new(file).lines();
    // A line that is not text is not a block either: the report says so.
    let lines = lines.map(Result::unwrap_or_default);
    Ok(opened.flow.verify_archive(lines).await?)
}

impl Show {
    async fn run(self, opened: &Opened, output: Output) -> Result<Exit, Failure> {
        let entries = match (self.id, &self.account) {
            (Some(id), _) => {
                // Fails like every other command if there is no such flow.
                opened.flow.status(id).await?;
                opened.flow.audit_of(id).await?
            }
            (None, Some(account)) => opened.flow.audit_of_account(account).await?,
            (None, None) => Vec::new(),
        };
        let json: Vec<Value> = entries.iter().map(entry_json).collect();
        output.answer(&json, |json| {
            let mut lines = table(&["number", "at", "event", "detail"]);
            lines.add_rows(json.iter().map(|entry| {
                let text = |key: &str| entry.get(key).map(scalar).unwrap_or_default();
                [
                    text("number"),
                    text("at"),
                    entry
                        .pointer("/event/event")
                        .map(scalar)
                        .unwrap_or_default(),
                    detail(entry),
                ]
            }));
            plain(&lines)
        })?;
        Ok(Exit::Done)
    }
}

fn text(verified: &AuditReport) -> String {
    let mut lines = table(&[]);
    let anchor = if verified.anchor.is_empty() {
        "-"
    } else {
        &verified.anchor
    };
    lines.add_row(["flows".to_owned(), verified.flows.to_string()]);
    lines.add_row(["entries".to_owned(), verified.entries.to_string()]);
    lines.add_row(["blocks".to_owned(), verified.blocks.to_string()]);
    lines.add_row(["anchor to keep".to_owned(), anchor.to_owned()]);
    let mark = if verified.holds() {
        Mark::Good
    } else {
        Mark::Bad
    };
    lines.add_row([
        "findings".into(),
        mark.on(&verified.findings.len().to_string()),
    ]);
    let findings: String = verified
        .findings
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect();
    plain(&lines) + &findings
}

fn archive_text(report: &ArchiveReport) -> String {
    let shown = |anchor: &str| {
        if anchor.is_empty() {
            "-".to_owned()
        } else {
            anchor.to_owned()
        }
    };
    let mut lines = table(&[]);
    lines.add_row(["entries".to_owned(), report.entries.to_string()]);
    lines.add_row(["blocks".to_owned(), report.blocks.to_string()]);
    lines.add_row(["begins after".to_owned(), shown(&report.begins_after)]);
    lines.add_row(["anchor to keep".to_owned(), shown(&report.anchor)]);
    plain(&lines) + &findings(report.holds(), &report.findings)
}

/// Returns the number of findings, and each of them.
fn findings(hold: bool, findings: &[String]) -> String {
    let mark = if hold { Mark::Good } else { Mark::Bad };
    let mut lines = table(&[]);
    lines.add_row(["findings".into(), mark.on(&findings.len().to_string())]);
    let each: String = findings
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect();
    plain(&lines) + &each
}

fn entry_json(entry: &AuditEntry) -> Value {
    // An event that is not JSON was changed; it is shown unchanged.
    let event =
        serde_json::from_str(&entry.event).unwrap_or_else(|_| json!({ "event": entry.event }));
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    json!({
        "number": entry.number,
        "at": entry.at.to_string(),
        "event": event,
        "previous": hex(&entry.previous),
        "hash": hex(&entry.hash),
    })
}

/// Formats the members of an event other than its name: `by: app, provider: idnow`.
fn detail(entry: &Value) -> String {
    let Some(event) = entry.get("event").and_then(Value::as_object) else {
        return String::new();
    };
    let members = event
        .iter()
        .filter(|(key, value)| *key != "event" && !value.is_null());
    members
        .map(|(key, value)| format!("{key}: {}", scalar(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(parts) => parts
            .values()
            .filter(|part| !part.is_null())
            .map(scalar)
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    }
}

/// Checks the form of an anchor, as `idv audit verify` prints it.
fn anchor(text: &str) -> Result<String, Expected> {
    let good = text.split_once(':').is_some_and(|(number, hash)| {
        number.parse::<u64>().is_ok()
            && hash.len() == 64
            && hash
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    if good {
        Ok(text.to_owned())
    } else {
        Err(Expected::new("a number, a colon and 64 hexadecimal digits"))
    }
}
