//! The product of an order, and its behaviors.

use idv_core::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json::number;

/// The product of an order (chapter 3.1.4, `Product`). The account must be enabled for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Product {
    /// 0: identification by any enabled way except video and autoID.
    Identification,
    /// 8: identification in a shop.
    Shop,
    /// 12: identification by any enabled way, including video, except autoID.
    Video,
    /// 15: identification and signature.
    Esign,
    /// 16: identification by autoID.
    AutoId,
    /// 17: verification of a mobile number.
    PhoneVerification,
    /// 19: reader.
    Reader,
}

impl Product {
    /// Every product.
    pub const ALL: &'static [Self] = &[
        Self::Identification,
        Self::Shop,
        Self::Video,
        Self::Esign,
        Self::AutoId,
        Self::PhoneVerification,
        Self::Reader,
    ];

    /// Returns the vendor's number of the product (chapter 3.1.4).
    ///
    /// ```
    /// use idv_identity_tm::api::order::Product;
    ///
    /// assert_eq!(Product::Esign.number(), 15);
    /// ```
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Identification => 0,
            Self::Shop => 8,
            Self::Video => 12,
            Self::Esign => 15,
            Self::AutoId => 16,
            Self::PhoneVerification => 17,
            Self::Reader => 19,
        }
    }

    /// Returns the product of a number, or `None` if the document has none (chapter 3.1.4).
    ///
    /// ```
    /// use idv_identity_tm::api::order::Product;
    ///
    /// assert_eq!(Product::from_number(16), Some(Product::AutoId));
    /// assert_eq!(Product::from_number(13), None);
    /// ```
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|product| product.number() == number)
    }
}

impl Serialize for Product {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.number())
    }
}

impl<'de> Deserialize<'de> for Product {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number: u32 = number::deserialize(deserializer)?;
        Self::from_number(number).ok_or_else(|| {
            serde::de::Error::custom("unknown Product: expected a number of the document")
        })
    }
}

/// The behaviors of a product: a set of the document's additions (chapter 3.1.4, `Add`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Behaviors(u32);

impl Behaviors {
    /// 0: no additions.
    pub const NORMAL: Self = Self(0);
    /// 4, sign-me: an existing account is used, otherwise one is created.
    pub const SIGN_ME_USE_OR_CREATE: Self = Self(4);
    /// 8, sign-me: an account is created.
    pub const SIGN_ME_CREATE: Self = Self(8);
    /// 16, sign-me: an existing account is used.
    pub const SIGN_ME_USE: Self = Self(16);
    /// 128: signatures are advanced (AES) instead of qualified (QES).
    pub const ADVANCED_SIGNATURE: Self = Self(128);
    /// 256: signatures are basic (BES) instead of qualified (QES); only for sign-me.
    pub const BASIC_SIGNATURE: Self = Self(256);
    /// 4096: the driver's licence is checked together with the identity document.
    pub const LICENCE_WITH_ID: Self = Self(4096);
    /// 8192: the driver's licence is checked without the identity document.
    pub const LICENCE_WITHOUT_ID: Self = Self(8192);
    /// 131072: the video is recorded.
    pub const RECORD_VIDEO: Self = Self(131_072);
    /// 4194304: signing at a point of sale.
    pub const POINT_OF_SALE_SIGNATURE: Self = Self(4_194_304);
    /// 8388608: identification at a point of sale.
    pub const POINT_OF_SALE_IDENTIFICATION: Self = Self(8_388_608);

    /// Every addition.
    pub const ALL: &'static [Self] = &[
        Self::SIGN_ME_USE_OR_CREATE,
        Self::SIGN_ME_CREATE,
        Self::SIGN_ME_USE,
        Self::ADVANCED_SIGNATURE,
        Self::BASIC_SIGNATURE,
        Self::LICENCE_WITH_ID,
        Self::LICENCE_WITHOUT_ID,
        Self::RECORD_VIDEO,
        Self::POINT_OF_SALE_SIGNATURE,
        Self::POINT_OF_SALE_IDENTIFICATION,
    ];

    /// The ways of using sign-me, which exclude each other.
    const SIGN_ME: Self = Self::SIGN_ME_USE_OR_CREATE
        .with(Self::SIGN_ME_CREATE)
        .with(Self::SIGN_ME_USE);

    /// The kinds of signatures, which exclude each other.
    const SIGNATURES: Self = Self::ADVANCED_SIGNATURE.with(Self::BASIC_SIGNATURE);

    /// The additions that apply only to signing.
    const OF_SIGNING: Self = Self::SIGN_ME
        .with(Self::SIGNATURES)
        .with(Self::POINT_OF_SALE_SIGNATURE);

    /// Parses the number of a set: the sum of the additions' numbers (chapter 3.1.4).
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::api::order::Behaviors;
    ///
    /// let behaviors = Behaviors::from_bits(16 + 256)?;
    /// assert!(behaviors.contains(Behaviors::SIGN_ME_USE));
    ///
    /// // Advanced and basic signatures exclude each other.
    /// let error = Behaviors::from_bits(128 + 256).expect_err("two kinds of signatures");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "Add".into() });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `Add` if the document lacks
    /// one of the additions, or if two of them exclude each other: there is one way of using
    /// sign-me, and one kind of signature. 0 is also a way of using sign-me (chapter 9.1).
    pub fn from_bits(bits: u32) -> Result<Self> {
        let known = Self::ALL.iter().fold(0, |known, one| known | one.0);
        if bits & !known != 0 {
            return Err(Error::invalid(
                "Add",
                "expected a sum of the document's numbers",
            ));
        }
        Self(bits).check()?;
        Ok(Self(bits))
    }

    /// Returns the number of the set: the sum of the additions' numbers.
    ///
    /// ```
    /// use idv_identity_tm::api::order::Behaviors;
    ///
    /// let behaviors = Behaviors::SIGN_ME_USE.with(Behaviors::ADVANCED_SIGNATURE);
    /// assert_eq!(behaviors.bits(), 16 + 128);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns the union of two sets.
    ///
    /// [`Order::check`](super::Order::check) refuses invalid combinations.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// use idv_identity_tm::api::order::{Behaviors, Product};
    ///
    /// # let mut order = account::order(Product::Esign);
    /// # order.mobile = Some("+491711234567".into());
    /// # order.esign_pdfs.push(idv_identity_tm::api::order::SignDocument::new(
    /// #     b"%PDF-1.7".to_vec(), "contract.pdf".to_owned(),
    /// # ));
    /// order.behaviors = Behaviors::SIGN_ME_USE.with(Behaviors::BASIC_SIGNATURE);
    /// order.check()?;
    ///
    /// order.behaviors = order.behaviors.with(Behaviors::ADVANCED_SIGNATURE);
    /// assert!(order.check().is_err()); // two kinds of signatures
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether the set contains all of `other`.
    ///
    /// ```
    /// use idv_identity_tm::api::order::Behaviors;
    ///
    /// let behaviors = Behaviors::LICENCE_WITH_ID.with(Behaviors::RECORD_VIDEO);
    /// assert!(behaviors.contains(Behaviors::RECORD_VIDEO));
    /// assert!(!behaviors.contains(Behaviors::RECORD_VIDEO.with(Behaviors::SIGN_ME_USE)));
    /// ```
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn check(self) -> Result<()> {
        if [Self::SIGN_ME, Self::SIGNATURES]
            .iter()
            .any(|group| (self.0 & group.0).count_ones() > 1)
        {
            return Err(Error::invalid(
                "Add",
                "expected at most one of 4, 8 and 16, and at most one of 128 and 256",
            ));
        }
        Ok(())
    }

    pub(crate) const fn is_about_signing(self) -> bool {
        self.0 & Self::OF_SIGNING.0 != 0
    }
}

impl Serialize for Behaviors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Behaviors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_bits(number::deserialize(deserializer)?).map_err(|_| {
            serde::de::Error::custom("unknown Add: expected a sum of the document's numbers")
        })
    }
}
