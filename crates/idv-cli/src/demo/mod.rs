//! `idv demo`: the vendors' sandbox inside this program, and people who act.

mod cm_id_scan;
mod environment;
mod identify24;
mod identity_tm;
mod idnow;
mod play;
mod print;
mod receiver;
mod stage;
mod story;
mod verificar_identidad;

pub(crate) use identify24::WORDS;

use clap::Args;
use idv_sandbox::Sandbox;
use serde_json::json;

use crate::demo::stage::Stage;
use crate::demo::story::{Portrait, SCENARIOS, Scenario, Story};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output};

/// Verifies simulated people at a sandbox inside this program: no account, no network beyond this machine, and no waiting, since
/// time there is virtual. Ends with 1 where anything came out otherwise than it must.
#[derive(Args)]
pub(crate) struct Demo {
    /// At which vendor
    #[arg(long, default_value = "all")]
    provider: String,

    /// What the people do; every scenario where it is not given
    #[arg(long)]
    scenario: Option<String>,
}

impl Demo {
    pub(crate) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let scenarios = self.scenarios()?;
        // Time moves only when the demo moves it.
        let sandbox = Sandbox::builder()
            .speed(0.0)
            .start()
            .await
            .map_err(|error| Failure::new(Exit::Failed, format!("the sandbox cannot start: {error}")))?;
        let mut stories = Vec::new();
        for stage in self.stages(&sandbox)? {
            let company = play::Company::open(&*stage, &sandbox).await?;
            for scenario in &scenarios {
                let story = company.play(scenario).await;
                if !output.is_json() {
                    output::text(&print::story(&story))?;
                }
                stories.push(story);
            }
        }
        sandbox.shutdown().await;
        let portrait = Portrait::of(&stories);
        let short = stories.iter().filter(|story| story.fell_short()).count() + portrait.differences().count();
        if output.is_json() {
            output::json(&json!({ "stories": stories, "person": portrait, "fell_short": short }))?;
        } else {
            output::text(&print::portrait(&portrait))?;
            output::text(&print::summary(&stories))?;
        }
        report(&stories, &portrait);
        Ok(if short == 0 { Exit::Done } else { Exit::Failed })
    }

    fn scenarios(&self) -> Result<Vec<&'static Scenario>, Failure> {
        let Some(name) = &self.scenario else { return Ok(SCENARIOS.iter().collect()) };
        SCENARIOS.iter().find(|scenario| scenario.name == name).map(|scenario| vec![scenario]).ok_or_else(|| {
            let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
            Failure::usage(format!("there is no scenario `{name}`; there are: {}", names.join(", ")))
        })
    }

    /// The vendors, in the order of their ids.
    fn stages<'a>(&self, sandbox: &'a Sandbox) -> Result<Vec<Box<dyn Stage + 'a>>, Failure> {
        let all: Vec<Box<dyn Stage + 'a>> = vec![
            Box::new(cm_id_scan::CmIdScan::new(sandbox)),
            Box::new(identify24::Identify24::new(sandbox)),
            Box::new(identity_tm::IdentityTm::new(sandbox)),
            Box::new(idnow::Idnow::new(sandbox)),
            Box::new(verificar_identidad::VerificarIdentidad::new(sandbox)),
        ];
        let names: Vec<&str> = all.iter().map(|stage| stage.provider()).collect();
        if self.provider != "all" && !names.contains(&self.provider.as_str()) {
            let known = format!("there is no provider `{}`; there are: all, {}", self.provider, names.join(", "));
            return Err(Failure::usage(known));
        }
        Ok(all.into_iter().filter(|stage| self.provider == "all" || self.provider == stage.provider()).collect())
    }
}

/// Says on standard error what fell short: standard output may be read by a program.
fn report(stories: &[Story], portrait: &Portrait) {
    for story in stories {
        for shortfall in &story.shortfalls {
            output::note(&format!("idv: {} {}: {shortfall}", story.provider, story.scenario));
        }
    }
    for field in portrait.differences() {
        output::note(&format!("idv: the same person has more than one {field}"));
    }
}
