//! Files: those that stand in JSON, and those that are the answer.

use idv_core::adapter::store;
use idv_core::call::{Answer, Attempt, Call, CallContext};
use idv_core::{Download, Error, ErrorKind, Result, Sink, Url};
use serde::Serialize;

use super::calls::{self, CallRow};
use super::{Api, CRYPT, OrderId, open};

impl Api {
    /// Streams the result as a PDF, with all images, into `sink` (chapter 3.4).
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`LimitExceeded`](ErrorKind::LimitExceeded) if it is longer than `limit` bytes. If it is encrypted it lies
    /// in memory first, and may be no longer than the configuration's `max_embedded_bytes` either.
    pub async fn ident_data_pdf(
        &self,
        cx: &CallContext,
        order: &OrderId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        self.download(cx, &calls::IDENT_DATA_PDF, order, true, limit, sink)
            .await
    }

    /// The documents that were signed (chapter 3.5), once the order's status is 84. Read them with
    /// [`SignedDocuments`](crate::wire::SignedDocuments).
    ///
    /// # Errors
    ///
    /// As [`Api::ident_data`].
    pub async fn signed_documents(&self, cx: &CallContext, order: &OrderId) -> Result<Answer> {
        self.retrieve(cx, &calls::SIGNED_DOCUMENTS, order, &[], true)
            .await
    }

    /// The hashes that were signed (chapter 3.6), once the order's status is 84. Read them with
    /// [`Hashes`](crate::wire::Hashes).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn signed_hashes(&self, cx: &CallContext, order: &OrderId) -> Result<Answer> {
        self.retrieve(cx, &calls::SIGNED_HASHES, order, &[], false)
            .await
    }

    /// Streams the record of a signing by AES, a PDF, into `sink` (chapter 3.7), once the order's status is 84.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`LimitExceeded`](ErrorKind::LimitExceeded) if it is longer than `limit` bytes.
    pub async fn audit_log(
        &self,
        cx: &CallContext,
        order: &OrderId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        self.download(cx, &calls::AUDIT_LOG, order, false, limit, sink)
            .await
    }

    /// The images (chapter 3.8). Read them with [`Images`](crate::wire::Images).
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`LimitExceeded`](ErrorKind::LimitExceeded) as [`Api::ident_data`].
    pub async fn images(&self, cx: &CallContext, order: &OrderId) -> Result<Answer> {
        self.retrieve(cx, &calls::IMAGES, order, &[], false).await
    }

    /// Asks for the video (chapter 3.9). Once it is there, the vendor calls `callback_url` by GET.
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn provide_video(
        &self,
        cx: &CallContext,
        order: &OrderId,
        callback_url: &Url,
    ) -> Result<()> {
        #[derive(Serialize)]
        struct Body<'a> {
            #[serde(rename = "callbackUrl")]
            callback_url: &'a str,
        }
        let body = Body {
            callback_url: callback_url.as_str(),
        };
        // To ask twice means to be called twice at worst.
        let build = |_: &Attempt<'_>| {
            self.endpoint
                .about_with(&calls::PROVIDE_VIDEO, order, &body)
        };
        self.told(cx, Call::repeatable(), &calls::PROVIDE_VIDEO, build)
            .await
    }

    /// Streams the video into `sink` (chapter 3.10): MP4 or WebM. Only once the vendor has said that it is there: before, a video
    /// comes too, and is a placeholder that nothing tells from the real one.
    ///
    /// # Errors
    ///
    /// As [`Api::ident_data_pdf`]; [`Malformed`](ErrorKind::Malformed) if it is no video.
    pub async fn video(
        &self,
        cx: &CallContext,
        order: &OrderId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let download = self
            .download(cx, &calls::VIDEO, order, true, limit, sink)
            .await?;
        match download.media_type.as_deref() {
            Some(kind) if kind.starts_with("video/") => Ok(download),
            _ => Err(Error::malformed(
                "what came is no video: neither MP4 nor WebM",
            )),
        }
    }

    /// The sound (chapter 3.11). Read it with [`VoiceFiles`](crate::wire::VoiceFiles).
    ///
    /// # Errors
    ///
    /// As [`Api::ident_data`].
    pub async fn voice_files(&self, cx: &CallContext, order: &OrderId) -> Result<Answer> {
        self.retrieve(cx, &calls::VOICE_FILES, order, &[], true)
            .await
    }

    /// Streams a file. One that is encrypted lies in memory first: nothing of it may be believed before all of it is there.
    async fn download(
        &self,
        cx: &CallContext,
        call: &'static CallRow,
        order: &OrderId,
        can_be_encrypted: bool,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let Some(key) = self.crypt.as_ref().filter(|_| can_be_encrypted) else {
            let build = |_: &Attempt<'_>| self.endpoint.about(call, order, &[]);
            let downloaded = cx.download(Call::repeatable(), limit, sink, build).await?;
            return downloaded.whole(|answer| self.refused(call, answer));
        };
        let build = |_: &Attempt<'_>| self.endpoint.about(call, order, &[CRYPT]);
        let mut answer = self.answered(
            call,
            cx.send(Call::repeatable().up_to(self.max_embedded), build)
                .await?,
        )?;
        let media_type = answer.media_type().map(str::to_owned);
        // Taken out, so that it can be decrypted in place.
        let body = std::mem::take(&mut answer.body);
        let file = open(key, body).map_err(|error| answer.complement(error))?;
        let mut download = store(&file, limit, sink).await?;
        download.media_type = download.media_type.or(media_type);
        Ok(download)
    }

    fn refused(&self, call: &CallRow, answer: Answer) -> Error {
        match self.answered(call, answer) {
            Err(error) => error,
            Ok(answer) => answer.error_of(ErrorKind::Malformed),
        }
    }
}
