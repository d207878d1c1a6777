//! Time limits, retries and sizes of calls.

use std::time::Duration;

use crate::adapter::settings::{Millis, Positive, PositiveMillis};

crate::settings! {
    /// The behaviour of calls: the table `calls` of a configuration. The defaults suit an application's backend.
    #[derive(PartialEq, Eq)]
    pub struct CallPolicy {
        optional {
            /// How long one attempt may take until the answer is there (for downloads: its head, and then each piece). 20 s.
            ///
            /// Without a limit here a vendor that accepts a connection and says nothing would hang the caller for ever, and no
            /// retry would ever come.
            attempt_timeout("attempt_timeout_ms"): Duration as PositiveMillis = Duration::from_secs(20),
            /// How long a whole operation may take, with every attempt, every wait and every renewed login. 90 s.
            deadline("deadline_ms"): Duration as PositiveMillis = Duration::from_secs(90),
            /// The highest number of times that a request is tried. 4.
            max_attempts: u32 as Positive<u32> = 4,
            /// The first wait before trying again; it doubles each time, and the actual wait is a random part of it. 200 ms.
            backoff("backoff_ms"): Duration as Millis = Duration::from_millis(200),
            /// The longest wait before trying again. 10 s.
            backoff_cap("backoff_cap_ms"): Duration as Millis = Duration::from_secs(10),
            /// The longest wait that a vendor may ask for. If it asks for more, the call fails and says for how long. 30 s.
            retry_after_cap("retry_after_cap_ms"): Duration as Millis = Duration::from_secs(30),
            /// The number of retries that all calls to a provider may have in hand together. A vendor that is down is not asked
            /// many times as often as one that is up. 20; each success gives a tenth of one back.
            retry_budget: u32 = 20,
            /// The number of calls to a provider that may be under way at once. 16.
            max_in_flight: usize as Positive<usize> = 16,
            /// The longest answer that is not evidence, in bytes. 32 MiB.
            max_answer("max_answer_bytes"): u64 as Positive<u64> = 32 * 1024 * 1024,
            /// The longest answer or callback that is kept with the report read from it ([`Report::raw`](crate::Report::raw)), in bytes;
            /// 0 keeps none. 1 MiB.
            max_raw("max_raw_bytes"): u64 = 1024 * 1024,
            /// The interval between polls of a [`Tracker`](crate::Tracker), in place of the vendor's
            /// ([`VendorInfo::poll_interval`](crate::VendorInfo::poll_interval)).
            poll_interval("poll_interval_ms"): Option<Duration> as PositiveMillis,
        }
    }
}
