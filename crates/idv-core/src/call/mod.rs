//! Calls to a vendor, with retries and limits. Every request goes through [`CallContext`].
//!
//! | | not sent | sent, no answer | 408, 5xx | 429 | other 4xx |
//! |---|---|---|---|---|---|
//! | [`Repeatable`](Repeat::Repeatable) | retry | retry | retry | wait, retry | error |
//! | [`Once`](Repeat::Once) | retry | stop, effect unknown | stop, effect unknown | retry | error |
//!
//! An adapter overrides a cell if its vendor means something else: [`Call::overruled_by`].

mod answer;
mod limiter;
mod measure;
mod policy;
mod retry;
mod token;

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, poll_immediate, select};
use http::{Request, StatusCode, Uri};
use jiff::Timestamp;
use tracing::Instrument as _;

pub use answer::{Answer, Downloaded, retry_after};
pub use policy::CallPolicy;
pub use retry::{Repeat, Ruling};
pub use token::{Session, TokenCache};

use self::answer::Arrived;
use self::limiter::{Limiter, Permit};
use self::measure::{Ended, Target};
use self::retry::{AttemptResult, RetryBudget, RetryDecision, backoff, decide, leaves_open};
use crate::environment::{Body, Environment, Sent, TransportCause, TransportError};
use crate::error::{Effect, Error, ErrorKind, Operation, Result};
use crate::evidence::{Recorder, Sink};
use crate::id::ProviderId;
use crate::metrics::{INSTRUMENTS, Instruments, OPERATION_DURATION};
use crate::report::RawAnswer;
use crate::secret::Secret;

/// Sends the requests of one operation. An adapter makes every call through it.
///
/// It applies the timeout of each attempt, the deadline over all, jittered backoff, the retry budget, `Retry-After`, the limit of
/// concurrent calls, the renewal of tokens, and a tracing span. It logs neither addresses nor headers nor bodies.
#[derive(Clone)]
pub struct CallContext {
    shared: Arc<Shared>,
    operation: Operation,
    /// On the monotonic clock.
    deadline: Duration,
    /// Successful answers of this operation, if they are to be kept.
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

    /// Waits for an operation and records its duration.
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

/// Options of one request. A bare [`Repeat`] is a request without a session.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    repeat: Repeat,
    session: Option<&'a dyn Session>,
    overrule: Option<RetryOverride>,
    max_answer: Option<u64>,
}

/// Judges an answer by its status and body in place of the table; `None` leaves it to the table.
pub type RetryOverride = fn(StatusCode, &[u8]) -> Option<Ruling>;

impl<'a> Call<'a> {
    /// A request that may be repeated if it is unknown whether the vendor acted.
    #[must_use]
    pub const fn repeatable() -> Self {
        Self {
            repeat: Repeat::Repeatable,
            session: None,
            overrule: None,
            max_answer: None,
        }
    }

    /// A request that must not be repeated if it is unknown whether the vendor acted.
    #[must_use]
    pub const fn once() -> Self {
        Self {
            repeat: Repeat::Once,
            session: None,
            overrule: None,
            max_answer: None,
        }
    }

    /// Uses the session's token, and renews it once if the vendor refuses it.
    #[must_use]
    pub const fn in_session(mut self, session: &'a dyn Session) -> Self {
        self.session = Some(session);
        self
    }

    /// Sets the maximum length of the answer in bytes, in place of [`CallPolicy::max_answer`].
    #[must_use]
    pub const fn up_to(mut self, bytes: u64) -> Self {
        self.max_answer = Some(bytes);
        self
    }

    /// Judges answers by this function before the table does.
    #[must_use]
    pub const fn overruled_by(mut self, overrule: RetryOverride) -> Self {
        self.overrule = Some(overrule);
        self
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("repeat", &self.repeat)
            .field("in_session", &self.session.is_some())
            .finish_non_exhaustive()
    }
}

impl From<Repeat> for Call<'_> {
    fn from(repeat: Repeat) -> Self {
        Self {
            repeat,
            session: None,
            overrule: None,
            max_answer: None,
        }
    }
}

/// One attempt. Each attempt builds and signs its request again.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The number of the attempt, starting at 1.
    pub number: u32,
    /// The time of day.
    pub now: Timestamp,
    /// The session's token.
    pub token: Option<&'a Secret>,
}

impl Attempt<'_> {
    /// Returns the session's token in clear; empty outside of a session.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.map_or("", Secret::expose)
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

    /// Keeps the answers of this operation for [`CallContext::take_answers`].
    pub(crate) fn keep_answers(mut self) -> Self {
        self.answers = (self.shared.policy.max_raw > 0).then(Arc::default);
        self
    }

    /// Returns the successful answers so far, but for those of logins and those longer than [`CallPolicy::max_raw`].
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

    /// Returns the time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.environment.clock.now()
    }

    /// Returns the time by a clock that never goes backwards.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        self.shared.environment.clock.monotonic()
    }

    /// Sends a request, retries it as the table allows, and returns the answer with its body.
    ///
    /// An answer with an error status is returned as well once no retry is left: the adapter reads it and makes an error of it with
    /// [`Answer::error`].
    ///
    /// # Errors
    ///
    /// Those of `build` or of the session's login; [`Unavailable`](ErrorKind::Unavailable) if no answer arrived, with the
    /// [cause](Error::transport_cause); [`LimitExceeded`](ErrorKind::LimitExceeded) if the answer is longer than
    /// [`CallPolicy::max_answer`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the current request is abandoned and none follows. Whether the vendor acted is unknown.
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

    /// Sends a request and streams the body of a successful answer into `sink`, hashing it on the way. There is no retry after the
    /// first piece.
    ///
    /// # Errors
    ///
    /// As [`CallContext::send`]; [`LimitExceeded`](ErrorKind::LimitExceeded) if the body is longer than `limit` bytes;
    /// [`Sink`](ErrorKind::Sink) if the sink failed.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the evidence, which must not be used.
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
        // Whether the vendor may have acted on an attempt so far.
        let mut open = false;
        loop {
            number += 1;
            let issued = match call.session {
                // The answer to a login is a credential, which no report may keep.
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
                    tracing::debug!(attempt = number, cause = %error.cause, "no answer");
                    if error.sent == Sent::No {
                        AttemptResult::NotSent
                    } else {
                        AttemptResult::NoAnswer
                    }
                }
            };
            let ruling = ended
                .as_ref()
                .ok()
                .and_then(|arrived| call.overrule?(arrived.answer.status, &arrived.answer.body));
            if let (Some(session), Some(issued)) = (call.session, &issued)
                && (result == AttemptResult::Answer(StatusCode::UNAUTHORIZED)
                    || ruling == Some(Ruling::Unauthorized))
            {
                session.tokens().refuse(issued.generation).await;
                if issued.kept && !renewed {
                    tracing::debug!(attempt = number, "the token was refused and is renewed");
                    renewed = true;
                    number -= 1;
                    continue;
                }
            }
            let reaction = decide(call.repeat, result, ruling);
            open |= match result {
                AttemptResult::NotSent => false,
                AttemptResult::NoAnswer => true,
                AttemptResult::Answer(status) => {
                    leaves_open(status)
                        && !matches!(ruling, Some(Ruling::Final | Ruling::Unauthorized))
                }
            };
            let mut asked = None;
            let wait = match reaction {
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
                    "trying again"
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
            if reaction == RetryDecision::Return {
                self.shared.budget.succeeded();
            }
            arrived.answer.complete(number, open, asked);
            return Ok(arrived);
        }
    }

    /// One request and its answer. The outer error ends the call; the inner one is a matter for the table.
    async fn attempt(
        &self,
        number: u32,
        request: Request<Bytes>,
        stream: bool,
        limit: u64,
    ) -> Result<Result<Arrived, TransportError>, Failure> {
        let Some(permit) = self.turn().await else {
            return Err(Failure::NoTurn);
        };
        let target = Target::of(&request);
        let (span, began) = (target.span(number), self.monotonic());
        let timeout = self
            .shared
            .policy
            .attempt_timeout
            .min(self.deadline.saturating_sub(self.monotonic()));
        let exchange = async {
            let response = match self.shared.environment.transport.send(request).await {
                Ok(response) => response,
                Err(error) => return Ok(Err(error)),
            };
            let (head, mut body) = response.into_parts();
            tracing::debug!(status = head.status.as_u16(), "answered");
            let mut answer = Answer::new(
                head.status,
                head.headers,
                self.shared.provider.clone(),
                self.operation,
            );
            if stream && head.status.is_success() {
                return Ok(Ok(Arrived {
                    answer,
                    open: Some((body, permit)),
                }));
            }
            match collect(&mut body, &mut answer, limit).await {
                Ok(true) => Ok(Ok(Arrived { answer, open: None })),
                Ok(false) => Err(Failure::TooLong(limit)),
                Err(error) => Ok(Err(error)),
            }
        };
        let ended = self
            .within(timeout, exchange)
            .instrument(span.clone())
            .await;
        // After a timeout, all of the request may have left.
        let ended = ended.unwrap_or(Ok(Err(TransportError::new(
            Sent::Maybe,
            TransportCause::Timeout,
        ))));
        let end = match &ended {
            Ok(Ok(arrived)) => Ended::Answered(arrived.answer.status),
            Ok(Err(error)) => Ended::NotAnswered(error.cause),
            Err(_) => Ended::GivenUp,
        };
        let of = (self.shared.provider.as_str(), self.operation.name());
        target.end(
            &span,
            &self.shared.instruments,
            of,
            self.monotonic().saturating_sub(began),
            &end,
        );
        ended
    }

    /// Waits for a permit; `None` if the deadline passes first. Mostly there is one at once, and no timer is needed.
    async fn turn(&self) -> Option<Permit> {
        let mut acquire = pin!(self.shared.limiter.acquire());
        if let Some(permit) = poll_immediate(acquire.as_mut()).await {
            return Some(permit);
        }
        self.within(self.deadline.saturating_sub(self.monotonic()), acquire)
            .await
    }

    async fn piece(&self, body: &mut Body) -> Result<Option<Bytes>> {
        let failed = |error: TransportError| {
            let detail = format!("the evidence broke off: {error}");
            self.error(ErrorKind::Unavailable)
                .detail(detail)
                .with_source(error)
        };
        match self
            .within(self.shared.policy.attempt_timeout, body.next())
            .await
        {
            Some(piece) => piece.map_err(failed),
            None => Err(failed(TransportError::new(
                Sent::Maybe,
                TransportCause::Timeout,
            ))),
        }
    }

    async fn within<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        match select(pin!(future), self.shared.environment.clock.sleep(limit)).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }

    /// Returns the error for a request without a complete answer. Of its address the error prints host and port only: a path or a
    /// query may hold a session's link, the user part a password.
    fn no_answer(&self, uri: &Uri, error: TransportError) -> Error {
        let detail = match (error.sent, error.cause, uri.host()) {
            (Sent::Maybe, ..) => format!("no complete answer: {error}"),
            (Sent::No, TransportCause::Request, _) | (Sent::No, _, None) => error.to_string(),
            (Sent::No, _, Some(host)) => {
                let port = uri
                    .port_u16()
                    .map_or_else(String::new, |port| format!(":{port}"));
                format!("no connection to {host}{port}: {error}")
            }
        };
        self.error(ErrorKind::Unavailable)
            .detail(detail)
            .with_source(error)
    }

    /// Returns an error of this call.
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

/// A failure that ends a call in spite of the table.
enum Failure {
    NoTurn,
    TooLong(u64),
}

impl Failure {
    fn into_error(self, cx: &CallContext, open: bool, number: u32) -> Error {
        match self {
            Self::NoTurn => settle(
                cx.error(ErrorKind::Unavailable)
                    .detail("too many calls are under way"),
                open,
            ),
            Self::TooLong(limit) => {
                // The vendor answered, so it may have acted.
                let error = cx
                    .error(ErrorKind::LimitExceeded)
                    .detail(format!("the answer is longer than {limit} bytes"));
                settle(error, acts(cx.operation)).after_attempts(number, None, None)
            }
        }
    }
}

/// Returns whether an operation changes anything at the vendor.
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

/// Reads the whole body; `false` if it is too long.
async fn collect(body: &mut Body, answer: &mut Answer, limit: u64) -> Result<bool, TransportError> {
    let Some(first) = body.next().await? else {
        return Ok(true);
    };
    if first.len() as u64 > limit {
        return Ok(false);
    }
    // Most answers are one piece, which needs no copy.
    let Some(second) = body.next().await? else {
        answer.body = first;
        return Ok(true);
    };
    let mut whole = Vec::with_capacity(first.len() + second.len());
    whole.extend_from_slice(&first);
    let mut piece = Some(second);
    while let Some(bytes) = piece {
        if (whole.len() + bytes.len()) as u64 > limit {
            return Ok(false);
        }
        whole.extend_from_slice(&bytes);
        piece = body.next().await?;
    }
    answer.body = whole.into();
    Ok(true)
}
