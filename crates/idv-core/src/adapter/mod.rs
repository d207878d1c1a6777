//! For authors of adapters: everything that adapters share.
//!
//! | module or type | for |
//! |---|---|
//! | [`settings`] | configurations: environment names, addresses, values that come as text |
//! | [`Endpoint`] | building requests below a base address |
//! | [`wire`] | tolerant reading of JSON, XML and forms |
//! | [`FromVendor`], [`value`] | a vendor's words as values of the model |
//! | [`Customize`], [`VendorOptions`] | parts of a request that the model has no field for |
//!
//! An application needs [`VendorOptions`] only.

mod customize;
mod endpoint;
pub mod settings;
mod value;
pub mod wire;

pub use customize::{Customize, VendorOptions};
pub use endpoint::{Endpoint, basic_auth, sensitive};
pub use value::{Canonical, FromVendor, is_blank, non_empty, value};
