//! The rules that an emulator checks, the refusals by them, and the documented requests.

use http::{Method, StatusCode};
use serde::{Serialize, Serializer};

/// A rule of a vendor's document that a request can break.
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use idv_sandbox::Sandbox;
///
/// let sandbox = Sandbox::builder().in_process().start().await?;
/// for rule in sandbox.vendor("idnow")?.rules() {
///     println!("{} ({}): {}", rule.name, rule.section, rule.requires);
/// }
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rule {
    /// The name, unique among the vendor's rules, such as `api-key`.
    pub name: &'static str,
    /// The status of a response that refuses a request by this rule.
    #[serde(serialize_with = "number")]
    pub status: StatusCode,
    /// The section of the vendor's document, such as `3.2.7`, or its heading if the document does
    /// not number its sections.
    pub section: &'static str,
    /// The requirement, as a sentence.
    pub requires: &'static str,
    /// Whether the document leaves the requirement or the status open. The vendor's page beside the
    /// crate's README then explains the choice.
    pub is_assumed: bool,
}

impl Rule {
    pub(crate) const fn new(
        name: &'static str,
        status: StatusCode,
        section: &'static str,
        requires: &'static str,
    ) -> Self {
        Self {
            name,
            status,
            section,
            requires,
            is_assumed: false,
        }
    }

    /// Returns the rule as a choice where the document is silent.
    pub(crate) const fn assumed(mut self) -> Self {
        self.is_assumed = true;
        self
    }
}

/// The refusal of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Refusal {
    /// The rule that the request breaks.
    #[serde(flatten)]
    pub rule: &'static Rule,
    /// The place of the violation, such as the name of a member, without personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Refusal {
    pub(crate) const fn by(rule: &'static Rule) -> Self {
        Self { rule, detail: None }
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// A documented request of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, with variable segments in braces: `/api/v1/{company}/login`.
    pub path: &'static str,
    /// The section of the vendor's document.
    pub section: &'static str,
}

impl Route {
    pub(crate) const fn new(
        method: &'static str,
        path: &'static str,
        section: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            section,
        }
    }

    /// Returns whether a path has the form of this route.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.distance(path) == 0
    }

    /// Returns the number of characters to change for a path of this form; a missing or an
    /// additional segment counts with its length.
    fn distance(&self, path: &str) -> usize {
        let own: Vec<&str> = self.path.split('/').collect();
        let other: Vec<&str> = path.split('/').collect();
        alignment(&own, &other)
    }
}

/// Returns a hint at the documented requests that are most similar to a request that is not
/// documented; `None` if it is documented, or if the vendor has no routes.
pub(crate) fn hint(routes: &[Route], method: &Method, path: &str) -> Option<String> {
    let exact: Vec<&Route> = routes.iter().filter(|route| route.matches(path)).collect();
    if exact.iter().any(|route| route.method == method.as_str()) {
        return None;
    }
    let describe = |route: &&Route| format!("{} {} ({})", route.method, route.path, route.section);
    if !exact.is_empty() {
        let known: Vec<String> = exact.iter().map(describe).collect();
        return Some(format!(
            "the path is documented with another method: {}",
            known.join(", ")
        ));
    }
    // A path of unlimited length would make the comparison slow.
    let path: String = path.chars().take(500).collect();
    let nearest = routes
        .iter()
        .min_by_key(|route| (route.distance(&path), route.method != method.as_str()))?;
    Some(format!(
        "the path is not documented; the nearest one is {}",
        describe(&nearest)
    ))
}

/// Returns the smallest cost to turn the segments of a path into those of a template.
fn alignment(template: &[&str], path: &[&str]) -> usize {
    distance(template, path, |own, other| match other {
        Some(_) if own.is_some_and(is_variable) => 0,
        Some(other) if own.is_none() => other.len().max(1),
        None => own.map_or(0, |own| own.len().max(1)),
        // A shortened or prolonged word is more similar than another one.
        Some(other)
            if own.is_some_and(|own| {
                own != other
                    && !own.is_empty()
                    && !other.is_empty()
                    && (own.starts_with(other) || other.starts_with(own))
            }) =>
        {
            1
        }
        Some(other) => {
            let own: Vec<char> = own.copied().unwrap_or_default().chars().collect();
            let other: Vec<char> = other.chars().collect();
            distance(&own, &other, |own, other| usize::from(own != other))
        }
    })
}

fn is_variable(segment: &&str) -> bool {
    segment.starts_with('{')
}

/// Returns the edit distance of two sequences. `cost` compares an element of each; the absent one
/// is `None`.
fn distance<T>(left: &[T], right: &[T], cost: impl Fn(Option<&T>, Option<&T>) -> usize) -> usize {
    let mut row: Vec<usize> = std::iter::once(0)
        .chain(right.iter().scan(0, |sum, element| {
            *sum += cost(None, Some(element));
            Some(*sum)
        }))
        .collect();
    for own in left {
        let removal = cost(Some(own), None);
        let mut diagonal = row.first().copied().unwrap_or_default();
        let mut previous = diagonal + removal;
        if let Some(first) = row.first_mut() {
            *first = previous;
        }
        for (cell, other) in row.iter_mut().skip(1).zip(right) {
            let best = (*cell + removal)
                .min(previous + cost(None, Some(other)))
                .min(diagonal + cost(Some(own), Some(other)));
            diagonal = *cell;
            *cell = best;
            previous = best;
        }
    }
    row.last().copied().unwrap_or_default()
}

fn number<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: [Route; 3] = [
        Route::new("POST", "/api/v1/{company}/login", "3.1"),
        Route::new("GET", "/api/v1/{company}/identifications/{id}", "8.2"),
        Route::new("DELETE", "/api/v1/{company}/identifications/{id}", "10"),
    ];

    #[test]
    fn documented_request_gets_no_hint() {
        assert_eq!(hint(&ROUTES, &Method::POST, "/api/v1/bank/login"), None);
        assert_eq!(hint(&[], &Method::POST, "/"), None);
    }

    #[test]
    fn other_method_is_named() {
        let hint = hint(&ROUTES, &Method::POST, "/api/v1/bank/identifications/7").unwrap();
        assert!(hint.contains("GET") && hint.contains("DELETE"), "{hint}");
    }

    #[test]
    fn misspelled_path_gets_the_nearest_one() {
        for path in [
            "/api/v1/bank/ident/7",
            "/api/v1/bank/identification/7",
            "/v1/bank/identifications/7",
            "/api/v1/bank/identifications/7/",
        ] {
            let hint = hint(&ROUTES, &Method::GET, path).unwrap();
            assert!(hint.contains("8.2"), "{path}: {hint}");
        }
        let hint = hint(&ROUTES, &Method::POST, "/api/v1/bank/logni").unwrap();
        assert!(hint.contains("3.1"), "{hint}");
    }
}
