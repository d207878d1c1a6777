//! Checks that an adapter loses nothing: every leaf of a payload reaches the observation.

use std::collections::BTreeSet;

use idv_core::{Observation, Result};
use serde_json::{Map, Value, json};

/// Checks that each leaf of a vendor's payload reaches the observation, or is listed in the
/// adapter's table of ignored members.
///
/// A leaf is a string, a number or a boolean. The check replaces one leaf at a time: a string with
/// a marker that the observation's JSON has to contain, a number with other numbers and a boolean
/// with its opposite, one of which has to change the observation. It also adds undocumented members
/// of every shape to every object. The check fails, too, if one unexpected leaf makes the whole
/// payload unreadable.
///
/// A row of the table is a path and a reason. The parts of a path are separated by dots; `*` stands
/// for one part, such as an index, and a final `**` for any number of parts.
///
/// ```
/// use idv_core::{Channel, Observation, ProviderId, Report, ResultState, Subject};
/// use idv_testkit::Leaves;
/// use serde_json::{Value, json};
///
/// fn normalize(payload: &Value) -> idv_core::Result<Vec<Observation>> {
///     let mut report = Report::new(ProviderId::new("example"));
///     for (name, value) in payload.as_object().into_iter().flatten().filter(|(name, _)| *name != "checksum") {
///         report.custom.insert(name.clone(), value.clone().into());
///     }
///     let mut observation = Observation::claimed(Subject::default(), Channel::Fetch);
///     observation.result = ResultState::Inline(Box::new(report));
///     Ok(vec![observation])
/// }
///
/// let mut leaves = Leaves::new(&[("checksum", "says nothing about the person")]);
/// leaves.check("result", &json!({"name": "Erika", "checksum": 7, "tags": ["a", true]}), normalize);
/// leaves.finish();
/// ```
#[derive(Debug)]
pub struct Leaves {
    ignored: &'static [(&'static str, &'static str)],
    used: BTreeSet<&'static str>,
    lost: BTreeSet<String>,
    checked: usize,
}

impl Leaves {
    /// Starts a check with the adapter's table of ignored members: pairs of path and reason.
    #[must_use]
    pub const fn new(ignored: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            ignored,
            used: BTreeSet::new(),
            lost: BTreeSet::new(),
            checked: 0,
        }
    }

    /// Checks every leaf of a payload, and adds undocumented members to each of its objects. `kind`
    /// names the payload in failures.
    ///
    /// # Panics
    ///
    /// If the payload itself cannot be parsed.
    pub fn check(
        &mut self,
        kind: &str,
        payload: &Value,
        observe: impl Fn(&Value) -> Result<Vec<Observation>>,
    ) {
        let before = printed(&observe, payload);
        assert!(
            before.is_some(),
            "{kind}: the payload itself cannot be parsed"
        );
        let mut paths = Vec::new();
        walk(payload, &mut Vec::new(), &mut |path, value| {
            paths.push((path.to_vec(), value.clone()));
        });
        for (path, value) in paths {
            let name = path.join(".");
            let found = if let Value::Object(object) = &value {
                self.checked += 1;
                unknown_members().into_iter().all(|(member, marker)| {
                    let mut extended = object.clone();
                    extended.insert("neuLeafmark".to_owned(), member);
                    let changed = replaced(payload, &path, &Value::Object(extended));
                    printed(&observe, &changed).is_some_and(|after| after.contains(marker))
                })
            } else {
                let Some(others) = other_leaves(&value) else {
                    continue;
                };
                self.checked += 1;
                others.into_iter().any(|(other, marker)| {
                    let after = printed(&observe, &replaced(payload, &path, &other));
                    after.as_ref().is_some_and(|text| {
                        marker.map_or(after != before, |marker| text.contains(marker))
                    })
                })
            };
            let what = if value.is_object() {
                "unknown members of "
            } else {
                ""
            };
            if found {
                continue;
            }
            match self
                .ignored
                .iter()
                .find(|(pattern, _)| matches(pattern, &path))
            {
                Some((pattern, _)) => {
                    self.used.insert(pattern);
                }
                None => {
                    let name = if name.is_empty() {
                        "the payload"
                    } else {
                        &name
                    };
                    self.lost.insert(format!("{kind}: {what}{name}"));
                }
            }
        }
    }

    /// Checks a payload and `count` variations of it.
    ///
    /// A variation omits members, repeats or drops entries of arrays, and adds undocumented
    /// members. One that cannot be parsed is skipped.
    ///
    /// # Panics
    ///
    /// As [`Leaves::check`].
    pub fn check_variations(
        &mut self,
        kind: &str,
        payload: &Value,
        count: u64,
        observe: impl Fn(&Value) -> Result<Vec<Observation>>,
    ) {
        self.check(kind, payload, &observe);
        for seed in 0..count {
            let varied = vary(payload, &mut Bits(seed));
            if printed(&observe, &varied).is_some() {
                self.check(&format!("{kind}, variation {seed}"), &varied, &observe);
            }
        }
    }

    /// Ends the check.
    ///
    /// # Panics
    ///
    /// If a leaf was lost, if no leaf was checked, if a row of the table was unnecessary, or if a
    /// row has no reason.
    pub fn finish(self) {
        assert!(
            self.lost.is_empty(),
            "lost, and not in the table of ignored members:\n  {}",
            Vec::from_iter(self.lost).join("\n  ")
        );
        assert!(self.checked > 0, "no leaf was checked");
        for (pattern, reason) in self.ignored {
            assert!(
                !reason.trim().is_empty(),
                "`{pattern}` is ignored without a reason"
            );
            assert!(
                self.used.contains(pattern),
                "`{pattern}` is in the table of ignored members but reaches the observation"
            );
        }
    }
}

const MARKER: &str = "Leafmark7Q";
const NUMBER: u64 = 987_654_321_017;

/// Undocumented members, each with the marker that the observation has to contain.
fn unknown_members() -> [(Value, &'static str); 4] {
    [
        (json!(MARKER), MARKER),
        (json!(NUMBER), "987654321017"),
        (json!({ "inner": [null, { "deep": MARKER }] }), MARKER),
        (json!([[MARKER], true]), MARKER),
    ]
}

/// Returns replacements of a leaf, each with the marker that the observation has to contain, or
/// without one if any change will do.
fn other_leaves(leaf: &Value) -> Option<Vec<(Value, Option<&'static str>)>> {
    match leaf {
        Value::String(_) => Some(vec![(json!(MARKER), Some(MARKER))]),
        Value::Number(number) => {
            let near = number
                .as_i64()
                .map_or(json!(0.125), |number| json!(number.wrapping_add(1)));
            Some(vec![(json!(NUMBER), None), (near, None), (json!(1), None)])
        }
        Value::Bool(value) => Some(vec![(json!(!value), None)]),
        _ => None,
    }
}

fn printed(
    observe: &impl Fn(&Value) -> Result<Vec<Observation>>,
    payload: &Value,
) -> Option<String> {
    observe(payload)
        .ok()
        .map(|observations| serde_json::to_string(&observations).unwrap_or_default())
}

/// Visits every value of a payload, with its path.
fn walk(value: &Value, path: &mut Vec<String>, visit: &mut impl FnMut(&[String], &Value)) {
    visit(path, value);
    let children: Vec<(String, &Value)> = match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(array) => array
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        path.push(name);
        walk(child, path, visit);
        path.pop();
    }
}

fn replaced(payload: &Value, path: &[String], with: &Value) -> Value {
    let Some((first, rest)) = path.split_first() else {
        return with.clone();
    };
    let mut payload = payload.clone();
    let child = match &mut payload {
        Value::Object(object) => object.get_mut(first),
        Value::Array(array) => first
            .parse()
            .ok()
            .and_then(|index: usize| array.get_mut(index)),
        _ => None,
    };
    if let Some(child) = child {
        *child = replaced(child, rest, with);
    }
    payload
}

fn matches(pattern: &str, path: &[String]) -> bool {
    let mut path = path.iter();
    for part in pattern.split('.') {
        match (part, path.next()) {
            ("**", _) => return true,
            ("*", Some(_)) => {}
            (part, Some(name)) if part == name => {}
            _ => return false,
        }
    }
    path.next().is_none()
}

/// Returns a payload that the vendor might have sent as well.
fn vary(value: &Value, bits: &mut Bits) -> Value {
    match value {
        Value::Object(object) => {
            let mut varied = Map::new();
            for (name, value) in object {
                if bits.below(8) > 0 {
                    varied.insert(name.clone(), vary(value, bits));
                }
            }
            if bits.below(4) == 0 {
                let member = unknown_members().into_iter().nth(bits.below(4));
                varied.insert(
                    format!("added{}", bits.below(3)),
                    member.map_or(Value::Null, |(member, _)| member),
                );
            }
            Value::Object(varied)
        }
        Value::Array(array) => {
            let entries = array.iter().flat_map(|entry| {
                let times = match bits.below(5) {
                    0 => 0,
                    1 => 2,
                    _ => 1,
                };
                std::iter::repeat_n(vary(entry, bits), times)
            });
            Value::Array(entries.collect())
        }
        leaf => leaf.clone(),
    }
}

/// Pseudo-random numbers that depend on the seed alone (SplitMix64).
struct Bits(u64);

impl Bits {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((bits ^ (bits >> 31)) % bound as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use idv_core::{Channel, ProviderId, Report, ResultState, Subject};

    use super::*;

    /// An adapter that knows `name`, and copies the member `kept` and undocumented members.
    fn normalize(payload: &Value) -> Result<Vec<Observation>> {
        let mut report = Report::new(ProviderId::new("example"));
        for (name, value) in payload.as_object().into_iter().flatten() {
            if name == "kept" || name.starts_with("neu") || name.starts_with("added") {
                report.custom.insert(name.clone(), value.clone().into());
            }
        }
        let mut observation = Observation::claimed(Subject::default(), Channel::Fetch);
        observation.code = payload
            .get("name")
            .and_then(Value::as_str)
            .map(str::to_owned);
        observation.result = ResultState::Inline(Box::new(report));
        Ok(vec![observation])
    }

    #[test]
    fn kept_leaves_pass_in_all_variations() {
        let mut leaves = Leaves::new(&[]);
        leaves.check_variations(
            "result",
            &json!({"name": "x", "kept": [1, true, {"a": "b"}]}),
            50,
            normalize,
        );
        leaves.finish();
    }

    #[test]
    #[should_panic(expected = "result: gone.0")]
    fn lost_leaf_is_named() {
        let mut leaves = Leaves::new(&[]);
        leaves.check("result", &json!({"name": "x", "gone": ["y"]}), normalize);
        leaves.finish();
    }

    #[test]
    #[should_panic(expected = "result: unknown members of gone")]
    fn lost_unknown_member_is_named() {
        let mut leaves = Leaves::new(&[]);
        leaves.check("result", &json!({"name": "x", "gone": {}}), normalize);
        leaves.finish();
    }

    #[test]
    #[should_panic(expected = "but reaches the observation")]
    fn unnecessary_row_fails() {
        let mut leaves = Leaves::new(&[("name", "a reason")]);
        leaves.check("result", &json!({"name": "x"}), normalize);
        leaves.finish();
    }

    #[test]
    fn patterns_match_whole_paths() {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        for (pattern, name, expected) in [
            ("a.*.b", "a.0.b", true),
            ("a.*.b", "a.0", false),
            ("a", "a.b", false),
            ("a.**", "a.b.c", true),
            ("a.**", "b", false),
        ] {
            assert_eq!(matches(pattern, &path(name)), expected, "{pattern} {name}");
        }
    }
}
