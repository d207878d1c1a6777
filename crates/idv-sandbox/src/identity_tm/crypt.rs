//! Content encryption (9.4): AES-256 in Galois/Counter Mode, with an initialization vector of 23
//! bytes at the beginning and a tag of 16 bytes at the end.

use aes_gcm::aead::consts::U23;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aes::Aes256;
use aes_gcm::{AeadInOut as _, AesGcm, KeyInit as _, Nonce, Tag};

/// The length of the initialization vector, in bytes.
pub(crate) const VECTOR: usize = 23;
/// The length of the tag, in bytes.
const TAG: usize = 16;

type Cipher = AesGcm<Aes256, U23>;

/// Parses a key in the form of an account's settings: 64 hexadecimal digits.
pub(crate) fn key(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}

/// Returns initialization vector, ciphertext and tag; `None` if the content exceeds the limit of
/// the mode.
pub(crate) fn encrypt(
    key: &[u8; 32],
    vector: [u8; VECTOR],
    mut content: Vec<u8>,
) -> Option<Vec<u8>> {
    let buffer = InOutBuf::from(content.as_mut_slice());
    let tag = Cipher::new(key.into())
        .encrypt_inout_detached(&Nonce::from(vector), b"", buffer)
        .ok()?;
    let mut sealed = Vec::with_capacity(VECTOR + content.len() + TAG);
    sealed.extend_from_slice(&vector);
    sealed.append(&mut content);
    sealed.extend_from_slice(&tag);
    Some(sealed)
}

/// Decrypts a body; `None` if it was encrypted with another key or changed afterwards.
pub(crate) fn decrypt(key: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    let (vector, rest) = sealed.split_first_chunk::<VECTOR>()?;
    let (content, tag) = rest.split_last_chunk::<TAG>()?;
    let mut content = content.to_vec();
    let buffer = InOutBuf::from(content.as_mut_slice());
    let cipher = Cipher::new(key.into());
    cipher
        .decrypt_inout_detached(&Nonce::from(*vector), b"", buffer, &Tag::from(*tag))
        .ok()?;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_openssl_makes_of_the_same() {
        let key = std::array::from_fn(|index| u8::try_from(index).unwrap_or_default());
        let vector = std::array::from_fn(|index| u8::try_from(100 + index).unwrap_or_default());
        let sealed = encrypt(&key, vector, b"Erika Mustermann".to_vec()).unwrap_or_default();
        let made = "bab67390bb16f27c0aad83a4ff8fda45119c62eb77dad36cb85bceb454a8aa07";
        assert_eq!(hex::encode(&sealed), hex::encode(vector) + made);
        assert_eq!(
            decrypt(&key, &sealed).as_deref(),
            Some(b"Erika Mustermann".as_slice())
        );
    }

    #[test]
    fn what_is_shorter_than_its_frame_is_nothing() {
        assert!((0..39).all(|length| decrypt(&[0; 32], &vec![0; length]).is_none()));
    }

    #[test]
    fn a_key_has_64_hexadecimal_digits() {
        assert!(key(&"aB".repeat(32)).is_some());
        assert!(
            [
                "",
                "ab",
                &"ab".repeat(31),
                &"ab".repeat(33),
                &"gg".repeat(32)
            ]
            .iter()
            .all(|text| key(text).is_none())
        );
    }
}
