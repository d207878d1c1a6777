//! Signing and verifying a telephone number on the customer's side, monitoring, sign-me, and the password.

use idv_core::call::{Attempt, Call, CallContext};
use idv_core::{Error, Pii, Result, Secret};
use serde::Serialize;

use super::calls::{self, CallRow};
use super::{Api, OrderId};
use crate::wire::{NewPassword, SignmeUser, SystemStatus};

/// A TAN that a person received. `Debug` does not print it.
#[derive(Debug, Clone)]
pub struct Tan(Secret);

impl Tan {
    /// A TAN: 1 to 6 letters or digits. The document gives 6 for signing (chapter 5.2.3) and 5 for a telephone number (chapter
    /// 6.2.3), but 6 in its own sample.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `tan`.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if !(1..=6).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(Error::invalid("tan", "a TAN is 1 to 6 letters or digits"));
        }
        Ok(Self(Secret::new(text)))
    }
}

#[derive(Serialize)]
struct TanBody<'a> {
    tan: &'a str,
}

/// A kind of signature that sign-me is asked about (chapter 9.1.3).
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
    /// Starts signing: the person is sent a TAN (chapter 5.1). It is not repeated when its answer is lost, since each call is a text
    /// message.
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn request_sign(&self, cx: &CallContext, order: &OrderId) -> Result<()> {
        self.command(cx, Call::once(), &calls::REQUEST_SIGN, order)
            .await
    }

    /// Signs, with the TAN that the person received (chapter 5.2).
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `tan` if it is not the one that was sent;
    /// [`Conflict`](idv_core::ErrorKind::Conflict) if the signing was not requested, is over, or the order is cancelled after too many wrong
    /// TANs.
    pub async fn confirm_sign(&self, cx: &CallContext, order: &OrderId, tan: &Tan) -> Result<()> {
        self.prove(cx, &calls::CONFIRM_SIGN, order, tan).await
    }

    /// Sends another TAN for signing (chapter 5.3).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn resend_sign_tan(&self, cx: &CallContext, order: &OrderId) -> Result<()> {
        self.command(cx, Call::once(), &calls::RESEND_SIGN_TAN, order)
            .await
    }

    /// Starts verifying a telephone number: the person is sent a TAN (chapter 6.1).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn request_phone_verification(
        &self,
        cx: &CallContext,
        order: &OrderId,
    ) -> Result<()> {
        self.command(cx, Call::once(), &calls::REQUEST_PHONE, order)
            .await
    }

    /// Proves that the person has the telephone, with the TAN that they received (chapter 6.2).
    ///
    /// # Errors
    ///
    /// As [`Api::confirm_sign`].
    pub async fn prove_phone_control(
        &self,
        cx: &CallContext,
        order: &OrderId,
        tan: &Tan,
    ) -> Result<()> {
        self.prove(cx, &calls::PROVE_PHONE, order, tan).await
    }

    /// Sends another TAN for the telephone number (chapter 6.3).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn resend_phone_tan(&self, cx: &CallContext, order: &OrderId) -> Result<()> {
        self.command(cx, Call::once(), &calls::RESEND_PHONE_TAN, order)
            .await
    }

    /// Whether the servers are up (chapter 8.1). It has no side effects.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](idv_core::ErrorKind::Unavailable) if no answer came. An answer with another status than 200 is `false`.
    pub async fn server_status(&self, cx: &CallContext) -> Result<bool> {
        let build = |_: &Attempt<'_>| self.endpoint.plain(&calls::SERVER_STATUS, &[]);
        Ok(cx.send(Call::repeatable(), build).await?.status == http::StatusCode::OK)
    }

    /// Asks which of the vendor's systems work (chapter 8.2).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn system_status(&self, cx: &CallContext) -> Result<SystemStatus> {
        let build = |_: &Attempt<'_>| self.endpoint.plain(&calls::SYSTEM_STATUS, &[]);
        let answer = self.answered(
            &calls::SYSTEM_STATUS,
            cx.send(Call::repeatable(), build).await?,
        )?;
        SystemStatus::read(&answer.body).map_err(|error| answer.complement(error))
    }

    /// Asks whether there is an account of sign-me under an e-mail address, and whether it can sign (chapter 9.1).
    ///
    /// # Errors
    ///
    /// See [`Api`].
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
            return Err(Error::invalid("Email", "it is an e-mail address"));
        }
        let body = Body {
            email: email.expose(),
            signature_type,
        };
        // By POST, but it only asks.
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

    /// Asks for a new password: a TAN is sent to `mobile`, which has to be the number that the vendor's service desk knows
    /// (chapter 9.2.1). Nothing changes until it is confirmed.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `mobile` if it is no international number: nothing was
    /// sent then.
    pub async fn request_new_password(&self, cx: &CallContext, mobile: &Pii<String>) -> Result<()> {
        #[derive(Serialize)]
        struct Body<'a> {
            mobile: &'a str,
        }
        let digits = mobile.expose().strip_prefix('+').unwrap_or_default();
        if !(1..=63).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::invalid(
                "mobile",
                "write + and digits alone, 64 characters at most, such as +491701234567",
            ));
        }
        let body = Body {
            mobile: mobile.expose(),
        };
        let build = |_: &Attempt<'_>| {
            self.endpoint
                .with_body(&calls::REQUEST_NEW_PASSWORD, &[], &body)
        };
        self.told(cx, Call::once(), &calls::REQUEST_NEW_PASSWORD, build)
            .await
    }

    /// Changes the password, and returns the new one (chapter 9.2.2). This [`Api`] goes on with the old one, which no longer works:
    /// keep the new one and make another.
    ///
    /// # Errors
    ///
    /// See [`Api`]. Where the effect is unknown the password may be another one now: request another change.
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
        // A wrong TAN counts, and too many cancel the order: a repetition is not safe.
        self.told(cx, Call::once(), call, |_| {
            self.endpoint.about_with(call, order, &body)
        })
        .await
    }
}
