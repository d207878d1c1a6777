//! From a verification of the model to a transaction.

use idv_core::NewVerification;

use crate::api::{Locale, NewTransaction};
use crate::config::CmIdScanConfig;

/// The fields that a creation takes, as [`NewVerification::given`] names them. The vendor takes nothing personal.
pub(crate) const ACCEPTS: &[&str] = &["locale", "return_urls.success"];

/// The model's names for the members of a transaction.
pub(crate) const NAMES: &[(&str, &str)] = &[("return_url", "return_urls.success")];

/// The transaction for a verification, unchecked.
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
