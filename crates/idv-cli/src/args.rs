//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use crate::commands::Command;
use crate::failure::Failure;

/// The text below the help.
const AFTER_HELP: &str = "\
Configuration: --config FILE, else idv.toml in the working directory, and the environment over it
(IDV_PROVIDER, IDV_IDNOW_COMPANY, IDV_IDNOW_API_KEY, ...). Secrets in a file are references:
{ env = \"NAME\" } or { file = \"PATH\" }. IDV_LOG=debug logs to standard error.
A file that is only found in the working directory may name the vendor's hosts and this machine.

Exit codes:
  0    done; watch: the person is verified
  1    failed: the vendor refused or could not be reached, a payload cannot be read, a demo fell short;
       audit verify: something was changed or is missing
  2    wrong usage or configuration; nothing was sent
  3    watch: the outcome is settled, and the person is not verified
  4    create, delete: it is unknown whether the vendor acted; see the message before repeating anything
  5    watch: the outcome is not settled: the time ran out, or an operator has to look at it;
       flow start, flow report: the hand-off, or the report, is not there yet
  130  interrupted; it is unknown whether the vendor acted on a create or delete under way.
       flow run ends with 0 if it is interrupted once, with 130 if it is interrupted twice

Standard output carries the answer and nothing else; an error is one line on standard error. Control
characters in people's data are printed as \\u001b.";

/// Returns the version and the parts that are compiled in.
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

    /// Add the vendor's own words to an error; they may contain personal data
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,

    /// When to use colours; `auto` is on a terminal unless NO_COLOR is set
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

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// The verification that a command is about.
#[derive(Args)]
pub(crate) struct Which {
    /// Our reference of the verification
    reference: String,

    /// The vendor's id of the verification, as create printed it; some vendors need it
    #[arg(long, value_name = "ID")]
    vendor_id: Option<String>,
}

impl Which {
    /// Returns the verification's reference and vendor's id.
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
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_described() {
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
