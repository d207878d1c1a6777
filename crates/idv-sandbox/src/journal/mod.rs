//! The state file: a journal of the sandbox's inputs.
//!
//! The sandbox is a function of its seed, its start time and its inputs. The file therefore holds
//! these alone, one JSON line each, and a later start repeats them. Each line is written before its
//! effect, and holds a digest of all lines so far, so that damage is found.

mod line;
mod replay;

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use self::line::{Digest, seal, unseal};
pub(crate) use self::line::{Header, Input, Line};
use crate::sandbox::SandboxError;

/// The maximum length of a line in bytes. The body of a request is at most 32 MiB.
const MAX_LINE: u64 = 256 * 1024 * 1024;

/// A state file that inputs are added to. It is locked while this exists.
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    /// The length of the complete lines.
    length: u64,
    digest: Digest,
    /// The problem of an earlier line, which ends the recording.
    failure: Option<String>,
}

/// A state file at the start of the sandbox.
pub(crate) enum Opened {
    /// The file is new, or has no complete line.
    New(Journal),
    /// The file has a header, and perhaps inputs.
    Existing(Box<Header>, Reader),
}

/// Reads the lines of a state file.
pub(crate) struct Reader {
    file: BufReader<File>,
    path: PathBuf,
    length: u64,
    digest: Digest,
}

/// Opens and locks a state file, or creates it for its owner alone.
pub(crate) fn open(path: &Path) -> Result<Opened, SandboxError> {
    let failed = |error: std::io::Error| problem(path, error.to_string());
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let file = options.open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(problem(path, "another program uses it"));
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let mut reader = Reader {
        file: BufReader::new(file),
        path: path.to_owned(),
        length: 0,
        digest: Digest::default(),
    };
    let Some(first) = reader.next_line()? else {
        return if reader.is_new()? {
            Ok(Opened::New(reader.into_journal()?))
        } else {
            Err(problem(path, NOT_A_STATE))
        };
    };
    let header = Header::parse(&first).map_err(|text| problem(path, text))?;
    reader.accept(&first)?;
    Ok(Opened::Existing(Box::new(header), reader))
}

const NOT_A_STATE: &str = "it is not a state file of the sandbox; it was left as it is";

/// Returns the error about a state file.
pub(crate) fn problem(path: &Path, text: impl Into<String>) -> SandboxError {
    SandboxError::State(path.to_owned(), text.into())
}

impl Reader {
    /// Returns the next input; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, SandboxError> {
        let Some(line) = self.next_line()? else {
            return Ok(None);
        };
        let text = self.accept(&line)?;
        let line = serde_json::from_str(&text).map_err(|error| {
            problem(
                &self.path,
                format!("line with an unknown input, perhaps of another version: {error}"),
            )
        })?;
        Ok(Some(line))
    }

    /// Ends the reading. A last line without its end, as a crash leaves it, is removed.
    pub(crate) fn into_journal(self) -> Result<Journal, SandboxError> {
        let mut file = self.file.into_inner();
        file.set_len(self.length)
            .and_then(|()| file.seek(SeekFrom::Start(self.length)))
            .map_err(|error| problem(&self.path, error.to_string()))?;
        Ok(Journal {
            file,
            path: self.path,
            length: self.length,
            digest: self.digest,
            failure: None,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the next complete line, without its end.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, SandboxError> {
        let mut line = Vec::new();
        self.file
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| problem(&self.path, error.to_string()))?;
        Ok((line.pop() == Some(b'\n')).then_some(line))
    }

    /// Checks the digest of a line and returns its text without the digest.
    fn accept(&mut self, line: &[u8]) -> Result<String, SandboxError> {
        let (text, digest) = unseal(&self.digest, line).ok_or_else(|| {
            let place = format!("it is damaged at byte {}", self.length);
            problem(&self.path, format!("{place}; it was left as it is"))
        })?;
        self.length += line.len() as u64 + 1;
        self.digest = digest;
        Ok(text)
    }

    /// Returns whether the file has nothing but the beginning of a header.
    fn is_new(&mut self) -> Result<bool, SandboxError> {
        let mut beginning = Vec::new();
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.by_ref().take(64).read_to_end(&mut beginning))
            .map_err(|error| problem(&self.path, error.to_string()))?;
        let length = beginning.len().min(line::MAGIC.len());
        Ok(beginning.get(..length) == line::MAGIC.as_bytes().get(..length))
    }
}

impl Journal {
    /// Writes the header of a new file.
    pub(crate) fn begin(&mut self, header: &Header) -> Result<(), SandboxError> {
        let text = serde_json::to_string(header)
            .map_err(|error| problem(&self.path, error.to_string()))?;
        self.write(&text)
            .map_err(|error| problem(&self.path, error.to_string()))
    }

    /// Adds a line. After a failure, the file stays as it is, and every further line fails.
    pub(crate) fn append(&mut self, line: &Line) -> Result<(), String> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let written = serde_json::to_string(line)
            .map_err(std::io::Error::from)
            .and_then(|text| self.write(&text));
        written.map_err(|error| {
            let text = format!(
                "cannot write the state file {}: {error}; restart the sandbox",
                self.path.display()
            );
            // A start removes an incomplete line as well.
            let _ = self.file.set_len(self.length);
            self.failure = Some(text.clone());
            text
        })
    }

    fn write(&mut self, text: &str) -> std::io::Result<()> {
        let (line, digest) = seal(&self.digest, text);
        self.file.write_all(line.as_bytes())?;
        self.file.flush()?;
        self.length += line.len() as u64;
        self.digest = digest;
        Ok(())
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
