//! One request and its answer.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use idv_core::{Body, Chunks, Error, Result, Sent, Transport, TransportCause, TransportError};
use reqwest::redirect::Policy;

use crate::options::TransportOptions;

/// How long an idle connection is kept. It is shorter than any keep-alive time in common use (Apache's is 5 s), because a request
/// that meets a connection which the vendor is just closing ends with nobody knowing whether it was acted on.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Carries requests by reqwest: HTTP/1.1 and HTTP/2, TLS by rustls with the certificates of the operating system.
///
/// It follows no redirect, repeats nothing, keeps no cookie, sends no `Referer`, and leaves bodies as they are encoded. Cheap to
/// clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// A transport with these options.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) where the extra certificates or the user agent cannot be used.
    pub fn new(options: TransportOptions) -> Result<Self> {
        let TransportOptions {
            connect_timeout,
            read_timeout,
            total_timeout,
            extra_root_certificates,
            user_agent,
            https_only,
            environment_proxies,
        } = options;
        let mut builder = reqwest::Client::builder()
            .tls_backend_rustls()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(connect_timeout)
            .read_timeout(read_timeout)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .https_only(https_only)
            .user_agent(user_agent);
        // Another crate of the same program may switch these features of reqwest on.
        builder = builder.no_gzip().no_brotli().no_zstd().no_deflate();
        if let Some(timeout) = total_timeout {
            builder = builder.timeout(timeout);
        }
        if !environment_proxies {
            builder = builder.no_proxy();
        }
        if let Some(pem) = extra_root_certificates {
            builder = builder.tls_certs_merge(certificates(&pem)?);
        }
        let client = builder.build().map_err(|error| {
            Error::config("the transport cannot be built with these options: check the certificates and the user agent")
                .with_source(error.without_url())
        })?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut answer = self.client.execute(request).await.map_err(failed)?;
        let (status, version, headers) = (answer.status(), answer.version(), std::mem::take(answer.headers_mut()));
        let mut response = http::Response::new(Body::chunks(Pieces(answer)));
        *response.status_mut() = status;
        *response.version_mut() = version;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

struct Pieces(reqwest::Response);

#[async_trait]
impl Chunks for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.0.chunk().await.map_err(failed)
    }
}

fn certificates(pem: &str) -> Result<Vec<reqwest::Certificate>> {
    let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
        .map_err(|error| Error::config("the extra root certificates are not PEM").with_source(error.without_url()))?;
    if certificates.is_empty() {
        return Err(Error::config("the extra root certificates hold no certificate in PEM"));
    }
    Ok(certificates)
}

/// What a failure means. No byte has left while there was no connection or no request; everything else may have.
fn failed(error: reqwest::Error) -> TransportError {
    let sent = if error.is_connect() || error.is_builder() { Sent::No } else { Sent::Maybe };
    let cause = if error.is_timeout() {
        TransportCause::Timeout
    } else if error.is_connect() {
        TransportCause::Connect
    } else if error.is_builder() {
        TransportCause::Request
    } else {
        TransportCause::Interrupted
    };
    TransportError::new(sent, cause).with_source(error.without_url())
}
