//! Identifications that the customer stores and uses again (7): the variant `Signed` of
//! getIdentData, and `IdentDataSigned`.
//!
//! The vendor does not publish their format. The sandbox uses authenticated encryption with its own
//! key, as Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::crypt;

/// The key protects nothing: it distinguishes data that the sandbox issued from changed data.
const KEY: &[u8; 32] = b"sandbox-identity-tm-signed-data!";

/// Returns the signed form of checked data.
pub(crate) fn seal(checked: &Map<String, Value>, vector: [u8; crypt::VECTOR]) -> Option<String> {
    let content = Value::from(checked.clone()).to_string().into_bytes();
    crypt::encrypt(KEY, vector, content).map(|sealed| STANDARD.encode(sealed))
}

/// Returns the data if it is unchanged, sufficient to sign with, and its document is still valid.
pub(crate) fn open(signed: &str, now: Timestamp) -> Option<Map<String, Value>> {
    let content = crypt::decrypt(KEY, &STANDARD.decode(signed.trim()).ok()?)?;
    let Ok(Value::Object(data)) = serde_json::from_slice(&content) else {
        return None;
    };
    let card = data.get("IDCard")?;
    let sufficient = [
        "Firstname",
        "Surname",
        "Birthdate",
        "Birthplace",
        "Nationality",
    ]
    .iter()
    .all(|name| data.contains_key(*name));
    let valid_until: Date = card.get("ValidUntil")?.as_str()?.parse().ok()?;
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    (sufficient && card.get("CardNo").is_some() && valid_until >= today).then_some(data)
}
