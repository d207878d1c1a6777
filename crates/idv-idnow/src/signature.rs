//! The signature of the XML result (chapter 13.3.1): proof that it comes from IDnow and was not changed.
//!
//! IDnow signs on request. The signature lies in the ZIP archive beside the result, as `<transactionnumber>.sig`, and its public
//! keys lie at the addresses of [`KNOWN_KEYS`]. What [`PublicKey::verify`] does is what the document has done by hand:
//!
//! ```text
//! openssl dgst -sha512 -verify <file>.pem -signature <transactionnumber>.sig <transactionnumber>.xml
//! ```
//!
//! ```
//! use idv_idnow::signature::PublicKey;
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/signature/");
//! # let pem = std::fs::read_to_string(format!("{folder}rsa-2048.pem"))?;
//! # let (xml, signature) = (std::fs::read(format!("{folder}signed.xml"))?, std::fs::read(format!("{folder}rsa-2048.sig"))?);
//! let key = PublicKey::from_pem(&pem)?;
//! key.verify(&xml, &signature)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A signature says who wrote a result, and neither whom it is about nor that it is the newest: compare the transaction number in
//! it with the one that was asked for. The test system signs with a key of its own, so a result of the test system does not pass
//! for one of the live system.

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

/// A system of IDnow that signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum System {
    /// The test system.
    Test,
    /// The live system.
    Live,
}

/// A public key that the document names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownKey {
    /// The system that signs with it.
    pub system: System,
    /// Where the document says that its file lies.
    pub address: &'static str,
    /// The SHA-1 digest of that file, byte for byte, in lower-case hexadecimal: of the file and not of the key in it.
    pub sha1: &'static str,
}

/// The keys of the table of chapter 13.3.1. They are of 2017, and IDnow may sign with newer ones since.
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

/// Which of [`KNOWN_KEYS`] a file is, by its digest. `pem` is the file as it was downloaded, with its line endings.
///
/// The digest is SHA-1, as the document gives it: it tells the right file from a wrong one, and does not replace fetching it over
/// a connection that is to be trusted.
#[must_use]
pub fn known_key(pem: &[u8]) -> Option<&'static KnownKey> {
    let sha1 = sha1(pem);
    KNOWN_KEYS.iter().find(|key| key.sha1 == sha1)
}

/// A key that signatures are verified with: RSA of 2048 to 8192 bits (PKCS #1 v1.5), or ECDSA on P-256, P-384 or P-521; the
/// digest is SHA-512 always.
pub struct PublicKey {
    name: &'static str,
    key: ParsedPublicKey,
}

impl PublicKey {
    /// Reads a key from a PEM file: its first section, which has to be a `PUBLIC KEY`.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if there is no such section, with what to do if it is a certificate or another form of
    /// key, and if the key is of a kind that is not verified with.
    pub fn from_pem(pem: &str) -> Result<Self> {
        // A form that is no section to the reader.
        if pem.contains("-----BEGIN RSA PUBLIC KEY-----") {
            return Err(Error::config(
                "the file holds an RSA key in its older form: convert it with `openssl rsa -RSAPublicKey_in -pubout -in FILE`",
            ));
        }
        let unreadable = || {
            Error::config(
                "the public key is no PEM file: it begins with -----BEGIN PUBLIC KEY-----",
            )
        };
        let mut sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(pem.as_bytes());
        let (kind, der) = sections
            .next()
            .ok_or_else(unreadable)?
            .map_err(|_| unreadable())?;
        match kind {
            SectionKind::PublicKey => Self::from_der(&der),
            SectionKind::Certificate => Err(Error::config(
                "the file holds a certificate: take the public key out of it with `openssl x509 -pubkey -noout -in FILE`",
            )),
            SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey => {
                Err(Error::config(
                    "the file holds a private key: signatures are verified with the vendor's public one",
                ))
            }
            _ => Err(Error::config(
                "the file holds no public key: it begins with -----BEGIN PUBLIC KEY-----",
            )),
        }
    }

    /// Verifies the signature of a result.
    ///
    /// `xml` and `signature` are the files as they lie in the archive, byte for byte: a line ending that was changed on the way
    /// is a change. The signature is raw, neither base64 nor hexadecimal.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) if the signature is not one of this key over these bytes.
    pub fn verify(&self, xml: &[u8], signature: &[u8]) -> Result<()> {
        self.key.verify_sig(xml, signature).map_err(|_| {
            forged("the signature is not this key's, or the result was changed after it was signed")
        })
    }

    /// Verifies the result in an archive by the signature beside it, and returns the result: what was verified, and nothing else
    /// in the archive. [`wire::read`](crate::wire::read) reads it.
    ///
    /// # Errors
    ///
    /// As [`archive::result`]; [`Forged`](ErrorKind::Forged) if the signature does not fit, or the archive has none.
    #[cfg(feature = "archive")]
    pub fn verify_archive<'a>(
        &self,
        zip: &[u8],
        options: impl Into<Options<'a>>,
    ) -> Result<Vec<u8>> {
        let (xml, signature) = archive::signed(zip, &options.into())?;
        let signature = signature.ok_or_else(|| {
            forged("the archive has no signature of its result: IDnow signs on request, by account")
        })?;
        self.verify(&xml, &signature)?;
        Ok(xml)
    }

    /// Reads a `SubjectPublicKeyInfo`.
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
            Error::config("the public key is of no kind that is verified with: RSA of 2048 to 8192 bits, or P-256, P-384, P-521")
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
    fn digests_are_written_as_the_table_writes_them() {
        // FIPS 180-4's example of SHA-1.
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(
            KNOWN_KEYS
                .iter()
                .all(|key| key.sha1.len() == sha1(b"").len())
        );
    }
}
