//! The test robots (chapter 15), which play the agent and optionally the person.

use bytes::Bytes;
use http::{Method, Request};
use idv_core::call::{Call, CallContext};
use idv_core::{Error, ErrorKind, Result, Secret, Url, VendorId};
use serde_json::{Map, Value};

use super::request::{Endpoint, keyed, with_json};
use super::{Api, TransactionNumber, answer, loose};
use crate::config::{DataCentre, IdnowConfig};

/// The URL of the robots (chapters 1.5 and 15.2).
const ADDRESS: &str = "https://api.test.idnow.de";

/// The test cases of the test system's robots (table of chapter 15.1).
///
/// An identification selects a case by the text of [`TestCase::automated`] or [`TestCase::manual`]
/// as first name, last name or custom field. In a manual test a human visits the link and a robot
/// plays the agent. In an automated test robots play both: call [`Api::start_test`] and then
/// [`Api::request_video_chat`], for eSigning after the documents are uploaded. The result arrives
/// like any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TestCase {
    /// Success without changes.
    HappyPath,
    /// Success. The agent changes every field, with every character that IDnow allows.
    ChangeAll,
    /// Success. The review changes every field.
    ChangeAllReview,
    /// The agent aborts, for example because of a poor video.
    AbortIdent,
    /// The agent suspects fraud, and the review confirms it. Not for eSigning.
    FraudIdent,
    /// The review finds and confirms fraud. Not for eSigning.
    FraudReview,
    /// The agent suspects fraud, and the review refutes it.
    FraudOk,
    /// The review finds that the identification was not conducted properly, and cancels it.
    Canceled,
    /// Success. The review takes 24 hours instead of 1 to 2 minutes.
    LongReview,
    /// Success. The signed documents and the result arrive after 10 minutes. Only for eSigning.
    HoldCertificate,
}

impl TestCase {
    /// Every case.
    pub const ALL: &'static [Self] = &[
        Self::HappyPath,
        Self::ChangeAll,
        Self::ChangeAllReview,
        Self::AbortIdent,
        Self::FraudIdent,
        Self::FraudReview,
        Self::FraudOk,
        Self::Canceled,
        Self::LongReview,
        Self::HoldCertificate,
    ];

    /// Returns the name in the table of chapter 15.1.
    ///
    /// ```
    /// use idv_idnow::api::TestCase;
    ///
    /// assert_eq!(TestCase::HoldCertificate.name(), "HOLDCERTIFICATE");
    /// assert!(TestCase::ALL.iter().any(|case| case.name() == "FRAUDREVIEW"));
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HappyPath => "HAPPYPATH",
            Self::ChangeAll => "CHANGEALL",
            Self::ChangeAllReview => "CHANGEALLREVIEW",
            Self::AbortIdent => "ABORTIDENT",
            Self::FraudIdent => "FRAUDIDENT",
            Self::FraudReview => "FRAUDREVIEW",
            Self::FraudOk => "FRAUDOK",
            Self::Canceled => "CANCELED",
            Self::LongReview => "LONGREVIEW",
            Self::HoldCertificate => "HOLDCERTIFICATE",
        }
    }

    /// Returns the text that selects this case with robots as agent and person.
    ///
    /// ```
    /// use idv_idnow::api::{StartRequest, TestCase};
    ///
    /// let mut request = StartRequest::default();
    /// request.firstname = Some(TestCase::HappyPath.automated().into());
    /// assert_eq!(TestCase::HappyPath.automated(), "X-AUTOTEST-HAPPYPATH");
    /// ```
    #[must_use]
    pub fn automated(self) -> String {
        format!("X-AUTOTEST-{}", self.name())
    }

    /// Returns the text that selects this case with a robot as agent and a human as person (chapter
    /// 15.3).
    ///
    /// ```
    /// use idv_idnow::api::{StartRequest, TestCase};
    ///
    /// let mut request = StartRequest::default();
    /// request.lastname = Some(TestCase::FraudIdent.manual().into());
    /// assert_eq!(TestCase::FraudIdent.manual(), "X-MANUALTEST-FRAUDIDENT");
    /// ```
    #[must_use]
    pub fn manual(self) -> String {
        format!("X-MANUALTEST-{}", self.name())
    }
}

/// The response to the start of a test. The document does not show it; its members are known from
/// other clients, and each may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartTestResponse {
    /// The Ident-ID, named `internalToken` in this response.
    pub id: Option<VendorId>,
    /// The state: `STARTED`.
    pub status: Option<String>,
    /// The kind of robot: `AUTO`.
    pub robot_type: Option<String>,
    /// The robot's test case: `happypath`.
    pub robot_name: Option<String>,
}

impl Api {
    /// Starts an automated test of an identification (step 3 of chapter 15.2.4).
    ///
    /// The call is not repeated if its response is lost, because the document does not define the
    /// effect of a repetition.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"internalToken":"TST-ABCDE","status":"STARTED",
    /// #     "testRobotType":"AUTO","testRobotName":"happypath"}"#);
    /// # let number = account::number();
    /// let test = api.start_test(&cx, &number).await?;
    /// assert_eq!(test.robot_name.as_deref(), Some("happypath"));
    /// assert_eq!(server.line(), "POST /api/v1/ihrebank/identifications/AH73JK3LM/start");
    /// assert_eq!(server.header("x-api-key").as_deref(), Some("exampleApiKey"));
    ///
    /// // Only the test system has robots:
    /// let mut config = account::config();
    /// config.host = Some(idv_idnow::DataCentre::De);
    /// let live = idv_idnow::api::Api::new(&config)?;
    /// let error = live.start_test(&cx, &number).await.expect_err("a live account");
    /// assert_eq!(error.kind(), &idv_core::ErrorKind::Unsupported);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Unsupported`](ErrorKind::Unsupported) if the account is not on the test
    /// system; nothing is sent in this case. If the configuration has `gateway_url`, the robots are
    /// expected at that URL.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn start_test(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
    ) -> Result<StartTestResponse> {
        let robots = self.robots()?;
        let reply = cx
            .send(Call::once(), |_| start(robots, &self.api_key, transaction))
            .await?;
        answer::succeeded(reply.status, &reply.body).map_err(|error| reply.complement(error))?;
        Ok(started(&reply.body))
    }

    /// Starts the robots (step 4 of chapter 15.2.4).
    ///
    /// The call needs no API key.
    ///
    /// The call is not repeated if its response is lost, because the document does not define the
    /// effect of a repetition.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, "{}");
    /// # let number = account::number();
    /// api.request_video_chat(&cx, &number).await?;
    /// assert_eq!(
    ///     server.line(),
    ///     "POST /api/v1/ihrebank/identifications/AH73JK3LM/requestVideoChat"
    /// );
    /// assert_eq!(server.body(), "{}");
    /// assert_eq!(server.header("x-api-key"), None);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Api::start_test`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn request_video_chat(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
    ) -> Result<()> {
        let robots = self.robots()?;
        let reply = cx
            .send(Call::once(), |_| request_video_chat(robots, transaction))
            .await?;
        answer::succeeded(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }

    fn robots(&self) -> Result<&Endpoint> {
        let detail =
            "the test robots are only available on IDnow's test system: set host = \"test\"";
        self.robots
            .as_ref()
            .ok_or_else(|| Error::new(ErrorKind::Unsupported).detail(detail))
    }
}

/// Returns the URL of an account's robots, if it has any.
pub(super) fn endpoint(config: &IdnowConfig) -> Result<Option<Endpoint>> {
    let address = match (&config.gateway_url, config.host) {
        // A replacement of the gateway, such as an emulator, also replaces the robots: both have
        // the same paths.
        (Some(url), _) => url.clone(),
        (None, Some(DataCentre::Test)) => {
            Url::parse(ADDRESS).map_err(|_| Error::config("the robots have no valid URL"))?
        }
        (None, _) => return Ok(None),
    };
    Endpoint::new(address, &config.company).map(Some)
}

fn start(
    robots: &Endpoint,
    api_key: &Secret,
    transaction: &TransactionNumber,
) -> Result<Request<Bytes>> {
    let url = robots.identification(transaction, "start");
    with_json(Method::POST, &url, Some(keyed(api_key)?), &Map::new())
}

fn request_video_chat(
    robots: &Endpoint,
    transaction: &TransactionNumber,
) -> Result<Request<Bytes>> {
    with_json(
        Method::POST,
        &robots.identification(transaction, "requestVideoChat"),
        None,
        &Map::new(),
    )
}

fn started(body: &[u8]) -> StartTestResponse {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return StartTestResponse::default();
    };
    StartTestResponse {
        id: loose::text(&object, "internalToken").map(VendorId::new),
        status: loose::text(&object, "status"),
        robot_type: loose::text(&object, "testRobotType"),
        robot_name: loose::text(&object, "testRobotName"),
    }
}
