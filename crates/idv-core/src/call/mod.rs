//! Calls to a vendor, with retries and limits. Every request goes through [`CallContext`].
//!
//! | | not sent | sent, no response | 408, 5xx | 429 | other 4xx |
//! |---|---|---|---|---|---|
//! | [`Repeatable`](Repeat::Repeatable) | retry | retry | retry | wait, retry | error |
//! | [`Once`](Repeat::Once) | retry | stop, effect unknown | stop, effect unknown | retry | error |
//!
//! If a status has a different meaning at its vendor, an adapter overrides the table with
//! [`Call::retry_override`].

mod answer;
mod exchange;
mod limiter;
mod measure;
mod options;
mod policy;
mod retry;
mod token;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use jiff::Timestamp;
use tracing::Instrument as _;

pub use answer::{Answer, Downloaded, retry_after};
pub use options::{Attempt, Call, RetryOverrideFn};
pub use policy::CallPolicy;
pub use retry::{Repeat, RetryOverride};
pub use token::{Session, TokenCache};

use self::answer::Arrived;
use self::limiter::Limiter;
use self::retry::{AttemptResult, RetryBudget, RetryDecision, backoff, decide, leaves_open};
use crate::environment::{Environment, Sent};
use crate::error::{Effect, Error, ErrorKind, Operation, Result};
use crate::evidence::{Recorder, Sink};
use crate::id::ProviderId;
use crate::metrics::{INSTRUMENTS, Instruments, OPERATION_DURATION};
use crate::report::RawAnswer;

/// Sends the requests of one operation.
///
/// An adapter makes every call through it.
///
/// It applies the timeout of each attempt, the deadline over all attempts, backoff with jitter, the
/// retry budget, `Retry-After`, the limit of concurrent calls, the renewal of tokens, and a tracing
/// span. It logs no URLs, headers or bodies.
#[derive(Clone)]
pub struct CallContext {
    shared: Arc<Shared>,
    operation: Operation,
    /// The deadline on the monotonic clock.
    deadline: Duration,
    /// The successful responses of this operation, if they are kept.
    answers: Option<Arc<Mutex<Vec<RawAnswer>>>>,
}

/// The state that all calls to a provider share.
#[derive(Debug)]
pub(crate) struct Shared {
    provider: ProviderId,
    pub(crate) environment: Environment,
    pub(crate) policy: CallPolicy,
    budget: RetryBudget,
    limiter: Limiter,
    instruments: Instruments,
}

impl Shared {
    pub(crate) fn new(provider: ProviderId, environment: Environment, policy: CallPolicy) -> Self {
        let (budget, limiter) = (
            RetryBudget::new(policy.retry_budget),
            Limiter::new(policy.max_in_flight),
        );
        let instruments = Instruments::new(env!("CARGO_PKG_NAME"), INSTRUMENTS);
        Self {
            provider,
            environment,
            policy,
            budget,
            limiter,
            instruments,
        }
    }

    /// Awaits an operation and records its duration.
    pub(crate) async fn measured<T>(
        &self,
        operation: Operation,
        future: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let began = self.environment.clock.monotonic();
        let result = future.await;
        let took = self.environment.clock.monotonic().saturating_sub(began);
        let error = result.as_ref().err().map(|error| error.kind().name());
        let provider = self.provider.as_str();
        let attributes = [
            ("idv.provider", provider.into()),
            ("idv.operation", operation.name().into()),
            ("error.type", error.into()),
        ];
        self.instruments
            .record(&OPERATION_DURATION, took.as_secs_f64(), &attributes);
        result
    }
}

impl CallContext {
    pub(crate) fn new(shared: &Arc<Shared>, operation: Operation) -> Self {
        let deadline = shared.environment.clock.monotonic() + shared.policy.deadline;
        Self {
            shared: Arc::clone(shared),
            operation,
            deadline,
            answers: None,
        }
    }

    /// Keeps the responses of this operation for [`CallContext::take_answers`].
    pub(crate) fn keep_answers(mut self) -> Self {
        self.answers = (self.shared.policy.max_raw > 0).then(Arc::default);
        self
    }

    /// Takes the successful responses so far, except those of logins and those longer than
    /// [`CallPolicy::max_raw`].
    pub(crate) fn take_answers(&self) -> Vec<RawAnswer> {
        let kept = self.answers.as_ref().map(|answers| {
            std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner))
        });
        kept.unwrap_or_default()
    }

    fn keep(&self, answer: &Answer) {
        if let Some(answers) = &self.answers
            && answer.status.is_success()
            && !answer.body.is_empty()
            && answer.body.len() as u64 <= self.shared.policy.max_raw
        {
            let raw = RawAnswer::new(answer.media_type().map(str::to_owned), answer.body.clone());
            answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(raw);
        }
    }

    /// Returns the operation.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.environment.clock.now()
    }

    /// Returns the time since an arbitrary moment.
    ///
    /// It never goes backwards.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        self.shared.environment.clock.monotonic()
    }

    /// Sends a request with retries, and returns the response with its body.
    ///
    /// A response with an error status is returned as well if no retry is left; the adapter reads
    /// it and converts it with [`Answer::error`].
    ///
    /// # Errors
    ///
    /// Returns the errors of `build` and of the session's login;
    /// [`Unavailable`](ErrorKind::Unavailable) if no response arrived, with the
    /// [cause](Error::transport_cause); [`LimitExceeded`](ErrorKind::LimitExceeded) if the response
    /// is longer than [`CallPolicy::max_answer`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the current request is abandoned and no other follows. It is
    /// unknown whether the vendor acted.
    pub async fn send<'a, B>(&self, call: impl Into<Call<'a>>, build: B) -> Result<Answer>
    where
        B: Fn(&Attempt<'_>) -> Result<Request<Bytes>> + Send + Sync,
    {
        let span = self.span();
        let answer = self
            .attempts(call.into(), &build, false)
            .instrument(span)
            .await?
            .answer;
        self.keep(&answer);
        Ok(answer)
    }

    /// Sends a request and streams the body of a successful response into `sink`, with its length
    /// and digest.
    ///
    /// There is no retry after the first chunk.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`CallContext::send`]; [`LimitExceeded`](ErrorKind::LimitExceeded) if
    /// the body is longer than `limit` bytes; [`Sink`](ErrorKind::Sink) if the sink failed.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds an incomplete copy, which must not be used.
    pub async fn download<'a, B>(
        &self,
        call: impl Into<Call<'a>>,
        limit: u64,
        sink: &mut dyn Sink,
        build: B,
    ) -> Result<Downloaded>
    where
        B: Fn(&Attempt<'_>) -> Result<Request<Bytes>> + Send + Sync,
    {
        let span = self.span();
        let call = call.into();
        async {
            let arrived = self.attempts(call, &build, true).await?;
            let Some((mut body, _permit)) = arrived.open else {
                return Ok(Downloaded::Refused(arrived.answer));
            };
            let mut recorder = Recorder::new(sink, limit);
            while let Some(piece) = self.piece(&mut body).await? {
                recorder
                    .write(&piece)
                    .await
                    .map_err(|error| error.during(&self.shared.provider, self.operation))?;
            }
            let mut download = recorder.finish();
            download.media_type = download
                .media_type
                .or_else(|| arrived.answer.media_type().map(str::to_owned));
            Ok(Downloaded::Whole(download))
        }
        .instrument(span)
        .await
    }

    async fn attempts<B>(&self, call: Call<'_>, build: &B, stream: bool) -> Result<Arrived>
    where
        B: Fn(&Attempt<'_>) -> Result<Request<Bytes>> + Send + Sync,
    {
        let policy = &self.shared.policy;
        let mut number = 0;
        let mut renewed = false;
        // Whether the vendor may have acted on an earlier attempt.
        let mut open = false;
        loop {
            number += 1;
            let issued = match call.session {
                // The response to a login is a credential, which must not be kept in a report.
                Some(session) => {
                    let cx = Self {
                        answers: None,
                        ..self.clone()
                    };
                    Some(
                        session
                            .tokens()
                            .issue(session, &cx)
                            .await
                            .map_err(|error| settle(error, open))?,
                    )
                }
                None => None,
            };
            let attempt = Attempt {
                number,
                now: self.now(),
                token: issued.as_ref().map(|issued| &issued.token),
            };
            let request = build(&attempt).map_err(|error| settle(error, open))?;
            let uri = request.uri().clone();
            let limit = call.max_answer.unwrap_or(policy.max_answer);
            let ended = self
                .attempt(number, request, stream, limit)
                .await
                .map_err(|failure| failure.into_error(self, open, number));
            let ended = ended?;
            let result = match &ended {
                Ok(arrived) => AttemptResult::Answer(arrived.answer.status),
                Err(error) => {
                    tracing::debug!(attempt = number, cause = %error.cause, "no response");
                    if error.sent == Sent::No {
                        AttemptResult::NotSent
                    } else {
                        AttemptResult::NoAnswer
                    }
                }
            };
            let retry_override = ended.as_ref().ok().and_then(|arrived| {
                call.retry_override?(arrived.answer.status, &arrived.answer.body)
            });
            if let (Some(session), Some(issued)) = (call.session, &issued)
                && (result == AttemptResult::Answer(StatusCode::UNAUTHORIZED)
                    || retry_override == Some(RetryOverride::Unauthorized))
            {
                session.tokens().refuse(issued.generation).await;
                if issued.kept && !renewed {
                    tracing::debug!(attempt = number, "renewing a refused token");
                    renewed = true;
                    number -= 1;
                    continue;
                }
            }
            let decision = decide(call.repeat, result, retry_override);
            open |= match result {
                AttemptResult::NotSent => false,
                AttemptResult::NoAnswer => true,
                AttemptResult::Answer(status) => {
                    leaves_open(status)
                        && !matches!(
                            retry_override,
                            Some(RetryOverride::Final | RetryOverride::Unauthorized)
                        )
                }
            };
            let mut asked = None;
            let wait = match decision {
                RetryDecision::Return | RetryDecision::Stop => None,
                RetryDecision::Retry | RetryDecision::Wait => {
                    asked = ended
                        .as_ref()
                        .ok()
                        .and_then(|arrived| retry_after(&arrived.answer.headers, self.now()));
                    let own = backoff(policy, number + 1, &*self.shared.environment.random);
                    let wait = asked.map_or(own, |asked| asked.max(own));
                    let in_time = asked.is_none_or(|asked| asked <= policy.retry_after_cap)
                        && self.monotonic() + wait < self.deadline;
                    (number < policy.max_attempts && in_time && self.shared.budget.take())
                        .then_some(wait)
                }
            };
            if let Some(wait) = wait {
                drop(ended);
                tracing::debug!(
                    attempt = number,
                    wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                    "retrying"
                );
                self.shared.environment.clock.sleep(wait).await;
                continue;
            }
            let mut arrived = ended.map_err(|error| {
                let effect = if open && acts(self.operation) {
                    Effect::Unknown
                } else {
                    Effect::NotApplied
                };
                self.no_answer(&uri, error)
                    .with_effect(effect)
                    .after_attempts(number, None, None)
            })?;
            if decision == RetryDecision::Return {
                self.shared.budget.succeeded();
            }
            arrived.answer.complete(number, open, asked);
            return Ok(arrived);
        }
    }

    /// Creates an error of this call.
    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind).during(&self.shared.provider, self.operation)
    }

    fn span(&self) -> tracing::Span {
        tracing::debug_span!(
            "idv.call",
            provider = self.shared.provider.as_str(),
            operation = self.operation.name()
        )
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("provider", &self.shared.provider)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

/// Returns whether an operation changes data at the vendor.
pub(super) const fn acts(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Create | Operation::Delete | Operation::Other
    )
}

fn settle(error: Error, open: bool) -> Error {
    if open {
        error.with_effect(Effect::Unknown)
    } else {
        error
    }
}
