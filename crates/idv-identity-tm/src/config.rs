//! The adapter's configuration, from a file or from environment variables.

use std::borrow::Cow;
use std::sync::Arc;

use idv_core::adapter::settings::{
    self, Address, CALLBACK_PARAMETER, Fault, Secrets, SettingValue, Value,
};
use idv_core::adapter::{NormalizeOption, VendorEntry, basic_auth};
use idv_core::{CallbackAuth, Error, Result, Secret, Url, VendorInfo, setting_words, settings};

use crate::IdentityTm;
use crate::api::order::{Behaviors, Product};
use crate::callback;
use crate::crypt::CryptKey;
use crate::normalize::{self, Flow};

/// Registers Identity.TM with the facade, the program and the configuration schema.
pub const ENTRY: VendorEntry = VendorEntry {
    id: "identity-tm",
    name: "Identity.TM",
    domains: &["identity.tm"],
    settings: IdentityTmConfig::SETTINGS,
    build: |table| {
        Ok(Arc::new(IdentityTm::new(IdentityTmConfig::from_table(
            table,
        )?)?))
    },
    describe: || {
        Ok(VendorInfo::of(&IdentityTm::new(
            example().callback_secret("an example of a secret"),
        )?))
    },
    normalize: |payload| {
        let mut config = example();
        config.product = payload
            .options
            .optional("product")?
            .unwrap_or(config.product);
        config.behaviors = payload
            .options
            .optional("behaviors")?
            .unwrap_or(config.behaviors);
        config.check()?;
        normalize::kind(payload.bytes, payload.kind, config.flow())
    },
    normalize_options: &[
        NormalizeOption {
            name: "product",
            value: "N",
            help: "The order's product; 12 if omitted",
        },
        NormalizeOption {
            name: "behaviors",
            value: "N",
            help: "The sum of the order's behaviors (`Add`); 0 if omitted",
        },
    ],
};

fn example() -> IdentityTmConfig {
    IdentityTmConfig::new("example", "example".into())
}

/// The base URL of the customer API (chapter 2.7).
const BASE_URL: &str = "https://customer.identity.tm/api/2.10/";

settings! {
    /// The configuration of an account at Identity.TM.
    ///
    /// ```toml
    /// [identity-tm]
    /// user = "ihrebank"
    /// password = { env = "IDV_IDENTITY_TM_PASSWORD" }
    /// product = 12
    /// callback_secret = { env = "IDV_IDENTITY_TM_CALLBACK_SECRET" }
    /// ```
    ///
    /// Environment variables set each key as `IDV_`, the provider and the key in upper case.
    pub struct IdentityTmConfig {
        required {
            /// The user name (chapter 2.7).
            user: String,
            /// The password. [`Api::confirm_new_password`](crate::api::Api::confirm_new_password)
            /// changes it.
            password: Secret,
        }
        optional {
            /// A base URL, with the API's version, that replaces the vendor's (chapter 2.7): for
            /// proxies and emulators.
            base_url: Option<Url> as Address,
            /// The number of the ordered product (chapter 3.1.4). The default is 12: identification
            /// by any way, including video.
            product: u32 = 12,
            /// The additional behaviors of the product: the sum of their numbers (`Add`, chapter
            /// 3.1.4).
            behaviors: u32,
            /// The kind of link for the person.
            link: Link,
            /// The webhooks to request if a verification has a callback URL. The vendor blocks an
            /// order during a webhook, so request only those that are needed.
            webhooks: Webhooks = Webhooks { on_final: true, ..Webhooks::default() },
            /// The key from which the secret in each order's callback URL is derived: 16 characters
            /// or more. The vendor does not sign webhooks; without this key a callback is an
            /// unauthenticated claim that only triggers a poll.
            callback_secret: Secrets,
            /// The name of the query parameter that carries the secret.
            callback_parameter: String = CALLBACK_PARAMETER.to_owned(),
            /// Whether a callback must also come from the vendor's documented IP addresses (chapter
            /// 10.1). The application must pass the true source:
            /// [`Delivery::from_source`](idv_core::Delivery::from_source).
            check_source: bool,
            /// The AES-256 key shared with the vendor: 64 hexadecimal digits, or Base64. With it,
            /// the adapter requests results, PDFs, videos and audio encrypted (chapter 9.4). It
            /// needs the feature `crypt`.
            crypt_key: Option<Secret>,
            /// The source of images, as configured for the account (chapters 3.3.4 and 3.8).
            images: Images,
            /// The account's evidence other than images, for the report to list.
            recordings: Recordings,
            /// Whether a result names the agent (`IncludeIdentifier`, chapter 3.3.3).
            include_identifier: bool,
            /// The URL that the vendor calls when a requested video is available (chapter 3.9).
            /// Without it the model cannot request videos.
            video_callback_url: Option<Url>,
            /// The maximum size in bytes of a result with embedded images, or of an encrypted
            /// response, which is parsed in memory. The default is 64 MiB.
            max_embedded_bytes: u64 = 64 * 1024 * 1024,
        }
    }
}

impl IdentityTmConfig {
    /// Creates the configuration of an account.
    ///
    /// All other settings have their defaults.
    ///
    /// ```
    /// use idv_identity_tm::{IdentityTmConfig, Link};
    ///
    /// let mut config = IdentityTmConfig::new("ihrebank", "example password".into());
    /// config.product = 16;
    /// config.link = Link::AutoIdent;
    /// config.check()?;
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(user: impl Into<String>, password: Secret) -> Self {
        Self::required(user.into(), password)
    }

    /// Checks every setting.
    ///
    /// ```
    /// use idv_identity_tm::IdentityTmConfig;
    ///
    /// let mut config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    /// assert!(config.check().is_ok());
    ///
    /// config.behaviors = 128; // an advanced signature
    /// let error = config.check().expect_err("product 12 signs nothing");
    /// assert!(error.to_string().contains("only product 15 supports"));
    /// config.product = 15;
    /// assert!(config.check().is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), naming the key and the accepted values.
    pub fn check(&self) -> Result<()> {
        basic_auth(&self.user, &self.password, "password")?;
        self.address()?;
        if self
            .video_callback_url
            .as_ref()
            .is_some_and(|url| !self.can_be_called(url))
        {
            return Err(Error::config(
                "invalid video_callback_url: expected an http or https URL without a \
                 fragment and without the parameters that the adapter adds",
            ));
        }
        let product = self.order_product()?;
        if self.order_behaviors()?.is_about_signing() && product != Product::Esign {
            return Err(Error::config(
                "behaviors has a signing behavior, which only product 15 supports",
            ));
        }
        if self.webhooks.after_video && self.webhooks.after_ident {
            return Err(Error::config(
                "webhooks has after_video and after_ident: set only one of them",
            ));
        }
        self.auth()?;
        self.answer_key()?;
        if self.max_embedded_bytes == 0 {
            return Err(Error::config("max_embedded_bytes must not be 0"));
        }
        Ok(())
    }

    /// Returns the base URL of the customer API, with its version (chapter 2.7).
    ///
    /// ```
    /// use idv_identity_tm::IdentityTmConfig;
    ///
    /// let mut config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    /// assert_eq!(config.address()?.as_str(), "https://customer.identity.tm/api/2.10/");
    ///
    /// config.base_url = Some("http://customer.example.com/api/2.10/".parse().expect("a URL"));
    /// assert!(config.address().is_err()); // personal data need https
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if `base_url` is not a usable URL.
    pub fn address(&self) -> Result<Url> {
        settings::base_url(self.base_url.as_ref(), BASE_URL)
    }

    /// Returns the product (chapter 3.1.4).
    ///
    /// ```
    /// use idv_identity_tm::IdentityTmConfig;
    /// use idv_identity_tm::api::order::Product;
    ///
    /// let mut config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    /// assert_eq!(config.order_product()?, Product::Video);
    /// config.product = 13;
    /// assert!(config.order_product().is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the document has no product of this number.
    pub fn order_product(&self) -> Result<Product> {
        Product::from_number(self.product)
            .ok_or_else(|| Error::config("invalid product: expected 0, 8, 12, 15, 16, 17 or 19"))
    }

    /// Returns the additional behaviors (`Add`, chapter 3.1.4).
    ///
    /// ```
    /// use idv_identity_tm::IdentityTmConfig;
    /// use idv_identity_tm::api::order::Behaviors;
    ///
    /// let mut config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    /// config.behaviors = 4096;
    /// assert_eq!(config.order_behaviors()?, Behaviors::LICENCE_WITH_ID);
    /// config.behaviors = 1;
    /// assert!(config.order_behaviors().is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the document lacks one of them or does not allow
    /// the combination.
    pub fn order_behaviors(&self) -> Result<Behaviors> {
        Behaviors::from_bits(self.behaviors).map_err(|_| {
            Error::config(
                "invalid `behaviors`: expected a sum of the document's numbers for `Add`, \
                 with at most one of 4, 8 and 16, and at most one of 128 and 256",
            )
        })
    }

    /// Returns the authentication of callbacks: a secret of each order in the query of the URL, or
    /// none.
    ///
    /// ```
    /// use idv_identity_tm::IdentityTmConfig;
    ///
    /// let config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    /// let config = config.callback_secret("a key of sixteen characters or more");
    /// let auth = config.auth()?;
    /// let (_, first) = auth.parameter_for("6f1c2a9e1c1f4a6b").expect("a secret is set");
    /// let (_, second) = auth.parameter_for("0c2d6a1f7e116f1c").expect("a secret is set");
    /// assert_ne!(first.expose(), second.expose()); // each order has its own
    ///
    /// assert!(config.callback_secret("too short").auth().is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the secret is too short, or the parameter's name
    /// is not valid or has another meaning in the URL.
    pub fn auth(&self) -> Result<CallbackAuth> {
        if callback::is_telling(&self.callback_parameter) {
            return Err(Error::config(
                "callback_parameter is the name of another parameter of the callback's URL: \
                 choose a different name",
            ));
        }
        settings::query_per_subject_auth(&self.callback_parameter, &self.callback_secret)
    }

    /// Returns the key for encrypted responses (chapter 9.4), or `None` if responses are not
    /// encrypted.
    ///
    /// ```
    /// use idv_identity_tm::IdentityTmConfig;
    ///
    /// let mut config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    /// assert!(config.answer_key()?.is_none());
    /// config.crypt_key = Some("0123".into());
    /// assert!(config.answer_key().is_err()); // 2 bytes instead of 32
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if `crypt_key` is not an AES-256 key.
    pub fn answer_key(&self) -> Result<Option<CryptKey>> {
        self.crypt_key.as_ref().map(CryptKey::parse).transpose()
    }

    fn can_be_called(&self, url: &Url) -> bool {
        matches!(url.scheme(), "http" | "https")
            && callback::can_be_base(url, &self.callback_parameter)
    }

    /// Returns the flow of the orders, which determines their final codes (chapter 3.2.1).
    pub(crate) fn flow(&self) -> Flow {
        match (self.order_product(), self.order_behaviors()) {
            (Ok(product), Ok(behaviors)) => Flow::of_order(product, behaviors),
            _ => Flow::of_product(self.product),
        }
    }
}

/// The kind of link for the person (chapter 3.1.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Link {
    /// The page on which the person chooses a way of identification: `TargetURL`.
    #[default]
    Target,
    /// The link that opens the app on a phone, and the page elsewhere: `DeepLinkURL` (chapter 9.3).
    Deep,
    /// The page of the automatic identification: `AutoIdURL`.
    AutoIdent,
    /// None: the vendor sends the person an e-mail.
    Email,
}

setting_words!(Link { Target = "target", Deep = "deep", AutoIdent = "auto_ident", Email = "email" });

/// The webhooks to request (chapter 3.1.4, `WebhookURL`): a list of names, or the names separated
/// by commas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a webhook of its own"
)]
pub struct Webhooks {
    /// The person leaves the video system. Excludes `after_ident`.
    pub after_video: bool,
    /// The identification has been conducted. Excludes `after_video`.
    pub after_ident: bool,
    /// The order has been finally processed.
    pub on_final: bool,
    /// A partner is unable to process an order.
    pub on_error: bool,
    /// A temporary error occurs in a video identification.
    pub on_video_error: bool,
    /// The order reaches a status for which the account is configured.
    pub on_status_change: bool,
}

impl SettingValue for Webhooks {
    fn form() -> Cow<'static, str> {
        "a list of `after_video` or `after_ident`, `on_final`, `on_error`, `on_video_error` and `on_status_change`".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        read_flags(value, |webhooks: &mut Self, name| {
            Some(match name {
                "after_video" => &mut webhooks.after_video,
                "after_ident" => &mut webhooks.after_ident,
                "on_final" => &mut webhooks.on_final,
                "on_error" => &mut webhooks.on_error,
                "on_video_error" => &mut webhooks.on_video_error,
                "on_status_change" => &mut webhooks.on_status_change,
                _ => return None,
            })
        })
    }
}

/// The source of images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Images {
    /// Embedded in the result, if the account is configured so (chapter 3.3.4).
    #[default]
    Embedded,
    /// A separate call (chapter 3.8), which a fetch makes in order to list them in the report.
    Separate,
}

setting_words!(Images { Embedded = "embedded", Separate = "separate" });

/// The account's evidence other than images: a list of `video`, `voice`, `pdf`, `signed_documents`,
/// `signed_hashes` and `audit_log`, or the names separated by commas.
///
/// A report lists the signed documents and hashes of a signing order even if they are not named
/// here. If they are named, the report also notes when the vendor returns none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a recording of its own"
)]
pub struct Recordings {
    /// The video call (chapters 3.9 and 3.10).
    pub video: bool,
    /// The audio of the call (chapter 3.11).
    pub voice: bool,
    /// The result as a PDF (chapter 3.4).
    pub pdf: bool,
    /// The signed documents (chapter 3.5).
    pub signed_documents: bool,
    /// The signed hashes (chapter 3.6).
    pub signed_hashes: bool,
    /// The audit log of an AES signature (chapter 3.7).
    pub audit_log: bool,
}

impl SettingValue for Recordings {
    fn form() -> Cow<'static, str> {
        "a list of `video`, `voice`, `pdf`, `signed_documents`, `signed_hashes` and `audit_log`"
            .into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        read_flags(value, |recordings: &mut Self, name| {
            Some(match name {
                "video" => &mut recordings.video,
                "voice" => &mut recordings.voice,
                "pdf" => &mut recordings.pdf,
                "signed_documents" => &mut recordings.signed_documents,
                "signed_hashes" => &mut recordings.signed_hashes,
                "audit_log" => &mut recordings.audit_log,
                _ => return None,
            })
        })
    }
}

/// Parses a list of names, each of which sets a flag.
fn read_flags<T: Default>(
    value: &Value,
    flag: for<'f> fn(&'f mut T, &str) -> Option<&'f mut bool>,
) -> Result<T, Fault> {
    let mut flags = T::default();
    for name in Vec::<String>::read(value).map_err(|_| Fault::FORM)? {
        *flag(&mut flags, &name).ok_or(Fault::FORM)? = true;
    }
    Ok(flags)
}
