//! The interface for authors of adapters: the parts that all adapters share.
//!
//! | module or type | purpose |
//! |---|---|
//! | [`VendorEntry`] | registers the adapter with applications and programs |
//! | [`settings`] | configuration: keys, values and environment variables |
//! | [`Endpoint`] | builds requests below a base URL |
//! | [`wire`] | parses JSON, XML and forms tolerantly |
//! | [`payload_channel`] | the kinds of payloads that a program can parse |
//! | [`FromVendor`], [`value`], [`attribute`], [`find_word`] | convert a vendor's words into values of the model |
//! | [`CustomValues`] | parts of a payload for which the model has no field |
//! | [`Customize`], [`VendorOptions`], [`RequestOptions`] | parts of a request for which the model has no field |
//! | [`Failure`] | the meaning of a vendor's HTTP statuses |
//! | [`store`] | writes a file from memory into a sink |
//!
//! An application needs only [`VendorOptions`].

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
