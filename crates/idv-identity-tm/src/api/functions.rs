//! Signing and verifying a phone number by TAN, monitoring, sign-me, and the password.

use idv_core::call::{Attempt, Call, CallContext};
use idv_core::{Error, Pii, Result, Secret};
use serde::Serialize;

use super::calls::{self, CallRow};
use super::{Api, OrderId};
use crate::wire::{NewPassword, SignmeUser, SystemStatus};

/// A TAN that a person received. `Debug` redacts it.
#[derive(Debug, Clone)]
pub struct Tan(Secret);

impl Tan {
    /// Parses a TAN: 1 to 6 letters or digits.
    ///
    /// The document specifies 6 for signing (chapter 5.2.3) and 5 for a phone number (chapter
    /// 6.2.3), but has 6 in its own sample.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::api::Tan;
    ///
    /// let tan = Tan::parse("123456")?;
    /// assert!(!format!("{tan:?}").contains("123456"));
    /// let error = Tan::parse("123 456").expect_err("seven characters, one of them a blank");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "tan".into() });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `tan` if the text has another
    /// form.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if !(1..=6).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(Error::invalid(
                "tan",
                "expected a TAN of 1 to 6 letters or digits",
            ));
        }
        Ok(Self(Secret::new(text)))
    }
}

#[derive(Serialize)]
struct TanBody<'a> {
    tan: &'a str,
}

/// A kind of signature (chapter 9.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum SignatureType {
    /// Qualified: QES.
    Qes,
    /// Advanced: AES.
    Adv,
    /// Basic: BES.
    Bas,
}

impl Api {
    /// Starts signing: the vendor sends the person a TAN (chapter 5.1).
    ///
    /// The call is not repeated if its response is lost, because each call sends a text message.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(202);
    /// # server.lose();
    /// # let order = account::order_id();
    /// use idv_core::Effect;
    ///
    /// api.request_sign(&cx, &order).await?;
    /// assert_eq!(server.line(), "POST requestSign/99920006C38842");
    ///
    /// // If the response is lost, the TAN may have been sent.
    /// let error = api.request_sign(&cx, &order).await.expect_err("no response");
    /// assert_eq!((error.effect(), server.count()), (Effect::Unknown, 2));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Conflict`](idv_core::ErrorKind::Conflict) if the state of the order does not
    /// allow signing, or if it is over.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn request_sign(&self, cx: &CallContext, order: &OrderId) -> Result<()> {
        self.command(cx, Call::once(), &calls::REQUEST_SIGN, order)
            .await
    }

    /// Signs with the TAN that the person received (chapter 5.2).
    ///
    /// The call is not repeated if its response is lost: a wrong TAN counts, and too many cancel
    /// the order.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(409);
    /// # server.status(202);
    /// # let order = account::order_id();
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::api::Tan;
    ///
    /// let error = api.confirm_sign(&cx, &order, &Tan::parse("123465")?).await.expect_err("wrong");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "tan".into() });
    ///
    /// api.confirm_sign(&cx, &order, &Tan::parse("123456")?).await?;
    /// assert_eq!(server.line(), "POST confirmSign/99920006C38842");
    /// assert_eq!(server.body(), r#"{"tan":"123456"}"#);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `tan` if the TAN
    /// is wrong; [`Conflict`](idv_core::ErrorKind::Conflict) if signing was not started, is over,
    /// or the order was cancelled after too many wrong TANs.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn confirm_sign(&self, cx: &CallContext, order: &OrderId, tan: &Tan) -> Result<()> {
        self.prove(cx, &calls::CONFIRM_SIGN, order, tan).await
    }

    /// Sends the person another TAN for signing (chapter 5.3).
    ///
    /// The call is not repeated if its response is lost, because each call sends a text message.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(412);
    /// # server.status(202);
    /// # let order = account::order_id();
    /// use idv_core::ErrorKind;
    ///
    /// // Before `request_sign`:
    /// let error = api.resend_sign_tan(&cx, &order).await.expect_err("not started");
    /// assert_eq!(error.kind(), &ErrorKind::Conflict);
    /// // After it:
    /// api.resend_sign_tan(&cx, &order).await?;
    /// assert_eq!(server.line(), "POST requestResendSignTan/99920006C38842");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Conflict`](idv_core::ErrorKind::Conflict) if signing was not started, or if
    /// it is over.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn resend_sign_tan(&self, cx: &CallContext, order: &OrderId) -> Result<()> {
        self.command(cx, Call::once(), &calls::RESEND_SIGN_TAN, order)
            .await
    }

    /// Starts the verification of a phone number: the vendor sends the person a TAN (chapter 6.1).
    ///
    /// The call is not repeated if its response is lost, because each call sends a text message.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(202);
    /// # let order = account::order_id();
    /// api.request_phone_verification(&cx, &order).await?;
    /// assert_eq!(server.line(), "POST requestPhoneVerification/99920006C38842");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Conflict`](idv_core::ErrorKind::Conflict) if the state of the order does not
    /// allow a verification, or if it is over.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn request_phone_verification(
        &self,
        cx: &CallContext,
        order: &OrderId,
    ) -> Result<()> {
        self.command(cx, Call::once(), &calls::REQUEST_PHONE, order)
            .await
    }

    /// Verifies the phone number with the TAN that the person received (chapter 6.2).
    ///
    /// The call is not repeated if its response is lost, as [`Api::confirm_sign`].
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(202);
    /// # server.status(429);
    /// # let order = account::order_id();
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::api::Tan;
    ///
    /// let tan = Tan::parse("12345")?;
    /// api.prove_phone_control(&cx, &order, &tan).await?;
    /// assert_eq!(server.line(), "POST provePhoneControl/99920006C38842");
    /// assert_eq!(server.body(), r#"{"tan":"12345"}"#);
    ///
    /// // After too many wrong TANs, the vendor answers with 429 and cancels the order.
    /// let error = api.prove_phone_control(&cx, &order, &tan).await.expect_err("cancelled");
    /// assert_eq!(error.kind(), &ErrorKind::Conflict);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Api::confirm_sign`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn prove_phone_control(
        &self,
        cx: &CallContext,
        order: &OrderId,
        tan: &Tan,
    ) -> Result<()> {
        self.prove(cx, &calls::PROVE_PHONE, order, tan).await
    }

    /// Sends the person another TAN for the phone number (chapter 6.3).
    ///
    /// The call is not repeated if its response is lost, because each call sends a text message.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(202);
    /// # let order = account::order_id();
    /// api.resend_phone_tan(&cx, &order).await?;
    /// assert_eq!(server.line(), "POST requestResendPhoneTan/99920006C38842");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Conflict`](idv_core::ErrorKind::Conflict) if the verification was not
    /// started, or if it is over.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn resend_phone_tan(&self, cx: &CallContext, order: &OrderId) -> Result<()> {
        self.command(cx, Call::once(), &calls::RESEND_PHONE_TAN, order)
            .await
    }

    /// Returns whether the servers are up (chapter 8.1).
    ///
    /// An answer with a status other than 200 gives `false`.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(200);
    /// # server.status(404);
    /// assert!(api.server_status(&cx).await?);
    /// assert_eq!(server.line(), "GET serverStatus");
    ///
    /// // For example, a proxy answers in place of the servers.
    /// assert!(!api.server_status(&cx).await?);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unavailable`](idv_core::ErrorKind::Unavailable) if no response arrived.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn server_status(&self, cx: &CallContext) -> Result<bool> {
        let build = |_: &Attempt<'_>| self.endpoint.plain(&calls::SERVER_STATUS, &[]);
        Ok(cx.send(Call::repeatable(), build).await?.status == http::StatusCode::OK)
    }

    /// Returns the status of each of the vendor's systems (chapter 8.2).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"serverAlive":true,"apiAvailable":true,"videoAvailable":true,
    /// #     "mailingAvailable":true,"smsTanAvailable":false,"eSign":{"qesAvailable":true}}"#);
    /// let status = api.system_status(&cx).await?;
    /// assert_eq!(server.line(), "GET systemStatus");
    /// assert_eq!(status.video_available, Some(true));
    /// assert_eq!(status.sms_tan_available, Some(false));
    /// assert_eq!(status.esign.qes_available, Some(true));
    /// assert_eq!(status.iproov_available, None); // not enabled for the account
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn system_status(&self, cx: &CallContext) -> Result<SystemStatus> {
        let build = |_: &Attempt<'_>| self.endpoint.plain(&calls::SYSTEM_STATUS, &[]);
        let answer = self.answered(
            &calls::SYSTEM_STATUS,
            cx.send(Call::repeatable(), build).await?,
        )?;
        SystemStatus::read(&answer.body).map_err(|error| answer.complement(error))
    }

    /// Returns whether an e-mail address has a sign-me account, and whether the account can sign:
    /// with signatures of any type, or of `signature_type` (chapter 9.1).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"UserExists":false,"UserIsAbleToSign":false}"#);
    /// use idv_identity_tm::api::SignatureType;
    ///
    /// let email = "e.mustermann@example.com".into();
    /// let user = api.check_signme_user(&cx, &email, Some(SignatureType::Qes)).await?;
    /// assert_eq!(user.user_exists, Some(false));
    /// assert_eq!(
    ///     server.body(),
    ///     r#"{"Email":"e.mustermann@example.com","signatureType":"QES"}"#
    /// );
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `Email` if the
    /// text has no `@`; nothing is sent in this case.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn check_signme_user(
        &self,
        cx: &CallContext,
        email: &Pii<String>,
        signature_type: Option<SignatureType>,
    ) -> Result<SignmeUser> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(rename = "Email")]
            email: &'a str,
            #[serde(rename = "signatureType", skip_serializing_if = "Option::is_none")]
            signature_type: Option<SignatureType>,
        }
        if !email.expose().contains('@') {
            return Err(Error::invalid("Email", "expected an e-mail address"));
        }
        let body = Body {
            email: email.expose(),
            signature_type,
        };
        // A POST, but without effect.
        let build = |_: &Attempt<'_>| {
            self.endpoint
                .with_body(&calls::CHECK_SIGNME_USER, &[], &body)
        };
        let answer = self.answered(
            &calls::CHECK_SIGNME_USER,
            cx.send(Call::repeatable(), build).await?,
        )?;
        SignmeUser::read(&answer.body).map_err(|error| answer.complement(error))
    }

    /// Requests a new password: the vendor sends a TAN to `mobile`, which must be the number that
    /// the vendor's service desk knows, in international form without blanks (chapter 9.2.1).
    ///
    /// Nothing changes until the TAN is confirmed.
    ///
    /// The call is not repeated if its response is lost, because each call sends a text message.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(200);
    /// use idv_core::ErrorKind;
    ///
    /// api.request_new_password(&cx, &"+49171123456".into()).await?;
    /// assert_eq!(server.line(), "POST requestNewPassword");
    /// assert_eq!(server.body(), r#"{"mobile":"+49171123456"}"#);
    ///
    /// let error = api.request_new_password(&cx, &"0171 123456".into()).await.expect_err("no +");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "mobile".into() });
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `mobile` if it
    /// is not an international number; nothing is sent in this case.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn request_new_password(&self, cx: &CallContext, mobile: &Pii<String>) -> Result<()> {
        #[derive(Serialize)]
        struct Body<'a> {
            mobile: &'a str,
        }
        let digits = mobile.expose().strip_prefix('+').unwrap_or_default();
        if !(1..=63).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::invalid(
                "mobile",
                "expected + and up to 63 digits, such as +491701234567",
            ));
        }
        let body = Body {
            mobile: mobile.expose(),
        };
        let build = |_: &Attempt<'_>| {
            self.endpoint
                .with_body(&calls::REQUEST_NEW_PASSWORD, &[], &body)
        };
        self.command_with(cx, Call::once(), &calls::REQUEST_NEW_PASSWORD, build)
            .await
    }

    /// Changes the password and returns the new one (chapter 9.2.2).
    ///
    /// This [`Api`] keeps using the old password, which no longer works. Store the new one and
    /// create another client with it. The call is not repeated if its response is lost.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"password":"XXXXXXXXXXXX"}"#);
    /// use idv_identity_tm::api::Tan;
    ///
    /// let password = api.confirm_new_password(&cx, &Tan::parse("123456")?).await?;
    /// assert_eq!(password.expose(), "XXXXXXXXXXXX"); // store it now
    /// assert_eq!(server.line(), "POST confirmNewPassword");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. If the effect is unknown, the password may have changed: request another
    /// change.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the password may have changed, and the new one is lost: request
    /// another change.
    pub async fn confirm_new_password(&self, cx: &CallContext, tan: &Tan) -> Result<Secret> {
        let body = TanBody {
            tan: tan.0.expose(),
        };
        let build = |_: &Attempt<'_>| {
            self.endpoint
                .with_body(&calls::CONFIRM_NEW_PASSWORD, &[], &body)
        };
        let answer = self.answered(
            &calls::CONFIRM_NEW_PASSWORD,
            cx.send(Call::once(), build).await?,
        )?;
        let missing = || Error::malformed("the new password is missing");
        NewPassword::read(&answer.body)
            .and_then(|new| new.password.ok_or_else(missing))
            .map_err(|error| answer.complement(error))
    }

    async fn prove(
        &self,
        cx: &CallContext,
        call: &'static CallRow,
        order: &OrderId,
        tan: &Tan,
    ) -> Result<()> {
        let body = TanBody {
            tan: tan.0.expose(),
        };
        // A wrong TAN counts, and too many cancel the order, so a repetition is not safe.
        self.command_with(cx, Call::once(), call, |_| {
            self.endpoint.about_with(call, order, &body)
        })
        .await
    }
}
