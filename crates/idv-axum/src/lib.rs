//! Routes for axum: the vendors' callbacks, the return of the person's browser, and health checks.
//!
//! They serve an [`Engine`] of `idv-flow`, or a single [`Tracker`](idv_core::Tracker). Use this
//! crate if the application runs an HTTP server on axum; without one, pass requests to
//! [`Engine::receive`] or [`TrackerInbox::receive`].
//!
//! ```no_run
//! # use idv_core::Environment;
//! use idv_axum::{ClientIp, Options, ReturnPage};
//! use idv_flow::Engine;
//!
//! async fn serve(flow: Engine) -> std::io::Result<()> {
//!     let options = Options::new()
//!         .client_ip(ClientIp::Header(http::HeaderName::from_static("x-real-ip")))
//!         .after_return(|_| async { ReturnPage::redirect("/my-account").unwrap_or_default() });
//!     let app = axum::Router::new().nest("/identity", idv_axum::routes(&flow, &options));
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//!     axum::serve(listener, app).await
//! }
//! ```
//!
//! | route | caller | effect |
//! |---|---|---|
//! | `/callbacks/{account}` and paths below it | the vendor | authenticates and stores the message, and replies as the vendor expects |
//! | `GET /returns/{account}` | the person's browser | records the return as a claim, and shows or redirects to [the next page](ReturnPage) |
//! | `GET /health` | monitoring | 200 as long as the workers keep up, else 503 |
//! | `GET /health/ready` | a load balancer | 200 as long as messages can be stored, else 503 |
//! | `GET /health/live` | a process supervisor | 200 |
//!
//! The application chooses their path with [`Router::nest`](axum::Router::nest). [`callback_url`]
//! and [`return_url`] build the resulting addresses; [`account_callback_url`] builds the one to
//! enter once in a vendor's panel.
//!
//! # Replies to callbacks
//!
//! The route authenticates, seals and stores a message and replies; [`Engine::run`] processes it
//! later. The adapter provides the vendor's HTTP methods, the maximum length and the time for a
//! reply ([`CallbackSpec`](idv_core::CallbackSpec)), the authentication
//! ([`CallbackAuth`](idv_core::CallbackAuth)), and the reply.
//!
//! | status | when |
//! |---|---|
//! | the vendor's success | the message is stored, or was stored before |
//! | 400 | the message cannot be parsed and is not authenticated. An authenticated one is kept for an operator |
//! | 401 | the message requires HTTP Basic and has no credentials |
//! | 403 | authentication failed. If the address or a header decides, the body is not read |
//! | 404 | no account of this name is configured |
//! | 405 | the vendor does not use this method; `Allow` lists the methods that it uses |
//! | 408, 413 | the body takes too long, or is too long |
//! | 503 | the message could not be stored in time, or too many messages wait for an operator: the vendor should send it again |
//!
//! No media type is required, since the vendors' documents promise none; the adapters detect the
//! format.
//!
//! # Logging
//!
//! **Do not log addresses.** Their queries contain the secrets of callbacks and the ids of
//! sessions. This crate logs no address, header or body; make sure that no other layer, proxy or
//! access log does: log the route (`MatchedPath`) instead. The spans `idv.callback` and
//! `idv.return` carry the provider's id.
//!
//! # Rate limits
//!
//! An unauthenticated sender can reach these routes. A message whose address or headers fail
//! authentication is refused before its body is read. Returns, and callbacks of vendors that are
//! configured without a secret, are claims that any sender can make: each costs a lookup in the
//! store, and none is stored. Limit their rate, and the number of connections, in the proxy in
//! front; [`serve`] limits the time and the number of connections.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod callback;
mod client_ip;
mod health;
mod options;
mod returning;
#[cfg(feature = "server")]
mod server;

pub use address::{account_callback_url, callback_url, return_url};
pub use client_ip::ClientIp;
pub use options::Options;
pub use returning::{NotOnThisSite, ReturnPage, Returned};
#[cfg(feature = "server")]
pub use server::{Limits, serve};

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::routing::{any, get};
use http::{HeaderName, HeaderValue, header};
use idv_core::{Client, Delivery, Reply, TrackerInbox};
use idv_flow::{Engine, FlowError};

/// Returns all routes: those of [`callbacks`], [`returns`] and [`health`].
///
/// To merge them into a router with a state, call `.with_state(())`.
///
/// ```no_run
/// # async fn example(store: idv_flow::store::MemoryStore, client: idv_core::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use idv_axum::Options;
/// use idv_flow::Engine;
///
/// let engine = Engine::builder(store).client(client).open().await?;
/// let app = axum::Router::new().nest("/identity", idv_axum::routes(&engine, &Options::new()));
/// # let _: axum::Router = app;
/// # Ok(())
/// # }
/// ```
pub fn routes(flow: &Engine, options: &Options) -> Router {
    callbacks(flow, options)
        .merge(returns(flow, options))
        .merge(health(flow, options))
}

/// Returns the routes of callbacks and returns for a verification that a
/// [`Tracker`](idv_core::Tracker) follows.
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
    let served = Served {
        receiver: Receiver::Tracker(inbox.clone()),
        options: options.clone(),
    };
    callback_routes(served.clone()).merge(return_routes(served))
}

/// Returns the routes of callbacks: `/callbacks/{account}`, with or without a slash or further
/// segments at its end.
pub fn callbacks(flow: &Engine, options: &Options) -> Router {
    callback_routes(Served::new(flow, options))
}

/// Returns the route of people's returns: `GET /returns/{account}`.
pub fn returns(flow: &Engine, options: &Options) -> Router {
    return_routes(Served::new(flow, options))
}

fn callback_routes(served: Served) -> Router {
    Router::new()
        .route("/callbacks/{account}", any(callback::take))
        .route("/callbacks/{account}/", any(callback::take))
        // Identity.TM's examples append the name of the webhook to the address (section 2.6.3).
        .route("/callbacks/{account}/{*below}", any(callback::take))
        .with_state(served)
}

fn return_routes(served: Served) -> Router {
    Router::new()
        .route("/returns/{account}", get(returning::take))
        .route("/returns/{account}/", get(returning::take))
        .with_state(served)
}

/// Returns the routes `GET /health`, `/health/ready` and `/health/live`.
///
/// They respond with a status word as JSON, and `/health` also with the workers' lag in seconds;
/// neither is confidential. A restart does not help a program whose store is down or whose workers
/// are late, so `/health/live` checks neither. A program whose workers are late can still receive
/// callbacks, so `/health/ready` checks only the store.
///
/// ```no_run
/// # fn example(flow: &idv_flow::Engine) -> axum::Router {
/// use std::time::Duration;
///
/// let options = idv_axum::Options::new().max_lag(Duration::from_secs(60));
/// axum::Router::new().nest("/internal", idv_axum::health(flow, &options))
/// # }
/// ```
pub fn health(flow: &Engine, options: &Options) -> Router {
    Router::new()
        .route("/health", get(health::work))
        .route("/health/ready", get(health::ready))
        .route("/health/live", get(health::live))
        .with_state(health::HealthState {
            flow: flow.clone(),
            options: options.clone(),
        })
}

/// The state of the handlers.
#[derive(Debug, Clone)]
struct Served {
    receiver: Receiver,
    options: Options,
}

/// The receiver of messages.
#[derive(Debug, Clone)]
enum Receiver {
    Engine(Engine),
    Tracker(TrackerInbox),
}

impl Receiver {
    /// Returns the client of an account, if it is configured.
    fn client(&self, account: &str) -> Option<Client> {
        match self {
            Self::Engine(flow) => flow.client(account).ok(),
            Self::Tracker(inbox) => Some(inbox.client().clone())
                .filter(|client| client.info().provider.as_str() == account),
        }
    }

    /// Passes a message on and returns the reply.
    async fn receive(&self, account: &str, delivery: &Delivery) -> Result<Reply, FlowError> {
        match self {
            Self::Engine(flow) => flow.receive(account, delivery).await,
            Self::Tracker(inbox) => Ok(inbox
                .receive(delivery)
                .unwrap_or_else(|error| Reply::to_error(&error))),
        }
    }
}

impl Served {
    fn new(flow: &Engine, options: &Options) -> Self {
        Self {
            receiver: Receiver::Engine(flow.clone()),
            options: options.clone(),
        }
    }

    /// Returns the account in the path and its client, if it is configured.
    fn account(
        &self,
        path: Result<Path<Vec<(String, String)>>, PathRejection>,
    ) -> Option<(String, Client)> {
        let Path(parameters) = path.ok()?;
        let (_, account) = parameters.into_iter().find(|(name, _)| name == "account")?;
        let client = self.receiver.client(&account)?;
        Some((account, client))
    }
}

/// Awaits the engine's answer. Returns `None`, and logs the reason, if it fails or takes too long.
async fn in_time<T>(
    time: Duration,
    answer: impl Future<Output = Result<T, FlowError>>,
) -> Option<T> {
    match tokio::time::timeout(time, answer).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the engine failed"
            );
            None
        }
        Err(_) => {
            tracing::error!(
                milliseconds = time.as_millis(),
                "the store did not respond in time"
            );
            None
        }
    }
}

/// Responses must not be cached.
const NOT_CACHED: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// Compiles the README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
