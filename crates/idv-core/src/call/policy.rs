//! Timeouts, retries and limits.

use std::time::Duration;

use crate::adapter::settings::{Millis, Positive, PositiveMillis};

crate::settings! {
    /// Timeouts, retries and limits of calls: the table `calls` of a configuration.
    ///
    /// The defaults suit the backend of an application.
    ///
    /// ```
    /// use std::time::Duration;
    /// use idv_core::call::CallPolicy;
    ///
    /// let policy = CallPolicy::default().attempt_timeout(Duration::from_secs(5)).max_attempts(2);
    /// assert_eq!(policy.max_attempts, 2);
    /// ```
    #[derive(PartialEq, Eq)]
    pub struct CallPolicy {
        optional {
            /// The timeout of one attempt, from connecting to the end of the response. In a
            /// download, the timeout for the head of the response, and for each chunk after it.
            /// Default: 20 s.
            attempt_timeout("attempt_timeout_ms"): Duration as PositiveMillis = Duration::from_secs(20),
            /// The time limit of a whole operation, including all attempts, waits and logins.
            /// Default: 90 s.
            deadline("deadline_ms"): Duration as PositiveMillis = Duration::from_secs(90),
            /// The maximum number of attempts. Default: 4.
            max_attempts: u32 as Positive<u32> = 4,
            /// The first wait before a retry. It doubles each time, with jitter. Default: 200 ms.
            backoff("backoff_ms"): Duration as Millis = Duration::from_millis(200),
            /// The longest wait before a retry. Default: 10 s.
            backoff_cap("backoff_cap_ms"): Duration as Millis = Duration::from_secs(10),
            /// The longest wait that a vendor may request. If the vendor requests more, the call
            /// fails, and the error names the wait. Default: 30 s.
            retry_after_cap("retry_after_cap_ms"): Duration as Millis = Duration::from_secs(30),
            /// The number of retries that all calls to a provider share, so that an unavailable
            /// vendor is not flooded with requests. Each successful call returns a tenth of a retry
            /// to the budget. Default: 20.
            retry_budget: u32 = 20,
            /// The maximum number of concurrent calls to a provider. Default: 16.
            max_in_flight: usize as Positive<usize> = 16,
            /// The maximum length of a response that is not evidence, in bytes. Default: 32 MiB.
            max_answer("max_answer_bytes"): u64 as Positive<u64> = 32 * 1024 * 1024,
            /// The maximum length of a raw response or callback that is kept with its report
            /// ([`Report::raw`](crate::Report::raw)), in bytes; 0 keeps none. Default: 1 MiB.
            max_raw("max_raw_bytes"): u64 = 1024 * 1024,
            /// The polling interval of a [`Tracker`](crate::Tracker), in place of the vendor's
            /// ([`VendorInfo::poll_interval`](crate::VendorInfo::poll_interval)).
            poll_interval("poll_interval_ms"): Option<Duration> as PositiveMillis,
        }
    }
}
