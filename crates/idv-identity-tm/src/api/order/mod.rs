//! The body of `putOrder` (chapter 3.1.4), and its response.
//!
//! Fields have the document's names in Rust's notation. Everything except the product, the e-mail
//! address and the address is optional and omitted if absent. Lengths are in characters.
//!
//! ```
//! use idv_identity_tm::api::order::{Address, Order, Placement, Product, SignDocument};
//!
//! let address = Address::new("Erika".into(), "Mustermann".into(), "DE".into());
//! let mut order = Order::new(Product::Esign, "e.mustermann@example.com".into(), address);
//! let mut contract = SignDocument::new(b"%PDF-1.7 ...".to_vec(), "contract.pdf".to_owned());
//! contract.placement = Some(Placement::Tag { tag: "[sign here]".into(), offset: None });
//! order.esign_pdfs.push(contract);
//! order.mobile = Some("+491711234567".into()); // Receives the TAN for the signature.
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

pub use created::{PutOrderResponse, VideoHashes};
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

/// An order (chapter 3.1.4). `Debug` redacts the reference and the personal data.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
#[allow(clippy::struct_excessive_bools, reason = "they are the document's")]
pub struct Order {
    /// The application's reference; 100 characters. Orders can be looked up by it if it contains
    /// only `a-z A-Z 0-9 - . +` (chapter 3.13). It need not be unique.
    #[serde(rename = "Ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The product.
    #[serde(rename = "Product")]
    pub product: Product,
    /// The product's behaviors.
    #[serde(rename = "Add", default, deserialize_with = "or_default")]
    pub behaviors: Behaviors,
    /// The language of the video system (ISO 639-1). It does not affect web and app.
    #[serde(rename = "Lang", default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Settings of the identification by electronic identity.
    #[serde(
        rename = "eIDSettings",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_default"
    )]
    pub eid_settings: EidSettings,
    /// Whether the vendor returns the link for the person. Otherwise it informs the person by
    /// e-mail.
    #[serde(
        rename = "getTargetLink",
        default,
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub target_link: bool,
    /// Whether the vendor returns the video system's identifiers of the order; for products 12 and
    /// 15.
    #[serde(
        rename = "getVideoHashes",
        default,
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub video_hashes: bool,
    /// Whether the vendor returns the link that opens the app (chapter 9.3).
    #[serde(
        rename = "getDeepLink",
        default,
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub deep_link: bool,
    /// Whether the vendor returns the link to the automatic identification. Only the document's
    /// change log (2.10g) has this element, not its table.
    #[serde(
        rename = "getAutoIdLink",
        alias = "getAutoldLink",
        default,
        deserialize_with = "flag::deserialize",
        skip_serializing_if = "is_false"
    )]
    pub auto_id_link: bool,
    /// The URLs to which the person's browser returns.
    #[serde(
        rename = "RedirectURL",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_default"
    )]
    pub redirects: Redirects,
    /// The URLs of the webhooks.
    #[serde(
        rename = "WebhookURL",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_default"
    )]
    pub webhooks: Webhooks,
    /// The person's phone number, international, without blanks; 50 characters.
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
    /// Further accepted documents, if the usual ones are not sufficient.
    #[serde(
        rename = "LegitimationDocument",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub legitimation_documents: Vec<LegitimationDocument>,
    /// The documents to be signed.
    #[serde(
        rename = "eSignPDF",
        default,
        with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub esign_pdfs: Vec<SignDocument>,
    /// The hashes to be signed.
    #[serde(
        rename = "eSignHash",
        default,
        with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub esign_hashes: Vec<SignHash>,
    /// The options of signing.
    #[serde(
        rename = "eSignOptions",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_default"
    )]
    pub esign_options: EsignOptions,
    /// Signs the documents of another order.
    #[serde(
        rename = "MultiSignOptions",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub multi_sign: Option<MultiSign>,
    /// The signed data of an earlier identification, to be reused (chapter 7).
    #[serde(
        rename = "IdentDataSigned",
        default,
        with = "secret",
        skip_serializing_if = "Option::is_none"
    )]
    pub ident_data_signed: Option<Secret>,
    /// The recipients of e-mails about the end of the order.
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
    /// The text message with the TAN for signing. The vendor replaces `[TAN]`.
    #[serde(
        rename = "eSignTanSmsText",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub esign_tan_sms_text: Option<String>,
    /// The text message with the TAN for the verification of a mobile number. The vendor replaces
    /// `[TAN]`.
    #[serde(
        rename = "verificationSmsText",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub verification_sms_text: Option<String>,
    /// Routes the order to another account that is configured for this tag; 250 characters.
    #[serde(
        rename = "CustomerRouteTag",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub customer_route_tag: Option<String>,
    #[serde(skip)]
    robot: bool,
}

/// A test robot, which finishes an order in about 20 seconds; only on integration accounts (chapter
/// 9.5).
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
    /// Returns the reference that starts the robot (chapter 9.5).
    ///
    /// ```
    /// use idv_identity_tm::api::order::TestRobot;
    ///
    /// assert_eq!(TestRobot::Fraud.reference(), "X-AUTOTEST-FRAUD");
    /// ```
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
    /// Creates an order with the required fields (chapter 3.1.4).
    ///
    /// All other fields have their defaults. Nothing is checked before [`Order::check`].
    ///
    /// ```
    /// use idv_identity_tm::api::order::{Address, Order, Product};
    ///
    /// let address = Address::new("Erika".into(), "Mustermann".into(), "DE".into());
    /// let order = Order::new(Product::Video, "e.mustermann@example.com".into(), address);
    /// assert_eq!(
    ///     serde_json::to_value(&order)?,
    ///     serde_json::json!({
    ///         "Product": 12,
    ///         "Add": 0,
    ///         "Email": "e.mustermann@example.com",
    ///         "Address": {"Firstname": "Erika", "Surname": "Mustermann", "Country": "DE"},
    ///     })
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
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

    /// Sets the reference of a test robot, which replaces the application's reference (chapter
    /// 9.5).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// use idv_identity_tm::api::order::{Product, TestRobot};
    ///
    /// # let mut order = account::order(Product::Video);
    /// let robot = order.clone().test_robot(TestRobot::Positive);
    /// assert_eq!(robot.reference.as_deref(), Some("X-AUTOTEST-POSITIVE"));
    /// robot.check()?;
    ///
    /// // Without this function, such a reference is refused.
    /// order.reference = robot.reference;
    /// assert!(order.check().is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn test_robot(mut self, robot: TestRobot) -> Self {
        self.reference = Some(robot.reference().to_owned());
        self.robot = true;
        self
    }

    /// Checks the order against the document (chapter 3.1.4): lengths in characters, alphabets,
    /// formats, exclusive and required fields.
    ///
    /// [`Api::put_order`](crate::api::Api::put_order) checks it, too.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::api::order::{IdentData, Product};
    ///
    /// # let mut order = account::order(Product::Video);
    /// let mut data = IdentData::default();
    /// data.id_card.card_no = Some("T22000129".into());
    /// order.ident_data = Some(data.clone());
    /// order.check()?;
    ///
    /// data.id_card.card_no = Some("T".repeat(51).into());
    /// order.ident_data = Some(data);
    /// let error = order.check().expect_err("more than 50 characters");
    /// let field = "IdentData.IDCard.CardNo".into();
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming the field by the document's
    /// path: `IdentData.IDCard.CardNo`.
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
