//! The whole customer API as typed calls, in the vendor's own words: usable on its own.
//!
//! | call | chapter | does |
//! |---|---|---|
//! | [`Api::put_order`] | 3.1 | orders an identification or a signature: [`Order`] |
//! | [`Api::status`] | 3.2 | the history of an order, in four variants |
//! | [`Api::ident_data`] | 3.3 | the result, in all variants |
//! | [`Api::ident_data_pdf`] | 3.4 | the result as a PDF |
//! | [`Api::signed_documents`] | 3.5 | the documents that were signed |
//! | [`Api::signed_hashes`] | 3.6 | the hashes that were signed |
//! | [`Api::audit_log`] | 3.7 | the record of a signing by AES |
//! | [`Api::images`] | 3.8 | the images |
//! | [`Api::provide_video`] | 3.9 | asks for the video |
//! | [`Api::video`] | 3.10 | the video, once it was provided |
//! | [`Api::voice_files`] | 3.11 | the sound |
//! | [`Api::delete`] | 3.12 | deletes the data of a finished order |
//! | [`Api::orders_by_ref`] | 3.13 | the orders under a reference, of the last 90 days |
//! | [`Api::cancel`] | 4.2 | calls an open order off |
//! | [`Api::request_sign`], [`Api::confirm_sign`], [`Api::resend_sign_tan`] | 5 | signing on the customer's side |
//! | [`Api::request_phone_verification`], [`Api::prove_phone_control`], [`Api::resend_phone_tan`] | 6 | verifying a telephone number |
//! | [`Api::server_status`], [`Api::system_status`] | 8 | whether the service works |
//! | [`Api::check_signme_user`] | 9.1 | whether there is an account of sign-me |
//! | [`Api::request_new_password`], [`Api::confirm_new_password`] | 9.2 | changing the password |
//!
//! Each takes a [`CallContext`]; a [`Client`](idv_core::Client) gives one for any operation. Where each call is, and what its statuses
//! mean, is a table: [`CALLS`]. Re-using an identification for a signature (chapter 7) is [`IdentDataVariants::signed`] and
//! [`Order::ident_data_signed`]; deep links (chapter 9.3) are [`Order::deep_link`]; the test robots (chapter 9.5) are
//! [`Order::test_robot`].

mod calls;
mod files;
mod functions;
pub mod order;
mod order_id;
mod request;

use std::fmt;

use bytes::Bytes;
use http::{Request, StatusCode};
use idv_core::adapter::basic_auth;
use idv_core::call::{Answer, Attempt, Call, CallContext, RetryOverride};
use idv_core::{Error, ErrorKind, Reference, Result};

use self::order::{Order, OrderCreated};
use self::request::Endpoint;
use crate::config::IdentityTmConfig;
use crate::crypt::CryptKey;
use crate::wire::{ErrorBody, Orders};

pub use calls::{CALLS, CallRow};
pub use functions::{SignatureType, Tan};
pub use idv_core::adapter::Failure;
pub use order_id::OrderId;

/// The last part of an address whose answer is to be encrypted (chapter 9.4).
const CRYPT: &str = "crypt";

/// The customer API of one account.
///
/// # Errors
///
/// Every call fails with the kinds of its row in [`CALLS`]. [`Error::vendor_code`] has the vendor's description of the failure, if
/// there is one.
pub struct Api {
    endpoint: Endpoint,
    crypt: Option<CryptKey>,
    max_embedded: u64,
}

/// The variant of `getStatus` to ask for (chapter 3.2.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatusVariants {
    /// Whether extended codes are wanted too: `ExtendedList`. An order for a signature is at an end by one (84).
    pub extended_list: bool,
    /// Whether sub-codes are wanted: `IncludeSubKind`.
    pub include_sub_kind: bool,
}

impl StatusVariants {
    /// Everything.
    pub const ALL: Self = Self {
        extended_list: true,
        include_sub_kind: true,
    };

    fn parts(self) -> Vec<&'static str> {
        chosen(&[
            (self.extended_list, "ExtendedList"),
            (self.include_sub_kind, "IncludeSubKind"),
        ])
    }
}

/// The variants of `getIdentData` to ask for (chapter 3.3.3). The document lists no combination but with `crypt`; several are put into
/// the address in its order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a variant of its own"
)]
pub struct IdentDataVariants {
    /// The submitted data too: `IncludeInitialData`.
    pub initial_data: bool,
    /// The method of identification: `IncludeIdentifyMethod`.
    pub identify_method: bool,
    /// The agent who identified the person: `IncludeIdentifier`.
    pub identifier: bool,
    /// Signed and encrypted by the vendor, to be used again in an order (chapter 7): `Signed`. What comes is opaque.
    pub signed: bool,
}

impl IdentDataVariants {
    fn parts(self) -> Vec<&'static str> {
        chosen(&[
            (self.initial_data, "IncludeInitialData"),
            (self.identify_method, "IncludeIdentifyMethod"),
            (self.identifier, "IncludeIdentifier"),
            (self.signed, "Signed"),
        ])
    }
}

impl Api {
    /// The API as it is configured. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), as [`IdentityTmConfig::check`]; [`Unsupported`](ErrorKind::Unsupported) if answers are to be
    /// encrypted and the feature `crypt` is not compiled in.
    pub fn new(config: &IdentityTmConfig) -> Result<Self> {
        config.check()?;
        let crypt = config.answer_key()?;
        if crypt.is_some() && !cfg!(feature = "crypt") {
            return Err(Error::new(ErrorKind::Unsupported)
                .detail("crypt_key needs the feature `crypt` of the crate idv-identity-tm"));
        }
        let credentials = basic_auth(&config.user, &config.password, "password")?;
        let endpoint = Endpoint::new(&config.address()?, credentials);
        Ok(Self {
            endpoint,
            crypt,
            max_embedded: config.max_embedded_bytes,
        })
    }

    /// Orders an identification or a signature (chapter 3.1). It is not repeated when its answer is lost: each repetition would be
    /// another order. [`Api::orders_by_ref`] finds what became of it.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`InvalidRequest`](ErrorKind::InvalidRequest) naming the field if the document forbids what the order holds:
    /// nothing was sent then.
    pub async fn put_order(&self, cx: &CallContext, order: &Order) -> Result<OrderCreated> {
        order.check()?;
        let build = |_: &Attempt<'_>| self.endpoint.with_body(&calls::PUT_ORDER, &[], order);
        let answer = self.answered(&calls::PUT_ORDER, cx.send(Call::once(), build).await?)?;
        OrderCreated::read(&answer.body).map_err(|error| answer.complement(error))
    }

    /// The history of an order (chapter 3.2). Read it with [`StatusList`](crate::wire::StatusList).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn status(
        &self,
        cx: &CallContext,
        order: &OrderId,
        variants: StatusVariants,
    ) -> Result<Answer> {
        self.retrieve(cx, &calls::STATUS, order, &variants.parts(), false)
            .await
    }

    /// The result of an order (chapter 3.3). Read it with [`IdentResult`](crate::wire::IdentResult), unless it is signed.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`LimitExceeded`](ErrorKind::LimitExceeded) if it is longer than the configuration's `max_embedded_bytes`;
    /// [`Forged`](ErrorKind::Forged) if it was to be encrypted and cannot be opened.
    pub async fn ident_data(
        &self,
        cx: &CallContext,
        order: &OrderId,
        variants: IdentDataVariants,
    ) -> Result<Answer> {
        self.retrieve(cx, &calls::IDENT_DATA, order, &variants.parts(), true)
            .await
    }

    /// Deletes the data of a finished order (chapter 3.12). One that is open is [cancelled](Api::cancel) instead.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`NotFound`](ErrorKind::NotFound) if it is deleted already, [`Conflict`](ErrorKind::Conflict) if it is not
    /// finished.
    pub async fn delete(&self, cx: &CallContext, order: &OrderId) -> Result<()> {
        self.command(cx, Call::repeatable(), &calls::DELETE, order)
            .await
    }

    /// Cancels an open order (chapter 4.2). Its data stay.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`Conflict`](ErrorKind::Conflict) if it is finished, or cancelled already.
    pub async fn cancel(&self, cx: &CallContext, order: &OrderId) -> Result<()> {
        self.command(cx, Call::repeatable(), &calls::CANCEL, order)
            .await
    }

    /// The orders under a reference, of the last 90 days (chapter 3.13). A reference need not be unique.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`NotFound`](ErrorKind::NotFound) if there is none; [`InvalidRequest`](ErrorKind::InvalidRequest) naming
    /// `reference` if it has other characters than `a-z A-Z 0-9 - . +`: nothing was sent then.
    pub async fn orders_by_ref(
        &self,
        cx: &CallContext,
        reference: &Reference,
    ) -> Result<Vec<OrderId>> {
        let reference = reference.as_str();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'+');
        if !reference.bytes().all(allowed)
            || matches!(reference, "." | "..")
            || reference.len() > 100
        {
            return Err(Error::invalid(
                "reference",
                "it is looked up by at most 100 characters of a-z, A-Z, 0-9, -, . and +",
            ));
        }
        let build = |_: &Attempt<'_>| self.endpoint.plain(&calls::ORDERS_BY_REF, &[reference]);
        let answer = self.answered(
            &calls::ORDERS_BY_REF,
            cx.send(Call::repeatable(), build).await?,
        )?;
        let orders = Orders::read(&answer.body).map_err(|error| answer.complement(error))?;
        let ids = orders.order_ids.unwrap_or_default();
        ids.iter()
            .map(|id| {
                OrderId::parse(id.expose()).map_err(|_| answer.error_of(ErrorKind::Malformed))
            })
            .collect()
    }

    /// A call about an order that is answered with something to be read.
    async fn retrieve(
        &self,
        cx: &CallContext,
        call: &'static CallRow,
        order: &OrderId,
        variants: &[&str],
        can_be_encrypted: bool,
    ) -> Result<Answer> {
        let key = self.crypt.as_ref().filter(|_| can_be_encrypted);
        let variants = encrypted(variants, key);
        let build = |_: &Attempt<'_>| self.endpoint.about(call, order, &variants);
        let mut answer = self.answered(
            call,
            cx.send(Call::repeatable().up_to(self.max_embedded), build)
                .await?,
        )?;
        if let Some(key) = key {
            // Taken out, so that it can be decrypted in place.
            let bytes = std::mem::take(&mut answer.body);
            answer.body = open(key, bytes).map_err(|error| answer.complement(error))?;
        }
        Ok(answer)
    }

    /// A call about an order that is answered with nothing but its status.
    async fn command(
        &self,
        cx: &CallContext,
        how: Call<'_>,
        call: &'static CallRow,
        order: &OrderId,
    ) -> Result<()> {
        self.told(cx, how, call, |_| self.endpoint.about(call, order, &[]))
            .await
    }

    /// The same, with a request of its own.
    async fn told<B>(
        &self,
        cx: &CallContext,
        how: Call<'_>,
        call: &'static CallRow,
        build: B,
    ) -> Result<()>
    where
        B: Fn(&Attempt<'_>) -> Result<Request<Bytes>> + Send + Sync,
    {
        let how = if call.documents(StatusCode::TOO_MANY_REQUESTS) {
            how.retry_override(too_many_tans)
        } else {
            how
        };
        self.answered(call, cx.send(how, build).await?).map(drop)
    }

    /// An answer, unless it is an error.
    fn answered(&self, call: &CallRow, answer: Answer) -> Result<Answer> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        let error = call.error(answer.status);
        // It may repeat what was sent; the code of an error is never printed.
        let error = match ErrorBody::read(&answer.body).error {
            Some(message) => error.with_vendor_code(message.into_exposed()),
            None => error,
        };
        Err(answer.complement(error))
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("endpoint", &self.endpoint)
            .field("encrypted", &self.crypt.is_some())
            .finish_non_exhaustive()
    }
}

fn chosen(variants: &[(bool, &'static str)]) -> Vec<&'static str> {
    variants
        .iter()
        .filter_map(|(wanted, name)| wanted.then_some(*name))
        .collect()
}

/// Returns the parts of an address whose answer is to be encrypted, if there is a key. The document does not say where `crypt` stands
/// among several; it is "appended".
fn encrypted<'a>(variants: &[&'a str], key: Option<&CryptKey>) -> Vec<&'a str> {
    variants.iter().copied().chain(key.map(|_| CRYPT)).collect()
}

/// Decrypts an answer that was asked for encrypted.
#[cfg(feature = "crypt")]
fn open(key: &CryptKey, body: Bytes) -> Result<Bytes> {
    key.decrypt(body.into()).map(Bytes::from)
}

#[cfg(not(feature = "crypt"))]
fn open(_: &CryptKey, _: Bytes) -> Result<Bytes> {
    Err(Error::new(ErrorKind::Unsupported)
        .detail("encrypted answers need the feature `crypt` of the crate idv-identity-tm"))
}

/// 429 is no request to wait here: the order is cancelled (chapters 5.2.4 and 6.2.4).
fn too_many_tans(status: StatusCode, _: &[u8]) -> Option<RetryOverride> {
    (status == StatusCode::TOO_MANY_REQUESTS).then_some(RetryOverride::Final)
}
