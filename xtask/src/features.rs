//! Checks that each feature of a library works without the others.

use std::collections::BTreeMap;

use crate::Result;
use crate::workspace::{Workspace, cargo, run};

/// Checks every library without features, with each feature alone, and with dependent pairs.
pub(crate) fn check() -> Result<()> {
    let workspace = Workspace::read()?;
    for member in workspace.published().filter(|member| member.has_library) {
        for set in sets(&member.features) {
            let mut command = cargo();
            command.args([
                "check",
                "--quiet",
                "--locked",
                "--no-default-features",
                "--package",
                &member.name,
            ]);
            run(command.args(["--features", &set.join(",")]))?;
        }
    }
    Ok(())
}

/// Lists the sets of features to check: none, each alone, two vendors together, and each extension
/// of a vendor together with the vendor.
fn sets(features: &BTreeMap<String, Vec<String>>) -> Vec<Vec<&str>> {
    // A vendor's feature adds the crate of the same name: `idnow = ["dep:idv-idnow"]`.
    let (vendors, others): (Vec<&str>, Vec<&str>) = features
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "default")
        .partition(|name| {
            features
                .get(*name)
                .is_some_and(|parts| *parts == [format!("dep:idv-{name}")])
        });
    let mut sets = vec![Vec::new()];
    sets.extend(vendors.iter().chain(&others).map(|name| vec![*name]));
    sets.extend(
        vendors
            .iter()
            .zip(vendors.iter().skip(1))
            .map(|(one, next)| vec![*one, *next]),
    );
    for other in others {
        let parts = features.get(other).into_iter().flatten();
        // `archive = ["idv-idnow?/archive"]` has an effect only together with `idnow`.
        let extended = parts
            .filter_map(|part| part.split_once("?/"))
            .filter_map(|(name, _)| name.strip_prefix("idv-"));
        let extended: Vec<&str> = extended.filter(|name| vendors.contains(name)).collect();
        let beside = if extended.is_empty() {
            vendors.first().into_iter().copied().collect()
        } else {
            extended
        };
        sets.extend(beside.into_iter().map(|vendor| vec![vendor, other]));
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_checked_beside_their_vendor() {
        let manifest = [
            ("archive", "idv-two?/archive"),
            ("default", "reqwest"),
            ("one", "dep:idv-one"),
            ("reqwest", "dep:idv-transport-reqwest"),
            ("two", "dep:idv-two"),
        ];
        let features = manifest
            .into_iter()
            .map(|(name, part)| (name.to_owned(), vec![part.to_owned()]))
            .collect();
        let sets: Vec<String> = sets(&features).iter().map(|set| set.join(" ")).collect();
        assert_eq!(
            sets,
            [
                "",
                "one",
                "two",
                "archive",
                "reqwest",
                "one two",
                "two archive",
                "one reqwest"
            ]
        );
    }

    #[test]
    fn crate_without_features_is_checked_once() {
        assert_eq!(sets(&BTreeMap::new()), [Vec::<&str>::new()]);
    }
}
