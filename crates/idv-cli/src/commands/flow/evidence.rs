//! `idv flow evidence`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::pin::pin;

use clap::Args;
use futures_util::TryStreamExt as _;
use idv_flow::{Engine, FailedEvidence, FlowId, KeptEvidence};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::flow_id;
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain, table, text};

/// Lists the evidence of a flow that is stored or whose download fails, or saves the stored
/// evidence to a folder: each item as a file that only you can read.
#[derive(Args)]
pub(crate) struct EvidenceCommand {
    /// The flow
    #[arg(value_parser = flow_id)]
    id: FlowId,

    /// The folder; without it, the evidence is listed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Replace existing files
    #[arg(long, requires = "out")]
    force: bool,
}

impl EvidenceCommand {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        let kept = flow.evidence(self.id).await?;
        let failed = match self.out {
            None => flow.failed_evidence(self.id).await?,
            Some(_) => Vec::new(),
        };
        if kept.is_empty() && failed.is_empty() && !output.is_json() {
            text("no evidence is stored for this flow")?;
            return Ok(Exit::Done);
        }
        let mut items = Vec::new();
        for kept in &kept {
            let mut item = described(kept);
            if let (Some(folder), Some(item)) = (&self.out, item.as_object_mut()) {
                let path = folder.join(file_name(kept));
                self.save(flow, kept, &path).await?;
                item.insert("file".to_owned(), json!(path.display().to_string()));
            }
            items.push(item);
        }
        items.extend(failed.iter().map(failure));
        output.answer(&items, |items| {
            let word = |item: &Value, name: &str| match item.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                Some(Value::Bool(answer)) => if *answer { "yes" } else { "no" }.to_owned(),
                _ => "-".to_owned(),
            };
            let last = if self.out.is_some() { "file" } else { "sha256" };
            let columns = ["item", "kind", "media_type", "length", last];
            let mut lines = table(&["item", "kind", "media type", "bytes", last]);
            let (failures, items): (Vec<_>, Vec<_>) =
                items.iter().partition(|item| item.get("error").is_some());
            for item in items {
                lines.add_row(columns.map(|name| word(item, name)));
            }
            if failures.is_empty() {
                return plain(&lines);
            }
            let columns = ["id", "kind", "error", "since", "awaits_operator"];
            let mut failed = table(&["not stored", "kind", "failure", "since", "needs operator"]);
            for item in failures {
                failed.add_row(columns.map(|name| word(item, name)));
            }
            format!("{}\n\n{}", plain(&lines), plain(&failed))
        })?;
        Ok(Exit::Done)
    }

    /// Saves an item. The file appears once it is complete.
    async fn save(&self, flow: &Engine, kept: &KeptEvidence, path: &Path) -> Result<(), Failure> {
        let unwritable =
            |error: &io::Error| Failure::usage(format!("cannot write {}: {error}", path.display()));
        if !self.force && path.exists() {
            return Err(Failure::usage(format!(
                "{} exists: choose another folder, or use --force",
                path.display()
            )));
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|error| unwritable(&error))?;
        let mut file = NamedTempFile::new_in(folder).map_err(|error| unwritable(&error))?;
        let mut pieces = pin!(flow.read_evidence(self.id, kept.item).await?);
        while let Some(piece) = pieces.try_next().await? {
            file.write_all(&piece).map_err(|error| unwritable(&error))?;
        }
        file.as_file()
            .sync_all()
            .map_err(|error| unwritable(&error))?;
        let saved = if self.force {
            file.persist(path)
        } else {
            file.persist_noclobber(path)
        };
        saved.map(drop).map_err(|error| unwritable(&error.error))
    }
}

fn described(kept: &KeptEvidence) -> Value {
    json!({
        "item": kept.item,
        "id": kept.id,
        "kind": kept.kind,
        "media_type": kept.media_type,
        "length": kept.length,
        "sha256": kept.sha256_hex(),
        "kept_at": kept.kept_at.to_string(),
    })
}

fn failure(failed: &FailedEvidence) -> Value {
    json!({
        "id": failed.id,
        "kind": failed.kind,
        "error": failed.error,
        "since": failed.since.to_string(),
        "awaits_operator": failed.awaits_operator(),
    })
}

/// Returns a file name that contains no text from the vendor.
fn file_name(kept: &KeptEvidence) -> String {
    let kind = json!(kept.kind);
    let ending = match kept.media_type.as_deref() {
        Some("image/jpeg") => "jpg",
        Some("image/png") => "png",
        Some("application/pdf") => "pdf",
        Some("application/zip") => "zip",
        Some("application/xml") => "xml",
        Some("audio/mpeg") => "mp3",
        Some("audio/wav") => "wav",
        Some("video/mp4") => "mp4",
        Some("video/webm") => "webm",
        _ => "bin",
    };
    format!(
        "{}-{}.{ending}",
        kept.item,
        kind.as_str().unwrap_or("other")
    )
}
