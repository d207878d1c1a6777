//! Maps a verification of the model to a transaction.

use idv_core::NewVerification;

use crate::api::{Locale, NewTransaction};
use crate::config::CmIdScanConfig;

/// The inputs that `create` accepts, by their names in [`NewVerification::given`]. The vendor
/// accepts no personal data.
pub(crate) const ACCEPTS: &[&str] = &["locale", "return_urls.success"];

/// The model's names of the members of a transaction.
pub(crate) const NAMES: &[(&str, &str)] = &[("return_url", "return_urls.success")];

/// Builds the transaction of a verification without checking it.
pub(crate) fn transaction(new: &NewVerification, config: &CmIdScanConfig) -> NewTransaction {
    let mut transaction = config.transaction();
    transaction.locale = new
        .locale
        .as_ref()
        .and_then(Locale::of)
        .or(transaction.locale);
    transaction.return_url.clone_from(&new.return_urls.success);
    transaction
}
