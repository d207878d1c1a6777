//! The test robots (chapter 15): a machine plays the agent, and the person too if it is wanted.

use bytes::Bytes;
use http::{Method, Request};
use idv_core::call::{Call, CallContext};
use idv_core::{Error, ErrorKind, Result, Secret, Url, VendorId};
use serde_json::{Map, Value};

use super::request::{Endpoint, keyed, with_json};
use super::{Api, TransactionNumber, answer, loose};
use crate::config::{DataCentre, IdnowConfig};

/// Where the robots are (chapters 1.5 and 15.2).
const ADDRESS: &str = "https://api.test.idnow.de";

/// The test cases of the test system's robots (table of chapter 15.1).
///
/// An identification is started with the text of [`TestCase::automated`] or [`TestCase::manual`] as first name, last name or
/// custom field. In a manual test a human visits the link and a robot plays the agent. In an automated one robots play both: it
/// is set off by [`Api::start_test`] and then [`Api::request_video_chat`], for eSigning after the documents are uploaded. The
/// result comes as every other does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TestCase {
    /// Success, and nothing is changed.
    HappyPath,
    /// Success, with every field changed by the agent, and every character that IDnow allows in them.
    ChangeAll,
    /// Success, with every field changed by the review.
    ChangeAllReview,
    /// The agent aborts: the video is not good enough, for example.
    AbortIdent,
    /// The agent suspects fraud, and the review confirms it. Not for eSigning.
    FraudIdent,
    /// The review finds fraud, and confirms it. Not for eSigning.
    FraudReview,
    /// The agent suspects fraud, and the review finds none.
    FraudOk,
    /// The review finds that the identification was not done as it should be, and cancels it.
    Canceled,
    /// Success, and the review comes after 24 hours instead of 1 to 2 minutes.
    LongReview,
    /// Success, and the signed documents and the result come after 10 minutes. For eSigning only.
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

    /// The name in the table.
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

    /// The text that selects the case in which robots play the agent and the person.
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

    /// The text that selects the case in which a robot plays the agent, and a human the person.
    #[must_use]
    pub fn manual(self) -> String {
        format!("X-MANUALTEST-{}", self.name())
    }
}

/// The answer to starting a test. The document shows no answer; the parts are known from clients, and each may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestStarted {
    /// The Ident-ID, called `internalToken` here.
    pub id: Option<VendorId>,
    /// The state: `STARTED`.
    pub status: Option<String>,
    /// The kind of robot: `AUTO`.
    pub robot_type: Option<String>,
    /// The case that the robot plays: `happypath`.
    pub robot_name: Option<String>,
}

impl Api {
    /// Starts an automated test of an identification that was created for one (step 3 of chapter 15.2.4). It is not documented
    /// what a repetition does, so it is not repeated when its answer is lost.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`Unsupported`](ErrorKind::Unsupported) if the account is not on the test system: nothing is sent. With
    /// `gateway_url` in the configuration the robots are looked for there.
    pub async fn start_test(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
    ) -> Result<TestStarted> {
        let robots = self.robots()?;
        let reply = cx
            .send(Call::once(), |_| start(robots, &self.api_key, transaction))
            .await?;
        answer::succeeded(reply.status, &reply.body).map_err(|error| reply.complement(error))?;
        Ok(started(&reply.body))
    }

    /// Has the robots do what they are to do (step 4 of chapter 15.2.4), once. It needs no key.
    ///
    /// # Errors
    ///
    /// As [`Api::start_test`].
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
        let detail = "the test robots are on IDnow's test system alone: write host = \"test\"";
        self.robots
            .as_ref()
            .ok_or_else(|| Error::new(ErrorKind::Unsupported).detail(detail))
    }
}

/// Where the robots of an account are, if it has any.
pub(super) fn endpoint(config: &IdnowConfig) -> Result<Option<Endpoint>> {
    let address = match (&config.gateway_url, config.host) {
        // What stands for the gateway, an emulator say, stands for the robots too: both have the same paths.
        (Some(url), _) => url.clone(),
        (None, Some(DataCentre::Test)) => {
            Url::parse(ADDRESS).map_err(|_| Error::config("the robots have no address"))?
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

fn started(body: &[u8]) -> TestStarted {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return TestStarted::default();
    };
    TestStarted {
        id: loose::text(&object, "internalToken").map(VendorId::new),
        status: loose::text(&object, "status"),
        robot_type: loose::text(&object, "testRobotType"),
        robot_name: loose::text(&object, "testRobotName"),
    }
}
