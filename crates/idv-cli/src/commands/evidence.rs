//! `idv evidence`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use idv::{EvidenceId, Sink};
use serde_json::json;
use tempfile::NamedTempFile;

use super::Run;
use crate::args::VerificationArgs;
use crate::failure::{Exit, Failure};
use crate::output::{Output, plain, table};
use crate::progress::Progress;
use crate::settings::Settings;

/// Downloads one piece of evidence to a file that only you can read. The file appears once it is
/// complete.
#[derive(Args)]
pub(crate) struct EvidenceCommand {
    #[command(flatten)]
    verification: VerificationArgs,

    /// The id of the piece of evidence in the report
    evidence: String,

    /// The target file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Replace the file if it exists
    #[arg(long)]
    force: bool,

    /// The maximum length of the evidence, in bytes
    #[arg(long, default_value_t = 2 * 1024 * 1024 * 1024, value_name = "BYTES")]
    limit: u64,
}

impl Run for EvidenceCommand {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let id = self.verification.id()?;
        let path = &self.out;
        if !self.force && path.exists() {
            return Err(Failure::usage(format!(
                "{} exists: choose another name, or use --force",
                path.display()
            )));
        }
        let client = settings.connect()?;
        // The temporary file is in the target's folder, so that it can be renamed. It is removed if
        // the download fails.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let file = NamedTempFile::new_in(folder).map_err(|error| unwritable(path, &error))?;
        let mut sink = FileSink {
            file,
            progress: Progress::bytes("downloading"),
        };
        let evidence = EvidenceId::new(self.evidence.as_str());
        let download = client
            .evidence(&id, &evidence, self.limit, &mut sink)
            .await?;
        sink.progress.end();
        keep(sink.file, path, self.force).map_err(|error| unwritable(path, &error))?;
        let answer = json!({
            "file": path.display().to_string(),
            "length": download.length,
            "sha256": download.sha256_hex(),
            "media_type": download.media_type,
        });
        output.answer(&answer, |_| {
            let mut lines = table(&[]);
            lines.add_row(["file".to_owned(), path.display().to_string()]);
            lines.add_row(["length".to_owned(), format!("{} bytes", download.length)]);
            lines.add_row(["sha256".to_owned(), download.sha256_hex()]);
            lines.add_row([
                "media type".to_owned(),
                download
                    .media_type
                    .clone()
                    .unwrap_or_else(|| "-".to_owned()),
            ]);
            plain(&lines)
        })?;
        Ok(Exit::Done)
    }
}

struct FileSink {
    file: NamedTempFile,
    progress: Progress,
}

#[async_trait::async_trait]
impl Sink for FileSink {
    // The program does nothing else meanwhile, so the call may block.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.progress.add(bytes.len());
        self.file.write_all(bytes)
    }
}

fn keep(file: NamedTempFile, path: &Path, replace: bool) -> io::Result<()> {
    file.as_file().sync_all()?;
    let kept = if replace {
        file.persist(path)
    } else {
        file.persist_noclobber(path)
    };
    kept.map(drop).map_err(|error| error.error)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot write {}: {error}", path.display()))
}
