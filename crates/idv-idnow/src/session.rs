//! Authorizes calls that read and delete with a token, which IDnow issues for the API key and which
//! expires after an hour without use (chapter 8.3.1).

use idv_core::call::{CallContext, Repeat, Session, TokenCache};
use idv_core::{Result, Secret, async_trait};

use crate::api::{Api, answer, request};

#[async_trait]
impl Session for Api {
    fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    async fn log_in(&self, cx: &CallContext) -> Result<Secret> {
        // A repeated login returns a second token and changes nothing else.
        let reply = cx
            .send(Repeat::Repeatable, |_| {
                request::login(&self.endpoint, &self.api_key)
            })
            .await?;
        answer::token(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }
}
