//! The vendor's payloads, in its own words (chapters 3.2 to 3.13, 8 and 9).
//!
//! Reading is tolerant, since the document contradicts itself and announces that elements may be added at any time (chapter 2.2):
//! every member may be missing, null or of another shape. Nothing is lost by that: members that the document does not have, or that have
//! another shape than documented, are kept beside the others. Of a member that is repeated the last one counts. A payload that is not
//! whole or not well formed is refused: half a result is no result.
//!
//! Text borrows from the payload, files stay in it as they are, and neither can be printed.

mod code;
mod encoded;
mod files;
mod result;
mod status;
mod system;
mod truth;

use idv_core::adapter::wire::{Part, decoded, read_json};
use idv_core::{Error, Result};

pub use code::Code;
pub use encoded::{Decoder, Encoded};
pub use files::{
    Hashes, Images, NamedHashes, SignedDocument, SignedDocuments, VoiceFile, VoiceFiles,
};
pub(crate) use result::Named;
pub use result::{DriverLicence, IdCard, IdentData, IdentResult, Image};
pub use status::{Orders, StatusEntry, StatusList};
pub(crate) use system::words;
pub use system::{ErrorBody, NewPassword, SignatureStatus, SignmeUser, SystemStatus};

macro_rules! payloads {
    ($($(#[$doc:meta])* $payload:ident $(<$life:lifetime>)? $({ $($check:tt)* })?;)*) => {$(
        impl $(<$life>)? $payload $(<$life>)? {
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not UTF-8, not whole, not well formed, or another payload.
            pub fn read(bytes: payloads!(@bytes $($life)?)) -> Result<Self> {
                let payload = read(bytes)?;
                $(payloads!(@check payload $($check)*);)?
                Ok(payload)
            }
        }
    )*};
    (@bytes $life:lifetime) => { &$life [u8] };
    (@bytes) => { &[u8] };
    (@check $payload:ident |$it:ident| $($holds:expr, $otherwise:literal;)+) => {
        $({
            let check = |$it: &Self| $holds;
            if !check(&$payload) {
                return Err(Error::malformed($otherwise));
            }
        })+
    };
}

payloads! {
    /// Reads the history of an order.
    ///
    /// ```
    /// use idv_identity_tm::wire::StatusList;
    ///
    /// let list = StatusList::read(br#"{"OrderID": "99921269855041", "Status": [{"Kind": 25}, {"Kind": "6"}]}"#)?;
    /// let kinds: Vec<_> = list.status.iter().flatten().filter_map(|entry| entry.kind.as_ref()?.number()).collect();
    /// assert_eq!(kinds, [25, 6]);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    StatusList<'a> { |list| list.status.is_some(), "not a status of an order: expected `Status` as a list"; };
    /// Reads the result of an identification. One that tells nothing of a person is refused: it would be an empty person.
    IdentResult<'a> { |result|
        result.ident_data.is_some(), "not a result: expected `IdentData` as a list or an object";
        result.names_a_person(), "the result names no person: expected an entry of `IdentData` with a name; fetch it again later";
    };
    /// Reads images. There may be none.
    Images<'a>;
    /// Reads recordings of sound. There may be none.
    VoiceFiles<'a>;
    /// Reads signed documents.
    SignedDocuments<'a>;
    /// Reads signed hashes.
    Hashes<'a>;
    /// Reads which systems work.
    SystemStatus { |status| *status != Self::default(), "not a status of the systems: expected a member such as `serverAlive`"; };
    /// Reads whether there is an account of sign-me.
    SignmeUser { |user| user.user_exists.is_some(), "not an answer of checkSignmeUser: expected `UserExists`"; };
    /// Reads the new password.
    NewPassword { |new| new.password.is_some(), "the new password is missing or empty: request it again"; };
}

impl<'a> Orders<'a> {
    /// Reads the orders of a reference.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not UTF-8, not whole, not well formed, or another payload.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let orders: Self = read_text(status::without_braces(decoded(bytes)?))?;
        if orders.order_ids.is_none() {
            return Err(Error::malformed(
                "not an answer of getOrdersByRef: expected a list of orders",
            ));
        }
        Ok(orders)
    }
}

/// Reads a payload of any kind.
fn read<'a, P: Part<'a> + Default>(bytes: &'a [u8]) -> Result<P> {
    read_text(decoded(bytes)?)
}

fn read_text<'a, P: Part<'a> + Default>(text: &'a str) -> Result<P> {
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'{' | b'[') => read_json(text),
        Some(_) => Err(Error::malformed("expected an object or an array of JSON")),
        None => Err(Error::malformed("the payload is empty")),
    }
}
