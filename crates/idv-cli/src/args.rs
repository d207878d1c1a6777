//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use crate::commands::Command;
use crate::failure::Failure;

/// The text after the help.
const AFTER_HELP: &str = "\
Configuration: --config FILE, else idv.toml in the working directory; the environment overrides both
(IDV_PROVIDER, IDV_IDNOW_COMPANY, IDV_IDNOW_API_KEY, ...). Secrets in a file are references:
{ env = \"NAME\" } or { file = \"PATH\" }. IDV_LOG=debug logs to standard error.
An idv.toml without --config may only name hosts of the vendor and this machine.

Exit codes:
  0    done; watch: the person is verified
  1    failed: the vendor refused or could not be reached, a payload is invalid, a demo scenario failed;
       audit verify: an entry was changed or is missing
  2    wrong usage or configuration; nothing was sent
  3    watch: the outcome is settled, and the person is not verified
  4    create, delete: it is unknown whether the vendor acted; read the message before you repeat it
  5    watch: the outcome is open: the timeout passed, or the verification needs an operator;
       flow start, flow report: the hand-off or the report is not available yet
  130  interrupted; it is unknown whether the vendor acted on a create or delete under way.
       flow run exits with 0 after one interrupt, with 130 after a second one

Standard output carries the result only; an error is one line on standard error. Control characters
in personal data are printed as \\u001b.";

/// Returns the version and the compiled-in parts.
fn long_version() -> String {
    let vendors: Vec<String> = idv::providers()
        .iter()
        .map(|vendor| vendor.provider.to_string())
        .collect();
    format!(
        "{}\nvendors: {}\nstores: sqlite, postgres\nfeatures: archive, crypt, schema, signature",
        env!("CARGO_PKG_VERSION"),
        vendors.join(", ")
    )
}

/// Verify people's identity with any of several vendors behind one model.
#[derive(Parser)]
#[command(name = "idv", version, long_version = long_version(), after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Read the configuration from this file
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Add the vendor's error text to an error; it may contain personal data
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,

    /// When to use colours; `auto` uses them on a terminal unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    pub(crate) color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The choice of colours.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// The verification of a command.
#[derive(Args)]
pub(crate) struct VerificationArgs {
    /// The reference of the verification
    reference: String,

    /// The vendor's id of the verification, printed by create; some vendors require it
    #[arg(long, value_name = "ID")]
    vendor_id: Option<String>,
}

impl VerificationArgs {
    /// Returns the reference and the vendor's id.
    pub(crate) fn id(&self) -> Result<idv::VerificationId, Failure> {
        let reference = idv::Reference::existing(self.reference.as_str())?;
        Ok(idv::VerificationId::new(
            reference,
            self.vendor_id.as_deref().map(idv::VendorId::new),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn commands_and_options_have_help() {
        fn check(command: &clap::Command, path: &str) {
            assert!(command.get_about().is_some(), "{path}");
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some() || argument.get_long_help().is_some(),
                    "{path} {}",
                    argument.get_id()
                );
            }
            for inner in command.get_subcommands() {
                check(inner, &format!("{path} {}", inner.get_name()));
            }
        }
        check(&<Cli as clap::CommandFactory>::command(), "idv");
    }
}
