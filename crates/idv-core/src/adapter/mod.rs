//! For authors of adapters: everything that adapters share.
//!
//! | module or type | for |
//! |---|---|
//! | [`VendorEntry`] | registering the adapter with applications and programs |
//! | [`settings`] | configurations: keys, their values and environment variables |
//! | [`Endpoint`] | building requests below a base address |
//! | [`wire`] | tolerant reading of JSON, XML and forms |
//! | [`payload_channel`] | the kinds of payloads that a program reads |
//! | [`FromVendor`], [`value`], [`attribute`], [`find_word`] | a vendor's words as values of the model |
//! | [`CustomValues`] | parts of a payload that the model has no field for |
//! | [`Customize`], [`VendorOptions`], [`RequestOptions`] | parts of a request that the model has no field for |
//! | [`Failure`] | the meaning of a vendor's statuses |
//! | [`store`] | files that an adapter has in memory |
//!
//! An application needs [`VendorOptions`] only.

mod channel;
mod custom;
mod customize;
mod endpoint;
mod entry;
mod failure;
pub mod settings;
mod store;
mod value;
pub mod wire;

pub use channel::payload_channel;
pub use custom::{CustomValues, NameClash, path};
pub use customize::{Customize, RequestOptions, VendorOptions};
pub use endpoint::{Endpoint, basic_auth, sensitive};
pub use entry::{NormalizeOption, Payload, VendorEntry};
pub use failure::{Failure, Meaning};
pub use store::store;
pub use value::{
    Canonical, FromVendor, MaybeText, attribute, find_word, is_blank, last_day, non_empty, value,
};
