//! Tests of TLS: trusted certificates, and the causes of failed connections.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use idv_core::{Sent, Transport, TransportCause};
use idv_transport_reqwest::{ReqwestTransport, TransportOptions};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use support::{Counts, answer, listen, post, read_request, text};
use tokio::io::AsyncReadExt as _;

/// A vendor with TLS for `name`, and the certificate of the authority that issued its certificate.
async fn vendor(name: &str) -> (String, Counts, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![leaf.der().clone()], key)
    .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let (base, counts) = listen(move |stream, _, counts| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            if read_request(&mut stream, &counts).await.is_some() {
                answer(&mut stream, "200 OK", "over TLS").await;
            }
        }
    })
    .await;
    (
        base.replace("http://127.0.0.1", "https://localhost"),
        counts,
        authority.pem(),
    )
}

fn trusting(pem: Option<String>) -> ReqwestTransport {
    let options = TransportOptions::default().https_only(true);
    let options = match pem {
        Some(pem) => options.extra_root_certificates(pem),
        None => options,
    };
    ReqwestTransport::new(options).unwrap()
}

#[tokio::test]
async fn unknown_authority_is_refused_before_anything_is_sent() {
    let (base, counts, _) = vendor("localhost").await;
    let error = trusting(None).send(post(&base)).await.unwrap_err();
    assert_eq!(
        (error.sent, error.cause),
        (Sent::No, TransportCause::Certificate)
    );
    assert_eq!(counts.requests(), 0);
}

#[tokio::test]
async fn configured_authority_is_trusted() {
    let (base, counts, pem) = vendor("localhost").await;
    let response = trusting(Some(pem)).send(post(&base)).await.unwrap();
    assert_eq!(text(response).await, "over TLS");
    assert_eq!(counts.requests(), 1);
}

#[tokio::test]
async fn certificate_for_another_host_is_refused() {
    let (base, counts, pem) = vendor("vendor.example").await;
    let error = trusting(Some(pem)).send(post(&base)).await.unwrap_err();
    assert_eq!(
        (error.sent, error.cause),
        (Sent::No, TransportCause::Certificate)
    );
    assert_eq!(counts.requests(), 0);
}

#[tokio::test]
async fn port_without_tls_fails_the_handshake() {
    let (base, _) = listen(|mut stream, _, _| async move {
        // Read the ClientHello first, so that the connection is not reset.
        let _ = stream.read(&mut [0; 1024]).await.unwrap();
        answer(&mut stream, "400 Bad Request", "plain HTTP").await;
    })
    .await;
    let error = trusting(None)
        .send(post(&base.replace("http:", "https:")))
        .await
        .unwrap_err();
    assert_eq!((error.sent, error.cause), (Sent::No, TransportCause::Tls));
}

/// The clock stands still once the handshake has begun, so that only the timeout can end it.
#[tokio::test]
async fn handshake_without_response_times_out_before_sending() {
    let (base, _) = listen(|mut stream, _, _| async move {
        let _ = stream.read(&mut [0; 1024]).await.unwrap();
        tokio::time::pause();
        std::future::pending::<()>().await;
    })
    .await;
    let error = trusting(None)
        .send(post(&base.replace("http:", "https:")))
        .await
        .unwrap_err();
    assert_eq!(
        (error.sent, error.cause),
        (Sent::No, TransportCause::Timeout)
    );
}
