//! How the routes behave.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use idv_core::Url;

use crate::returning::{Landing, Returned};
use crate::source::Source;

/// How the routes behave. [`Options::new`] suits a server that is reached directly, and tells people that they may close the window.
#[derive(Clone)]
pub struct Options {
    pub(crate) source: Source,
    pub(crate) body_limit: usize,
    pub(crate) body_within: Duration,
    pub(crate) reply_within: Duration,
    pub(crate) behind_at_most: Duration,
    pub(crate) site: Option<Url>,
    pub(crate) after_return: AfterReturn,
}

type AfterReturn = Arc<dyn Fn(Returned) -> Pin<Box<dyn Future<Output = Landing> + Send>> + Send + Sync>;

impl Options {
    /// What each method says that it is without it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            source: Source::Unknown,
            body_limit: usize::MAX,
            body_within: Duration::from_secs(10),
            reply_within: Duration::from_secs(10),
            behind_at_most: Duration::from_secs(5 * 60),
            site: None,
            after_return: Arc::new(|_| Box::pin(std::future::ready(Landing::default()))),
        }
    }

    /// Where the address of whoever calls is known from. Without it, it is not known, and an adapter that is configured to demand the
    /// vendor's addresses refuses every callback.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    /// Reads no body that is longer than so many bytes, where an adapter would let more pass. Without it, its own limit counts.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long a body may take to arrive. Without it, 10 seconds.
    #[must_use]
    pub const fn body_within(mut self, time: Duration) -> Self {
        self.body_within = time;
        self
    }

    /// How long the store may take before it is answered that it failed. Without it, 10 seconds. Where a vendor's document has a time
    /// for the reply, body and store have four fifths of it together if that is less, so that the answer is there in time.
    #[must_use]
    pub const fn reply_within(mut self, time: Duration) -> Self {
        self.reply_within = time;
        self
    }

    /// For how long work may have been due before `/health` says so. Without it, 5 minutes.
    #[must_use]
    pub const fn behind_at_most(mut self, time: Duration) -> Self {
        self.behind_at_most = time;
        self
    }

    /// The site that [`Landing::see`] leads to: only its scheme, host and port count. Without it, the site that the person returned to.
    #[must_use]
    pub fn site(mut self, site: Url) -> Self {
        self.site = Some(site);
        self
    }

    /// What a person sees who comes back. Without it, a page that thanks them.
    #[must_use]
    pub fn after_return<F, L>(mut self, land: F) -> Self
    where
        F: Fn(Returned) -> L + Send + Sync + 'static,
        L: Future<Output = Landing> + Send + 'static,
    {
        self.after_return = Arc::new(move |returned| Box::pin(land(returned)));
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("source", &self.source)
            .field("body_limit", &self.body_limit)
            .field("body_within", &self.body_within)
            .field("reply_within", &self.reply_within)
            .field("behind_at_most", &self.behind_at_most)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
