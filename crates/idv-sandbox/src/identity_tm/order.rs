//! The request of putOrder (3.1.4): the rules that concern several rows.

use serde_json::{Map, Value};

use super::account::Account;
use super::failure::Failure;
use super::{check, elements, esign, rules};
use crate::iso;

/// The products (3.1.4, `Product`).
pub(crate) mod product {
    pub(crate) const ANY_BUT_VIDEO: u64 = 0;
    pub(crate) const SHOP: u64 = 8;
    pub(crate) const VIDEO: u64 = 12;
    pub(crate) const ESIGN: u64 = 15;
    pub(crate) const AUTO_ID: u64 = 16;
    pub(crate) const PHONE: u64 = 17;
    pub(crate) const READER: u64 = 19;
    pub(crate) const ALL: [u64; 7] = [ANY_BUT_VIDEO, SHOP, VIDEO, ESIGN, AUTO_ID, PHONE, READER];
}

/// The additional behaviors (3.1.4, `Add`), whose values add up.
pub(crate) mod add {
    pub(crate) const SIGN_ME_ANY: u64 = 4;
    pub(crate) const SIGN_ME_CREATE: u64 = 8;
    pub(crate) const SIGN_ME_USE: u64 = 16;
    pub(crate) const ADVANCED: u64 = 128;
    pub(crate) const BASIC: u64 = 256;
    pub(crate) const LICENSE: u64 = 4096;
    pub(crate) const LICENSE_ALONE: u64 = 8192;
    pub(crate) const RECORD_VIDEO: u64 = 131_072;
    pub(crate) const POS_ESIGN: u64 = 4_194_304;
    pub(crate) const POS_IDENT: u64 = 8_388_608;
    pub(crate) const SIGN_ME: u64 = SIGN_ME_ANY | SIGN_ME_CREATE | SIGN_ME_USE | BASIC;
    pub(crate) const ALL: u64 =
        SIGN_ME | ADVANCED | LICENSE | LICENSE_ALONE | RECORD_VIDEO | POS_ESIGN | POS_IDENT;
    /// At most one of each of these sets is possible.
    pub(crate) const EXCLUSIVE: [u64; 3] = [
        SIGN_ME_ANY | SIGN_ME_CREATE | SIGN_ME_USE,
        ADVANCED | BASIC,
        POS_ESIGN | POS_IDENT,
    ];
}

/// The checked request of an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Submitted {
    body: Map<String, Value>,
    /// The paths of the elements that are not in the table.
    pub(crate) unknown: Vec<String>,
    pub(crate) product: u64,
    pub(crate) add: u64,
}

impl Submitted {
    /// Parses a request and checks it on its own and against the account.
    pub(crate) fn read(body: &[u8], account: &Account) -> Result<Self, Failure> {
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
            return Err(Failure::by(
                &rules::JSON_BODY,
                "the body must be a JSON object",
            ));
        };
        let mut unknown = Vec::new();
        check::object(elements::ROOT, &body, "", &mut unknown)?;
        let number = |name: &str| body.get(name).and_then(Value::as_u64);
        let product = number("Product").filter(|product| product::ALL.contains(product));
        let product = product.ok_or_else(|| {
            Failure::by(
                &rules::PRODUCT,
                "Product must be one of 0, 8, 12, 15, 16, 17, 19",
            )
        })?;
        let add = number("Add").filter(|add| add & !add::ALL == 0);
        let add =
            add.ok_or_else(|| Failure::by(&rules::ADD, "Add must be a sum of documented values"))?;
        let submitted = Self {
            body,
            unknown,
            product,
            add,
        };
        submitted.demand_enabled(account)?;
        submitted.demand_one_webhook()?;
        submitted.demand_additional()?;
        esign::check(&submitted, account)?;
        Ok(submitted)
    }

    /// Returns an element by its path.
    pub(crate) fn value(&self, path: &[&str]) -> Option<&Value> {
        let (last, parents) = path.split_last()?;
        let parent = parents
            .iter()
            .try_fold(&self.body, |object, name| object.get(*name)?.as_object())?;
        parent.get(*last).filter(|value| !value.is_null())
    }

    /// Returns a text that is not empty, by its path.
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        self.value(path)?.as_str().filter(|text| !text.is_empty())
    }

    /// Returns whether a flag is set.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.value(&[name])
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    pub(crate) const fn adds(&self, behavior: u64) -> bool {
        self.add & behavior != 0
    }

    /// Returns the customer's reference; empty if there is none.
    pub(crate) fn reference(&self) -> &str {
        self.text(&["Ref"]).unwrap_or_default()
    }

    /// Returns whether the order ends with a signature. An order that only creates a sign-me
    /// account does not (9.1).
    pub(crate) const fn is_signed(&self) -> bool {
        self.product == product::ESIGN && !self.adds(add::SIGN_ME_CREATE)
    }

    /// Returns the person's mobile number, from the identification or from the contact.
    pub(crate) fn mobile(&self) -> Option<&str> {
        self.text(&["Mobile"])
            .or_else(|| self.text(&["IdentData", "Mobile"]))
    }

    /// Removes everything except the identifiers and the webhooks.
    pub(crate) fn forget(&mut self) {
        self.body
            .retain(|name, _| matches!(name.as_str(), "Ref" | "WebhookURL" | "RedirectURL"));
    }

    fn demand_enabled(&self, account: &Account) -> Result<(), Failure> {
        if !account
            .products
            .iter()
            .any(|enabled| u64::from(*enabled) == self.product)
        {
            return Err(Failure::by(
                &rules::PRODUCT_ENABLED,
                format!("Product {} is not enabled on the account", self.product),
            ));
        }
        if let Some(both) = add::EXCLUSIVE
            .into_iter()
            .find(|both| (self.add & both).count_ones() > 1)
        {
            return Err(Failure::by(
                &rules::ADD_EXCLUSIVE,
                format!("Add: {} contradict each other", self.add & both),
            ));
        }
        if self.adds(add::SIGN_ME) && !account.sign_me {
            return Err(Failure::by(
                &rules::SIGN_ME_BEHAVIOR,
                "Add: the account does not sign through sign-me",
            ));
        }
        if self.adds(add::ADVANCED) && !account.advanced_signatures {
            return Err(Failure::by(
                &rules::ADVANCED_SEAL,
                "Add: the account has no seal for advanced signatures",
            ));
        }
        Ok(())
    }

    fn demand_one_webhook(&self) -> Result<(), Failure> {
        let named = |name: &str| self.value(&["WebhookURL", name]).is_some();
        if named("AfterVideo") && named("AfterIdent") {
            return Err(Failure::by(
                &rules::ONE_IDENT_WEBHOOK,
                "WebhookURL: AfterVideo cannot be used together with AfterIdent",
            ));
        }
        Ok(())
    }

    /// Checks the number of special attributes, and the types of their values.
    fn demand_additional(&self) -> Result<(), Failure> {
        let Some(Value::Object(details)) = self.value(&["IdentData", "Additional"]) else {
            return Ok(());
        };
        let most = if self.product == product::SHOP { 2 } else { 10 };
        if details.len() > most {
            return Err(Failure::by(
                &rules::ADDITIONAL_COUNT,
                format!("IdentData.Additional must have at most {most} items"),
            ));
        }
        for (name, detail) in details {
            let text = detail
                .get("Value")
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty());
            let kind = detail.get("Type").and_then(Value::as_u64);
            let broken = match (kind, text) {
                (Some(1..=4), None) | (Some(1), _) => None,
                (Some(2), Some(text)) if iso::is_date(text) => None,
                (Some(3), Some("true" | "false" | "1" | "0")) => None,
                (Some(4), Some(text)) if iso::is_country(text, 3) => None,
                (Some(2..=4), _) => Some(&rules::ADDITIONAL_VALUE),
                _ => Some(&rules::ADDITIONAL_TYPE),
            };
            if let Some(rule) = broken {
                return Err(Failure::by(
                    rule,
                    format!("IdentData.Additional.{name}: Type must be 1 to 4, and Value be of it"),
                ));
            }
        }
        Ok(())
    }
}
