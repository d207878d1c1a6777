//! The vendor's payloads, member by member (chapters 3.2 to 3.13, 8 and 9).
//!
//! Parsing is tolerant because the document contradicts itself and announces that elements may be
//! added at any time (chapter 2.2): any member may be missing, null or of another shape. Members
//! that the document lacks or that have another shape are kept beside the others. The last of
//! repeated members counts. A truncated or ill-formed payload is an error.
//!
//! Text borrows from the payload, files stay in it undecoded, and neither has a `Display`.

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
            /// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload is not UTF-8, is
            /// truncated or ill-formed, or is another payload.
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
    /// Parses the history of an order.
    ///
    /// ```
    /// use idv_identity_tm::wire::StatusList;
    ///
    /// let json = br#"{"OrderID": "99921269855041", "Status": [{"Kind": 25}, {"Kind": "6"}]}"#;
    /// let list = StatusList::read(json)?;
    /// let entries = list.status.iter().flatten();
    /// let kinds: Vec<_> = entries.filter_map(|entry| entry.kind.as_ref()?.number()).collect();
    /// assert_eq!(kinds, [25, 6]);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    StatusList<'a> { |list| list.status.is_some(), "not a status of an order: expected `Status` as a list"; };
    /// Parses the result of an identification. A result without data of a person is an error,
    /// because it would be an empty person.
    ///
    /// ```
    /// use idv_core::Text;
    /// use idv_identity_tm::wire::IdentResult;
    ///
    /// let json = br#"{"IdentData": [{"Firstname": "Erika", "Surname": "Mustermann"}]}"#;
    /// let result = IdentResult::read(json)?;
    /// let data = &result.ident_data.as_deref().unwrap_or_default()[0];
    /// assert_eq!(data.surname.as_ref().map(Text::expose), Some("Mustermann"));
    ///
    /// assert!(IdentResult::read(br#"{"IdentData": []}"#).is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    IdentResult<'a> { |result|
        result.ident_data.is_some(), "not a result: expected `IdentData` as a list or an object";
        result.names_a_person(), "the result names no person: expected an entry of `IdentData` with a name; fetch it again later";
    };
    /// Parses images, of which there may be none.
    ///
    /// ```
    /// use idv_identity_tm::wire::Images;
    ///
    /// let json = br#"{"Images": [{"Image": "/9j/4AAQSkZJRg==", "Filename": "front.jpg"}]}"#;
    /// assert_eq!(Images::read(json)?.images.len(), 1);
    /// assert!(Images::read(b"{}")?.images.is_empty());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    Images<'a>;
    /// Parses audio recordings, of which there may be none.
    ///
    /// ```
    /// use idv_core::Text;
    /// use idv_identity_tm::wire::VoiceFiles;
    ///
    /// let json = br#"{"Voicefiles": [{"Filename": "sound_4348.mp3", "Base64Data": "SUQz"}]}"#;
    /// let recordings = VoiceFiles::read(json)?.voice_files;
    /// assert_eq!(recordings[0].filename.as_ref().map(Text::expose), Some("sound_4348.mp3"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    VoiceFiles<'a>;
    /// Parses signed documents.
    ///
    /// ```
    /// use idv_identity_tm::wire::SignedDocuments;
    ///
    /// let json = br#"{"PDFs": [{"Base64Data": "JVBERi0xLjQ="}, {"Base64Data": "JVBERi0xLjQ="}]}"#;
    /// assert_eq!(SignedDocuments::read(json)?.pdfs.len(), 2);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    SignedDocuments<'a>;
    /// Parses signed hashes.
    ///
    /// ```
    /// use idv_identity_tm::wire::Hashes;
    ///
    /// let hashes = Hashes::read(br#"{"Hashes": [{"contract.pdf": "MIIB"}]}"#)?.hashes;
    /// let (name, hash) = &hashes.entries[0];
    /// assert_eq!((name.expose(), hash.expose()), ("contract.pdf", "MIIB"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    Hashes<'a>;
    /// Parses the status of the vendor's systems.
    ///
    /// ```
    /// use idv_identity_tm::wire::SystemStatus;
    ///
    /// let status = SystemStatus::read(br#"{"serverAlive": true, "videoAvailable": false}"#)?;
    /// assert_eq!((status.server_alive, status.video_available), (Some(true), Some(false)));
    /// assert!(SystemStatus::read(b"{}").is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    SystemStatus { |status| *status != Self::default(), "not a status of the systems: expected a member such as `serverAlive`"; };
    /// Parses whether there is a sign-me account.
    ///
    /// ```
    /// use idv_identity_tm::wire::SignmeUser;
    ///
    /// let user = SignmeUser::read(br#"{"UserExists": true, "UserIsAbleToSign": false}"#)?;
    /// assert_eq!((user.user_exists, user.user_is_able_to_sign), (Some(true), Some(false)));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    SignmeUser { |user| user.user_exists.is_some(), "not a response of checkSignmeUser: expected `UserExists`"; };
    /// Parses the new password.
    ///
    /// ```
    /// use idv_core::Secret;
    /// use idv_identity_tm::wire::NewPassword;
    ///
    /// let new = NewPassword::read(br#"{"password": "XXXXXXXXXXXX"}"#)?;
    /// assert_eq!(new.password.as_ref().map(Secret::expose), Some("XXXXXXXXXXXX"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    NewPassword { |new| new.password.is_some(), "the new password is missing or empty: request it again"; };
}

impl<'a> Orders<'a> {
    /// Parses the orders of a reference.
    ///
    /// ```
    /// use idv_core::Text;
    /// use idv_identity_tm::wire::Orders;
    ///
    /// // The document's sample, which is not JSON:
    /// let orders = Orders::read(br#"{ ["99921801997040", "99921800019939"] }"#)?;
    /// let ids = orders.order_ids.unwrap_or_default();
    /// assert!(ids.iter().map(Text::expose).eq(["99921801997040", "99921800019939"]));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload is not UTF-8, is truncated or
    /// ill-formed, or is another payload.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let orders: Self = read_text(status::without_braces(decoded(bytes)?))?;
        if orders.order_ids.is_none() {
            return Err(Error::malformed(
                "not a response of getOrdersByRef: expected a list of orders",
            ));
        }
        Ok(orders)
    }
}

/// Parses a payload of any kind.
fn read<'a, P: Part<'a> + Default>(bytes: &'a [u8]) -> Result<P> {
    read_text(decoded(bytes)?)
}

fn read_text<'a, P: Part<'a> + Default>(text: &'a str) -> Result<P> {
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'{' | b'[') => read_json(text),
        Some(_) => Err(Error::malformed("expected a JSON object or array")),
        None => Err(Error::malformed("the payload is empty")),
    }
}
