//! The transport.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use idv_core::{Body, Chunks, Error, Result, Transport, TransportError};
use reqwest::ClientBuilder;
use reqwest::redirect::Policy;

use crate::cause::transport_error;
use crate::options::TransportOptions;

/// The lifetime of an idle connection. It is shorter than any common keep-alive time (Apache's is 5
/// s), because a request on a connection that the vendor is just closing would end with an unknown
/// effect.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Sends requests with reqwest: HTTP/1.1 and HTTP/2, TLS by rustls with the certificate authorities
/// of the operating system.
///
/// It follows no redirects, repeats nothing, stores no cookies, sends no `Referer`, and does not
/// decode bodies. Cheap to clone; clones share their connections.
///
/// A [`TransportError`] has the precise [cause](idv_core::TransportCause): DNS, connection refused,
/// certificate, TLS, timeout or reset.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// Creates a transport.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the extra certificates or the user agent are not
    /// valid.
    pub fn new(options: TransportOptions) -> Result<Self> {
        Self::from_builder(builder(options)?)
    }

    fn from_builder(builder: ClientBuilder) -> Result<Self> {
        let client = builder.build().map_err(|error| {
            Error::config("invalid transport options: check the certificates and the user agent")
                .with_source(error.without_url())
        })?;
        Ok(Self { client })
    }
}

fn builder(options: TransportOptions) -> Result<ClientBuilder> {
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
    // Another crate of the same program may enable these features of reqwest.
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
    Ok(builder)
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(transport_error)?;
        let mut answer = self
            .client
            .execute(request)
            .await
            .map_err(transport_error)?;
        let (status, version, headers) = (
            answer.status(),
            answer.version(),
            std::mem::take(answer.headers_mut()),
        );
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
        self.0.chunk().await.map_err(transport_error)
    }
}

fn certificates(pem: &str) -> Result<Vec<reqwest::Certificate>> {
    let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| {
        Error::config("invalid root certificates: expected PEM").with_source(error.without_url())
    })?;
    if certificates.is_empty() {
        return Err(Error::config(
            "invalid root certificates: expected at least one certificate in PEM",
        ));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use idv_core::{Sent, TransportCause};
    use reqwest::dns::{Name, Resolve, Resolving};

    use super::*;

    /// A resolver that fails like a DNS server that does not know the name.
    struct UnknownName;

    impl Resolve for UnknownName {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(std::future::ready(Err("no such name".into())))
        }
    }

    #[tokio::test]
    async fn unknown_host_is_named_as_the_cause() {
        let builder = builder(TransportOptions::default())
            .unwrap()
            .dns_resolver(Arc::new(UnknownName));
        let transport = ReqwestTransport::from_builder(builder).unwrap();
        let request = http::Request::get("http://vendor.invalid/")
            .body(Bytes::new())
            .unwrap();
        let error = transport.send(request).await.unwrap_err();
        assert_eq!((error.sent, error.cause), (Sent::No, TransportCause::Dns));
    }
}
