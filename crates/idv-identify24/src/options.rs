//! Options of a single verification beyond the model.

use idv_core::adapter::{RequestOptions, VendorOptions};
use idv_core::pii::exposed;
use idv_core::{Pii, ProviderId};
use serde::{Deserialize, Serialize};

use crate::Identify24;
use crate::api::NewIdent;

/// Vendor options of a verification, set with
/// [`NewVerification::set_options`](idv_core::NewVerification::set_options).
///
/// ```
/// use idv_core::{NewVerification, Reference};
/// use idv_identify24::Identify24Options;
///
/// let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b")?);
/// let mut options = Identify24Options::default();
/// options.store_name = Some("NÜRNBERG".into());
/// new.set_options(&options)?;
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Identify24Options {
    /// The store's name (`store_name`).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub store_name: Option<Pii<String>>,
    /// The company's line of business (`branche`).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub branche: Option<Pii<String>>,
    /// The person's position in the company (`person_position`).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub person_position: Option<Pii<String>>,
    /// The company that the person represents (`company_name`).
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub company_name: Option<Pii<String>>,
}

impl VendorOptions for Identify24Options {
    const PROVIDER: ProviderId = Identify24::ID;
}

impl RequestOptions<NewIdent> for Identify24Options {
    fn apply(self, ident: &mut NewIdent) {
        ident.store_name = self.store_name.or(ident.store_name.take());
        ident.branche = self.branche.or(ident.branche.take());
        ident.person_position = self.person_position.or(ident.person_position.take());
        ident.company_name = self.company_name.or(ident.company_name.take());
    }
}
