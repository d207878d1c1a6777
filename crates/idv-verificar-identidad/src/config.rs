//! The configuration of the adapter: one struct, one validation, from a file or from the environment.

use std::collections::BTreeMap;
use std::fmt;

use idv_core::adapter::basic_auth;
use idv_core::adapter::settings::{self, Variable};
use idv_core::{CallbackAuth, Error, Locale, Result, Secret, Url};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::normalize::Rules;

/// The address of the gateway. The document names functions only; this is where the vendor's public clients find them.
const BASE_URL: &str = "https://api.mensatek.com/v7/";

/// The keyword that the vendor replaces by the person's link ("Send Identity Verification Request", `Mensaje`).
pub const LINK: &str = "[LINK]";

/// The keyword that the adapter replaces by the purpose of a verification.
pub const PURPOSE: &str = "[PURPOSE]";

/// The built-in text messages, for languages that the configuration has no text for: in letters of the alphabet of text messages (3GPP TS
/// 23.038), so that none takes twice the room.
const MESSAGES: &[(&str, &str)] = &[
    ("de", "[PURPOSE] Bitte bestätigen Sie Ihre Identität: [LINK]"),
    ("en", "[PURPOSE] Please verify your identity: [LINK]"),
    ("es", "[PURPOSE] Por favor, verifique su identidad: [LINK]"),
    ("fr", "[PURPOSE] Merci de vérifier votre identité : [LINK]"),
    ("it", "[PURPOSE] Verifichi la sua identità: [LINK]"),
    ("pt", "[PURPOSE] Por favor, verifique a sua identidade: [LINK]"),
];

/// The longest sender, in characters (`Remitente`).
const SENDER: usize = 11;

/// The configuration of an account at VerificarIdentidad.
///
/// ```toml
/// [verificar-identidad]
/// user = "api-user"
/// token = { env = "IDV_VERIFICAR_IDENTIDAD_TOKEN" }
/// sender = "MiBanco"
/// callback_user = "mensatek"
/// callback_password = { env = "IDV_VERIFICAR_IDENTIDAD_CALLBACK_PASSWORD" }
///
/// [verificar-identidad.messages]
/// es = "[PURPOSE] Verifique su identidad en [LINK]"
/// ```
///
/// The API has no call for the end of a verification: the vendor's report settles it. So the report has to be proven, by
/// `callback_user` and `callback_password` or by `callback_secret`; without one of them the adapter refuses to start. Each key can be
/// given by the environment instead: [`ENVIRONMENT`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VerificarIdentidadConfig {
    /// The API User, from the panel: Your Data, Configure Account ("Authentication").
    pub user: String,
    /// The API Token, from the same place.
    pub token: Secret,
    /// The address of the gateway, in place of the vendor's own: proxies, emulators.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// The form of the parameters.
    #[serde(default)]
    pub request_format: RequestFormat,
    /// Which form of answers is asked for (`Resp`). Each of them is read, whichever comes.
    #[serde(default)]
    pub answer_format: AnswerFormat,
    /// The sender of the text message: at most 11 characters (`Remitente`). Without one, the account's own.
    #[serde(default)]
    pub sender: Option<String>,
    /// The text message by language: ISO 639-1 to a text with `[LINK]`, which the vendor replaces, and with `[PURPOSE]` where the
    /// verification's purpose is to stand. The environment spells it as an object of JSON. Of German, English, Spanish, French, Italian
    /// and Portuguese there are texts already.
    #[serde(default, deserialize_with = "messages")]
    pub messages: BTreeMap<String, String>,
    /// The language of a verification that has none, or one without a text. `es` unless told otherwise.
    #[serde(default = "language")]
    pub language: String,
    /// The user's name by which reports are proven: the one that the panel sends by HTTP Basic.
    #[serde(default)]
    pub callback_user: Option<String>,
    /// The password that belongs to it, of 16 characters at least.
    #[serde(default)]
    pub callback_password: Option<Secret>,
    /// The secret in the address that reports are sent to, of 16 characters at least; in place of HTTP Basic.
    #[serde(default)]
    pub callback_secret: Option<Secret>,
    /// The name of the query parameter that carries the secret. `token` unless told otherwise.
    #[serde(default = "token")]
    pub callback_parameter: String,
    /// Whether the automatic outcome ends a verification: for accounts whose verifications no operator validates, so that 5001 is the
    /// last report. A result above 80 without a failed check is verified then, and one of the codes that fail is rejected; a result that
    /// an operator has to judge (-1, up to 80) stays in review. `false` unless set.
    #[serde(default, deserialize_with = "settings::flag")]
    pub automatic_outcome_is_final: bool,
}

impl VerificarIdentidadConfig {
    /// An account whose reports are not proven yet: set `callback_user` and `callback_password`, or `callback_secret`, on the value.
    #[must_use]
    pub fn new(user: impl Into<String>, token: Secret) -> Self {
        Self {
            user: user.into(),
            token,
            base_url: None,
            request_format: RequestFormat::default(),
            answer_format: AnswerFormat::default(),
            sender: None,
            messages: BTreeMap::new(),
            language: language(),
            callback_user: None,
            callback_password: None,
            callback_secret: None,
            callback_parameter: self::token(),
            automatic_outcome_is_final: false,
        }
    }

    /// Checks all of it.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key and says what to do.
    pub fn check(&self) -> Result<()> {
        basic_auth(&self.user, &self.token, "token")?;
        self.address()?;
        if self.sender.as_ref().is_some_and(|sender| !is_sender(sender)) {
            return Err(Error::config("sender must be 1 to 11 characters, none of them a control character"));
        }
        for (language, message) in &self.messages {
            let known = language.parse::<Locale>().is_ok_and(|locale| locale.language() == language);
            if !known {
                return Err(Error::config("messages has a language that is not two lower-case letters of ISO 639-1"));
            }
            if !is_message(message) {
                return Err(Error::config(format!(
                    "messages.{language} must hold [LINK], where the vendor puts the link, [PURPOSE] once at most, and no control character but line breaks"
                )));
            }
        }
        if self.template(&self.language).is_none() {
            return Err(Error::config("language has no text in messages, and none is built in: de, en, es, fr, it, pt"));
        }
        self.auth().map(drop)
    }

    /// The address of the gateway.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if it is no address that can be used.
    pub fn address(&self) -> Result<Url> {
        let url = match &self.base_url {
            Some(url) => url.clone(),
            None => Url::parse(BASE_URL).map_err(|_| Error::config("base_url has no default"))?,
        };
        settings::check_address("base_url", &url, |_| false)?;
        Ok(url)
    }

    /// Returns the proof of reports. It is never open: an unauthenticated report must not settle.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if there is no proof, half of one, two of them, or one that can be guessed.
    pub fn auth(&self) -> Result<CallbackAuth> {
        match (&self.callback_user, &self.callback_password, &self.callback_secret) {
            (Some(user), Some(password), None) if !user.is_empty() => CallbackAuth::basic(user, [password.clone()]),
            (Some(_), Some(_), None) => Err(Error::config("callback_user is empty")),
            (None, None, Some(secret)) => {
                if self.callback_parameter.is_empty() || !self.callback_parameter.bytes().all(|byte| byte.is_ascii_alphanumeric())
                {
                    return Err(Error::config("callback_parameter is not a name of ASCII letters and digits, such as token"));
                }
                CallbackAuth::query(self.callback_parameter.clone(), [secret.clone()])
            }
            (None, None, None) => Err(Error::config(
                "this vendor cannot be asked for an outcome, so its reports must be proven: set callback_user and \
                 callback_password as in the vendor's panel, or callback_secret and put it into the address there",
            )),
            (_, _, Some(_)) => Err(Error::config(
                "callback_secret stands beside callback_user or callback_password: choose one of the two proofs",
            )),
            _ => Err(Error::config("callback_user and callback_password belong together: one of them is missing")),
        }
    }

    /// Returns the text for a language.
    #[must_use]
    pub fn template(&self, language: &str) -> Option<&str> {
        let built_in = || MESSAGES.iter().find(|(known, _)| *known == language).map(|(_, message)| *message);
        self.messages.get(language).map(String::as_str).or_else(built_in)
    }

    /// The account's rules of judgement.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules::default().automatic_outcome_is_final(self.automatic_outcome_is_final)
    }

    /// Whether every text says what a verification is for.
    pub(crate) fn says_purposes(&self) -> bool {
        self.messages.values().all(|message| message.contains(PURPOSE))
    }
}

/// Whether it can be a sender (`Remitente`).
pub(crate) fn is_sender(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= SENDER && !text.chars().any(char::is_control)
}

fn is_message(text: &str) -> bool {
    text.contains(LINK) && text.matches(PURPOSE).count() <= 1 && !has_control(text)
}

/// Whether a text has a control character that a message cannot have: any but line breaks and tabs.
pub(crate) fn has_control(text: &str) -> bool {
    text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t'))
}

/// The form of the parameters ("Request Body schema").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequestFormat {
    /// An object of JSON, which the vendor recommends.
    #[default]
    Json,
    /// A form: `application/x-www-form-urlencoded`.
    Form,
}

/// Which form of answers is asked for (`Resp`). It is always asked for one: left out, the vendor answers as versions long gone did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AnswerFormat {
    /// JSON.
    #[default]
    Json,
    /// XML.
    Xml,
    /// Lines of text.
    Txt,
}

impl AnswerFormat {
    /// The vendor's word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Xml => "XML",
            Self::Txt => "TXT",
        }
    }
}

/// The environment's names of the keys.
pub const ENVIRONMENT: &[Variable] = &[
    Variable::plain("IDV_VERIFICAR_IDENTIDAD_USER", "user"),
    Variable::secret("IDV_VERIFICAR_IDENTIDAD_TOKEN", "token"),
    Variable::plain("IDV_VERIFICAR_IDENTIDAD_BASE_URL", "base_url"),
    Variable::plain("IDV_VERIFICAR_IDENTIDAD_REQUEST_FORMAT", "request_format"),
    Variable::plain("IDV_VERIFICAR_IDENTIDAD_ANSWER_FORMAT", "answer_format"),
    Variable::plain("IDV_VERIFICAR_IDENTIDAD_SENDER", "sender"),
    Variable::plain("IDV_VERIFICAR_IDENTIDAD_MESSAGES", "messages"),
    Variable::plain("IDV_VERIFICAR_IDENTIDAD_LANGUAGE", "language"),
    Variable::plain("IDV_VERIFICAR_IDENTIDAD_CALLBACK_USER", "callback_user"),
    Variable::secret("IDV_VERIFICAR_IDENTIDAD_CALLBACK_PASSWORD", "callback_password"),
    Variable::secret("IDV_VERIFICAR_IDENTIDAD_CALLBACK_SECRET", "callback_secret"),
    Variable::plain("IDV_VERIFICAR_IDENTIDAD_CALLBACK_PARAMETER", "callback_parameter"),
    Variable::plain("IDV_VERIFICAR_IDENTIDAD_AUTOMATIC_OUTCOME_IS_FINAL", "automatic_outcome_is_final"),
];

fn token() -> String {
    "token".to_owned()
}

fn language() -> String {
    "es".to_owned()
}

/// Texts by language: a table, or an object of JSON in one text, as an environment variable has it.
fn messages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Messages;

    impl<'de> Visitor<'de> for Messages {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("texts by language, as a table or an object of JSON")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            serde_json::from_str(text).map_err(|_| E::custom("messages is no object of JSON: write {\"es\": \"… [LINK]\"}"))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            BTreeMap::deserialize(serde::de::value::MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(Messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_texts_are_messages() {
        for (language, message) in MESSAGES {
            assert!(is_message(message) && message.contains(PURPOSE), "{language}");
            assert!(message.chars().all(|it| it.is_ascii() || "èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà".contains(it)), "{language}");
        }
    }
}
