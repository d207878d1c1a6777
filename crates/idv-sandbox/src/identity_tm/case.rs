//! One order: what was submitted, and what has happened.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::account::Account;
use super::codes;
use super::order::{Submitted, add, product};
use crate::part::Verification;

/// One order at Identity.TM.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The OrderID.
    pub(crate) id: String,
    /// The user name of the account.
    pub(crate) user: String,
    pub(crate) submitted: Submitted,
    pub(crate) created: Timestamp,
    /// What the person's links end with.
    pub(crate) token: String,
    pub(crate) statuses: Vec<Status>,
    pub(crate) attempt: u32,
    /// Whether the agent corrected what was submitted.
    pub(crate) changed: bool,
    /// The day of birth that the document says, if it is another than was submitted.
    pub(crate) born: Option<&'static str>,
    /// Whether the result names no person.
    pub(crate) nameless: bool,
    /// Whether an agent flagged a possible fraud.
    pub(crate) fraud: bool,
    /// Whether the person has done their part of the identification, for now.
    pub(crate) conducted: bool,
    /// When there came to be a result.
    pub(crate) identified: Option<Timestamp>,
    /// What was identified earlier and is used again (7).
    pub(crate) reused: Option<Map<String, Value>>,
    /// Whether the mobile number was verified with a TAN.
    pub(crate) mobile_verified: bool,
    /// Whether the data are deleted.
    pub(crate) deleted: bool,
    /// Whether the recording was provided (3.9).
    pub(crate) video_ready: bool,
    /// The TAN that was sent last.
    pub(crate) tan: Option<Tan>,
    /// What is asked for by a TAN at the moment.
    pub(crate) asked: Option<Asked>,
    /// The mails of `EmailNotifications`: kind and address.
    pub(crate) mails: Vec<(&'static str, String)>,
}

/// A status and when it was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) kind: u32,
    pub(crate) sub_kind: Option<u32>,
    pub(crate) at: Timestamp,
    pub(crate) text: Option<&'static str>,
}

/// A TAN as the person's phone shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tan {
    pub(crate) code: String,
    pub(crate) number: String,
    pub(crate) text: String,
}

/// A process that waits for a TAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) purpose: Purpose,
    /// How often a wrong TAN was given.
    pub(crate) wrong: u32,
}

/// What a TAN is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Chapter 5.
    Signature,
    /// Chapter 6.
    Phone,
}

/// By what method an order's person is identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Video,
    Shop,
    Eid,
    AutoId,
    /// Nothing but the phone number is verified.
    Phone,
    /// The person was identified earlier.
    Earlier,
}

impl Verification for Case {
    fn account(&self) -> &str {
        &self.user
    }

    fn is_over(&self) -> bool {
        self.is_final()
    }

    fn attempt(&mut self) -> &mut u32 {
        &mut self.attempt
    }
}

impl Case {
    pub(crate) const fn new(
        id: String,
        user: String,
        token: String,
        submitted: Submitted,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            user,
            submitted,
            created: now,
            token,
            statuses: Vec::new(),
            attempt: 0,
            changed: false,
            born: None,
            nameless: false,
            fraud: false,
            conducted: false,
            identified: None,
            reused: None,
            mobile_verified: false,
            deleted: false,
            video_ready: false,
            tan: None,
            asked: None,
            mails: Vec::new(),
        }
    }

    /// Whether a status of this kind was reached.
    pub(crate) fn reached(&self, kind: u32) -> bool {
        self.statuses.iter().any(|status| status.kind == kind)
    }

    /// Whether the vendor suspects fraud: an agent's flag, or a finding of autoID.
    pub(crate) fn is_suspicious(&self) -> bool {
        self.fraud
            || self
                .statuses
                .iter()
                .any(|status| matches!(status.kind, 20_000..=20_003))
    }

    /// Whether the process has come to its end (3.2.1). Which status is final depends on whether the order is to be signed.
    pub(crate) fn is_final(&self) -> bool {
        self.statuses.iter().any(|status| self.ends(status.kind))
    }

    /// Whether a status ends this order.
    pub(crate) fn ends(&self, kind: u32) -> bool {
        let signed = self.submitted.is_signed();
        codes::code(kind).is_some_and(|code| {
            if signed {
                code.ends_signing
            } else {
                code.ends_identification
            }
        })
    }

    /// Whether there is a result to be fetched: the person was identified, or is suspected of fraud (2.4).
    pub(crate) fn has_result(&self) -> bool {
        self.is_final() && self.identified.is_some() && !self.deleted
    }

    pub(crate) fn method(&self) -> Method {
        if self.reused.is_some() || self.submitted.adds(add::SIGN_ME_USE) {
            return Method::Earlier;
        }
        match self.submitted.product {
            product::SHOP => Method::Shop,
            product::ANY_BUT_VIDEO if self.asks_of_eid("DisableEID") => Method::Shop,
            product::AUTO_ID => Method::AutoId,
            product::PHONE => Method::Phone,
            product::VIDEO | product::ESIGN => Method::Video,
            _ => Method::Eid,
        }
    }

    /// Whether an element of `eIDSettings` is set.
    pub(crate) fn asks_of_eid(&self, name: &str) -> bool {
        self.submitted
            .value(&["eIDSettings", name])
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    /// Whether images of the document were recorded: by eID, where they were asked for (3.1.4, `eIDSettings`).
    pub(crate) fn has_images(&self, account: &Account) -> bool {
        let taken = match self.method() {
            Method::Video | Method::Shop | Method::AutoId => true,
            Method::Eid => self.asks_of_eid("CaptureImages") || self.asks_of_eid("EnableOCR"),
            Method::Phone | Method::Earlier => false,
        };
        taken && account.image_recording && self.identified.is_some()
    }

    /// Whether it is signed through sign-me.
    pub(crate) fn uses_sign_me(&self, account: &Account) -> bool {
        self.submitted.product == product::ESIGN
            && account.sign_me
            && (self.submitted.adds(add::SIGN_ME) || !account.namirial)
    }

    /// Whether the order was made where an agent is: `Add` says so.
    pub(crate) const fn is_at_point_of_sale(&self) -> bool {
        self.submitted.adds(add::POS_ESIGN | add::POS_IDENT)
    }

    /// Whether there is a recording of the video call (3.10.1).
    pub(crate) fn has_video(&self, account: &Account) -> bool {
        let wanted = account.video_recording || self.submitted.adds(add::RECORD_VIDEO);
        wanted
            && self.method() == Method::Video
            && (self.reached(6) || self.reached(89))
            && self.is_final()
    }
}
