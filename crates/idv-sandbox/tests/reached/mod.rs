//! Collects the rules that a test's requests break, and tests the hints of a vendor's routes.

use std::collections::BTreeSet;

use idv_sandbox::{Sandbox, Vendor};

use crate::support::{Reply, send};

/// A text in submitted values, which no refusal repeats.
pub(crate) const SUBMITTED: &str = "Mustermann";

/// An id of a usual length. A shorter one could count as a surplus segment of a shorter path.
const ID: &str = "99920006C38842";

/// The rules of a vendor that requests have broken so far.
pub(crate) struct Reached<'a> {
    sandbox: &'a Sandbox,
    vendor: Vendor<'a>,
    names: BTreeSet<&'static str>,
}

impl<'a> Reached<'a> {
    pub(crate) fn of(sandbox: &'a Sandbox, vendor: &str) -> Self {
        Self {
            sandbox,
            vendor: sandbox.vendor(vendor).unwrap(),
            names: BTreeSet::new(),
        }
    }

    /// Checks that the latest request was refused by this rule.
    #[track_caller]
    pub(crate) fn check(&mut self, reply: &Reply, rule: &str) {
        let request = self.sandbox.requests().pop().unwrap();
        let Some(refusal) = request.refusal else {
            panic!("{rule}: the request was answered with {}", reply.status);
        };
        assert_eq!(refusal.rule.name, rule);
        assert_eq!(refusal.rule.status, reply.status, "{rule}");
        let header = reply.header("x-sandbox-refusal").unwrap();
        assert!(header.starts_with(refusal.rule.section), "{header}");
        let detail = refusal.detail.unwrap_or_default();
        assert!(!detail.contains(SUBMITTED), "{detail}");
        self.names.insert(refusal.rule.name);
    }

    /// Checks that every rule of the vendor was broken, and that each is well formed.
    pub(crate) fn check_all(self) {
        let rules = self.vendor.rules();
        let names: BTreeSet<&str> = rules.iter().map(|rule| rule.name).collect();
        assert_eq!(self.names, names);
        assert_eq!(names.len(), rules.len(), "the names are unique");
        for rule in rules {
            assert!(!rule.section.is_empty(), "{rule:?}");
            assert!(rule.requires.ends_with('.'), "{rule:?}");
            // Otherwise the header would be missing.
            assert!(
                rule.section.is_ascii() && rule.requires.is_ascii(),
                "{rule:?}"
            );
        }
    }
}

/// Checks that a request of each route gets no hint, and that a misspelled one gets its path.
pub(crate) async fn check_hints(sandbox: &Sandbox, vendor: &str) {
    let vendor = sandbox.vendor(vendor).unwrap();
    for route in vendor.routes() {
        let literals = route.path.split('/').filter(|part| !part.starts_with('{'));
        let longest = literals.max_by_key(|part| part.len()).unwrap();
        let target: Vec<&str> = route
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { ID } else { part })
            .collect();
        let target = target.join("/");
        let misspelled = target.replacen(longest, longest.get(1..).unwrap(), 1);
        for (target, is_known) in [(&target, true), (&misspelled, false)] {
            send(&vendor.base_url(), route.method, target, &[], "")
                .await
                .unwrap();
            let hint = sandbox.requests().pop().unwrap().hint;
            let names_route = hint.is_some_and(|hint| hint.contains(route.path));
            assert_eq!(names_route, !is_known, "{} {target}", route.method);
        }
    }
}
