//! The named scenarios of the person and the agents, and the test robots (9.5).
//!
//! The order of the statuses follows the document's sample (3.2.9) and the meaning of the codes
//! (3.2.3), since the flows of 10.4 and 10.5 are pictures.

use super::Effect;
use super::account::Account;
use super::case::{Case, Method};
use super::order::add;
use crate::scenario::Ending;

/// The vendor's own scenarios, and common ones with another ending.
pub(crate) const SCENARIOS: &[(&str, Ending)] = &[
    ("suspicion-then-success", Ending::Disputed),
    ("success-then-suspicion", Ending::Disputed),
    ("suspicion-then-canceled", Ending::Canceled),
    ("suspicion-alone", Ending::InReview),
    ("born-1970", Ending::Verified),
    ("no-person", Ending::Unspecified),
    ("signature-aborted", Ending::Unspecified),
    ("signature-expired", Ending::Unspecified),
];
const DAY_MINUTES: u64 = 24 * 60;
/// The time after which a test robot has finished (9.5), in seconds.
const ROBOT: u64 = 20;

/// The plan of a scenario.
pub(crate) type Plan = crate::scenario::Plan<Effect>;

/// Plans a scenario. Fails if there is no such scenario for the order.
pub(crate) fn plan(name: &str, case: &Case, account: &Account) -> Result<Plan, &'static str> {
    let mut plan = Plan::default();
    if case.identified.is_some() {
        return match name {
            "happy" => Ok(plan.sign(case, account).done()),
            "signature-aborted" if case.submitted.is_signed() => {
                Ok(plan.refuse_signature(case, account).done())
            }
            "signature-expired" if case.submitted.is_signed() => {
                Ok(plan.forget_signature(case, account)?.done())
            }
            _ => Err("the person is already identified; only the signature remains"),
        };
    }
    match name {
        "happy" => plan
            .conduct(case)
            .review(case)
            .identify(case, account)
            .sign(case, account),
        "data-changed" => {
            plan.conduct(case)
                .say("the agent corrected the date and the place of birth");
            plan.effect(Effect::Changed)
                .review(case)
                .identify(case, account)
                .sign(case, account)
        }
        "rejected" => {
            plan.conduct(case)
                .say("the agent found the document not valid");
            plan.reject(case, 20_005, 73)
        }
        "fraud" => {
            plan.conduct(case)
                .status("the agent suspected fraud", 89, None);
            plan.reject(case, 20_003, 72)
        }
        "fraud-in-review" => {
            plan.conduct(case).review_begins(case).later(12).status(
                "the reviewer suspected fraud",
                89,
                None,
            );
            plan.reject(case, 20_001, 72)
        }
        "aborted-then-success" => {
            plan.abort(case).later(30).say("tried again");
            plan.conduct(case)
                .review(case)
                .identify(case, account)
                .sign(case, account)
        }
        "canceled-in-review" => {
            plan.conduct(case).review_begins(case).later(12);
            if case.method() == Method::Video {
                plan.find_error();
            }
            plan.terminate()
        }
        "suspicion-then-success" => plan
            .conduct(case)
            .suspect(case)
            .review(case)
            .identify(case, account)
            .sign(case, account),
        "success-then-suspicion" => {
            plan.conduct(case)
                .review(case)
                .identify(case, account)
                .sign(case, account);
            plan.later(60)
                .status("an agent suspected fraud after all", 89, None)
        }
        "suspicion-then-canceled" => plan.conduct(case).suspect(case).later(12).terminate(),
        "suspicion-alone" => plan
            .conduct(case)
            .suspect(case)
            .say("no agent went on with it"),
        "born-1970" => {
            plan.conduct(case)
                .say("the document said 1 January 1970")
                .effect(Effect::Born("1970-01-01"));
            plan.review(case)
                .identify(case, account)
                .sign(case, account)
        }
        "no-person" => {
            plan.conduct(case)
                .say("the result named no person")
                .effect(Effect::Nameless);
            plan.review(case)
                .identify(case, account)
                .sign(case, account)
        }
        "expired" => plan.say("never came").time_out(account)?,
        "never-finishes" => plan
            .conduct(case)
            .review_begins(case)
            .say("no agent reviewed it"),
        "unknown-status" => plan.conduct(case).status(
            "the vendor set an undocumented status",
            account.unknown_status,
            None,
        ),
        "signature-aborted" if case.submitted.is_signed() => plan
            .conduct(case)
            .review(case)
            .identify(case, account)
            .refuse_signature(case, account),
        "signature-expired" if case.submitted.is_signed() => plan
            .conduct(case)
            .review(case)
            .identify(case, account)
            .forget_signature(case, account)?,
        "signature-aborted" | "signature-expired" => return Err("there is nothing to sign"),
        _ => return Err("unknown scenario"),
    };
    Ok(plan.done())
}

/// Plans the work of a test robot, which the reference selects.
pub(crate) fn robot(case: &Case, account: &Account) -> Option<Plan> {
    let mut plan = Plan::after(ROBOT);
    match case.submitted.reference() {
        "X-AUTOTEST-POSITIVE" => plan.robot_identifies(case, account),
        "X-AUTOTEST-NEGATIVE" => plan.status("the robot found them negative", 17, Some(48)),
        "X-AUTOTEST-FRAUD" => plan.status("the robot suspected fraud", 89, None).status(
            "the identification was negative",
            17,
            Some(72),
        ),
        _ => return None,
    };
    Some(plan.done())
}

/// Returns the sub-status of the SMS with the TAN for a signature.
pub(crate) fn signature_sms(case: &Case, account: &Account) -> u32 {
    match () {
        () if case.submitted.adds(add::ADVANCED) => 49,
        () if case.uses_sign_me(account) => 16,
        () => 17,
    }
}

impl Plan {
    pub(super) fn done(&mut self) -> Self {
        std::mem::take(self)
    }

    pub(super) fn status(&mut self, what: &str, kind: u32, sub_kind: Option<u32>) -> &mut Self {
        self.say(&format!("{what}: {kind}"))
            .effect(Effect::Status(kind, sub_kind))
    }

    /// Plans the person's part.
    fn conduct(&mut self, case: &Case) -> &mut Self {
        self.begin(case).complete(case)
    }

    /// Plans the beginning of the person's part.
    pub(super) fn begin(&mut self, case: &Case) -> &mut Self {
        match case.method() {
            Method::Video => {
                self.later(1).status(
                    "was in the waiting room of the video identification",
                    77,
                    None,
                );
                self.later(1).status("the call began", 78, None)
            }
            Method::Eid => self.later(1).status("asked for the app", 49, None).status(
                "opened the app",
                50,
                None,
            ),
            Method::AutoId => self
                .later(1)
                .status("opened autoID", 98, None)
                .later(1)
                .status("got a link to the phone", 71, Some(23)),
            Method::Phone => self
                .later(1)
                .status("a TAN came to the phone", 71, Some(16)),
            // No status reports that the person goes to a shop.
            Method::Shop | Method::Earlier => self,
        }
    }

    /// Plans the rest of the person's part.
    pub(super) fn complete(&mut self, case: &Case) -> &mut Self {
        match case.method() {
            Method::Video => {
                self.later(4)
                    .status("read out the TAN that came to the phone", 71, Some(16));
                self.effect(Effect::MobileVerified).later(1).status(
                    "the video identification was conducted",
                    75,
                    None,
                )
            }
            Method::Shop => self
                .later(60)
                .status("showed the identity card in a shop", 105, None),
            Method::Eid => {
                if case.asks_of_eid("VerifyMobileNumber") {
                    self.status("read out the TAN that came to the phone", 71, Some(62))
                        .effect(Effect::MobileVerified);
                }
                self.later(2)
                    .status("read the identity card's chip", 51, None)
            }
            Method::AutoId => self.later(3).status(
                "took pictures of the identity card and of themselves",
                105,
                None,
            ),
            Method::Phone => self
                .say("proved control of the phone")
                .effect(Effect::MobileVerified),
            Method::Earlier => self,
        }
    }

    /// Plans the beginning of the verification.
    pub(super) fn review_begins(&mut self, case: &Case) -> &mut Self {
        match case.method() {
            Method::Video => {
                self.status("the call waits for its verification", 104, None);
                self.status("it is under verification", 105, None).status(
                    "quality management has it",
                    11,
                    None,
                )
            }
            Method::Shop | Method::AutoId => self.status("quality management has it", 11, None),
            Method::Eid | Method::Phone | Method::Earlier => self,
        }
    }

    /// Plans a verification without findings.
    fn review(&mut self, case: &Case) -> &mut Self {
        self.review_begins(case).review_ends(case)
    }

    /// Plans the end of a verification without findings.
    pub(super) fn review_ends(&mut self, case: &Case) -> &mut Self {
        match case.method() {
            Method::Video => {
                self.later(12)
                    .status("the verification was positive", 106, None);
                self.status("quality management is done", 30, None)
            }
            Method::Shop | Method::AutoId => {
                self.later(12)
                    .status("quality management is done", 30, None)
            }
            Method::Eid | Method::Phone | Method::Earlier => self,
        }
    }

    /// Plans a positive identification.
    pub(super) fn identify(&mut self, case: &Case, account: &Account) -> &mut Self {
        if case.method() == Method::Earlier {
            return self;
        }
        self.status("the identification was positive", 6, None);
        if case.method() != Method::Phone {
            self.status("the document was verified", 23, None);
        }
        if case.uses_sign_me(account) {
            self.status("the sign-me account was verified", 95, None);
        }
        if !case.submitted.is_signed() {
            self.status("the data can be fetched", 80, None);
        }
        self
    }

    /// Plans the signature on the vendor's pages, if the order has one and the customer does not
    /// perform it (5).
    pub(super) fn sign(&mut self, case: &Case, account: &Account) -> &mut Self {
        if !case.submitted.is_signed() {
            return self;
        }
        self.preview(case, account);
        if account.customer_side_signing {
            return self.say("waits for the customer to start the signing");
        }
        self.later(1).status("asked to sign", 83, None);
        self.status(
            "got the TAN for the signature",
            71,
            Some(signature_sms(case, account)),
        )
        .effect(Effect::MobileVerified);
        self.later(1)
            .status("the documents were signed", 84, None)
            .status("the data can be fetched", 80, None)
    }

    /// The person leaves without a signature.
    pub(super) fn refuse_signature(&mut self, case: &Case, account: &Account) -> &mut Self {
        self.preview(case, account)
            .later(1)
            .status("aborted the signing", 103, None)
    }

    /// The person never returns for the signature.
    fn forget_signature(
        &mut self,
        case: &Case,
        account: &Account,
    ) -> Result<&mut Self, &'static str> {
        self.preview(case, account)
            .say("never signed")
            .time_out(account)
    }

    /// Lets the time-out pass, which is planned since the order was created.
    fn time_out(&mut self, account: &Account) -> Result<&mut Self, &'static str> {
        let days = account
            .time_out_days
            .ok_or("the account has no time-out, so its orders do not expire")?;
        Ok(self
            .later(u64::from(days) * DAY_MINUTES)
            .say("the order had timed out by then"))
    }

    /// Plans a suspicion of fraud. autoID has its own codes, and only an agent's flag shows in the
    /// result (3.3.4).
    pub(super) fn suspect(&mut self, case: &Case) -> &mut Self {
        match case.method() {
            Method::AutoId => self.status("autoID suspected fraud", 20_003, None),
            _ => self.status("the agent suspected fraud", 89, None),
        }
    }

    fn preview(&mut self, case: &Case, account: &Account) -> &mut Self {
        if !case.reached(101) {
            self.status("the documents were verified and hashed", 101, None);
        }
        if !account.customer_side_signing && !case.reached(102) {
            self.later(1).status("looked at the documents", 102, None);
        }
        self
    }

    /// Plans a negative identification, with autoID's code and the sub-status of the reason.
    pub(super) fn reject(&mut self, case: &Case, auto_id: u32, reason: u32) -> &mut Self {
        self.decline(case, auto_id)
            .status("the identification was negative", 17, Some(reason))
    }

    /// Plans an error that the reviewer of a video identification finds in the data.
    pub(super) fn find_error(&mut self) -> &mut Self {
        self.status("the reviewer found an error in the data", 107, None)
    }

    /// Plans the end of the processing without a result.
    pub(super) fn terminate(&mut self) -> &mut Self {
        self.status("the processing was terminated", 22, None)
    }

    /// Plans the statuses of a negative identification before the final one.
    fn decline(&mut self, case: &Case, auto_id: u32) -> &mut Self {
        match case.method() {
            Method::Video => self.status("the verification was negative", 108, None),
            Method::AutoId => self.status("autoID said why", auto_id, None),
            _ => self,
        }
    }

    /// Plans an unsuccessful attempt.
    fn abort(&mut self, case: &Case) -> &mut Self {
        match case.method() {
            Method::Video => self.begin(case).fail(case),
            Method::AutoId => self.later(1).status("opened autoID", 98, None).fail(case),
            Method::Eid => self
                .later(1)
                .status("asked for the app", 49, None)
                .fail(case),
            Method::Shop | Method::Phone | Method::Earlier => self.fail(case),
        }
    }

    /// Plans that the person leaves the video call.
    pub(super) fn leave(&mut self) -> &mut Self {
        self.status("the call was left", 79, None)
    }

    /// Plans the end of an unsuccessful attempt.
    pub(super) fn fail(&mut self, case: &Case) -> &mut Self {
        match case.method() {
            Method::Video => {
                self.later(2).leave().status(
                    "the light was too poor, and the processing was aborted",
                    21,
                    Some(39),
                );
                self.status("got a mail to try it again", 7, Some(21))
            }
            Method::AutoId => {
                self.later(2)
                    .status("the picture of the document was blurry", 153, Some(176))
            }
            Method::Eid => self.later(1).status("eID was aborted", 53, None),
            Method::Shop => self
                .later(60)
                .status("the document could not be processed", 24, None),
            Method::Phone | Method::Earlier => self.say("did nothing at first"),
        }
    }

    fn robot_identifies(&mut self, case: &Case, account: &Account) -> &mut Self {
        if case.method() == Method::Video {
            self.status("the robot conducted the identification", 75, None);
        }
        self.identify(case, account);
        if case.submitted.is_signed() {
            self.status("the documents were signed", 84, None).status(
                "the data can be fetched",
                80,
                None,
            );
        }
        self
    }
}
