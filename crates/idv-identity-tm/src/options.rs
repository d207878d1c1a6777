//! Options of a single verification beyond the model.

use std::collections::BTreeMap;

use idv_core::ProviderId;
use idv_core::adapter::{RequestOptions, VendorOptions};
use serde::{Deserialize, Serialize};

use crate::IdentityTm;
use crate::api::order::{Order, Purpose};

/// Vendor options of a verification, set with
/// [`NewVerification::set_options`](idv_core::NewVerification::set_options).
///
/// ```
/// use idv_core::{NewVerification, Reference};
/// use idv_identity_tm::IdentityTmOptions;
///
/// let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b")?);
/// let mut options = IdentityTmOptions::default();
/// options.customer_route_tag = Some("branch-12".to_owned());
/// new.set_options(&options)?;
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct IdentityTmOptions {
    /// The tag by which the vendor routes the order (chapter 3.1.4, `CustomerRouteTag`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_route_tag: Option<String>,
    /// The purpose by language, instead of the model's single text (`Purpose`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose_by_language: Option<BTreeMap<String, String>>,
    /// The text message with the TAN for a signature (`EsignTanSmsText`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub esign_tan_sms_text: Option<String>,
    /// The text message with the TAN for the verification of a phone number
    /// (`VerificationSmsText`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_sms_text: Option<String>,
}

impl VendorOptions for IdentityTmOptions {
    const PROVIDER: ProviderId = IdentityTm::ID;
}

impl RequestOptions<Order> for IdentityTmOptions {
    fn apply(self, order: &mut Order) {
        order.customer_route_tag = self.customer_route_tag.or(order.customer_route_tag.take());
        order.purpose = self
            .purpose_by_language
            .map(Purpose::ByLanguage)
            .or(order.purpose.take());
        order.esign_tan_sms_text = self.esign_tan_sms_text.or(order.esign_tan_sms_text.take());
        order.verification_sms_text = self
            .verification_sms_text
            .or(order.verification_sms_text.take());
    }
}
