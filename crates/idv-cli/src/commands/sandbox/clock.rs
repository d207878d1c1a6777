//! `idv sandbox clock`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::remote::{Place, text};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::usage::Expected;

/// Shows the clock of the sandbox, or advances, freezes or starts it. An advance runs every event
/// that becomes due, including callbacks, before the command ends.
#[derive(Args)]
pub(super) struct Clock {
    /// Advance by this time: 90, 90s, 15m, 2h or 1d
    #[arg(long, value_name = "TIME", value_parser = seconds, conflicts_with = "next")]
    advance: Option<u64>,

    /// Advance to the next planned event
    #[arg(long)]
    next: bool,

    /// Freeze the clock: it stands still until it is advanced
    #[arg(long, conflicts_with_all = ["run", "speed"])]
    freeze: bool,

    /// Let the clock run at the speed of real time
    #[arg(long, conflicts_with = "speed")]
    run: bool,

    /// Let the clock run at this speed, in virtual seconds per real second
    #[arg(long, value_name = "N")]
    speed: Option<f64>,

    #[command(flatten)]
    place: Place,
}

impl Clock {
    pub(super) async fn run(self, output: Output) -> Result<Exit, Failure> {
        let remote = self.place.connect()?;
        let mut set = Map::new();
        let speed = match (self.freeze, self.run) {
            (true, _) => Some(0.0),
            (_, true) => Some(1.0),
            _ => self.speed,
        };
        if let Some(speed) = speed {
            set.insert("speed".to_owned(), json!(speed));
        }
        if let Some(seconds) = self.advance {
            set.insert("advance_seconds".to_owned(), json!(seconds));
        }
        if self.next {
            set.insert("until".to_owned(), json!("next"));
        }
        let state = if set.is_empty() {
            remote.get(&[""], &[]).await?
        } else {
            remote.post(&["clock"], &set.into()).await?
        };
        let shown: Map<String, Value> = ["now", "mode", "speed", "offset_seconds", "next_due"]
            .into_iter()
            .map(|name| {
                (
                    name.to_owned(),
                    state.get(name).cloned().unwrap_or_default(),
                )
            })
            .collect();
        output.answer(&Value::from(shown), |shown| {
            let next = text(shown, "next_due").unwrap_or("none");
            format!(
                "{} ({}); next event: {next}",
                text(shown, "now").unwrap_or_default(),
                text(shown, "mode").unwrap_or_default(),
            )
        })?;
        Ok(Exit::Done)
    }
}

/// Parses a time with an optional unit.
fn seconds(text: &str) -> Result<u64, Expected> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let factor = match text.strip_prefix(digits) {
        Some("" | "s") => 1,
        Some("m") => 60,
        Some("h") => 3600,
        Some("d") => 24 * 3600,
        _ => 0,
    };
    digits
        .parse::<u64>()
        .ok()
        .filter(|_| factor > 0)
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| Expected::new("a time such as 90, 90s, 15m, 2h or 1d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_has_an_optional_unit() {
        for (text, expected) in [
            ("90", 90),
            ("90s", 90),
            ("15m", 900),
            ("2h", 7200),
            ("1d", 86_400),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "h",
            "-1",
            "1w",
            "1.5h",
            "1 h",
            "99999999999999999999",
            "9999999999999999999d",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
