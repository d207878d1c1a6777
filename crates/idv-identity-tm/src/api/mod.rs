//! Identity.TM's whole customer API as typed calls, usable without the model of [`idv_core`].
//!
//! | call | chapter | effect |
//! |---|---|---|
//! | [`Api::put_order`] | 3.1 | places an [`Order`] for an identification or a signature |
//! | [`Api::status`] | 3.2 | returns the history of an order, in four variants |
//! | [`Api::ident_data`] | 3.3 | returns the result, in all variants |
//! | [`Api::ident_data_pdf`] | 3.4 | downloads the result as a PDF |
//! | [`Api::signed_documents`] | 3.5 | returns the signed documents |
//! | [`Api::signed_hashes`] | 3.6 | returns the signed hashes |
//! | [`Api::audit_log`] | 3.7 | downloads the audit log of an AES signature |
//! | [`Api::images`] | 3.8 | returns the images |
//! | [`Api::provide_video`] | 3.9 | requests the video |
//! | [`Api::video`] | 3.10 | downloads a provided video |
//! | [`Api::voice_files`] | 3.11 | returns the audio |
//! | [`Api::delete`] | 3.12 | deletes the data of a finished order |
//! | [`Api::orders_by_ref`] | 3.13 | returns the orders under a reference, of the last 90 days |
//! | [`Api::cancel`] | 4.2 | cancels an open order |
//! | [`Api::request_sign`], [`Api::confirm_sign`], [`Api::resend_sign_tan`] | 5 | sign by TAN |
//! | [`Api::request_phone_verification`], [`Api::prove_phone_control`], [`Api::resend_phone_tan`] | 6 | verify a phone number |
//! | [`Api::server_status`], [`Api::system_status`] | 8 | return the status of the service |
//! | [`Api::check_signme_user`] | 9.1 | returns whether there is a sign-me account |
//! | [`Api::request_new_password`], [`Api::confirm_new_password`] | 9.2 | change the password |
//!
//! Each call takes a [`CallContext`], which [`Client::context`](idv_core::Client::context) creates.
//! [`CALLS`] lists the paths of the calls and the meanings of their status codes. To reuse an
//! identification for a signature (chapter 7), see [`IdentDataVariants::signed`] and
//! [`Order::ident_data_signed`]; for deep links (chapter 9.3), [`Order::deep_link`]; for the test
//! robots (chapter 9.5), [`Order::test_robot`].

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

use self::order::{Order, PutOrderResponse};
use self::request::Endpoint;
use crate::config::IdentityTmConfig;
use crate::crypt::CryptKey;
use crate::wire::{ErrorBody, Orders};

pub use calls::{CALLS, CallRow};
pub use functions::{SignatureType, Tan};
pub use idv_core::adapter::Failure;
pub use order_id::OrderId;

/// The last path segment of a request for an encrypted response (chapter 9.4).
const CRYPT: &str = "crypt";

/// A client of Identity.TM's customer API for one account.
///
/// # Errors
///
/// Every call fails with the kinds of its row in [`CALLS`]. [`Error::vendor_text`] is the vendor's
/// description of the failure, if there is one.
///
/// # Examples
///
/// In the examples of the calls, `api` is this client, `cx` is a context, `order` is the identifier
/// of an order, and `server` is the vendor in memory: `server.line()` is the method and the path of
/// the last request, and `server.body()` is its body. Places an order:
///
/// ```
/// use idv_core::{Client, Operation, call::CallPolicy};
/// use idv_identity_tm::api::order::{Address, Order, Product};
/// use idv_identity_tm::{IdentityTm, IdentityTmConfig};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> idv_core::Result<()> {
/// # let transport = ScriptedTransport::new();
/// # transport.then_json(202, r#"{"OrderID":"99921269855041","Ref":"6f1c2a9e1c1f4a6b"}"#);
/// # let environment = environment(&transport, &ManualClock::new(idv_core::Timestamp::UNIX_EPOCH));
///
/// let config = IdentityTmConfig::new("ihrebank", "example password".into());
/// let client = Client::new(IdentityTm::new(config)?, environment, CallPolicy::default());
/// let api = client.vendor::<IdentityTm>().expect("the client was built with it").api();
///
/// let address = Address::new("Erika".into(), "Mustermann".into(), "DE".into());
/// let mut order = Order::new(Product::Video, "e.mustermann@example.com".into(), address);
/// order.reference = Some("6f1c2a9e1c1f4a6b".to_owned());
/// let created = api.put_order(&client.context(Operation::Other), &order).await?;
/// assert_eq!(created.order_id.as_str(), "99921269855041");
/// # Ok(())
/// # }
/// ```
pub struct Api {
    endpoint: Endpoint,
    crypt: Option<CryptKey>,
    max_embedded: u64,
}

/// The variants of `getStatus` (chapter 3.2.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StatusVariants {
    /// Includes extended codes (`ExtendedList`). One of them (84) ends a signing order.
    pub extended_list: bool,
    /// Includes sub-codes (`IncludeSubKind`).
    pub include_sub_kind: bool,
}

impl StatusVariants {
    /// All variants.
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

/// The variants of `getIdentData` (chapter 3.3.3). The document combines a variant only with
/// `crypt`; several are appended to the path in the document's order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a variant of its own"
)]
pub struct IdentDataVariants {
    /// Includes the submitted data (`IncludeInitialData`).
    pub initial_data: bool,
    /// Includes the method of identification (`IncludeIdentifyMethod`).
    pub identify_method: bool,
    /// Includes the agent who identified the person (`IncludeIdentifier`).
    pub identifier: bool,
    /// Returns data that the vendor has signed and encrypted, to be reused in an order (chapter 7,
    /// `Signed`). The response is opaque.
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
    /// Creates a client from a configuration, without sending anything.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::IdentityTmConfig;
    /// use idv_identity_tm::api::Api;
    ///
    /// let mut config = IdentityTmConfig::new("ihrebank", "examplePassword".into());
    /// assert!(Api::new(&config).is_ok());
    ///
    /// config.product = 13;
    /// let error = Api::new(&config).expect_err("the document has no product 13");
    /// assert_eq!(error.kind(), &ErrorKind::Config);
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), as [`IdentityTmConfig::check`];
    /// [`Unsupported`](ErrorKind::Unsupported) if responses are to be encrypted and the feature
    /// `crypt` is disabled.
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

    /// Places an order for an identification or a signature (chapter 3.1).
    ///
    /// The call is not repeated if its response is lost: a repetition would be another order.
    /// [`Api::orders_by_ref`] looks for the first one.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(202, r#"{"OrderID":"99921269855041","TargetURL":
    /// #     "https://www.identity.tm/status/37C4B60A72A1C6C74FC038282CED500B"}"#);
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::api::order::{Address, Order, Product};
    ///
    /// let address = Address::new("Erika".into(), "Mustermann".into(), "DE".into());
    /// let mut order = Order::new(Product::Video, "e.mustermann@example.com".into(), address);
    /// order.target_link = true;
    /// let response = api.put_order(&cx, &order).await?;
    /// assert_eq!(server.line(), "PUT putOrder");
    /// assert_eq!(response.order_id.as_str(), "99921269855041");
    /// assert!(response.target_url.is_some_and(|url| url.expose().path().starts_with("/status/")));
    ///
    /// // An order with a forbidden value is not sent.
    /// order.mobile = Some("0171 1234567".into());
    /// let error = api.put_order(&cx, &order).await.expect_err("not international");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "Mobile".into() });
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`InvalidRequest`](ErrorKind::InvalidRequest) naming the field if the document
    /// forbids a value of the order; nothing is sent in this case.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn put_order(&self, cx: &CallContext, order: &Order) -> Result<PutOrderResponse> {
        order.check()?;
        let build = |_: &Attempt<'_>| self.endpoint.with_body(&calls::PUT_ORDER, &[], order);
        let answer = self.answered(&calls::PUT_ORDER, cx.send(Call::once(), build).await?)?;
        PutOrderResponse::read(&answer.body).map_err(|error| answer.complement(error))
    }

    /// Returns the history of an order (chapter 3.2), open or finished.
    ///
    /// Parse it with [`StatusList`](crate::wire::StatusList).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"OrderID":"99920006C38842","Executed":"2018-09-05T11:06:21+02:00",
    /// #     "Status":[{"Kind":75,"Time":"2018-09-05T11:06:21+02:00"},
    /// #     {"Kind":6,"Time":"2018-09-05T11:06:21+02:00"}]}"#);
    /// # let order = account::order_id();
    /// use idv_identity_tm::api::StatusVariants;
    /// use idv_identity_tm::wire::StatusList;
    ///
    /// let answer = api.status(&cx, &order, StatusVariants::ALL).await?;
    /// assert_eq!(server.line(), "GET getStatus/99920006C38842/ExtendedList/IncludeSubKind");
    /// let list = answer.read(StatusList::read)?;
    /// let last = list.status.as_ref().and_then(|entries| entries.last()).expect("an entry");
    /// assert_eq!(last.kind.as_ref().and_then(|kind| kind.number()), Some(6)); // identified
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`NotFound`](ErrorKind::NotFound) if there is no such order;
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) as [`Api::ident_data`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn status(
        &self,
        cx: &CallContext,
        order: &OrderId,
        variants: StatusVariants,
    ) -> Result<Answer> {
        self.retrieve(cx, &calls::STATUS, order, &variants.parts(), false)
            .await
    }

    /// Returns the result of a finished order (chapter 3.3).
    ///
    /// Parse it with [`IdentResult`](crate::wire::IdentResult), unless it is signed.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"Identitfied":"2018-09-05T11:06:21+02:00","IdentifyMethod":"Video",
    /// #     "IdentData":[{"Type":1,"Firstname":"Erika","Surname":"Mustermann"}]}"#);
    /// # let order = account::order_id();
    /// use idv_core::Text;
    /// use idv_identity_tm::api::IdentDataVariants;
    /// use idv_identity_tm::wire::IdentResult;
    ///
    /// let mut variants = IdentDataVariants::default();
    /// variants.identify_method = true;
    /// let answer = api.ident_data(&cx, &order, variants).await?;
    /// assert_eq!(server.line(), "GET getIdentData/99920006C38842/IncludeIdentifyMethod");
    /// let result = answer.read(IdentResult::read)?;
    /// assert_eq!(result.identify_method.as_ref().map(Text::expose), Some("Video"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Conflict`](ErrorKind::Conflict) if the order is not finished;
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) if the result is longer, in bytes, than the
    /// configuration's `max_embedded_bytes`; [`Forged`](ErrorKind::Forged) if it was requested
    /// encrypted and cannot be decrypted.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn ident_data(
        &self,
        cx: &CallContext,
        order: &OrderId,
        variants: IdentDataVariants,
    ) -> Result<Answer> {
        self.retrieve(cx, &calls::IDENT_DATA, order, &variants.parts(), true)
            .await
    }

    /// Deletes the data of a finished order (chapter 3.12).
    ///
    /// For an open order, use [`cancel`](Api::cancel). The call is retried after a lost response.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(202);
    /// # server.status(406);
    /// # let order = account::order_id();
    /// use idv_core::ErrorKind;
    ///
    /// api.delete(&cx, &order).await?;
    /// assert_eq!(server.line(), "DELETE delIdentdata/99920006C38842");
    ///
    /// // The vendor answers with 406 if the order is still open.
    /// let error = api.delete(&cx, &order).await.expect_err("an open order");
    /// assert_eq!(error.kind(), &ErrorKind::Conflict);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`NotFound`](ErrorKind::NotFound) if the data are already deleted;
    /// [`Conflict`](ErrorKind::Conflict) if the order is not finished.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted. The call can be repeated.
    pub async fn delete(&self, cx: &CallContext, order: &OrderId) -> Result<()> {
        self.command(cx, Call::repeatable(), &calls::DELETE, order)
            .await
    }

    /// Cancels an open order (chapter 4.2), without deleting its data.
    ///
    /// The call is retried after a lost response.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(202);
    /// # let order = account::order_id();
    /// api.cancel(&cx, &order).await?;
    /// assert_eq!(server.line(), "POST cancelOrder/99920006C38842");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Conflict`](ErrorKind::Conflict) if the order is finished or already
    /// cancelled.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted. The call can be repeated.
    pub async fn cancel(&self, cx: &CallContext, order: &OrderId) -> Result<()> {
        self.command(cx, Call::repeatable(), &calls::CANCEL, order)
            .await
    }

    /// Returns the orders under a reference, of the last 90 days (chapter 3.13).
    ///
    /// A reference need not be unique.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"["99921801997040","99921800019939"]"#);
    /// use idv_core::{ErrorKind, Reference};
    ///
    /// let orders = api.orders_by_ref(&cx, &Reference::existing("543210")?).await?;
    /// assert_eq!(server.line(), "GET getOrdersByRef/543210");
    /// assert_eq!(orders.len(), 2);
    /// assert_eq!(orders[0].as_str(), "99921801997040");
    ///
    /// let other = Reference::existing("case_543210")?; // the vendor allows no underscore
    /// let error = api.orders_by_ref(&cx, &other).await.expect_err("an underscore");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "reference".into() });
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`NotFound`](ErrorKind::NotFound) if there is none;
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) naming `reference` if it contains other
    /// characters than `a-z A-Z 0-9 - . +`; nothing is sent in this case.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
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
                "expected at most 100 characters of a-z, A-Z, 0-9, -, . and +",
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

    /// Sends a call about an order whose response has a body.
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
            // Taken out to be decrypted in place.
            let bytes = std::mem::take(&mut answer.body);
            answer.body = open(key, bytes).map_err(|error| answer.complement(error))?;
        }
        Ok(answer)
    }

    /// Sends a call about an order whose response is only its status.
    async fn command(
        &self,
        cx: &CallContext,
        how: Call<'_>,
        call: &'static CallRow,
        order: &OrderId,
    ) -> Result<()> {
        self.command_with(cx, how, call, |_| self.endpoint.about(call, order, &[]))
            .await
    }

    /// Sends a call with a request of its own whose response is only its status.
    async fn command_with<B>(
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

    /// Returns the answer unless its status reports a failure.
    fn answered(&self, call: &CallRow, answer: Answer) -> Result<Answer> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        let error = call.error(answer.status);
        // The description may repeat personal data that was sent.
        let error = match ErrorBody::read(&answer.body).error {
            Some(message) => error.with_vendor_text(message.into_exposed()),
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

/// Returns the path segments of a request, with `crypt` at the end if there is a key. The document
/// does not define its position among several variants; it is "appended".
fn encrypted<'a>(variants: &[&'a str], key: Option<&CryptKey>) -> Vec<&'a str> {
    variants.iter().copied().chain(key.map(|_| CRYPT)).collect()
}

/// Decrypts a response that was requested encrypted.
#[cfg(feature = "crypt")]
fn open(key: &CryptKey, body: Bytes) -> Result<Bytes> {
    key.decrypt(body.into()).map(Bytes::from)
}

#[cfg(not(feature = "crypt"))]
fn open(_: &CryptKey, _: Bytes) -> Result<Bytes> {
    Err(Error::new(ErrorKind::Unsupported)
        .detail("encrypted responses need the feature `crypt` of the crate idv-identity-tm"))
}

/// Prevents a retry after 429, with which the vendor reports that it cancelled the order (chapters
/// 5.2.4 and 6.2.4).
fn too_many_tans(status: StatusCode, _: &[u8]) -> Option<RetryOverride> {
    (status == StatusCode::TOO_MANY_REQUESTS).then_some(RetryOverride::Final)
}
