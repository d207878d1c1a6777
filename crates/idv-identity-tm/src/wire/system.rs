//! What is not about an order: the vendor's systems (chapter 8.2), users of sign-me (9.1), the password (9.2), and errors.

use std::fmt;

use idv_core::{Pii, Secret};
use serde::de::MapAccess;
use serde_json::Value;

use idv_core::Text;
use idv_core::wire::{Name, Part, object, place};

object! {
    /// Which of the vendor's systems work (chapter 8.2.2): `systemStatus`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct SystemStatus {
        /// The servers are running.
        "serverAlive" server_alive: Option<bool>,
        /// The API works.
        "apiAvailable" api_available: Option<bool>,
        /// Identification by video works.
        "videoAvailable" video_available: Option<bool>,
        /// The vendor's own mailing works. One that the account brought along is not watched.
        "mailingAvailable" mailing_available: Option<bool>,
        /// TANs can be sent by text message.
        "smsTanAvailable" sms_tan_available: Option<bool>,
        /// autoID works, where it is enabled. The document's spelling is doubtful: it may be one of three.
        "autoIdentAvailable" | "autoldentAvailable" | "autoidentAvailable" auto_ident_available: Option<bool>,
        /// AssureID works, where it is enabled.
        "assureIdAvailable" | "assureldAvailable" assure_id_available: Option<bool>,
        /// ReadID works, where it is enabled.
        "readIdAvailable" | "readldAvailable" read_id_available: Option<bool>,
        /// iProov works, where it is enabled.
        "iProovAvailable" iproov_available: Option<bool>,
        /// Signing, where it is enabled.
        "eSign" esign: SignatureStatus,
    }
}

object! {
    /// Which of the systems for signing work (chapter 8.2.2, parent `eSign`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct SignatureStatus {
        /// The servers for qualified signatures are running.
        "serverAlive" server_alive: Option<bool>,
        /// Qualified signatures work.
        "qesAvailable" qes_available: Option<bool>,
        /// The servers for advanced signatures are running.
        "fesServerAlive" fes_server_alive: Option<bool>,
        /// Advanced signatures work.
        "fesAvailable" fes_available: Option<bool>,
    }
}

object! {
    /// Whether somebody has an account of sign-me (chapter 9.1.4): `checkSignmeUser`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct SignmeUser {
        /// There is an account.
        "UserExists" user_exists: Option<bool>,
        /// The account is qualified, and can sign.
        "UserIsAbleToSign" user_is_able_to_sign: Option<bool>,
    }
}

/// The new password (chapter 9.2.2.3): `confirmNewPassword`. It cannot be printed.
#[derive(Default)]
#[non_exhaustive]
pub struct NewPassword {
    /// The password. None where it is missing or empty.
    pub password: Option<Secret>,
}

impl<'de> Part<'de> for NewPassword {
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut password = None;
        while let Some(name) = map.next_key_seed(Name)? {
            let text: Option<Text<'_>> = map.next_value_seed(place())?;
            if name == "password" {
                password = text.filter(|text| !text.expose().is_empty()).map(|text| Secret::new(text.expose()));
            }
        }
        Ok(Self { password })
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPassword").finish_non_exhaustive()
    }
}

/// What the vendor says of an error. Of `putOrder` it is documented that it "may" send `{"Error": …}` (chapter 3.1.5); of all other
/// calls only that a description stands in the body, so that plain text is taken for one too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorBody {
    /// What was wrong, in words. It may repeat what was sent.
    pub error: Option<Pii<String>>,
}

impl ErrorBody {
    /// Reads the body of an error answer. A body that is none of the vendor's, a proxy's page for example, says nothing.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)) else { return Self::default() };
        let text = text.trim();
        let error = match text.as_bytes().first() {
            None | Some(b'<') => None,
            // Errors are short and rare: what makes results fast is not needed here.
            Some(b'{' | b'[' | b'"') => match serde_json::from_str(text) {
                Ok(Value::Object(mut body)) => body.remove("Error").and_then(|error| words(&error)),
                Ok(Value::String(error)) => Some(error),
                _ => None,
            },
            Some(_) if text.len() <= LONGEST => Some(text.to_owned()),
            Some(_) => None,
        };
        Self { error: error.filter(|error| !error.trim().is_empty()).map(Pii::new) }
    }
}

/// How long plain text may be that is taken for a description of an error, in bytes.
const LONGEST: usize = 4096;

fn words(error: &Value) -> Option<String> {
    match error {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_in_each_of_its_forms() {
        let error = |body: &str| ErrorBody::read(body.as_bytes()).error.map(Pii::into_exposed);
        for (body, said) in [
            (r#"{"Error":"Email missing"}"#, Some("Email missing")),
            ("\u{feff}{\"Error\":5}", Some("5")),
            ("\"Email missing\"", Some("Email missing")),
            (" Email missing\n", Some("Email missing")),
            ("", None),
            ("{}", None),
            ("[1]", None),
            (r#"{"Error":null}"#, None),
            (r#"{"Error":""}"#, None),
            (r#"{"Error":"Email"#, None),
            ("<html>Bad request</html>", None),
        ] {
            assert_eq!(error(body).as_deref(), said, "{body}");
        }
        assert_eq!(error(&"x".repeat(LONGEST + 1)), None);
        assert_eq!(ErrorBody::read(b"\xFF\xFE"), ErrorBody::default());
    }

    #[test]
    fn neither_a_password_nor_an_error_is_printed() {
        let password = NewPassword { password: Some(Secret::from("Mustermann")) };
        let error = ErrorBody::read(br#"{"Error":"Mustermann is no name"}"#);
        assert!(!format!("{password:?} {error:?}").contains("Mustermann"));
    }
}
