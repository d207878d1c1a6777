//! Payloads that are not about an order: the vendor's systems (chapter 8.2), sign-me users (9.1),
//! the password (9.2), and errors.

use std::fmt;

use idv_core::{Pii, Secret};
use serde::de::MapAccess;
use serde_json::{Map, Value};

use idv_core::Text;
use idv_core::adapter::wire::{Name, Part, Shape, decoded_tolerantly, object, place};

object! {
    /// The status of the vendor's systems (chapter 8.2.2): `systemStatus`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct SystemStatus {
        /// Whether the servers are running.
        "serverAlive" server_alive: Option<bool>,
        /// Whether the API works.
        "apiAvailable" api_available: Option<bool>,
        /// Whether identification by video works.
        "videoAvailable" video_available: Option<bool>,
        /// Whether the vendor's own mail service works. The vendor does not monitor a mail service
        /// of the account.
        "mailingAvailable" mailing_available: Option<bool>,
        /// Whether TANs can be sent by text message.
        "smsTanAvailable" sms_tan_available: Option<bool>,
        /// Whether autoID works, if it is enabled. The document's spelling is ambiguous, so three
        /// are accepted.
        "autoIdentAvailable" | "autoldentAvailable" | "autoidentAvailable" auto_ident_available: Option<bool>,
        /// Whether AssureID works, if it is enabled.
        "assureIdAvailable" | "assureldAvailable" assure_id_available: Option<bool>,
        /// Whether ReadID works, if it is enabled.
        "readIdAvailable" | "readldAvailable" read_id_available: Option<bool>,
        /// Whether iProov works, if it is enabled.
        "iProovAvailable" iproov_available: Option<bool>,
        /// The status of signing, if it is enabled.
        "eSign" esign: SignatureStatus,
    }
}

object! {
    /// The status of the signing systems (chapter 8.2.2, parent `eSign`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct SignatureStatus {
        /// Whether the servers for qualified signatures are running.
        "serverAlive" server_alive: Option<bool>,
        /// Whether qualified signatures work.
        "qesAvailable" qes_available: Option<bool>,
        /// Whether the servers for advanced signatures are running.
        "fesServerAlive" fes_server_alive: Option<bool>,
        /// Whether advanced signatures work.
        "fesAvailable" fes_available: Option<bool>,
    }
}

object! {
    /// The existence of a sign-me account (chapter 9.1.4): `checkSignmeUser`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct SignmeUser {
        /// Whether there is an account.
        "UserExists" user_exists: Option<bool>,
        /// Whether the account is qualified and can sign.
        "UserIsAbleToSign" user_is_able_to_sign: Option<bool>,
    }
}

/// The new password (chapter 9.2.2.3): `confirmNewPassword`. It has no `Display`.
#[derive(Default)]
#[non_exhaustive]
pub struct NewPassword {
    /// The password, or `None` if it is missing or empty.
    pub password: Option<Secret>,
}

impl<'de> Part<'de> for NewPassword {
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Shape<Self>, A::Error> {
        let mut password = None;
        while let Some(name) = map.next_key_seed(Name)? {
            let text = map.next_value_seed(place::<Text<'_>>())?.expected();
            if name == "password" {
                password = text
                    .filter(|text| !text.expose().is_empty())
                    .map(|text| Secret::new(text.expose()));
            }
        }
        Ok(Shape::Expected(Self { password }))
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPassword").finish_non_exhaustive()
    }
}

/// The vendor's description of an error. The document has `{"Error": …}` for `putOrder` (chapter
/// 3.1.5), and only an undefined description for all other calls: the parser accepts any JSON and
/// plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The description. It may repeat personal data that was sent.
    pub error: Option<Pii<String>>,
}

impl ErrorBody {
    /// Parses the body of an error response.
    ///
    /// An HTML page, such as a proxy's, is not a description.
    ///
    /// ```
    /// use idv_identity_tm::wire::ErrorBody;
    ///
    /// let text = |body: &[u8]| ErrorBody::read(body).error.map(|error| error.expose().clone());
    /// assert_eq!(text(br#"{"Error":"Email missing"}"#).as_deref(), Some("Email missing"));
    /// assert_eq!(text(b"Email missing").as_deref(), Some("Email missing"));
    /// assert_eq!(text(b"<html>Bad gateway</html>"), None);
    /// ```
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let text = decoded_tolerantly(body);
        let text = text.trim();
        let error = match text.as_bytes().first() {
            None | Some(b'<') => None,
            // Errors are short and rare, so speed does not matter.
            Some(b'{' | b'[' | b'"') => match serde_json::from_str(text) {
                Ok(Value::Object(body)) => described(&body).or_else(|| words(&Value::Object(body))),
                Ok(other) => words(&other),
                Err(_) => Some(text.to_owned()),
            },
            Some(_) => Some(text.to_owned()),
        };
        let error = error
            .map(|error| error.trim().chars().take(LONGEST).collect())
            .filter(|error: &String| !error.is_empty());
        Self {
            error: error.map(Pii::new),
        }
    }
}

/// The maximum length of a description in characters; the rest is cut off.
const LONGEST: usize = 4096;

/// Returns the description in an object: the documented member, or one with a usual name.
fn described(body: &Map<String, Value>) -> Option<String> {
    let names = [
        "error",
        "message",
        "errormessage",
        "error_description",
        "description",
        "detail",
        "text",
    ];
    let find = |name: &str| {
        body.iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| words(value))
    };
    names.into_iter().find_map(find)
}

/// Returns the text of a description: text unchanged, anything else as JSON.
pub(crate) fn words(error: &Value) -> Option<String> {
    match error {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Null => None,
        Value::Object(body) if body.values().all(|value| words(value).is_none()) => None,
        Value::Array(errors) if errors.iter().all(|value| words(value).is_none()) => None,
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_parsed_from_each_form() {
        let error = |body: &str| {
            ErrorBody::read(body.as_bytes())
                .error
                .map(Pii::into_exposed)
        };
        for (body, said) in [
            (r#"{"Error":"Email missing"}"#, Some("Email missing")),
            ("\u{feff}{\"Error\":5}", Some("5")),
            ("\"Email missing\"", Some("Email missing")),
            (" Email missing\n", Some("Email missing")),
            ("", None),
            ("{}", None),
            ("[]", None),
            ("[\"\"]", None),
            ("[1]", Some("[1]")),
            (r#"["Email missing"]"#, Some(r#"["Email missing"]"#)),
            (r#"{"Error":null}"#, None),
            (r#"{"Error":""}"#, None),
            (
                r#"{"Error":{"Email":"missing"}}"#,
                Some(r#"{"Email":"missing"}"#),
            ),
            (
                r#"{"message":"Email missing","code":7}"#,
                Some("Email missing"),
            ),
            (
                r#"{"Message":" ","detail":"Email missing"}"#,
                Some("Email missing"),
            ),
            (r#"{"Email":"missing"}"#, Some(r#"{"Email":"missing"}"#)),
            (r#"{"Error":"Email"#, Some(r#"{"Error":"Email"#)),
            ("<html>Bad request</html>", None),
        ] {
            assert_eq!(error(body).as_deref(), said, "{body}");
        }
        assert_eq!(
            error(&"ä".repeat(LONGEST + 1)).unwrap(),
            "ä".repeat(LONGEST)
        );
        assert_eq!(
            ErrorBody::read(b"M\xFCller").error.unwrap().expose(),
            "Müller"
        );
    }

    #[test]
    fn password_and_error_are_not_printed() {
        let password = NewPassword {
            password: Some(Secret::from("Mustermann")),
        };
        let error = ErrorBody::read(br#"{"Error":"Mustermann is no name"}"#);
        assert!(!format!("{password:?} {error:?}").contains("Mustermann"));
    }
}
