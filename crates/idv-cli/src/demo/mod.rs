//! `idv demo`: the vendors' sandbox inside this program, with simulated people.

mod environment;
mod play;
mod print;
mod receiver;
mod story;

use clap::Args;
use idv_sandbox::{Ending, Sandbox, Scenario, Vendor};
use serde_json::json;

use crate::commands::Run;
use crate::demo::story::{Comparison, Story};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output};
use crate::settings::Settings;

/// The vendor and the scenario whose story is shown by default.
const SHOWN: (&str, &str) = ("idnow", "data-changed");

/// Verifies simulated people at a sandbox inside this program: without an account, a network or
/// waiting, since the sandbox's clock is virtual. Plays every scenario at every vendor, prints one
/// story and a summary, and exits with 1 if an outcome is not as expected.
#[derive(Args)]
pub(crate) struct Demo {
    /// Play the scenarios of this vendor only, and print their stories; `all` for every vendor
    #[arg(
        long,
        value_name = "ID",
        default_value = "all",
        hide_default_value = true
    )]
    provider: String,

    /// Play this scenario only, and print its stories
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,

    /// Print every story, and compare the vendors' reports of the same person
    #[arg(long)]
    all: bool,
}

impl Run for Demo {
    async fn run(self, _: &Settings, output: Output) -> Result<Exit, Failure> {
        let shows_all = self.all || self.provider != "all" || self.scenario.is_some();
        // Only the demo moves the clock.
        let sandbox = Sandbox::builder()
            .speed(0.0)
            .start()
            .await
            .map_err(|error| {
                Failure::new(Exit::Failed, format!("cannot start the sandbox: {error}"))
            })?;
        let mut stories = Vec::new();
        let vendors = self.vendors(&sandbox)?;
        self.check_scenario(&vendors)?;
        for vendor in vendors {
            let application = play::Application::open(vendor, &sandbox).await?;
            for scenario in scenarios(vendor).filter(|scenario| self.is_chosen(scenario)) {
                let story = application.play(scenario).await;
                if !output.is_json() && (shows_all || (story.provider, story.scenario) == SHOWN) {
                    output::text(&print::story(&story))?;
                }
                stories.push(story);
            }
        }
        sandbox.shutdown().await;
        let comparison = Comparison::of(&stories);
        let failed = stories.iter().filter(|story| story.has_failed()).count()
            + comparison.differences().count();
        if output.is_json() {
            output::json(
                &json!({ "stories": stories, "person": comparison, "fell_short": failed }),
            )?;
        } else {
            if shows_all {
                output::text(&print::comparison(&comparison))?;
                output::text(&print::table_of(&stories))?;
            }
            output::text(&print::summary(&stories, failed, shows_all))?;
        }
        report(&stories, &comparison);
        Ok(if failed == 0 {
            Exit::Done
        } else {
            Exit::Failed
        })
    }
}

impl Demo {
    fn is_chosen(&self, scenario: &Scenario) -> bool {
        self.scenario
            .as_ref()
            .is_none_or(|name| scenario.name == name)
    }

    /// Refuses a scenario that none of the chosen vendors has.
    fn check_scenario(&self, vendors: &[Vendor<'_>]) -> Result<(), Failure> {
        let Some(name) = &self.scenario else {
            return Ok(());
        };
        let all: Vec<Scenario> = vendors
            .iter()
            .flat_map(|vendor| scenarios(*vendor))
            .collect();
        if all.iter().any(|scenario| self.is_chosen(scenario)) {
            return Ok(());
        }
        let mut names: Vec<&str> = Vec::new();
        for scenario in &all {
            if !names.contains(&scenario.name) {
                names.push(scenario.name);
            }
        }
        Err(Failure::usage(format!(
            "unknown scenario `{name}`: expected one of {}",
            names.join(", ")
        )))
    }

    /// Returns the chosen vendors, sorted by id.
    fn vendors<'a>(&self, sandbox: &'a Sandbox) -> Result<Vec<Vendor<'a>>, Failure> {
        let mut all = sandbox.vendors();
        all.sort_by_key(Vendor::id);
        let names: Vec<&str> = all.iter().map(Vendor::id).collect();
        if self.provider != "all" && !names.contains(&self.provider.as_str()) {
            let known = format!(
                "unknown provider `{}`: expected all or one of {}",
                self.provider,
                names.join(", ")
            );
            return Err(Failure::usage(known));
        }
        all.retain(|vendor| self.provider == "all" || self.provider == vendor.id());
        Ok(all)
    }
}

/// Returns a vendor's scenarios whose ending depends neither on the account nor on the request.
fn scenarios(vendor: Vendor<'_>) -> impl Iterator<Item = Scenario> {
    vendor
        .scenarios()
        .into_iter()
        .filter(|scenario| scenario.ending != Ending::Unspecified)
}

/// Reports deviations on standard error, since a program may read standard output.
fn report(stories: &[Story], comparison: &Comparison) {
    for story in stories {
        for shortfall in &story.shortfalls {
            output::note(&format!(
                "idv: {} {}: {shortfall}",
                story.provider, story.scenario
            ));
        }
    }
    for field in comparison.differences() {
        output::note(&format!(
            "idv: the vendors' reports of the same person differ in {field}"
        ));
    }
}
