//! The body of `putOrder` (chapter 3.1.4), and what it returns.
//!
//! Names are the document's, written as Rust writes names. Everything but the product, the e-mail address and the address is optional,
//! and is left out if it is not given. Lengths are in characters.
//!
//! ```
//! use idv_identity_tm::api::order::{Address, Order, Placement, Product, SignDocument};
//!
//! let address = Address::new("Erika".into(), "Mustermann".into(), "DE".into());
//! let mut order = Order::new(Product::Esign, "e.mustermann@example.com".into(), address);
//! let mut contract = SignDocument::new(b"%PDF-1.7 ...".to_vec(), "contract.pdf".to_owned());
//! contract.placement = Some(Placement::Tag { tag: "[sign here]".into(), offset: None });
//! order.esign_pdfs.push(contract);
//! order.mobile = Some("+491711234567".into()); // The TAN for the signature goes there.
//! order.check()?;
//! # Ok::<(), idv_core::Error>(())
//! ```

mod check;
mod created;
mod esign;
mod json;
mod person;
mod product;
mod settings;

use std::fmt;

use idv_core::{Pii, Result, Secret, pii};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use created::{OrderCreated, VideoHashes};
pub use esign::{
    MultiSign, Placement, SignDocument, SignHash, SignParameters, Stamp, StampPosition,
};
pub use person::{
    AdditionalField, Address, DriverLicence, FieldKind, Gender, IdCard, IdCardImages, IdentData,
};
pub use product::{Behaviors, Product};
pub use settings::{
    EidSettings, EmailNotifications, EsignOptions, LegitimationDocument, Purpose, Redirects,
    VideoOrIdent, Webhooks,
};

use self::json::{flag, is_default, is_false, one_or_many, or_default};

/// An order (chapter 3.1.4). `Debug` prints neither our reference nor the person's data.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "they are the document's")]
pub struct Order {
    /// Our reference; 100 characters. Orders can be found by it if it has no other characters than `a-z A-Z 0-9 - . +`
    /// (chapter 3.13). It need not be unique.
    #[serde(rename = "Ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The product.
    #[serde(rename = "Product")]
    pub product: Product,
    /// Its behaviors.
    #[serde(rename = "Add", default, deserialize_with = "or_default")]
    pub behaviors: Behaviors,
    /// The language of the video system, by ISO 639-1; without effect on web and app.
    #[serde(rename = "Lang", default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Settings for identification by electronic identity.
    #[serde(
        rename = "eIDSettings",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_default"
    )]
    pub eid_settings: EidSettings,
    /// Whether the link for the person is returned; else the vendor informs them by e-mail.
    #[serde(
        rename = "getTargetLink",
        default,
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub target_link: bool,
    /// Whether the names under which the video system knows the order are returned; for products 12 and 15.
    #[serde(
        rename = "getVideoHashes",
        default,
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub video_hashes: bool,
    /// Whether the link that opens the app is returned (chapter 9.3).
    #[serde(
        rename = "getDeepLink",
        default,
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub deep_link: bool,
    /// Whether the link to the automatic identification is returned. The list of changes has it (2.10g), the table has not.
    #[serde(
        rename = "getAutoIdLink",
        alias = "getAutoldLink",
        default,
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub auto_id_link: bool,
    /// The addresses that the person's browser is redirected to.
    #[serde(
        rename = "RedirectURL",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_default"
    )]
    pub redirects: Redirects,
    /// The addresses of the webhooks.
    #[serde(
        rename = "WebhookURL",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_default"
    )]
    pub webhooks: Webhooks,
    /// The person's telephone number, international, without blanks; 50 characters.
    #[serde(
        rename = "Phone",
        default,
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub phone: Option<Pii<String>>,
    /// The person's mobile number, international, without blanks; 50 characters.
    #[serde(
        rename = "Mobile",
        default,
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub mobile: Option<Pii<String>>,
    /// The person's e-mail address; 50 characters.
    #[serde(rename = "Email", serialize_with = "pii::exposed")]
    pub email: Pii<String>,
    /// The person's address.
    #[serde(rename = "Address")]
    pub address: Address,
    /// The data to be checked.
    #[serde(rename = "IdentData", default, skip_serializing_if = "Option::is_none")]
    pub ident_data: Option<IdentData>,
    /// Documents that may be shown, if the usual ones are not enough.
    #[serde(
        rename = "LegitimationDocument",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub legitimation_documents: Vec<LegitimationDocument>,
    /// Documents that are to be signed.
    #[serde(
        rename = "eSignPDF",
        default,
        with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub esign_pdfs: Vec<SignDocument>,
    /// Hashes that are to be signed.
    #[serde(
        rename = "eSignHash",
        default,
        with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub esign_hashes: Vec<SignHash>,
    /// Options for signing.
    #[serde(
        rename = "eSignOptions",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_default"
    )]
    pub esign_options: EsignOptions,
    /// Signing what another order has to be signed.
    #[serde(
        rename = "MultiSignOptions",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub multi_sign: Option<MultiSign>,
    /// Signed data of an earlier identification, to be used again (chapter 7).
    #[serde(
        rename = "IdentDataSigned",
        default,
        with = "secret",
        skip_serializing_if = "Option::is_none"
    )]
    pub ident_data_signed: Option<Secret>,
    /// The recipients of e-mails about the end.
    #[serde(
        rename = "EmailNotifications",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_default"
    )]
    pub email_notifications: EmailNotifications,
    /// The purpose of the identification.
    #[serde(rename = "Purpose", default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// The text message with the TAN for signing; `[TAN]` is replaced.
    #[serde(
        rename = "eSignTanSmsText",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub esign_tan_sms_text: Option<String>,
    /// The text message with the TAN for verifying a mobile number; `[TAN]` is replaced.
    #[serde(
        rename = "verificationSmsText",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub verification_sms_text: Option<String>,
    /// Routes the order to another account that was set up for it; 250 characters.
    #[serde(
        rename = "CustomerRouteTag",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub customer_route_tag: Option<String>,
    #[serde(skip)]
    robot: bool,
}

/// A test robot, which finishes an order in about 20 seconds; on integration accounts only (chapter 9.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TestRobot {
    /// The identification is positive.
    Positive,
    /// The identification is negative.
    Negative,
    /// Fraud is suspected.
    Fraud,
}

impl TestRobot {
    /// The reference that starts it.
    #[must_use]
    pub const fn reference(self) -> &'static str {
        match self {
            Self::Positive => "X-AUTOTEST-POSITIVE",
            Self::Negative => "X-AUTOTEST-NEGATIVE",
            Self::Fraud => "X-AUTOTEST-FRAUD",
        }
    }
}

impl Order {
    /// The least that can be ordered; the rest is set on the value.
    #[must_use]
    pub fn new(product: Product, email: Pii<String>, address: Address) -> Self {
        Self {
            reference: None,
            product,
            behaviors: Behaviors::NORMAL,
            language: None,
            eid_settings: EidSettings::default(),
            target_link: false,
            video_hashes: false,
            deep_link: false,
            auto_id_link: false,
            redirects: Redirects::default(),
            webhooks: Webhooks::default(),
            phone: None,
            mobile: None,
            email,
            address,
            ident_data: None,
            legitimation_documents: Vec::new(),
            esign_pdfs: Vec::new(),
            esign_hashes: Vec::new(),
            esign_options: EsignOptions::default(),
            multi_sign: None,
            ident_data_signed: None,
            email_notifications: EmailNotifications::default(),
            purpose: None,
            esign_tan_sms_text: None,
            verification_sms_text: None,
            customer_route_tag: None,
            robot: false,
        }
    }

    /// The same for a test robot. Its reference is the robot's, so that the order cannot be found by one of ours.
    #[must_use]
    pub fn test_robot(mut self, robot: TestRobot) -> Self {
        self.reference = Some(robot.reference().to_owned());
        self.robot = true;
        self
    }

    /// Checks what the document forbids: lengths, alphabets, formats, what excludes what, and what is missing.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming the field by the document's names, from the root:
    /// `IdentData.IDCard.CardNo`.
    pub fn check(&self) -> Result<()> {
        check::order(self)
    }

    const fn is_for_a_robot(&self) -> bool {
        self.robot
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order")
            .field("product", &self.product)
            .field("behaviors", &self.behaviors)
            .field("language", &self.language)
            .field("webhooks", &self.webhooks)
            .field("esign_pdfs", &self.esign_pdfs.len())
            .field("esign_hashes", &self.esign_hashes.len())
            .field("robot", &self.robot)
            .finish_non_exhaustive()
    }
}

mod secret {
    use super::{Deserialize, Deserializer, Secret, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        secret: &Option<Secret>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
    }
}
