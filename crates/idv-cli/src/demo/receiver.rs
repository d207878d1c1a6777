//! A small server for callbacks, like an application's.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use http::StatusCode;
use idv::{Client, Delivery, Observation, Reply, Url};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::failure::{Exit, Failure};

/// The maximum length of a callback, in bytes.
const LIMIT: usize = 1024 * 1024;

/// Receives callbacks on the loopback interface until it is dropped.
pub(crate) struct Receiver {
    inbox: Arc<Inbox>,
    url: Url,
    _server: JoinSet<()>,
}

/// The observations of the callbacks. A real application stores each callback durably before it
/// replies.
struct Inbox {
    client: Client,
    observations: Mutex<Vec<Observation>>,
}

impl Receiver {
    pub(crate) async fn start(client: Client) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(Exit::Failed, format!("cannot receive callbacks: {error}"))
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let url = format!("http://{address}/callbacks")
            .parse()
            .map_err(|_| Failure::new(Exit::Failed, "the receiver's address is not a valid URL"))?;
        let inbox = Arc::new(Inbox {
            client,
            observations: Mutex::default(),
        });
        let router = Router::new().fallback(take).with_state(Arc::clone(&inbox));
        let mut server = JoinSet::new();
        server.spawn(async move {
            // The server ends when the set is dropped. An earlier failure shows as missing
            // callbacks.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            inbox,
            url,
            _server: server,
        })
    }

    /// Returns the callback address.
    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the observations of the callbacks that arrived since the last call.
    pub(crate) fn take(&self) -> Vec<Observation> {
        std::mem::take(
            &mut self
                .inbox
                .observations
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

async fn take(State(inbox): State<Arc<Inbox>>, request: Request) -> impl IntoResponse {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LIMIT).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "".into());
    };
    let delivery = Delivery::callback(head.method, head.uri, head.headers, body);
    let reply = match inbox.client.receive(&delivery) {
        Ok(received) => {
            inbox
                .observations
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(received.observations);
            received.reply
        }
        Err(error) => Reply::to_error(&error),
    };
    (reply.status, reply.body)
}
