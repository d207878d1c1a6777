//! Seals every payload by the vault's keys, so that neither the server nor its UI can read one.

use std::fmt;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use idv_flow::Engine;
use temporalio_common::data_converters::{
    PayloadCodec, PayloadConversionError, SerializationContextData,
};
use temporalio_common::protos::temporal::api::common::v1::Payload;

/// The metadata that marks a sealed payload.
const ENCODING: &str = "encoding";
const SEALED: &[u8] = b"binary/idv-sealed";

/// The payload codec of the workflows: it seals by an engine's vault. Any key of the vault opens a
/// payload, so keys can rotate while workflows are open.
///
/// A [`Host`](crate::Host) uses it by itself. A codec server, which shows payloads in Temporal's
/// UI, needs it alone.
#[derive(Clone)]
pub struct SealingCodec {
    engine: Engine,
}

impl SealingCodec {
    /// Returns the codec of an engine's vault.
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

impl fmt::Debug for SealingCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingCodec")
    }
}

impl PayloadCodec for SealingCodec {
    fn encode(
        &self,
        _: &SerializationContextData,
        payloads: Vec<Payload>,
    ) -> BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>> {
        let engine = self.engine.clone();
        async move {
            let mut sealed = Vec::with_capacity(payloads.len());
            for payload in payloads {
                sealed.push(seal(&engine, &payload).await?);
            }
            Ok(sealed)
        }
        .boxed()
    }

    fn decode(
        &self,
        _: &SerializationContextData,
        payloads: Vec<Payload>,
    ) -> BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>> {
        let engine = self.engine.clone();
        async move {
            let mut opened = Vec::with_capacity(payloads.len());
            for payload in payloads {
                opened.push(open(&engine, payload).await?);
            }
            Ok(opened)
        }
        .boxed()
    }
}

/// Seals a payload with its metadata.
async fn seal(engine: &Engine, payload: &Payload) -> Result<Payload, PayloadConversionError> {
    use prost::Message as _;
    let data = engine
        .seal_payload(&payload.encode_to_vec())
        .await
        .map_err(failed)?;
    Ok(Payload {
        metadata: [(ENCODING.to_owned(), SEALED.to_vec())].into(),
        data,
        ..Payload::default()
    })
}

/// Opens a sealed payload. Any program can write to the server, so one that is not sealed is
/// refused.
async fn open(engine: &Engine, payload: Payload) -> Result<Payload, PayloadConversionError> {
    use prost::Message as _;
    if payload.metadata.get(ENCODING).map(Vec::as_slice) != Some(SEALED) {
        return Err(failed("a payload is not sealed"));
    }
    let opened = engine.open_payload(&payload.data).await.map_err(failed)?;
    Payload::decode(opened.as_slice()).map_err(failed)
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PayloadConversionError {
    PayloadConversionError::EncodingError(error.into())
}
