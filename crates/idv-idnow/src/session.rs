//! The authorization of calls that read and delete: a token for the API key, which dies when it is not used for an hour
//! (chapter 8.3.1).

use idv_core::call::{CallContext, Repeat, Session, TokenCache};
use idv_core::{Result, Secret, async_trait};

use crate::api::{Api, answer, request};

#[async_trait]
impl Session for Api {
    fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    async fn log_in(&self, cx: &CallContext) -> Result<Secret> {
        // Logging in twice gives a second token and changes nothing else.
        let reply = cx
            .send(Repeat::Repeatable, |_| {
                request::login(&self.endpoint, &self.api_key)
            })
            .await?;
        answer::token(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }
}
