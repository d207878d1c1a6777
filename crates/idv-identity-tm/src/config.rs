//! The adapter's configuration: one struct, one validation, from a file or from the environment.

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

/// Identity.TM, for a registry of vendors.
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

/// The address of the customer API (chapter 2.7).
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
    /// The environment gives each key as `IDV_`, the provider and the key in capitals.
    pub struct IdentityTmConfig {
        required {
            /// The user's name (chapter 2.7).
            user: String,
            /// The password. [`Api::confirm_new_password`](crate::api::Api::confirm_new_password) gives a new one.
            password: Secret,
        }
        optional {
            /// The address of the customer API, with its version, in place of the vendor's own (chapter 2.7): proxies, emulators.
            base_url: Option<Url> as Address,
            /// The product that is ordered: its number (chapter 3.1.4). 12, identification by video or any other way, unless told otherwise.
            product: u32 = 12,
            /// The additional behaviours of the product: the sum of their numbers (`Add`, chapter 3.1.4).
            behaviors: u32,
            /// The link that the person is handed.
            link: Link,
            /// The webhooks that are asked for when a verification has an address for callbacks. The vendor blocks an order while one is
            /// delivered, so ask for no more than are wanted.
            webhooks: Webhooks = Webhooks { on_final: true, ..Webhooks::default() },
            /// The key, of 16 characters at least, from which the secret in the callbacks' address is derived, for each order its own. The
            /// vendor does not sign; without this each callback is a claim, and a reason to ask.
            callback_secret: Secrets,
            /// The name of the query parameter that carries the secret.
            callback_parameter: String = CALLBACK_PARAMETER.to_owned(),
            /// Whether a callback must also come from the vendor's documented addresses (chapter 10.1). The application has to know for
            /// certain where a delivery came from: [`Delivery::from_source`](idv_core::Delivery::from_source).
            check_source: bool,
            /// The AES-256 key that is shared with the vendor: 64 hexadecimal digits, or Base64. With it, results, PDFs, videos and sound are
            /// asked for encrypted (chapter 9.4). It needs the feature `crypt`.
            crypt_key: Option<Secret>,
            /// The source of images, by the account's configuration (chapters 3.3.4 and 3.8).
            images: Images,
            /// The evidence of the account beside images, so that a report lists it.
            recordings: Recordings,
            /// Whether a result names the agent (`IncludeIdentifier`, chapter 3.3.3).
            include_identifier: bool,
            /// The address that the vendor calls when a video that was asked for is there (chapter 3.9). Without it a video cannot be asked
            /// for through the model.
            video_callback_url: Option<Url>,
            /// The longest result, with images in it, or encrypted answer that is read, in bytes; 64 MiB. It lies in memory while it is
            /// read.
            max_embedded_bytes: u64 = 64 * 1024 * 1024,
        }
    }
}

impl IdentityTmConfig {
    /// An account; the rest is set on the value.
    #[must_use]
    pub fn new(user: impl Into<String>, password: Secret) -> Self {
        Self::required(user.into(), password)
    }

    /// Checks all of it.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key and says what to do.
    pub fn check(&self) -> Result<()> {
        basic_auth(&self.user, &self.password, "password")?;
        self.address()?;
        if self
            .video_callback_url
            .as_ref()
            .is_some_and(|url| !self.can_be_called(url))
        {
            return Err(Error::config(
                "video_callback_url must be an address of the web without a fragment, and without a parameter that is added to it",
            ));
        }
        let product = self.order_product()?;
        if self.order_behaviors()?.is_about_signing() && product != Product::Esign {
            return Err(Error::config(
                "behaviors has one that is about signing, which is for product 15 only",
            ));
        }
        if self.webhooks.after_video && self.webhooks.after_ident {
            return Err(Error::config(
                "webhooks has after_video and after_ident, which cannot be used together",
            ));
        }
        self.auth()?;
        self.answer_key()?;
        if self.max_embedded_bytes == 0 {
            return Err(Error::config(
                "max_embedded_bytes must not be 0: nothing could be read",
            ));
        }
        Ok(())
    }

    /// The address of the customer API.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if it is no address that can be used.
    pub fn address(&self) -> Result<Url> {
        settings::base_url(self.base_url.as_ref(), BASE_URL)
    }

    /// The product.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the document has no such number.
    pub fn order_product(&self) -> Result<Product> {
        Product::from_number(self.product).ok_or_else(|| {
            Error::config("product is none of the document's: 0, 8, 12, 15, 16, 17 or 19")
        })
    }

    /// The additional behaviours.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the document does not have them, or not together.
    pub fn order_behaviors(&self) -> Result<Behaviors> {
        Behaviors::from_bits(self.behaviors).map_err(|_| {
            Error::config(
                "invalid `behaviors`: expected the sum of numbers that the document has for `Add`, one at most of 4, 8 and 16, and of 128 and 256",
            )
        })
    }

    /// Returns the guard of callbacks.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the secret is too short.
    pub fn auth(&self) -> Result<CallbackAuth> {
        if callback::is_telling(&self.callback_parameter) {
            return Err(Error::config(
                "callback_parameter is a name that a callback's address has for something else: use another",
            ));
        }
        settings::query_per_subject_auth(&self.callback_parameter, &self.callback_secret)
    }

    /// The key for encrypted answers.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if it is no key of AES-256.
    pub fn answer_key(&self) -> Result<Option<CryptKey>> {
        self.crypt_key.as_ref().map(CryptKey::parse).transpose()
    }

    fn can_be_called(&self, url: &Url) -> bool {
        matches!(url.scheme(), "http" | "https")
            && callback::can_be_base(url, &self.callback_parameter)
    }

    /// Returns the flow of the orders, which decides their end (chapter 3.2.1).
    pub(crate) fn flow(&self) -> Flow {
        match (self.order_product(), self.order_behaviors()) {
            (Ok(product), Ok(behaviors)) => Flow::of_order(product, behaviors),
            _ => Flow::of_product(self.product),
        }
    }
}

/// The link that the person is handed (chapter 3.1.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Link {
    /// The page where the person chooses a way of identification: `TargetURL`.
    #[default]
    Target,
    /// The link that opens the app on a telephone, and the page elsewhere: `DeepLinkURL` (chapter 9.3).
    Deep,
    /// The page of the automatic identification: `AutoIdURL`.
    AutoIdent,
    /// None: the vendor writes an e-mail.
    Email,
}

setting_words!(Link { Target = "target", Deep = "deep", AutoIdent = "auto_ident", Email = "email" });

/// The webhooks to ask for (chapter 3.1.4, `WebhookURL`): their names, separated by commas or in a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a webhook of its own"
)]
pub struct Webhooks {
    /// When the person leaves the video system. Not together with `after_ident`.
    pub after_video: bool,
    /// When the identification has been conducted. Not together with `after_video`.
    pub after_ident: bool,
    /// When the order has been finally processed.
    pub on_final: bool,
    /// When a partner is unable to process an order.
    pub on_error: bool,
    /// When a temporary error occurs in a video identification.
    pub on_video_error: bool,
    /// When the order reaches a status that the account is configured for.
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
    /// Inside the result, if the account has them there (chapter 3.3.4).
    #[default]
    Embedded,
    /// By a call of their own (chapter 3.8), which a fetch makes too, so that the report lists them.
    Separate,
}

setting_words!(Images { Embedded = "embedded", Separate = "separate" });

/// The evidence of an account beside images: `video`, `voice`, `pdf`, `signed_documents`, `signed_hashes` and `audit_log`, separated by
/// commas or in a list.
///
/// Signed documents and hashes of an order for a signature are listed without being named here. Naming them says that there are always
/// some, so that a report notes when the vendor gives none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a recording of its own"
)]
pub struct Recordings {
    /// The call by video (chapters 3.9 and 3.10).
    pub video: bool,
    /// The call's sound (chapter 3.11).
    pub voice: bool,
    /// The result as a PDF (chapter 3.4).
    pub pdf: bool,
    /// The documents that were signed (chapter 3.5).
    pub signed_documents: bool,
    /// The hashes that were signed (chapter 3.6).
    pub signed_hashes: bool,
    /// The record of a signing by AES (chapter 3.7).
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

/// Reads a list of names, each of which sets a flag.
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
