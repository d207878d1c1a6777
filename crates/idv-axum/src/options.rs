//! Options of the routes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use idv_core::Url;

use crate::client_ip::ClientIp;
use crate::returning::{ReturnPage, Returned};

/// Options of the routes.
///
/// [`Options::new`] suits a server without a proxy in front, and shows returning people a page that
/// says that they can close the window.
///
/// ```
/// use std::time::Duration;
/// use idv_axum::{ClientIp, Options};
///
/// let options = Options::new().client_ip(ClientIp::Connection).body_timeout(Duration::from_secs(5));
/// ```
#[derive(Clone)]
pub struct Options {
    pub(crate) client_ip: ClientIp,
    pub(crate) body_limit: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) reply_within: Duration,
    pub(crate) max_lag: Duration,
    pub(crate) site: Option<Url>,
    pub(crate) after_return: AfterReturn,
}

type AfterReturn =
    Arc<dyn Fn(Returned) -> Pin<Box<dyn Future<Output = ReturnPage> + Send>> + Send + Sync>;

impl Options {
    /// Creates options with the defaults that each setter states.
    #[must_use]
    pub fn new() -> Self {
        Self {
            client_ip: ClientIp::Unknown,
            body_limit: usize::MAX,
            body_timeout: Duration::from_secs(10),
            reply_within: Duration::from_secs(10),
            max_lag: Duration::from_secs(5 * 60),
            site: None,
            after_return: Arc::new(|_| Box::pin(std::future::ready(ReturnPage::default()))),
        }
    }

    /// Sets the source of the sender's IP address. Default: none, so that an adapter that is
    /// configured to check the vendor's addresses refuses every callback.
    #[must_use]
    pub fn client_ip(mut self, client_ip: ClientIp) -> Self {
        self.client_ip = client_ip;
        self
    }

    /// Limits the length of bodies further than the adapter does, in bytes. Default: the adapter's
    /// limit alone.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets the time in which a body has to arrive. Default: 10 seconds.
    #[must_use]
    pub const fn body_timeout(mut self, time: Duration) -> Self {
        self.body_timeout = time;
        self
    }

    /// Sets the time in which the store has to take a message. Default: 10 seconds. If a vendor's
    /// document limits the time for the reply, body and store together have four fifths of that at
    /// most.
    #[must_use]
    pub const fn reply_within(mut self, time: Duration) -> Self {
        self.reply_within = time;
        self
    }

    /// Sets the lag of the workers above which `/health` reports a failure. Default: 5 minutes.
    #[must_use]
    pub const fn max_lag(mut self, time: Duration) -> Self {
        self.max_lag = time;
        self
    }

    /// Sets the site for [`ReturnPage::redirect`]; only its scheme, host and port count. Default:
    /// the site that the person returned to.
    #[must_use]
    pub fn site(mut self, site: Url) -> Self {
        self.site = Some(site);
        self
    }

    /// Sets the page for people who return. Default: a page that thanks them.
    #[must_use]
    pub fn after_return<F, P>(mut self, page: F) -> Self
    where
        F: Fn(Returned) -> P + Send + Sync + 'static,
        P: Future<Output = ReturnPage> + Send + 'static,
    {
        self.after_return = Arc::new(move |returned| Box::pin(page(returned)));
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
            .field("client_ip", &self.client_ip)
            .field("body_limit", &self.body_limit)
            .field("body_timeout", &self.body_timeout)
            .field("reply_within", &self.reply_within)
            .field("max_lag", &self.max_lag)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
