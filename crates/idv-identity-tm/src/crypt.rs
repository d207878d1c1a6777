//! Decrypts responses of URLs that end in `/crypt` (chapter 9.4): AES-256-GCM without padding.
//!
//! A body is an initialization vector of 23 bytes, the ciphertext, and the tag. The document does
//! not state the length of the tag; Java's `AES/GCM/NoPadding` writes 16 bytes. The request
//! determines whether a body is encrypted: the vendor does not change the media type.
//!
//! The tag is verified before anything is decrypted, so a modified body yields nothing.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use idv_core::{Error, Result, Secret};

/// The length of the initialization vector in bytes.
pub const IV_LENGTH: usize = 23;

/// The length of the tag in bytes.
pub const TAG_LENGTH: usize = 16;

/// The AES-256 key shared with the vendor: 32 bytes.
#[derive(Clone)]
pub struct CryptKey(Secret);

impl CryptKey {
    /// Parses a key (chapter 9.4): 64 hexadecimal digits, or 32 bytes in Base64, with or without
    /// padding, in the standard or the URL-safe alphabet.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::crypt::CryptKey;
    ///
    /// let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    /// let key = CryptKey::parse(&hex.into())?;
    /// assert_eq!(format!("{key:?}"), "CryptKey([secret])");
    /// // The same key in Base64:
    /// CryptKey::parse(&"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into())?;
    ///
    /// let error = CryptKey::parse(&"a password".into()).expect_err("not 32 bytes");
    /// assert_eq!(error.kind(), &ErrorKind::Config);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the text is neither.
    pub fn parse(text: &Secret) -> Result<Self> {
        let key = Self(text.clone());
        match key.bytes() {
            Some(_) => Ok(key),
            None => Err(Error::config(
                "invalid `crypt_key`: expected 64 hexadecimal digits, or 32 bytes in Base64",
            )),
        }
    }

    /// Decrypts a body: [`IV_LENGTH`] bytes, the ciphertext, and [`TAG_LENGTH`] bytes (chapter
    /// 9.4).
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::crypt::CryptKey;
    ///
    /// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/crypt/");
    /// # let mut body = std::fs::read(format!("{folder}java.bin"))?;
    /// # let plain = std::fs::read(format!("{folder}plain.json"))?;
    /// let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    /// let key = CryptKey::parse(&hex.into())?;
    /// assert_eq!(key.decrypt(body.clone())?, plain);
    ///
    /// body[30] ^= 1;
    /// assert_eq!(key.decrypt(body).expect_err("a modified byte").kind(), &ErrorKind::Forged);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Forged`](idv_core::ErrorKind::Forged) if the key differs or any byte was modified;
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the body is too short.
    #[cfg(feature = "crypt")]
    pub fn decrypt(&self, mut body: Vec<u8>) -> Result<Vec<u8>> {
        use aes_gcm::aead::consts::U23;
        use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
        use aes_gcm::aes::Aes256;
        use aes_gcm::{AesGcm, Nonce, Tag};
        use idv_core::ErrorKind;

        let end = body
            .len()
            .checked_sub(TAG_LENGTH)
            .filter(|end| *end >= IV_LENGTH);
        let Some((end, key)) = end.zip(self.bytes()) else {
            return Err(Error::malformed(
                "the encrypted body is shorter than its initialization vector and tag",
            ));
        };
        let tag = body.split_off(end);
        let (iv, data) = body.split_at_mut(IV_LENGTH);
        let opened = <&Nonce<U23>>::try_from(&*iv)
            .ok()
            .zip(<&Tag>::try_from(tag.as_slice()).ok())
            .is_some_and(|(iv, tag)| {
                AesGcm::<Aes256, U23>::new(&key.into())
                    .decrypt_inout_detached(iv, b"", data.into(), tag)
                    .is_ok()
            });
        if !opened {
            return Err(Error::new(ErrorKind::Forged).detail("wrong key, or the body was modified"));
        }
        body.drain(..IV_LENGTH);
        Ok(body)
    }

    fn bytes(&self) -> Option<[u8; 32]> {
        let text = self.0.expose();
        let base64 = text
            .trim_end_matches('=')
            .replace('-', "+")
            .replace('_', "/");
        let bytes = hex::decode(text)
            .ok()
            .or_else(|| STANDARD_NO_PAD.decode(base64).ok())?;
        bytes.try_into().ok()
    }
}

impl fmt::Debug for CryptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CryptKey([secret])")
    }
}
