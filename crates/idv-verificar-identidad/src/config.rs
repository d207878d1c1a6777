//! The adapter's configuration, from a file or from environment variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use idv_core::adapter::settings::{self, Address, CALLBACK_PARAMETER, Secrets};
use idv_core::adapter::{VendorEntry, basic_auth};
use idv_core::{
    CallbackAuth, Error, Locale, Result, Secret, Url, VendorInfo, setting_words, settings,
};

use crate::VerificarIdentidad;
use crate::normalize::{self, Rules};

/// Registers VerificarIdentidad with the facade, the program and the configuration schema.
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

/// The base URL of the gateway, taken from the vendor's public clients. The document only names the
/// functions.
const BASE_URL: &str = "https://api.mensatek.com/v7/";

/// The placeholder that the vendor replaces with the person's link ("Send Identity Verification
/// Request", `Mensaje`).
pub const LINK: &str = "[LINK]";

/// The placeholder that the adapter replaces with the purpose of a verification.
pub const PURPOSE: &str = "[PURPOSE]";

/// The built-in text messages, for languages without a configured text. They use only the GSM 7-bit
/// alphabet (3GPP TS 23.038), because other characters halve the capacity of a message.
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

/// The maximum length of the sender in characters (`Remitente`).
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
    /// The API has no call for the outcome of a verification: the vendor's report settles it.
    /// Reports must therefore be authenticated, with `callback_user` and `callback_password` or
    /// with `callback_secret`; without either, the adapter refuses to start. Environment variables
    /// set each key as `IDV_`, the provider and the key in upper case.
    pub struct VerificarIdentidadConfig {
        required {
            /// The API user, from the panel: Your Data, Configure Account ("Authentication").
            user: String,
            /// The API token, from the same page of the panel.
            token: Secret,
        }
        optional {
            /// A base URL that replaces the vendor's gateway, for proxies and emulators.
            base_url: Option<Url> as Address,
            /// The format of requests.
            request_format: RequestFormat,
            /// The requested format of responses (`Resp`). The adapter parses every format,
            /// whichever the vendor returns.
            answer_format: AnswerFormat,
            /// The sender of the text message: at most 11 characters (`Remitente`). The default is
            /// the account's sender.
            sender: Option<String>,
            /// The text messages by language (ISO 639-1). A text contains `[LINK]`, which the
            /// vendor replaces, and may contain `[PURPOSE]`, which the adapter replaces with the
            /// verification's purpose. An environment variable holds a JSON object. German,
            /// English, Spanish, French, Italian and Portuguese have built-in texts.
            messages: BTreeMap<String, String>,
            /// The language of verifications without a language, or with a language that has no
            /// text. The default is `es`.
            language: String = "es".to_owned(),
            /// The user name that the vendor sends with reports by HTTP Basic, as set in the panel.
            callback_user: Option<String>,
            /// The password for `callback_user`: 16 characters or more.
            callback_password: Secrets,
            /// The secret in the URL of reports, instead of HTTP Basic: 16 characters or more.
            callback_secret: Secrets,
            /// The name of the query parameter that carries the secret. The default is `token`.
            callback_parameter: String = CALLBACK_PARAMETER.to_owned(),
            /// Whether the automatic result is final. The default is `false`.
            ///
            /// Set this for accounts without validation by an operator, whose last report is 5001.
            /// A result above 80 without a failed check is then verified, and a code that fails is
            /// rejected. A result that an operator must judge (-1, or up to 80) stays in review.
            automatic_outcome_is_final: bool,
        }
    }
}

impl VerificarIdentidadConfig {
    /// Creates the configuration of an account. [`check`](Self::check) fails until `callback_user`
    /// and `callback_password`, or `callback_secret`, are set.
    ///
    /// ```
    /// use idv_verificar_identidad::VerificarIdentidadConfig;
    ///
    /// let mut config = VerificarIdentidadConfig::new("api-user", "example-token".into());
    /// config.callback_user = Some("idv".to_owned());
    /// config.callback_password = "a password of 16 characters or more".into();
    /// config.check()?;
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(user: impl Into<String>, token: Secret) -> Self {
        Self::required(user.into(), token)
    }

    /// Checks every setting.
    ///
    /// ```
    /// use idv_verificar_identidad::VerificarIdentidadConfig;
    ///
    /// let config = VerificarIdentidadConfig::new("api-user", "api-token".into())
    ///     .callback_secret("0123456789abcdef0123456789abcdef");
    /// config.check()?;
    /// let error = config.sender("A sender that is too long".to_owned()).check().unwrap_err();
    /// assert!(error.to_string().contains("1 to 11 characters"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), naming the key and the accepted values.
    pub fn check(&self) -> Result<()> {
        basic_auth(&self.user, &self.token, "token")?;
        self.address()?;
        if self
            .sender
            .as_ref()
            .is_some_and(|sender| !is_sender(sender))
        {
            return Err(Error::config(
                "invalid sender: expected 1 to 11 characters, without control characters",
            ));
        }
        for (language, message) in &self.messages {
            let known = language
                .parse::<Locale>()
                .is_ok_and(|locale| locale.language() == language);
            if !known {
                return Err(Error::config(
                    "invalid language in messages: expected two lower-case letters (ISO 639-1)",
                ));
            }
            if !is_message(message) {
                return Err(Error::config(format!(
                    "invalid messages.{language}: expected a text with [LINK], at most one \
                     [PURPOSE], and no control characters except line breaks"
                )));
            }
        }
        if self.template(&self.language).is_none() {
            return Err(Error::config(
                "language has no text in messages and no built-in text; built-in languages \
                 are de, en, es, fr, it, pt",
            ));
        }
        self.auth().map(drop)
    }

    /// Returns the base URL of the gateway.
    ///
    /// ```
    /// use idv_verificar_identidad::VerificarIdentidadConfig;
    ///
    /// let config = VerificarIdentidadConfig::new("api-user", "api-token".into());
    /// assert_eq!(config.address()?.host_str(), Some("api.mensatek.com"));
    ///
    /// let emulator: idv_core::Url = "http://127.0.0.1:8080/v7/".parse().unwrap();
    /// assert_eq!(config.base_url(emulator).address()?.port(), Some(8080));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if `base_url` is not a usable URL.
    pub fn address(&self) -> Result<Url> {
        settings::base_url(self.base_url.as_ref(), BASE_URL)
    }

    /// Returns the authentication of reports. It is never open, because an unauthenticated report
    /// must not settle a verification.
    ///
    /// ```
    /// use idv_verificar_identidad::VerificarIdentidadConfig;
    ///
    /// let config = VerificarIdentidadConfig::new("api-user", "api-token".into());
    /// let error = config.auth().unwrap_err();
    /// assert!(error.to_string().contains("reports must be authenticated"));
    ///
    /// let config = config.callback_secret("0123456789abcdef0123456789abcdef");
    /// assert!(config.auth().is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the authentication is missing, incomplete, given
    /// twice, or too short.
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
                "reports must be authenticated, because the vendor has no call for an \
                 outcome: set callback_user and callback_password as in the vendor's panel, \
                 or set callback_secret and add it to the URL in the panel",
            )),
            (_, _, false) => Err(Error::config(
                "callback_secret conflicts with callback_user and callback_password: set \
                 only one of the two",
            )),
            _ => Err(Error::config(
                "callback_user and callback_password must be set together",
            )),
        }
    }

    /// Returns the text message for a language.
    ///
    /// ```
    /// use idv_verificar_identidad::VerificarIdentidadConfig;
    ///
    /// let config = VerificarIdentidadConfig::new("api-user", "api-token".into());
    /// assert_eq!(config.template("en"), Some("[PURPOSE] Please verify your identity: [LINK]"));
    /// assert_eq!(config.template("nl"), None);
    /// ```
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

    /// Returns the account's rules of judgement.
    ///
    /// ```
    /// use idv_verificar_identidad::VerificarIdentidadConfig;
    /// use idv_verificar_identidad::normalize::Rules;
    ///
    /// let config = VerificarIdentidadConfig::new("api-user", "api-token".into());
    /// assert_eq!(config.rules(), Rules::default()); // an operator validates the result
    /// let automatic = config.automatic_outcome_is_final(true);
    /// assert_ne!(automatic.rules(), Rules::default());
    /// ```
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules::default().automatic_outcome_is_final(self.automatic_outcome_is_final)
    }

    /// Returns whether every text contains the purpose.
    pub(crate) fn says_purposes(&self) -> bool {
        self.messages
            .values()
            .all(|message| message.contains(PURPOSE))
    }
}

/// Returns whether a text is a valid sender (`Remitente`).
pub(crate) fn is_sender(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= SENDER && !text.chars().any(char::is_control)
}

fn is_message(text: &str) -> bool {
    text.contains(LINK) && text.matches(PURPOSE).count() <= 1 && !has_control(text)
}

/// Returns whether a text has a control character that a message must not contain: any except line
/// breaks and tabs.
pub(crate) fn has_control(text: &str) -> bool {
    text.chars()
        .any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t'))
}

/// The format of requests ("Request Body schema").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestFormat {
    /// A JSON object, which the vendor recommends.
    #[default]
    Json,
    /// A form: `application/x-www-form-urlencoded`.
    Form,
}

setting_words!(RequestFormat { Json = "json", Form = "form" });

/// The requested format of responses (`Resp`). The adapter always sends the parameter, because
/// without it the vendor responds in the format of obsolete versions.
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
    /// Returns the vendor's name of the format.
    ///
    /// ```
    /// use idv_verificar_identidad::AnswerFormat;
    ///
    /// assert_eq!(AnswerFormat::default().word(), "JSON"); // the parameter `Resp`
    /// ```
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
    fn built_in_texts_are_valid_messages() {
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
