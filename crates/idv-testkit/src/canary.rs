use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// Marked values that must never appear in output.
///
/// A test puts them in place of personal data and secrets, then searches all output for them.
///
/// ```
/// use idv_testkit::Canary;
///
/// let mut canary = Canary::new();
/// let name = canary.mark("family-name");
/// assert!(canary.found_in(&format!("hello {name}")).is_some());
/// assert!(canary.found_in("hello [personal]").is_none());
/// ```
#[derive(Debug, Default)]
pub struct Canary {
    marks: Vec<String>,
}

impl Canary {
    /// Creates a canary without marks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a marked value for `what`.
    ///
    /// It consists of letters and digits only: every vendor's alphabet accepts it, and no escaping
    /// hides it.
    pub fn mark(&mut self, what: &str) -> String {
        let plain: String = what.chars().filter(char::is_ascii_alphanumeric).collect();
        let mark = format!("canary{}{plain}", self.marks.len());
        self.marks.push(mark.clone());
        mark
    }

    /// Adds a value that the canary did not make, such as a token issued by a server.
    pub fn watch(&mut self, value: impl Into<String>) {
        self.marks.push(value.into());
    }

    /// Returns the first mark contained in `text`, ignoring case.
    #[must_use]
    pub fn found_in(&self, text: &str) -> Option<&str> {
        let text = text.to_lowercase();
        self.marks
            .iter()
            .find(|mark| text.contains(&mark.to_lowercase()))
            .map(String::as_str)
    }

    /// Checks that a text contains no mark. `what` names the text in failures.
    ///
    /// # Panics
    ///
    /// If it contains one.
    pub fn check(&self, what: &str, text: &str) {
        assert_eq!(self.found_in(text), None, "{what}: {text}");
    }

    /// Checks that neither an error nor its causes print a mark. `what` names the error in
    /// failures.
    ///
    /// # Panics
    ///
    /// If they print one.
    pub fn check_error(&self, what: &str, error: &(dyn Error + 'static)) {
        self.check(what, &printed(error));
    }
}

/// Returns everything that an error and its causes print: `Display`, `Debug` and alternate `Debug`.
#[must_use]
pub fn printed(error: &(dyn Error + 'static)) -> String {
    let mut printed = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        printed += &format!("{error} {error:?} {error:#?} ");
        next = error.source();
    }
    printed
}

/// Records the log of the current thread, at every level, until it is dropped.
///
/// ```
/// let recording = idv_testkit::Recording::start();
/// tracing::info!("started");
/// assert!(recording.text().contains("started"));
/// ```
pub struct Recording {
    text: Arc<Mutex<Vec<u8>>>,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Recording {
    /// Starts recording.
    #[must_use]
    pub fn start() -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(Writer(Arc::clone(&text)))
            .finish();
        Self {
            text,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// Returns the log up to now.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap_or_else(PoisonError::into_inner))
            .into_owned()
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recording(…)")
    }
}

#[derive(Clone)]
struct Writer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Writer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
