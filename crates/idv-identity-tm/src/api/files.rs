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
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.file("application/pdf", b"%PDF-1.4 result");
    /// # server.file("application/pdf", b"%PDF-1.4 result");
    /// # let order = account::order_id();
    /// use idv_core::ErrorKind;
    ///
    /// let mut file = Vec::new();
    /// let download = api.ident_data_pdf(&cx, &order, 10 * 1024 * 1024, &mut file).await?;
    /// assert_eq!(server.line(), "GET getIdentDataPDF/99920006C38842");
    /// assert_eq!((download.length, file.as_slice()), (15, b"%PDF-1.4 result".as_slice()));
    ///
    /// let refused = api.ident_data_pdf(&cx, &order, 14, &mut Vec::new()).await;
    /// assert_eq!(refused.expect_err("15 bytes").kind(), &ErrorKind::LimitExceeded);
    /// # Ok(())
    /// # });
    /// ```
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

    /// Returns the signed documents (chapter 3.5), after the order's status is 84.
    ///
    /// Parse them with [`SignedDocuments`](crate::wire::SignedDocuments), and decode each file
    /// piece by piece.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"PDFs":[{"Base64Data":"JVBERi0xLjQ="}]}"#);
    /// # let order = account::order_id();
    /// use idv_identity_tm::wire::SignedDocuments;
    ///
    /// let answer = api.signed_documents(&cx, &order).await?;
    /// assert_eq!(server.line(), "GET getESignPDF/99920006C38842");
    /// let documents = answer.read(SignedDocuments::read)?;
    /// let mut pdf = Vec::new();
    /// if let Some(encoded) = &documents.pdfs[0].base64_data {
    ///     encoded.decode(|piece| Ok(pdf.extend_from_slice(piece)))?;
    /// }
    /// assert_eq!(pdf, b"%PDF-1.4");
    /// # Ok(())
    /// # });
    /// ```
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

    /// Returns the signed hashes (chapter 3.6), after the order's status is 84.
    ///
    /// Parse them with [`Hashes`](crate::wire::Hashes).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"Hashes":[{"contract.pdf":"MIIB"}]}"#);
    /// # let order = account::order_id();
    /// use idv_identity_tm::wire::Hashes;
    ///
    /// let answer = api.signed_hashes(&cx, &order).await?;
    /// assert_eq!(server.line(), "GET getESignHash/99920006C38842");
    /// let hashes = answer.read(Hashes::read)?;
    /// let (name, hash) = &hashes.hashes.entries[0];
    /// assert_eq!((name.expose(), hash.expose()), ("contract.pdf", "MIIB"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Conflict`](ErrorKind::Conflict) if the hashes are not signed yet.
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
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.file("application/pdf", b"%PDF-1.4 log");
    /// # let order = account::order_id();
    /// let mut log = Vec::new();
    /// let download = api.audit_log(&cx, &order, 10 * 1024 * 1024, &mut log).await?;
    /// assert_eq!(server.line(), "GET getESignAuditLogPDF/99920006C38842");
    /// assert_eq!(download.media_type.as_deref(), Some("application/pdf"));
    /// assert!(log.starts_with(b"%PDF-"));
    /// # Ok(())
    /// # });
    /// ```
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

    /// Returns the images (chapter 3.8).
    ///
    /// Parse them with [`Images`](crate::wire::Images).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"Images":[
    /// #     {"Image":"/9j/4AAQSkZJRg==","Filename":"back_20211008-091705-123.jpg"},
    /// #     {"Image":"/9j/4AAQSkZJRg==","Filename":"front_20211008-091623-123.jpg"}]}"#);
    /// # let order = account::order_id();
    /// use idv_identity_tm::wire::Images;
    ///
    /// let answer = api.images(&cx, &order).await?;
    /// assert_eq!(server.line(), "GET getImages/99920006C38842");
    /// let images = answer.read(Images::read)?.images;
    /// let name = images[0].filename.as_ref().expect("a file name");
    /// assert_eq!((images.len(), name.expose()), (2, "back_20211008-091705-123.jpg"));
    /// # Ok(())
    /// # });
    /// ```
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

    /// Asks the vendor to provide the video (chapter 3.9).
    ///
    /// When it is available, the vendor calls `callback_url` by GET. The call is retried after a
    /// lost response: a repetition at worst causes a second callback.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.status(200);
    /// # let order = account::order_id();
    /// let callback_url = "https://www.example.com/video?order=99920006C38842".parse()?;
    /// api.provide_video(&cx, &order, &callback_url).await?;
    /// assert_eq!(server.line(), "POST getVideoFileBinaryAsync/99920006C38842");
    /// assert_eq!(
    ///     server.body(),
    ///     r#"{"callbackUrl":"https://www.example.com/video?order=99920006C38842"}"#
    /// );
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
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.file("video/mp4", b"\0\0\0\x18ftypmp42");
    /// # server.json(200, "{}");
    /// # let order = account::order_id();
    /// use idv_core::ErrorKind;
    ///
    /// let (limit, mut file) = (1024 * 1024 * 1024, Vec::new());
    /// let download = api.video(&cx, &order, limit, &mut file).await?;
    /// assert_eq!(server.line(), "GET getVideoFileBinary/99920006C38842");
    /// assert_eq!(download.media_type.as_deref(), Some("video/mp4"));
    ///
    /// // The vendor answers with JSON.
    /// let error = api.video(&cx, &order, limit, &mut Vec::new()).await.expect_err("no video");
    /// assert_eq!(error.kind(), &ErrorKind::Malformed);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Api::ident_data_pdf`]. [`Malformed`](ErrorKind::Malformed) if the response is not a
    /// video; `sink` then holds bytes that must not be used.
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

    /// Returns the audio (chapter 3.11).
    ///
    /// Parse it with [`VoiceFiles`](crate::wire::VoiceFiles).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"Voicefiles":[{"Filename":"sound_4348.mp3","Base64Data":"SUQz"}]}"#);
    /// # let order = account::order_id();
    /// use idv_identity_tm::wire::VoiceFiles;
    ///
    /// let answer = api.voice_files(&cx, &order).await?;
    /// assert_eq!(server.line(), "GET getVoiceFiles/99920006C38842");
    /// let recordings = answer.read(VoiceFiles::read)?.voice_files;
    /// let name = recordings[0].filename.as_ref().expect("a file name");
    /// assert_eq!(name.expose(), "sound_4348.mp3");
    /// # Ok(())
    /// # });
    /// ```
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
