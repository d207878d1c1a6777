//! For authors of adapters: everything that adapters share.
//!
//! | module or type | for |
//! |---|---|
//! | [`VendorEntry`] | registering the adapter with applications and programs |
//! | [`settings`] | configurations: keys, their values and environment variables |
//! | [`Endpoint`] | building requests below a base address |
//! | [`wire`] | tolerant reading of JSON, XML and forms |
//! | [`payload_channel`] | the kinds of payloads that a program reads |
//! | [`FromVendor`], [`value`] | a vendor's words as values of the model |
//! | [`Customize`], [`VendorOptions`] | parts of a request that the model has no field for |
//!
//! An application needs [`VendorOptions`] only.

mod channel;
mod customize;
mod endpoint;
mod entry;
pub mod settings;
mod value;
pub mod wire;

pub use channel::payload_channel;
pub use customize::{Customize, VendorOptions};
pub use endpoint::{Endpoint, basic_auth, sensitive};
pub use entry::{NormalizeOption, Payload, VendorEntry};
pub use value::{Canonical, FromVendor, MaybeText, is_blank, non_empty, value};
