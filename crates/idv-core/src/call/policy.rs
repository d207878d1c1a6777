//! How long to wait, how often to try, how much to take.

use std::time::Duration;

/// How calls behave. The defaults suit an application's backend; each can be changed for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallPolicy {
    /// How long one attempt may take until the answer is there (for downloads: its head, and then each piece). 20 s.
    ///
    /// Without a limit here a vendor that accepts a connection and says nothing would hang the caller for ever, and no retry
    /// would ever come.
    pub attempt_timeout: Duration,
    /// How long a whole operation may take, with every attempt, every wait and every renewed login. 90 s.
    pub deadline: Duration,
    /// How often a request is tried at most. 4.
    pub max_attempts: u32,
    /// The first wait before trying again; it doubles each time, and the actual wait is a random part of it. 200 ms.
    pub backoff: Duration,
    /// The longest wait before trying again. 10 s.
    pub backoff_cap: Duration,
    /// The longest wait that a vendor may ask for. Where it asks for more, the call fails and says for how long. 30 s.
    pub retry_after_cap: Duration,
    /// How many retries may be in hand for all calls to a provider together. A vendor that is down is not asked many times as
    /// often as one that is up. 20; each success gives a tenth of one back.
    pub retry_budget: u32,
    /// How many calls to a provider may be under way at once. 16.
    pub max_in_flight: usize,
    /// How long an answer that is not evidence may be, in bytes. 32 MiB.
    pub max_answer: u64,
    /// Maximum length of an answer or a callback that is kept with the report read from it ([`Report::raw`](crate::Report::raw)), in
    /// bytes; 0 keeps none. 1 MiB.
    pub max_raw: u64,
    /// The interval between polls of a [`Tracker`](crate::Tracker), in place of the vendor's
    /// ([`VendorInfo::poll_interval`](crate::VendorInfo::poll_interval)).
    pub poll_interval: Option<Duration>,
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
