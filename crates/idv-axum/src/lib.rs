//! Routes for axum: where vendors call back and people return, in front of a [`Flow`] or a [`Tracker`](idv_core::Tracker).
//!
//! ```no_run
//! # use idv_core::Environment;
//! use idv_axum::{Landing, Options, Source};
//! use idv_flow::Flow;
//!
//! async fn serve(flow: Flow) -> std::io::Result<()> {
//!     let options = Options::new()
//!         .source(Source::Header(http::HeaderName::from_static("x-real-ip")))
//!         .after_return(|_| async { Landing::see("/my-account").unwrap_or_default() });
//!     let app = axum::Router::new().nest("/identity", idv_axum::routes(&flow, &options));
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//!     axum::serve(listener, app).await
//! }
//! ```
//!
//! | route | who calls it | what it does |
//! |---|---|---|
//! | `/callbacks/{provider}`, and whatever is below it | the vendor | has the message proven and stored, and answers as the vendor wants |
//! | `GET /returns/{provider}` | the person's browser | takes in what it brought, as a claim, and shows or sends it to [what comes next](Landing) |
//! | `GET /health` | monitoring | 200 as long as the work is done in time, else 503 |
//! | `GET /health/ready` | a load balancer | 200 as long as messages can be stored, else 503 |
//! | `GET /health/live` | whoever restarts programs | 200 |
//!
//! Where they are is the application's: [`Router::nest`](axum::Router::nest). [`callback_url`] and [`return_url`] write the addresses that
//! come of it, [`account_callback_url`] the one to be set once in a vendor's panel.
//!
//! # What a callback is answered with
//!
//! Nothing slow happens in between: a message is proven, sealed and stored, and worked off by [`Flow::run`]. What only a vendor knows comes
//! from its adapter: by which methods it calls, how long its messages may be, how soon it wants its reply
//! ([`CallbackSpec`](idv_core::CallbackSpec)), how they are proven ([`CallbackAuth`](idv_core::CallbackAuth)), and the reply.
//!
//! | status | when |
//! |---|---|
//! | the vendor's success | it is stored, or was before |
//! | 400 | it cannot be read, and is not proven to be the vendor's. If it is, it is kept for an operator |
//! | 401 | it is to be proven by HTTP Basic, and brings no credentials |
//! | 403 | its proof is missing or wrong. Where the address or a header tells, the body is not read |
//! | 404 | no client of this provider is configured |
//! | 405 | the vendor never calls by this method; `Allow` has those that it calls by |
//! | 408, 413 | its body takes too long, or is too long |
//! | 503 | it could not be stored in time, or too many messages wait for an operator: the vendor is to send it again |
//!
//! No media type is demanded: the documents promise none that could be relied on, and the adapters see for themselves what it is.
//!
//! # What must not be logged
//!
//! **Addresses.** The secrets of callbacks and the ids of sessions are in their queries. Nothing here logs an address, a header or a body;
//! see to it that no other layer, no proxy and no access log does: log the route (`MatchedPath`) instead. The
//! spans here, `idv.callback` and `idv.return`, carry the provider's id.
//!
//! # What a server in front should do
//!
//! An unauthenticated sender can reach these routes. A message that cannot be proven is refused before its body is read. Returns, and
//! callbacks of vendors that are configured without a secret, are claims that any sender can make: each costs a lookup in the store, and
//! none is stored. Limit their rate, and the number of connections, where requests come in; [`serve`] limits the time and the number of
//! connections.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod callback;
mod health;
mod options;
mod returning;
#[cfg(feature = "server")]
mod server;
mod source;

pub use address::{account_callback_url, callback_url, return_url};
pub use options::Options;
pub use returning::{Landing, NotOnThisSite, Returned};
#[cfg(feature = "server")]
pub use server::{Limits, serve};
pub use source::Source;

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::routing::{any, get};
use http::{HeaderName, HeaderValue, header};
use idv_core::{Client, Delivery, Reply, TrackerInbox};
use idv_flow::{Flow, FlowError};

/// All routes: those of [`callbacks`], [`returns`] and [`health`].
///
/// For a router with a state, say `.with_state(())`.
pub fn routes(flow: &Flow, options: &Options) -> Router {
    callbacks(flow, options).merge(returns(flow, options)).merge(health(flow, options))
}

/// Returns the routes of callbacks and returns for a verification that a [`Tracker`](idv_core::Tracker) follows.
///
/// ```no_run
/// # async fn run(client: idv_core::Client, created: idv_core::CreateResponse) -> Result<(), Box<dyn std::error::Error>> {
/// use idv_axum::{Limits, Options};
///
/// let until = client.now() + std::time::Duration::from_secs(3600);
/// let mut tracker = idv_core::Tracker::new(client, &created);
/// let routes = idv_axum::tracker_routes(&tracker.inbox(), &Options::new());
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// tokio::spawn(idv_axum::serve(listener, routes, Limits::default(), std::future::pending()));
/// tracker.run(until).await?;
/// # Ok(())
/// # }
/// ```
pub fn tracker_routes(inbox: &TrackerInbox, options: &Options) -> Router {
    let served = Served { receiver: Receiver::Tracker(inbox.clone()), options: options.clone() };
    callback_routes(served.clone()).merge(return_routes(served))
}

/// Where vendors call back: `/callbacks/{provider}`, with or without a slash or more at its end.
pub fn callbacks(flow: &Flow, options: &Options) -> Router {
    callback_routes(Served::new(flow, options))
}

/// Where people return: `GET /returns/{provider}`.
pub fn returns(flow: &Flow, options: &Options) -> Router {
    return_routes(Served::new(flow, options))
}

fn callback_routes(served: Served) -> Router {
    Router::new()
        .route("/callbacks/{provider}", any(callback::take))
        .route("/callbacks/{provider}/", any(callback::take))
        // Identity.TM's document has the name of the webhook at the end of its examples (chapter 2.6.3).
        .route("/callbacks/{provider}/{*below}", any(callback::take))
        .with_state(served)
}

fn return_routes(served: Served) -> Router {
    Router::new()
        .route("/returns/{provider}", get(returning::take))
        .route("/returns/{provider}/", get(returning::take))
        .with_state(served)
}

/// How it stands: `GET /health`, `/health/ready` and `/health/live`.
///
/// They tell in JSON how it stands, in one word, and `/health` for how many seconds work has been waiting: nothing that anybody must not
/// know. A program whose store is down, or whose work waits, is not helped by being restarted, so that `/health/live` looks at neither; one
/// whose work waits still takes callbacks, so that `/health/ready` does not look at that.
pub fn health(flow: &Flow, options: &Options) -> Router {
    Router::new()
        .route("/health", get(health::work))
        .route("/health/ready", get(health::ready))
        .route("/health/live", get(health::live))
        .with_state(health::Watched { flow: flow.clone(), options: options.clone() })
}

/// The state of the handlers.
#[derive(Debug, Clone)]
struct Served {
    receiver: Receiver,
    options: Options,
}

/// The part of the program that takes messages in.
#[derive(Debug, Clone)]
enum Receiver {
    Flow(Flow),
    Tracker(TrackerInbox),
}

impl Receiver {
    /// Returns the client of a provider, if it is configured.
    fn client(&self, provider: &str) -> Option<Client> {
        match self {
            Self::Flow(flow) => flow.client(provider).ok(),
            Self::Tracker(inbox) => Some(inbox.client().clone()).filter(|client| client.info().provider.as_str() == provider),
        }
    }

    /// Takes a message in, and returns the reply.
    async fn receive(&self, provider: &str, delivery: &Delivery) -> Result<Reply, FlowError> {
        match self {
            Self::Flow(flow) => flow.receive(provider, delivery).await,
            Self::Tracker(inbox) => Ok(inbox.receive(delivery).unwrap_or_else(|error| Reply::to_error(&error))),
        }
    }
}

impl Served {
    fn new(flow: &Flow, options: &Options) -> Self {
        Self { receiver: Receiver::Flow(flow.clone()), options: options.clone() }
    }

    /// The client of the provider that the path names; `None` where there is none.
    fn client(&self, path: Result<Path<Vec<(String, String)>>, PathRejection>) -> Option<Client> {
        let Path(parameters) = path.ok()?;
        let (_, provider) = parameters.into_iter().find(|(name, _)| name == "provider")?;
        self.receiver.client(&provider)
    }
}

/// What comes of a question to the flow; `None`, and a line in the log, where the store does not answer it in time.
async fn in_time<T>(time: Duration, question: impl Future<Output = Result<T, FlowError>>) -> Option<T> {
    match tokio::time::timeout(time, question).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the flow does not answer");
            None
        }
        Err(_) => {
            tracing::error!(milliseconds = time.as_millis(), "the store does not answer in time");
            None
        }
    }
}

/// Nothing here is for a cache: not a `GET` that tells of an event, and not the page that a person comes back to.
const NOT_CACHED: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// The README's examples, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
