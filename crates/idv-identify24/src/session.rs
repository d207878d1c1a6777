//! Authorizes calls with a token, which the vendor issues for the partner's name and API key and
//! which expires after 30 minutes without use ("Authentication").

use http::HeaderValue;
use idv_core::adapter::non_empty;
use idv_core::call::{CallContext, Repeat, Session, TokenCache};
use idv_core::{Effect, Error, Result, Secret, async_trait};

use crate::api::{Api, answered, succeeded};

#[async_trait]
impl Session for Api {
    fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    async fn log_in(&self, cx: &CallContext) -> Result<Secret> {
        // A failed login leaves no creation in doubt: only the login was sent.
        self.authenticate(cx)
            .await
            .map_err(|error| error.with_effect(Effect::NotApplied))
    }
}

impl Api {
    async fn authenticate(&self, cx: &CallContext) -> Result<Secret> {
        // A repeated login returns a second token and changes nothing else.
        let answer = answered(
            cx.send(Repeat::Repeatable, |_| self.endpoint.auth(&self.api_key))
                .await?,
        )?;
        let envelope = succeeded(&answer)?;
        let sendable = |token: &&str| {
            token.bytes().all(|byte| byte.is_ascii_graphic())
                && HeaderValue::from_str(token).is_ok()
        };
        non_empty(envelope.token.as_ref())
            .filter(sendable)
            .map(Secret::from)
            .ok_or_else(|| {
                answer.complement(Error::malformed(
                    "the vendor returned no token, or one that is not a valid header value",
                ))
            })
    }
}
