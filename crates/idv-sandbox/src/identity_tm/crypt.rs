//! Content encryption (9.4): AES-256 in Galois/counter mode with an initialization vector of 23 bytes, which comes first, and a tag
//! of 16 bytes, which comes last.

use aes_gcm::aead::consts::U23;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aes::Aes256;
use aes_gcm::{AeadInOut as _, AesGcm, KeyInit as _, Nonce, Tag};

/// How long the initialization vector is, in bytes.
pub(crate) const VECTOR: usize = 23;
/// How long the tag is, in bytes.
const TAG: usize = 16;

type Cipher = AesGcm<Aes256, U23>;

/// A key as it is written in an account's settings: 64 hexadecimal digits.
pub(crate) fn key(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}

/// Initialization vector, ciphertext and tag; `None` where the content is longer than the mode can be used for.
pub(crate) fn encrypt(key: &[u8; 32], vector: [u8; VECTOR], mut content: Vec<u8>) -> Option<Vec<u8>> {
    let buffer = InOutBuf::from(content.as_mut_slice());
    let tag = Cipher::new(key.into()).encrypt_inout_detached(&Nonce::from(vector), b"", buffer).ok()?;
    let mut sealed = Vec::with_capacity(VECTOR + content.len() + TAG);
    sealed.extend_from_slice(&vector);
    sealed.append(&mut content);
    sealed.extend_from_slice(&tag);
    Some(sealed)
}

/// What was encrypted; `None` where it was with another key, or was altered since.
pub(crate) fn decrypt(key: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    let (vector, rest) = sealed.split_first_chunk::<VECTOR>()?;
    let (content, tag) = rest.split_last_chunk::<TAG>()?;
    let mut content = content.to_vec();
    let buffer = InOutBuf::from(content.as_mut_slice());
    let cipher = Cipher::new(key.into());
    cipher.decrypt_inout_detached(&Nonce::from(*vector), b"", buffer, &Tag::from(*tag)).ok()?;
    Some(content)
}
