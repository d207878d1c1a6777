//! `idv watch`.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use clap::Args;
use idv::{Client, Decision, Observation, Step, Timestamp, Transition, Verification};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::args::Which;
use crate::failure::{Exit, Failure};
use crate::output::{Output, note};
use crate::settings::Settings;
use crate::usage::Expected;
use crate::words;

/// The number of failures in a row after which the program stops asking.
const FAILURES_IN_A_ROW: u32 = 5;

/// Follows a verification to its end: polls at the vendor's pace, and fetches the result. Ends with 0 if the person is verified, with 3 if
/// they are not, and with 5 if the outcome is not settled.
#[derive(Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    which: Which,

    /// Ask this often, in seconds, instead of at the vendor's pace
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    every: Option<Duration>,

    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// When the person's session expires, as create printed it; after that the verification counts as expired
    #[arg(long, value_name = "TIME")]
    expires_at: Option<Timestamp>,
}

impl Watch {
    pub(crate) async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let id = self.which.id()?;
        let client = settings.connect()?;
        let every = self.every.unwrap_or(client.provider().profile().poll_interval);
        let mut watched = Watched {
            verification: Verification::new(id, client.capabilities(), self.expires_at),
            client,
            last: None,
            progress: Progress::begin(),
            failures: 0,
        };
        let end = self.timeout.map(|timeout| Instant::now() + timeout);
        let why_open = loop {
            match watched.step().await? {
                Go::Done => break None,
                Go::Stop(why) => break Some(why),
                Go::Now => {}
                Go::Wait => {
                    let left = end.map(|end| end.saturating_duration_since(Instant::now()));
                    if left.is_some_and(|left| left < every) {
                        tokio::time::sleep(left.unwrap_or_default()).await;
                        break Some("the time ran out");
                    }
                    tokio::time::sleep(every).await;
                }
            }
        };
        watched.progress.end();
        let decision = watched.verification.decision();
        let answer = json!({
            "decision": words::decision_json(decision),
            "open_because": why_open,
            "observation": watched.last.as_ref().map(words::observation_json),
        });
        output.answer(&answer, |_| {
            let mut text = watched.last.as_ref().map(|last| words::observation(last) + "\n").unwrap_or_default();
            text += &words::decision(decision);
            if let Some(why) = why_open {
                text += &format!(" ({why})");
            }
            text
        })?;
        Ok(match decision {
            Decision::Settled(_) if decision.is_verified() => Exit::Done,
            Decision::Settled(_) => Exit::NotVerified,
            _ => Exit::Open,
        })
    }
}

struct Watched {
    client: Client,
    verification: Verification,
    last: Option<Observation>,
    progress: Progress,
    failures: u32,
}

/// The next action after a step.
enum Go {
    Now,
    Wait,
    Done,
    Stop(&'static str),
}

impl Watched {
    async fn step(&mut self) -> Result<Go, Failure> {
        if let Some(lapsed) = self.verification.lapse(Timestamp::now()) {
            self.take(lapsed);
        }
        let id = self.verification.id().clone();
        let asked = match self.verification.next(self.client.capabilities()) {
            Step::Poll => self.client.poll(&id).await,
            Step::Fetch(handle) => self.client.fetch(&id, Some(&handle)).await,
            Step::Done => return Ok(Go::Done),
            Step::AwaitCallback => return Ok(Go::Stop("this vendor cannot be polled: the outcome comes with its callback")),
            Step::AwaitReport => return Ok(Go::Stop("the report comes with a callback")),
            _ => return Ok(Go::Stop("an operator has to look at it")),
        };
        match asked {
            Ok(observation) => {
                self.failures = 0;
                let before = self.verification.decision();
                self.take(observation);
                let on = self.verification.decision() != before || matches!(before, Decision::Settled(_));
                Ok(if on { Go::Now } else { Go::Wait })
            }
            Err(error) if error.is_transient() && self.failures + 1 < FAILURES_IN_A_ROW => {
                self.failures += 1;
                self.progress.say(&format!("{error}; asking again"));
                Ok(Go::Wait)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn take(&mut self, observation: Observation) {
        let transition = self.verification.apply(&observation);
        let state = words::decision(self.verification.decision());
        if let Transition::NotUnderstood(code) = &transition {
            self.progress.say(&format!("the vendor's code {code:?} is not known here and changes nothing"));
        } else if transition != Transition::Unchanged {
            self.progress.say(&state);
        }
        self.progress.show(&state);
        // An observation without a report does not replace one with a report.
        if observation.report().is_some() || self.last.as_ref().is_none_or(|last| last.report().is_none()) {
            self.last = Some(observation);
        }
    }
}

/// Progress on standard error: a moving line on a terminal, else one line for each change.
struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    fn begin() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { bar: None };
        }
        let bar = ProgressBar::new_spinner();
        // The template is a constant; without it the default one serves as well.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar: Some(bar) }
    }

    fn show(&self, state: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(state.to_owned());
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(line)),
            None => note(line),
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn seconds(text: &str) -> Result<Duration, Expected> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| Expected::new("a number of seconds"))
}
