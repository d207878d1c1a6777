//! Verifies the signature of the XML result (chapter 13.3.1), which proves that the result comes
//! from IDnow and was not modified.
//!
//! IDnow signs on request. The signature is in the ZIP archive beside the result, as
//! `<transactionnumber>.sig`, and [`KNOWN_KEYS`] lists the locations of the public keys.
//! [`PublicKey::verify`] corresponds to the document's command:
//!
//! ```text
//! openssl dgst -sha512 -verify <file>.pem \
//!     -signature <transactionnumber>.sig <transactionnumber>.xml
//! ```
//!
//! ```
//! use idv_idnow::signature::PublicKey;
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/signature/");
//! # let pem = std::fs::read_to_string(format!("{folder}rsa-2048.pem"))?;
//! # let xml = std::fs::read(format!("{folder}signed.xml"))?;
//! # let signature = std::fs::read(format!("{folder}rsa-2048.sig"))?;
//! let key = PublicKey::from_pem(&pem)?;
//! key.verify(&xml, &signature)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A signature proves the author of a result, but neither its subject nor that it is the latest:
//! compare its transaction number with the requested one. The test system has its own key, so its
//! results do not pass for results of the live system.

use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::rsa::PublicEncryptingKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA512_ASN1, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};
use idv_core::{Error, ErrorKind, Result};
use rustls_pki_types::pem::{PemObject, SectionKind};

#[cfg(feature = "archive")]
use crate::wire::archive::{self, Options};

/// A system of IDnow that signs results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum System {
    /// The test system.
    Test,
    /// The live system.
    Live,
}

/// A public key in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownKey {
    /// The system that signs with it.
    pub system: System,
    /// The URL of the key's file in the document.
    pub address: &'static str,
    /// The SHA-1 digest of that file (not of the key in it), in lower-case hexadecimal.
    pub sha1: &'static str,
}

/// The keys in the table of chapter 13.3.1. They are from 2017; IDnow may have newer ones.
pub const KNOWN_KEYS: &[KnownKey] = &[
    KnownKey {
        system: System::Test,
        address: "https://go.idnow.de/assets/certs/idnow_signing_test_20171004.pem",
        sha1: "cf85910dc4dd95f0fc8605b2ad39041a305b994a",
    },
    KnownKey {
        system: System::Live,
        address: "https://go.idnow.de/assets/certs/idnow_signing_20171018.pem",
        sha1: "a970f6daa84014c12422217ef216c03b046322ab",
    },
];

/// Returns the entry of [`KNOWN_KEYS`] for a file, by its digest.
///
/// `pem` is the downloaded file with its original line endings.
///
/// The digest is SHA-1, as in the document: it distinguishes the right file from a wrong one, but
/// does not replace a download over a trusted connection.
///
/// ```
/// use idv_idnow::signature;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/signature/");
/// # let pem = std::fs::read(format!("{folder}rsa-2048.pem"))?;
/// // A key that is not in the table, such as one of another environment:
/// assert_eq!(signature::known_key(&pem), None);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn known_key(pem: &[u8]) -> Option<&'static KnownKey> {
    let sha1 = sha1(pem);
    KNOWN_KEYS.iter().find(|key| key.sha1 == sha1)
}

/// A key that verifies signatures: RSA of 2048 to 8192 bits (PKCS #1 v1.5), or ECDSA on P-256,
/// P-384 or P-521. The digest is always SHA-512.
pub struct PublicKey {
    name: &'static str,
    key: ParsedPublicKey,
}

impl PublicKey {
    /// Parses a key from the first section of a PEM file, which must be a `PUBLIC KEY`.
    ///
    /// ```
    /// use idv_idnow::signature::PublicKey;
    ///
    /// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/signature/");
    /// # let pem = std::fs::read_to_string(format!("{folder}p256.pem"))?;
    /// # let certificate = std::fs::read_to_string(format!("{folder}certificate.pem"))?;
    /// let key = PublicKey::from_pem(&pem)?;
    /// assert_eq!(format!("{key:?}"), r#"PublicKey("ECDSA on P-256")"#);
    ///
    /// let error = PublicKey::from_pem(&certificate).expect_err("a certificate");
    /// assert!(error.to_string().contains("extract its public key with `openssl x509"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if there is no such section, with advice if the file has a
    /// certificate or another form of key; also if the kind of key is not supported.
    pub fn from_pem(pem: &str) -> Result<Self> {
        // The PEM parser does not recognize this form.
        if pem.contains("-----BEGIN RSA PUBLIC KEY-----") {
            return Err(Error::config(
                "unsupported form of an RSA public key: convert it with `openssl rsa \
                 -RSAPublicKey_in -pubout -in FILE`",
            ));
        }
        let unreadable = || {
            Error::config("the public key is not a PEM file: expected -----BEGIN PUBLIC KEY-----")
        };
        let mut sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes());
        let (kind, der) = sections
            .next()
            .ok_or_else(unreadable)?
            .map_err(|_| unreadable())?;
        match kind {
            SectionKind::PublicKey => Self::from_der(&der),
            SectionKind::Certificate => Err(Error::config(
                "the file is a certificate: extract its public key with `openssl x509 \
                 -pubkey -noout -in FILE`",
            )),
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
                Err(Error::config(
                    "the file is a private key: expected the vendor's public key",
                ))
            }
            _ => Err(Error::config(
                "the file has no public key: expected -----BEGIN PUBLIC KEY-----",
            )),
        }
    }

    /// Verifies the signature of a result.
    ///
    /// `xml` and `signature` are the files from the archive, byte for byte: a changed line ending
    /// invalidates the signature. The signature is raw, neither Base64 nor hexadecimal.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_idnow::signature::PublicKey;
    ///
    /// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/signature/");
    /// # let pem = std::fs::read_to_string(format!("{folder}rsa-2048.pem"))?;
    /// # let mut xml = std::fs::read(format!("{folder}signed.xml"))?;
    /// # let signature = std::fs::read(format!("{folder}rsa-2048.sig"))?;
    /// let key = PublicKey::from_pem(&pem)?;
    /// key.verify(&xml, &signature)?;
    ///
    /// xml.push(b'\n');
    /// let error = key.verify(&xml, &signature).expect_err("a changed file");
    /// assert_eq!(error.kind(), &ErrorKind::Forged);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) if this key did not sign these bytes.
    pub fn verify(&self, xml: &[u8], signature: &[u8]) -> Result<()> {
        self.key.verify_sig(xml, signature).map_err(|_| {
            forged(
                "the signature is not this key's, or the result was modified after it was signed",
            )
        })
    }

    /// Verifies the result in an archive with the signature beside it, and returns only the
    /// verified result.
    ///
    /// [`wire::read`](crate::wire::read) parses it.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// use idv_core::ErrorKind;
    /// use idv_idnow::signature::PublicKey;
    /// use idv_idnow::wire;
    /// use idv_idnow::wire::archive::Limits;
    ///
    /// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/signature/");
    /// # let pem = std::fs::read_to_string(format!("{folder}rsa-2048.pem"))?;
    /// # let signed = std::fs::read(format!("{folder}signed.xml"))?;
    /// # let signature = std::fs::read(format!("{folder}rsa-2048.sig"))?;
    /// # let xml = ("AH73JK3LM.xml", signed.as_slice());
    /// # let archive = account::archive(&[xml, ("AH73JK3LM.sig", signature.as_slice())]);
    /// # let unsigned = account::archive(&[xml]);
    /// let key = PublicKey::from_pem(&pem)?;
    /// let xml = key.verify_archive(&archive, &Limits::default())?;
    /// assert_eq!(wire::read(&xml)?.identifications.len(), 1);
    ///
    /// let error = key.verify_archive(&unsigned, &Limits::default()).expect_err("no signature");
    /// assert_eq!(error.kind(), &ErrorKind::Forged);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`archive::result`]; [`Forged`](ErrorKind::Forged) if the signature is wrong or missing.
    #[cfg(feature = "archive")]
    pub fn verify_archive<'a>(
        &self,
        zip: &[u8],
        options: impl Into<Options<'a>>,
    ) -> Result<Vec<u8>> {
        let (xml, signature) = archive::signed(zip, &options.into())?;
        let signature = signature.ok_or_else(|| {
            forged(
                "the archive has no signature of its result: IDnow signs on request, per account",
            )
        })?;
        self.verify(&xml, &signature)?;
        Ok(xml)
    }

    /// Parses a `SubjectPublicKeyInfo`.
    fn from_der(der: &[u8]) -> Result<Self> {
        if PublicEncryptingKey::from_der(der).is_ok() {
            return Self::of("RSA", &RSA_PKCS1_2048_8192_SHA512, der);
        }
        Self::of("ECDSA on P-256", &ECDSA_P256_SHA512_ASN1, der)
            .or_else(|_| Self::of("ECDSA on P-384", &ECDSA_P384_SHA512_ASN1, der))
            .or_else(|_| Self::of("ECDSA on P-521", &ECDSA_P521_SHA512_ASN1, der))
    }

    fn of(
        name: &'static str,
        algorithm: &'static dyn VerificationAlgorithm,
        der: &[u8],
    ) -> Result<Self> {
        let key = ParsedPublicKey::new(algorithm, der).map_err(|_| {
            Error::config(
                "unsupported kind of public key: expected RSA of 2048 to 8192 bits, P-256, P-384 \
                or P-521",
            )
        })?;
        Ok(Self { name, key })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.name).finish()
    }
}

fn sha1(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

fn forged(detail: &'static str) -> Error {
    Error::new(ErrorKind::Forged).detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_the_tables_notation() {
        // FIPS 180-4's example of SHA-1.
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(
            KNOWN_KEYS
                .iter()
                .all(|key| key.sha1.len() == sha1(b"").len())
        );
    }
}
