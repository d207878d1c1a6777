//! Options of a single verification beyond the model.

use idv_core::adapter::{RequestOptions, VendorOptions};
use idv_core::{ProviderId, Url};
use serde::{Deserialize, Serialize};

use crate::CmIdScan;
use crate::api::NewTransaction;

/// Vendor options of a verification, set with
/// [`NewVerification::set_options`](idv_core::NewVerification::set_options).
///
/// ```
/// use idv_core::{NewVerification, Reference};
/// use idv_cm_id_scan::CmIdScanOptions;
///
/// let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b")?);
/// let mut options = CmIdScanOptions::default();
/// options.mobile_only = Some(true);
/// new.set_options(&options)?;
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CmIdScanOptions {
    /// Whether the person must use a mobile device (`mobileOnly`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile_only: Option<bool>,
    /// The lifetime of the transaction in seconds, 3600 to 86400 (`expiresIn`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
    /// The URL to which a mobile device returns after it took over by the QR code
    /// (`scanReturnUrl`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan_return_url: Option<Url>,
}

impl VendorOptions for CmIdScanOptions {
    const PROVIDER: ProviderId = CmIdScan::ID;
}

impl RequestOptions<NewTransaction> for CmIdScanOptions {
    fn apply(self, transaction: &mut NewTransaction) {
        transaction.mobile_only = self.mobile_only.or(transaction.mobile_only);
        transaction.expires_in = self.expires_in.or(transaction.expires_in);
        transaction.scan_return_url = self.scan_return_url.or(transaction.scan_return_url.take());
    }
}
