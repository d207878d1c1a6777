//! A temporary authority, and a certificate for every served host.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::sandbox::SandboxError;
use crate::vendor::VENDORS;

/// Returns an acceptor, and the authority's certificate in PEM. The authority's key is discarded at
/// once. `public` is a further host to serve.
pub(crate) fn authority(public: Option<&str>) -> Result<(TlsAcceptor, String), SandboxError> {
    let failed = |_| SandboxError::Tls;
    let mut params = CertificateParams::new(Vec::new()).map_err(failed)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
        .distinguished_name
        .push(DnType::CommonName, "idv sandbox: temporary authority");
    let authority_key = KeyPair::generate().map_err(failed)?;
    let authority = params.self_signed(&authority_key).map_err(failed)?;

    let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"]
        .map(str::to_owned)
        .to_vec();
    hosts.extend(public.map(str::to_owned));
    hosts.extend(
        VENDORS
            .iter()
            .flat_map(|vendor| vendor.hosts)
            .map(|host| (*host).to_owned()),
    );
    let leaf_key = KeyPair::generate().map_err(failed)?;
    let issuer = Issuer::new(params, authority_key);
    let leaf = leaf(hosts)
        .map_err(failed)?
        .signed_by(&leaf_key, &issuer)
        .map_err(failed)?;

    let key = PrivateKeyDer::try_from(leaf_key.serialize_der()).map_err(|_| SandboxError::Tls)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| SandboxError::Tls)?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .map_err(|_| SandboxError::Tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), authority.pem()))
}

/// Returns the parameters of the server's certificate. Strict verifiers, such as those of Python
/// and Apple, require each of them, and a lifetime of at most 825 days.
fn leaf(hosts: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "idv sandbox");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let year = i32::from(
        jiff::Timestamp::now()
            .to_zoned_datetime(jiff::tz::TimeZone::UTC)
            .year(),
    );
    params.not_before = date_time_ymd(year - 1, 12, 1);
    params.not_after = date_time_ymd(year + 1, 2, 1);
    Ok(params)
}
