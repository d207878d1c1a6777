//! What the vendor encrypts when an address ends in `/crypt` (chapter 9.4): AES-256-GCM without padding.
//!
//! A body is an initialization vector of 23 bytes, the encrypted data, and the tag. The document does not say how long the tag is; 16
//! bytes is what Java's `AES/GCM/NoPadding` writes. Whether a body is encrypted is told by the request, never by its media type,
//! which the vendor leaves as it was.
//!
//! The tag is checked before anything is decrypted, so that of a body that was changed nothing comes out.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use idv_core::{Error, Result, Secret};

/// How long the initialization vector is, in bytes.
pub const IV_LENGTH: usize = 23;

/// How long the tag is, in bytes.
pub const TAG_LENGTH: usize = 16;

/// The key that is shared with the vendor: 32 bytes.
#[derive(Clone)]
pub struct CryptKey(Secret);

impl CryptKey {
    /// A key of 64 hexadecimal digits, or of 32 bytes in Base64.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) where it is neither.
    pub fn parse(text: &Secret) -> Result<Self> {
        let key = Self(text.clone());
        match key.bytes() {
            Some(_) => Ok(key),
            None => Err(Error::config("the key for encrypted answers is not 64 hexadecimal digits, nor 32 bytes in Base64")),
        }
    }

    /// Decrypts a body.
    ///
    /// # Errors
    ///
    /// [`Forged`](idv_core::ErrorKind::Forged) where the key is another one or any byte was changed;
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where the body is too short to be one.
    #[cfg(feature = "crypt")]
    pub fn decrypt(&self, mut body: Vec<u8>) -> Result<Vec<u8>> {
        use aes_gcm::aead::consts::U23;
        use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
        use aes_gcm::aes::Aes256;
        use aes_gcm::{AesGcm, Nonce, Tag};
        use idv_core::ErrorKind;

        let end = body.len().checked_sub(TAG_LENGTH).filter(|end| *end >= IV_LENGTH);
        let Some((end, key)) = end.zip(self.bytes()) else {
            return Err(Error::malformed("the encrypted body is shorter than its initialization vector and its tag"));
        };
        let tag = body.split_off(end);
        let (iv, data) = body.split_at_mut(IV_LENGTH);
        let opened = <&Nonce<U23>>::try_from(&*iv).ok().zip(<&Tag>::try_from(tag.as_slice()).ok()).is_some_and(|(iv, tag)| {
            AesGcm::<Aes256, U23>::new(&key.into()).decrypt_inout_detached(iv, b"", data.into(), tag).is_ok()
        });
        if !opened {
            return Err(Error::new(ErrorKind::Forged).detail("the key is not the one it was encrypted with, or it was changed"));
        }
        body.drain(..IV_LENGTH);
        Ok(body)
    }

    fn bytes(&self) -> Option<[u8; 32]> {
        let text = self.0.expose();
        let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok())?;
        bytes.try_into().ok()
    }
}

impl fmt::Debug for CryptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CryptKey([secret])")
    }
}
