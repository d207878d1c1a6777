//! The configuration of the adapter: one struct, one validation, from a file or from the environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use idv_core::adapter::settings::{self, Address, CALLBACK_PARAMETER, Secrets};
use idv_core::adapter::{VendorEntry, basic_auth};
use idv_core::{
    CallbackAuth, Error, Locale, Result, Secret, Url, VendorInfo, setting_words, settings,
};

use crate::VerificarIdentidad;
use crate::normalize::{self, Rules};

/// VerificarIdentidad, for a registry of vendors.
pub const ENTRY: VendorEntry = VendorEntry {
    id: "verificar-identidad",
    name: "VerificarIdentidad",
    domains: &["mensatek.com"],
    settings: VerificarIdentidadConfig::SETTINGS,
    build: |table| {
        Ok(Arc::new(VerificarIdentidad::new(
            VerificarIdentidadConfig::from_table(table)?,
        )?))
    },
    describe: || {
        let config = VerificarIdentidadConfig::new("example", "example".into());
        Ok(VendorInfo::of(&VerificarIdentidad::new(
            config.callback_secret("an example of a secret"),
        )?))
    },
    normalize: |payload| normalize::kind(payload.bytes, payload.kind),
    normalize_options: &[],
};

/// The address of the gateway. The document names functions only; this is where the vendor's public clients find them.
const BASE_URL: &str = "https://api.mensatek.com/v7/";

/// The keyword that the vendor replaces by the person's link ("Send Identity Verification Request", `Mensaje`).
pub const LINK: &str = "[LINK]";

/// The keyword that the adapter replaces by the purpose of a verification.
pub const PURPOSE: &str = "[PURPOSE]";

/// The built-in text messages, for languages that the configuration has no text for: in letters of the alphabet of text messages (3GPP TS
/// 23.038), so that none takes twice the room.
const MESSAGES: &[(&str, &str)] = &[
    (
        "de",
        "[PURPOSE] Bitte bestätigen Sie Ihre Identität: [LINK]",
    ),
    ("en", "[PURPOSE] Please verify your identity: [LINK]"),
    ("es", "[PURPOSE] Por favor, verifique su identidad: [LINK]"),
    ("fr", "[PURPOSE] Merci de vérifier votre identité : [LINK]"),
    ("it", "[PURPOSE] Verifichi la sua identità: [LINK]"),
    (
        "pt",
        "[PURPOSE] Por favor, verifique a sua identidade: [LINK]",
    ),
];

/// The longest sender, in characters (`Remitente`).
const SENDER: usize = 11;

settings! {
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
    /// `callback_user` and `callback_password` or by `callback_secret`; without one of them the adapter refuses to start. The
    /// environment gives each key as `IDV_`, the provider and the key in capitals.
    pub struct VerificarIdentidadConfig {
        required {
            /// The API User, from the panel: Your Data, Configure Account ("Authentication").
            user: String,
            /// The API Token, from the same place.
            token: Secret,
        }
        optional {
            /// The address of the gateway, in place of the vendor's own: proxies, emulators.
            base_url: Option<Url> as Address,
            /// The form of the parameters.
            request_format: RequestFormat,
            /// Which form of answers is asked for (`Resp`). Each of them is read, whichever comes.
            answer_format: AnswerFormat,
            /// The sender of the text message: at most 11 characters (`Remitente`). Without one, the account's own.
            sender: Option<String>,
            /// The text message by language: ISO 639-1 to a text with `[LINK]`, which the vendor replaces, and with `[PURPOSE]` where the
            /// verification's purpose is to stand. The environment spells it as an object of JSON. Of German, English, Spanish, French, Italian
            /// and Portuguese there are texts already.
            messages: BTreeMap<String, String>,
            /// The language of a verification that has none, or one without a text. `es` unless told otherwise.
            language: String = "es".to_owned(),
            /// The user's name by which reports are proven: the one that the panel sends by HTTP Basic.
            callback_user: Option<String>,
            /// The password that belongs to it, of 16 characters at least.
            callback_password: Secrets,
            /// The secret in the address that reports are sent to, of 16 characters at least; in place of HTTP Basic.
            callback_secret: Secrets,
            /// The name of the query parameter that carries the secret. `token` unless told otherwise.
            callback_parameter: String = CALLBACK_PARAMETER.to_owned(),
            /// Whether the automatic outcome ends a verification: for accounts whose verifications no operator validates, so that 5001 is the
            /// last report. A result above 80 without a failed check is verified then, and one of the codes that fail is rejected; a result that
            /// an operator has to judge (-1, up to 80) stays in review. `false` unless set.
            automatic_outcome_is_final: bool,
        }
    }
}

impl VerificarIdentidadConfig {
    /// An account whose reports are not proven yet: set `callback_user` and `callback_password`, or `callback_secret`, on the value.
    #[must_use]
    pub fn new(user: impl Into<String>, token: Secret) -> Self {
        Self::required(user.into(), token)
    }

    /// Checks all of it.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key and says what to do.
    pub fn check(&self) -> Result<()> {
        basic_auth(&self.user, &self.token, "token")?;
        self.address()?;
        if self
            .sender
            .as_ref()
            .is_some_and(|sender| !is_sender(sender))
        {
            return Err(Error::config(
                "sender must be 1 to 11 characters, none of them a control character",
            ));
        }
        for (language, message) in &self.messages {
            let known = language
                .parse::<Locale>()
                .is_ok_and(|locale| locale.language() == language);
            if !known {
                return Err(Error::config(
                    "messages has a language that is not two lower-case letters of ISO 639-1",
                ));
            }
            if !is_message(message) {
                return Err(Error::config(format!(
                    "messages.{language} must hold [LINK], where the vendor puts the link, [PURPOSE] once at most, and no control character but line breaks"
                )));
            }
        }
        if self.template(&self.language).is_none() {
            return Err(Error::config(
                "language has no text in messages, and none is built in: de, en, es, fr, it, pt",
            ));
        }
        self.auth().map(drop)
    }

    /// The address of the gateway.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if it is no address that can be used.
    pub fn address(&self) -> Result<Url> {
        settings::base_url(self.base_url.as_ref(), BASE_URL)
    }

    /// Returns the proof of reports. It is never open: an unauthenticated report must not settle.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if there is no proof, half of one, two of them, or one that can be guessed.
    pub fn auth(&self) -> Result<CallbackAuth> {
        match (
            &self.callback_user,
            !self.callback_password.is_empty(),
            self.callback_secret.is_empty(),
        ) {
            (Some(user), true, true) if !user.is_empty() => {
                CallbackAuth::basic(user, self.callback_password.clone())
            }
            (Some(_), true, true) => Err(Error::config("callback_user is empty")),
            (None, false, false) => {
                settings::query_auth(&self.callback_parameter, &self.callback_secret)
            }
            (None, false, true) => Err(Error::config(
                "this vendor cannot be asked for an outcome, so its reports must be proven: set callback_user and \
                 callback_password as in the vendor's panel, or callback_secret and put it into the address there",
            )),
            (_, _, false) => Err(Error::config(
                "callback_secret stands beside callback_user or callback_password: choose one of the two proofs",
            )),
            _ => Err(Error::config(
                "callback_user and callback_password belong together: one of them is missing",
            )),
        }
    }

    /// Returns the text for a language.
    #[must_use]
    pub fn template(&self, language: &str) -> Option<&str> {
        let built_in = || {
            MESSAGES
                .iter()
                .find(|(known, _)| *known == language)
                .map(|(_, message)| *message)
        };
        self.messages
            .get(language)
            .map(String::as_str)
            .or_else(built_in)
    }

    /// The account's rules of judgement.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules::default().automatic_outcome_is_final(self.automatic_outcome_is_final)
    }

    /// Whether every text says what a verification is for.
    pub(crate) fn says_purposes(&self) -> bool {
        self.messages
            .values()
            .all(|message| message.contains(PURPOSE))
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
    text.chars()
        .any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t'))
}

/// The form of the parameters ("Request Body schema").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestFormat {
    /// An object of JSON, which the vendor recommends.
    #[default]
    Json,
    /// A form: `application/x-www-form-urlencoded`.
    Form,
}

setting_words!(RequestFormat { Json = "json", Form = "form" });

/// Which form of answers is asked for (`Resp`). It is always asked for one: left out, the vendor answers as versions long gone did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
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

setting_words!(AnswerFormat { Json = "json", Xml = "xml", Txt = "txt" });

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_texts_are_messages() {
        for (language, message) in MESSAGES {
            assert!(
                is_message(message) && message.contains(PURPOSE),
                "{language}"
            );
            assert!(
                message
                    .chars()
                    .all(|it| it.is_ascii() || "èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà".contains(it)),
                "{language}"
            );
        }
    }
}
