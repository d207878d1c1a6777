//! Files that are part of JSON, and files that are the whole response.

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
    /// See [`Api`]. [`LimitExceeded`](ErrorKind::LimitExceeded) if the PDF is longer than `limit`
    /// bytes. An encrypted PDF is first held in memory, and must not exceed the configuration's
    /// `max_embedded_bytes` either.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the file, which must not be used.
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

    /// Returns the signed documents (chapter 3.5), after the order's status is 84. Parse them with
    /// [`SignedDocuments`](crate::wire::SignedDocuments).
    ///
    /// # Errors
    ///
    /// As [`Api::ident_data`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn signed_documents(&self, cx: &CallContext, order: &OrderId) -> Result<Answer> {
        self.retrieve(cx, &calls::SIGNED_DOCUMENTS, order, &[], true)
            .await
    }

    /// Returns the signed hashes (chapter 3.6), after the order's status is 84. Parse them with
    /// [`Hashes`](crate::wire::Hashes).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn signed_hashes(&self, cx: &CallContext, order: &OrderId) -> Result<Answer> {
        self.retrieve(cx, &calls::SIGNED_HASHES, order, &[], false)
            .await
    }

    /// Streams the audit log of an AES signature, a PDF, into `sink` (chapter 3.7), after the
    /// order's status is 84.
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`LimitExceeded`](ErrorKind::LimitExceeded) if the PDF is longer than `limit`
    /// bytes.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the file, which must not be used.
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

    /// Returns the images (chapter 3.8). Parse them with [`Images`](crate::wire::Images).
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`LimitExceeded`](ErrorKind::LimitExceeded) as [`Api::ident_data`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn images(&self, cx: &CallContext, order: &OrderId) -> Result<Answer> {
        self.retrieve(cx, &calls::IMAGES, order, &[], false).await
    }

    /// Asks the vendor to provide the video (chapter 3.9). When it is available, the vendor calls
    /// `callback_url` by GET.
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted. The call can be repeated.
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
        // A repetition at worst causes a second callback.
        let build = |_: &Attempt<'_>| {
            self.endpoint
                .about_with(&calls::PROVIDE_VIDEO, order, &body)
        };
        self.command_with(cx, Call::repeatable(), &calls::PROVIDE_VIDEO, build)
            .await
    }

    /// Streams the video, MP4 or WebM, into `sink` (chapter 3.10).
    ///
    /// Call this only after the vendor has announced the video. Before, the vendor returns a
    /// placeholder video that cannot be distinguished from the real one.
    ///
    /// # Errors
    ///
    /// As [`Api::ident_data_pdf`]. [`Malformed`](ErrorKind::Malformed) if the response is not a
    /// video.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the file, which must not be used.
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
                "the response is not a video: expected MP4 or WebM",
            )),
        }
    }

    /// Returns the audio (chapter 3.11). Parse it with [`VoiceFiles`](crate::wire::VoiceFiles).
    ///
    /// # Errors
    ///
    /// As [`Api::ident_data`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn voice_files(&self, cx: &CallContext, order: &OrderId) -> Result<Answer> {
        self.retrieve(cx, &calls::VOICE_FILES, order, &[], true)
            .await
    }

    /// Streams a file. An encrypted file is first held in memory, because it cannot be trusted
    /// before its end.
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
        // Taken out to be decrypted in place.
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
