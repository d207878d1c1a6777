//! Options of a single verification beyond the model.

use idv_core::adapter::{RequestOptions, VendorOptions};
use idv_core::pii::exposed;
use idv_core::{Pii, ProviderId};
use serde::{Deserialize, Serialize};

use crate::Idnow;
use crate::api::StartRequest;

/// Vendor options of a verification, set with
/// [`NewVerification::set_options`](idv_core::NewVerification::set_options).
///
/// ```
/// use idv_core::{NewVerification, Reference};
/// use idv_idnow::IdnowOptions;
///
/// let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b")?);
/// let mut options = IdnowOptions::default();
/// options.tracking_id = Some("campaign-7".into());
/// new.set_options(&options)?;
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct IdnowOptions {
    /// The tracking id that the result returns (chapter 6.1.2).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub tracking_id: Option<Pii<String>>,
}

impl VendorOptions for IdnowOptions {
    const PROVIDER: ProviderId = Idnow::ID;
}

impl RequestOptions<StartRequest> for IdnowOptions {
    fn apply(self, request: &mut StartRequest) {
        request.trackingid = self.tracking_id.or(request.trackingid.take());
    }
}
