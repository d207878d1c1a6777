//! Timeouts, retries and limits.

use std::time::Duration;

/// Timeouts, retries and limits of calls. The defaults suit an application's backend.
///
/// ```
/// use std::time::Duration;
/// use idv_core::call::CallPolicy;
///
/// let policy = CallPolicy::default().attempt_timeout(Duration::from_secs(5)).max_attempts(2);
/// assert_eq!(policy.max_attempts, 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallPolicy {
    /// The timeout of one attempt, from connecting to the end of the answer; for downloads to the head of the answer, and for
    /// each piece after it. Default: 20 s.
    pub attempt_timeout: Duration,
    /// The time limit of a whole operation: all attempts, waits and logins together. Default: 90 s.
    pub deadline: Duration,
    /// The maximum number of attempts. Default: 4.
    pub max_attempts: u32,
    /// The first wait before a retry. It doubles each time; the actual wait is a random part of it. Default: 200 ms.
    pub backoff: Duration,
    /// The longest wait before a retry. Default: 10 s.
    pub backoff_cap: Duration,
    /// The longest wait that a vendor may ask for. If it asks for more, the call fails and the error says for how long.
    /// Default: 30 s.
    pub retry_after_cap: Duration,
    /// The number of retries that all calls to a provider share, so that a vendor that is down does not get many times as many
    /// requests as one that is up. Each success gives a tenth of a retry back. Default: 20.
    pub retry_budget: u32,
    /// The maximum number of concurrent calls to a provider. Default: 16.
    pub max_in_flight: usize,
    /// The maximum length of an answer that is not evidence, in bytes. Default: 32 MiB.
    pub max_answer: u64,
    /// Maximum length of an answer or a callback that is kept with the report read from it ([`Report::raw`](crate::Report::raw)), in
    /// bytes; 0 keeps none. 1 MiB.
    pub max_raw: u64,
    /// The interval between polls of a [`Tracker`](crate::Tracker), in place of the vendor's
    /// ([`VendorInfo::poll_interval`](crate::VendorInfo::poll_interval)).
    pub poll_interval: Option<Duration>,
}

impl CallPolicy {
    crate::setters! {
        attempt_timeout: Duration,
        deadline: Duration,
        max_attempts: u32,
        backoff: Duration,
        backoff_cap: Duration,
        retry_after_cap: Duration,
        retry_budget: u32,
        max_in_flight: usize,
        max_answer: u64,
        max_raw: u64,
        poll_interval: Option<Duration>,
    }
}

impl Default for CallPolicy {
    fn default() -> Self {
        Self {
            attempt_timeout: Duration::from_secs(20),
            deadline: Duration::from_secs(90),
            max_attempts: 4,
            backoff: Duration::from_millis(200),
            backoff_cap: Duration::from_secs(10),
            retry_after_cap: Duration::from_secs(30),
            retry_budget: 20,
            max_in_flight: 16,
            max_answer: 32 * 1024 * 1024,
            max_raw: 1024 * 1024,
            poll_interval: None,
        }
    }
}
