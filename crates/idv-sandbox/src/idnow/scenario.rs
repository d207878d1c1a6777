//! The named scenarios of the person and the agents, their single steps, and the robots of
//! chapter 15.

use super::case::{Case, Outcome};
use crate::scenario::{self, Ending};

/// The effect of a step on an identification.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// A result arrives.
    Result {
        word: String,
        reason: Option<String>,
        manner: Manner,
    },
    /// The vendor deletes the identification.
    Forget,
}

/// The origin of a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Whether the agent changed fields during the identification.
    pub(crate) changed: bool,
    /// Whether the reviewer changed fields afterwards.
    pub(crate) review_changed: bool,
    /// Whether the values are ones that no form would send: the robot CHANGEALL.
    pub(crate) exotic: bool,
    /// Whether signing the documents failed.
    pub(crate) unsigned: bool,
}

/// The vendor's own scenarios, and common ones with another ending.
pub(crate) const SCENARIOS: &[(&str, Ending)] = &[
    ("suspicion-then-success", Ending::Verified),
    ("suspicion-then-changed", Ending::VerifiedWithChanges),
    ("check-pending", Ending::Verified),
    ("signing-failed", Ending::Unspecified),
];

/// The single steps: those of the person and the agent, then those of the reviewer.
pub(crate) const STEPS: &[(&str, &str)] = &[
    (
        "person-begins",
        "The person opens the link and starts the identification.",
    ),
    (
        "person-aborts",
        "The person aborts the identification and can start it again.",
    ),
    (
        "agent-aborts",
        "The agent aborts the identification because the video is not good enough.",
    ),
    (
        "agent-approves",
        "The agent confirms the person's data, and the review begins.",
    ),
    (
        "agent-changes-data",
        "The agent corrects the date of birth, and the review begins.",
    ),
    (
        "agent-suspects-fraud",
        "The agent suspects that the person is not the one on the document.",
    ),
    (
        "agent-rejects",
        "The agent sees a forged document and rejects the person without a review.",
    ),
    (
        "check-begins",
        "The identification ends with a further check before the result.",
    ),
    (
        "unknown-result",
        "The vendor sends the account's undocumented status.",
    ),
    (
        "reviewer-confirms",
        "The second agent confirms the identification, also after a suspicion.",
    ),
    (
        "reviewer-changes-data",
        "The second agent corrects the place of birth and confirms the identification.",
    ),
    (
        "reviewer-finds-fraud",
        "The second agent finds fraud, or confirms the suspicion of it.",
    ),
    (
        "reviewer-cancels",
        "The second agent cancels the identification because a picture is not good enough.",
    ),
    (
        "signing-fails",
        "The second agent confirms the identification, but the signature fails.",
    ),
];

/// The cases of the test robots (15.1).
const TEST_CASES: [&str; 10] = [
    "HAPPYPATH",
    "CHANGEALL",
    "CHANGEALLREVIEW",
    "ABORTIDENT",
    "FRAUDIDENT",
    "FRAUDREVIEW",
    "FRAUDOK",
    "CANCELED",
    "LONGREVIEW",
    "HOLDCERTIFICATE",
];

/// Returns whether a name is that of a robot's case (15.1).
pub(crate) fn is_test_case(name: &str) -> bool {
    TEST_CASES.contains(&name)
}

/// Returns whether a scenario or a robot's case (15.1) suits identifications with or without
/// documents to sign.
pub(crate) fn is_for(name: &str, e_signing: bool) -> bool {
    match name {
        "FRAUDIDENT" | "FRAUDREVIEW" => !e_signing,
        "HOLDCERTIFICATE" | "signing-failed" | "signing-fails" => e_signing,
        _ => true,
    }
}

const DAY_MINUTES: u64 = 24 * 60;

/// Plans a scenario or a robot's case; `None` if the name is neither. `unknown` is the result of
/// the scenario `unknown-status`.
pub(crate) fn plan(
    name: &str,
    reason: Option<&str>,
    unknown: &str,
) -> Option<scenario::Plan<Effect>> {
    let because = |default| reason.unwrap_or(default);
    let mut plan = Plan::default();
    match name {
        "happy" | "HAPPYPATH" => plan.call().agent_approves().review(12).reviewer_confirms(),
        "LONGREVIEW" => plan
            .call()
            .agent_approves()
            .review(DAY_MINUTES)
            .reviewer_confirms(),
        "data-changed" => plan
            .call()
            .agent_changes_data()
            .review(12)
            .reviewer_changes_data(),
        "CHANGEALL" => plan
            .call()
            .say("the agent changed every field")
            .changing(true, false)
            .exotic()
            .agent_approves()
            .review(12)
            .reviewer_confirms(),
        "CHANGEALLREVIEW" => plan
            .call()
            .exotic()
            .agent_approves()
            .review(12)
            .say("the reviewer changed every field")
            .changing(false, true)
            .reviewer_confirms(),
        "rejected" => plan.call().agent_rejects(because("WARNING_FAKE_ID")),
        "fraud" | "FRAUDIDENT" => plan
            .call()
            .agent_suspects(because("WARNING_PHOTO"))
            .review(12)
            .say("the review confirmed it")
            .fraud(because("WARNING_PHOTO")),
        "fraud-in-review" | "FRAUDREVIEW" => plan
            .call()
            .agent_approves()
            .review(12)
            .say("the review found fraud")
            .fraud(because("WARNING_ID_MANIPULATION")),
        "suspicion-then-changed" => plan
            .call()
            .say("the agent corrected the date of birth")
            .changing(true, false)
            .agent_suspects(because("WARNING_BEHAVIOUR"))
            .review(12)
            .say("the review found no fraud")
            .reviewer_changes_data(),
        "check-pending" => plan.call().check_begins().review(12).reviewer_confirms(),
        "signing-failed" => plan.call().agent_approves().review(12).signing_fails(),
        "suspicion-then-success" | "FRAUDOK" => plan
            .call()
            .agent_suspects(because("WARNING_BEHAVIOUR"))
            .review(12)
            .say("the review found nothing")
            .reviewer_confirms(),
        // The vendor holds the certificate back, and with it every message.
        "HOLDCERTIFICATE" => plan
            .call()
            .later(10)
            .say("the signed documents were sent out")
            .reviewer_confirms(),
        "ABORTIDENT" => plan.call().agent_aborts(because("TECH_VIDEO")),
        "aborted-then-success" => plan
            .call()
            .say("the connection was not good enough")
            .result("ABORTED", Some(because("TECH_INTERNET_CONNECTION")))
            .later(30)
            .say("tried again")
            .call()
            .agent_approves()
            .review(12)
            .reviewer_confirms(),
        "canceled-in-review" | "CANCELED" => plan
            .call()
            .agent_approves()
            .review(12)
            .reviewer_cancels(because("TECH_PHOTO")),
        "expired" => plan
            .later(90 * DAY_MINUTES)
            .say("never came, and the vendor deleted the identification")
            .forget(),
        "never-finishes" => plan.call().agent_approves().say("no agent reviewed it"),
        "unknown-status" => plan.call().unknown_result(unknown),
        _ => return None,
    };
    Some(plan.plan)
}

/// Plans a single step for an identification that is not finished. `unknown` is the result of the
/// step `unknown-result`.
pub(crate) fn step(
    name: &str,
    case: &Case,
    unknown: &str,
) -> Result<scenario::Plan<Effect>, &'static str> {
    let in_review = case
        .result
        .as_ref()
        .filter(|result| result.is_preliminary());
    let is_reviewers = matches!(
        name,
        "reviewer-confirms"
            | "reviewer-changes-data"
            | "reviewer-finds-fraud"
            | "reviewer-cancels"
            | "signing-fails"
    );
    if !STEPS.iter().any(|(known, _)| *known == name) {
        return Err("unknown step");
    }
    if !is_for(name, case.is_e_signing()) {
        return Err("the identification has no documents to sign");
    }
    match in_review {
        None if is_reviewers => return Err("the identification is not in review"),
        Some(_) if !is_reviewers => return Err("the identification is in review already"),
        _ => {}
    }
    let mut plan = Plan {
        manner: in_review.map(|result| result.manner).unwrap_or_default(),
        ..Plan::default()
    };
    // A confirmed suspicion keeps its reason.
    let suspicion = in_review.and_then(|result: &Outcome| result.reason.as_deref());
    match name {
        "person-begins" => plan.opens(),
        "person-aborts" => plan.person_aborts(),
        "agent-aborts" => plan.agent_aborts("TECH_VIDEO"),
        "agent-approves" => plan.agent_approves(),
        "agent-changes-data" => plan.agent_changes_data(),
        "agent-suspects-fraud" => plan.agent_suspects("WARNING_PHOTO"),
        "agent-rejects" => plan.agent_rejects("WARNING_FAKE_ID"),
        "check-begins" => plan.check_begins(),
        "unknown-result" => plan.unknown_result(unknown),
        "reviewer-confirms" => plan.reviewer_confirms(),
        "reviewer-changes-data" => plan.reviewer_changes_data(),
        "reviewer-finds-fraud" => plan
            .say("the review found fraud")
            .fraud(suspicion.unwrap_or("WARNING_ID_MANIPULATION")),
        "reviewer-cancels" => plan.reviewer_cancels("TECH_PHOTO"),
        "signing-fails" => plan.signing_fails(),
        _ => return Err("unknown step"),
    };
    Ok(plan.plan)
}

/// The pieces of the scenarios and the steps.
#[derive(Default)]
struct Plan {
    plan: scenario::Plan<Effect>,
    manner: Manner,
}

impl Plan {
    fn later(&mut self, minutes: u64) -> &mut Self {
        self.plan.later(minutes);
        self
    }

    fn say(&mut self, what: &str) -> &mut Self {
        self.plan.say(what);
        self
    }

    fn opens(&mut self) -> &mut Self {
        self.say("opened the link")
    }

    fn call(&mut self) -> &mut Self {
        self.opens()
            .later(2)
            .say("showed the identity card in the video call")
            .later(5)
    }

    fn person_aborts(&mut self) -> &mut Self {
        self.say("aborted the identification")
            .result("ABORTED", Some("USER_CANCELLATION"))
    }

    fn agent_aborts(&mut self, reason: &str) -> &mut Self {
        self.say("the video was not good enough")
            .result("ABORTED", Some(reason))
    }

    fn agent_approves(&mut self) -> &mut Self {
        self.result("REVIEW_PENDING", None)
    }

    fn agent_changes_data(&mut self) -> &mut Self {
        self.say("the agent corrected the date of birth")
            .changing(true, false)
            .agent_approves()
    }

    fn agent_suspects(&mut self, reason: &str) -> &mut Self {
        self.say("the agent suspected fraud")
            .result("FRAUD_SUSPICION_PENDING", Some(reason))
    }

    fn agent_rejects(&mut self, reason: &str) -> &mut Self {
        self.say("the agent saw a forged document").fraud(reason)
    }

    fn check_begins(&mut self) -> &mut Self {
        self.result("CHECK_PENDING", None)
    }

    fn unknown_result(&mut self, word: &str) -> &mut Self {
        self.say("the vendor sent an undocumented status")
            .result(word, None)
    }

    fn review(&mut self, minutes: u64) -> &mut Self {
        self.later(minutes).say("a second agent reviewed it")
    }

    /// Confirms the identification, with the changes so far.
    fn reviewer_confirms(&mut self) -> &mut Self {
        if self.manner.changed || self.manner.review_changed {
            self.result("SUCCESS_DATA_CHANGED", None)
        } else {
            self.result("SUCCESS", None)
        }
    }

    fn reviewer_changes_data(&mut self) -> &mut Self {
        self.manner.review_changed = true;
        self.say("the reviewer corrected the place of birth")
            .reviewer_confirms()
    }

    fn reviewer_cancels(&mut self, reason: &str) -> &mut Self {
        self.say("the picture was not good enough")
            .result("CANCELED", Some(reason))
    }

    fn signing_fails(&mut self) -> &mut Self {
        self.manner.unsigned = true;
        self.say("the signature failed").reviewer_confirms()
    }

    fn fraud(&mut self, reason: &str) -> &mut Self {
        self.result("FRAUD_SUSPICION_CONFIRMED", Some(reason))
    }

    const fn changing(&mut self, changed: bool, review_changed: bool) -> &mut Self {
        (self.manner.changed, self.manner.review_changed) = (changed, review_changed);
        self
    }

    const fn exotic(&mut self) -> &mut Self {
        self.manner.exotic = true;
        self
    }

    fn result(&mut self, word: &str, reason: Option<&str>) -> &mut Self {
        let result = Effect::Result {
            word: word.to_owned(),
            reason: reason.map(str::to_owned),
            manner: self.manner,
        };
        self.plan
            .say(&format!("the result was {word}"))
            .effect(result);
        self
    }

    fn forget(&mut self) -> &mut Self {
        self.plan
            .say("the identification was gone")
            .effect(Effect::Forget);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::STEPS;
    use crate::idnow::Own;
    use crate::part::Part as _;
    use crate::sandbox::{Sandbox, SandboxError};

    /// The steps that lead to each state, in this order.
    const PATHS: [(&[&str], &str); 12] = [
        (&["person-begins"], "started"),
        (
            &["person-begins", "person-aborts"],
            "ABORTED (USER_CANCELLATION)",
        ),
        (&["agent-aborts"], "ABORTED (TECH_VIDEO)"),
        (
            &["agent-aborts", "agent-approves", "reviewer-confirms"],
            "SUCCESS",
        ),
        (
            &["agent-changes-data", "reviewer-confirms"],
            "SUCCESS_DATA_CHANGED",
        ),
        (
            &["agent-approves", "reviewer-changes-data"],
            "SUCCESS_DATA_CHANGED",
        ),
        (
            &["agent-suspects-fraud", "reviewer-finds-fraud"],
            "FRAUD_SUSPICION_CONFIRMED (WARNING_PHOTO)",
        ),
        (
            &["agent-approves", "reviewer-finds-fraud"],
            "FRAUD_SUSPICION_CONFIRMED (WARNING_ID_MANIPULATION)",
        ),
        (&["agent-suspects-fraud", "reviewer-confirms"], "SUCCESS"),
        (
            &["agent-rejects"],
            "FRAUD_SUSPICION_CONFIRMED (WARNING_FAKE_ID)",
        ),
        (
            &["check-begins", "reviewer-cancels"],
            "CANCELED (TECH_PHOTO)",
        ),
        (&["unknown-result"], "ESCALATED_TO_PARTNER"),
    ];

    async fn sandbox() -> Sandbox {
        let builder = Sandbox::builder().speed(0.0).in_process();
        let sandbox = builder.start().await.unwrap();
        let base = sandbox.idnow().base_url();
        let start = format!("{base}/api/v1/ihrebank/identifications/T-1/start");
        let request = http::Request::post(start)
            .header("content-type", "application/json")
            .header("x-api-key", "exampleApiKey")
            .body(Bytes::from("{}"))
            .unwrap();
        assert_eq!(sandbox.exchange(request).await.unwrap().status(), 201);
        sandbox
    }

    async fn take(sandbox: &Sandbox, step: &str) -> Result<(), SandboxError> {
        sandbox.vendor("idnow").unwrap().take_step("T-1", step)?;
        sandbox.clock().advance(Duration::ZERO).await;
        Ok(())
    }

    #[tokio::test]
    async fn steps_lead_to_their_states() {
        let mut taken = vec!["signing-fails"];
        for (steps, state) in PATHS {
            let sandbox = sandbox().await;
            for step in steps {
                take(&sandbox, step).await.unwrap();
                taken.push(step);
            }
            let listed = (Own::ENTRY.find)(&sandbox.worlds.state(), "T-1").unwrap();
            assert_eq!(listed.summary.state, state, "{steps:?}");
        }
        for (step, description) in STEPS {
            assert!(taken.contains(step), "{step}");
            assert!(description.ends_with('.'), "{step}");
        }
    }

    #[tokio::test]
    async fn step_is_refused_unless_it_fits_the_state() {
        let sandbox = sandbox().await;
        for (step, reason) in [
            ("reviewer-confirms", "not in review"),
            ("signing-fails", "no documents to sign"),
            ("agent-sleeps", "unknown step; steps: person-begins"),
        ] {
            let error = take(&sandbox, step).await.unwrap_err().to_string();
            assert!(error.contains(reason), "{step}: {error}");
        }
        take(&sandbox, "agent-approves").await.unwrap();
        let error = take(&sandbox, "person-begins").await.unwrap_err();
        assert!(error.to_string().contains("in review already"), "{error}");
        take(&sandbox, "reviewer-confirms").await.unwrap();
        let error = take(&sandbox, "reviewer-cancels").await.unwrap_err();
        assert!(error.to_string().contains("over"), "{error}");
    }
}
