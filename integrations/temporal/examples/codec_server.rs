//! A codec server: opens the payloads of workflows for Temporal's UI and its command line.
//!
//! ```text
//! IDV_CODEC_TOKEN=… IDV_VAULT_KEY=… cargo run --example codec_server -- bank.db https://temporal.bank.example
//! temporal workflow show --workflow-id … --codec-endpoint http://127.0.0.1:8081 --codec-auth "Bearer …"
//! ```
//!
//! It needs the store, since the vault's data keys can be there. The last argument is the origin of
//! the UI, whose browser sends the requests. Run it behind TLS.

use std::collections::HashMap;
use std::error::Error;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderValue, Method, StatusCode, header};
use idv::Secret;
use idv_flow::store::SqliteStore;
use idv_flow::{Engine, Vault};
use idv_temporal::SealingCodec;
use idv_temporal::temporalio_common::data_converters::{PayloadCodec, SerializationContextData};
use idv_temporal::temporalio_common::protos::temporal::api::common::v1::Payload;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

#[tokio::main]
#[allow(dead_code, reason = "a test has the routes only")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let store = arguments.next().ok_or("the file of the store is missing")?;
    let origin = arguments.next().ok_or("the origin of the UI is missing")?;
    let vault = Vault::new(&Secret::new(std::env::var("IDV_VAULT_KEY")?))?;
    let engine = Engine::builder(SqliteStore::open(&store).await?).vault(vault);
    let token = Secret::new(std::env::var("IDV_CODEC_TOKEN")?);
    let routes = routes(engine.open().await?, &token, origin.parse()?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
    Ok(axum::serve(listener, routes).await?)
}

/// Returns the routes of Temporal's protocol for remote codecs.
pub(crate) fn routes(engine: Engine, token: &Secret, origin: HeaderValue) -> Router {
    let codec = SealingCodec::new(engine);
    let access = (format!("Bearer {}", token.expose()), origin);
    Router::new()
        .route("/encode", post(encode))
        .route("/decode", post(decode))
        .with_state(codec)
        .layer(from_fn_with_state(access, admit))
}

/// Payloads in protocol buffers' form of JSON.
#[derive(Serialize, Deserialize)]
struct Payloads {
    payloads: Vec<JsonPayload>,
}

#[derive(Serialize, Deserialize)]
struct JsonPayload {
    #[serde(default)]
    metadata: HashMap<String, String>,
    #[serde(default)]
    data: String,
}

type Answer = Result<Json<Payloads>, StatusCode>;

async fn encode(State(codec): State<SealingCodec>, Json(body): Json<Payloads>) -> Answer {
    let sealed = codec.encode(&SerializationContextData::None, read(body)?);
    sealed.await.map(write).or(Err(StatusCode::BAD_REQUEST))
}

async fn decode(State(codec): State<SealingCodec>, Json(body): Json<Payloads>) -> Answer {
    let opened = codec.decode(&SerializationContextData::None, read(body)?);
    opened.await.map(write).or(Err(StatusCode::BAD_REQUEST))
}

fn read(body: Payloads) -> Result<Vec<Payload>, StatusCode> {
    let bytes = |text: String| {
        BASE64_STANDARD
            .decode(text)
            .or(Err(StatusCode::BAD_REQUEST))
    };
    let payload = |JsonPayload { metadata, data }| -> Result<_, StatusCode> {
        let metadata = metadata.into_iter();
        Ok(Payload {
            metadata: metadata
                .map(|(name, value)| Ok((name, bytes(value)?)))
                .collect::<Result<_, StatusCode>>()?,
            data: bytes(data)?,
            ..Payload::default()
        })
    };
    body.payloads.into_iter().map(payload).collect()
}

fn write(payloads: Vec<Payload>) -> Json<Payloads> {
    let payload = |Payload { metadata, data, .. }| JsonPayload {
        metadata: metadata
            .into_iter()
            .map(|(name, value)| (name, BASE64_STANDARD.encode(value)))
            .collect(),
        data: BASE64_STANDARD.encode(data),
    };
    let payloads = payloads.into_iter().map(payload).collect();
    Json(Payloads { payloads })
}

/// Admits requests with the token, and lets the browser of the UI send them.
async fn admit(
    State((token, origin)): State<(String, HeaderValue)>,
    request: Request,
    next: Next,
) -> Response {
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.map(HeaderValue::as_bytes).unwrap_or_default();
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else if given.ct_eq(token.as_bytes()).into() {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let allowed = HeaderValue::from_static("authorization, content-type, x-namespace");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    response
}
