//! `idv watch`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use idv::{Decision, Observation, Timestamp, Tracker, Transition, Verification};
use serde_json::json;

use super::Run;
use crate::args::VerificationArgs;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::usage::Expected;
use crate::words;

/// The number of consecutive failures after which the command gives up.
const FAILURES_IN_A_ROW: u32 = 5;

/// Follows a verification to its end: polls at the vendor's pace, and fetches the result. Exits
/// with 0 if the person is verified, with 3 if they are not, and with 5 if the outcome is open.
#[derive(Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    verification: VerificationArgs,

    /// Poll at this interval, in seconds, instead of at the vendor's pace
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    every: Option<Duration>,

    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// When the person's session expires, as printed by create; after that the verification counts
    /// as expired
    #[arg(long, value_name = "TIME")]
    expires_at: Option<Timestamp>,
}

impl Run for Watch {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let client = settings.connect()?;
        let verification =
            Verification::new(self.verification.id()?, client.info(), self.expires_at);
        let progress = Progress::begin("following");
        let last = Arc::new(Mutex::new(None));
        let (shown, kept) = (progress.clone(), Arc::clone(&last));
        let mut state = verification.clone();
        let mut tracker =
            Tracker::follow(client, verification).on_observation(move |observation, transition| {
                state.apply(observation);
                show(&shown, transition, &words::decision(state.decision()));
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                // An observation without a report does not replace one with a report.
                if observation.report().is_some()
                    || kept
                        .as_ref()
                        .is_none_or(|kept: &Observation| kept.report().is_none())
                {
                    *kept = Some(observation.clone());
                }
            });
        if let Some(interval) = self.every {
            tracker = tracker.poll_every(interval);
        }
        let until = self.timeout.map_or(Timestamp::MAX, |timeout| {
            Timestamp::now()
                .saturating_add(timeout)
                .unwrap_or(Timestamp::MAX)
        });
        let why_open = follow(&mut tracker, until, &progress).await?;
        progress.end();
        let decision = tracker.verification().decision();
        let last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = json!({
            "decision": words::decision_json(decision),
            "open_because": why_open,
            "observation": last.as_ref().map(words::observation_json),
        });
        output.answer(&answer, |_| {
            let mut text = last
                .as_ref()
                .map(|last| words::observation(last) + "\n")
                .unwrap_or_default();
            text += &words::decision_cell(decision).to_string();
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

/// Follows the verification as far as polling allows. Returns the reason if it stopped before the
/// end.
async fn follow(
    tracker: &mut Tracker,
    until: Timestamp,
    progress: &Progress,
) -> Result<Option<&'static str>, Failure> {
    let mut failures = 0;
    loop {
        let next = match tracker.advance().await {
            Ok(next) => {
                failures = 0;
                next
            }
            Err(error) if error.is_transient() && failures + 1 < FAILURES_IN_A_ROW => {
                failures += 1;
                progress.note(&format!("{error}; polling again"));
                tracker.progress()
            }
            Err(error) => return Err(error.into()),
        };
        let at = match next {
            idv::Progress::Finished => return Ok(None),
            idv::Progress::WaitUntil(at) => at,
            idv::Progress::AwaitCallback { .. } if tracker.outcome().is_some() => {
                return Ok(Some("the report arrives with a callback"));
            }
            idv::Progress::AwaitCallback { .. } => {
                return Ok(Some(
                    "this vendor cannot be polled: the outcome arrives with its callback",
                ));
            }
            _ => return Ok(Some("the verification needs an operator")),
        };
        let now = Timestamp::now();
        if now >= until {
            return Ok(Some("the timeout passed"));
        }
        tokio::time::sleep(
            Duration::try_from(at.min(until).duration_since(now)).unwrap_or_default(),
        )
        .await;
    }
}

/// Shows the effect of an observation and the state after it.
fn show(progress: &Progress, transition: &Transition, state: &str) {
    if let Transition::UnknownCode(code) = transition {
        progress.note(&format!("unknown vendor code {code:?}: it changes nothing"));
    } else if *transition != Transition::Unchanged {
        progress.note(state);
    }
    progress.show(state);
}

fn seconds(text: &str) -> Result<Duration, Expected> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| Expected::new("a number of seconds"))
}
