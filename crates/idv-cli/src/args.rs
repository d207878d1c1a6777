//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    audit, completions, create, decrypt, delete, evidence, fetch, find, flow, link, list, normalize, poll, providers, sandbox,
    schema, token, verify, watch,
};
use crate::demo;
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
    let vendors: Vec<String> = idv::providers().iter().map(|vendor| vendor.provider.to_string()).collect();
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
    #[arg(long, global = true)]
    pub(crate) verbose: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One module per command.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Verify simulated people at a sandbox inside this program: no account, no network
    Demo(demo::Demo),
    /// Show which vendors are compiled in and what each can do
    Providers(providers::Providers),
    /// Create a verification, and print where to send the person
    Create(Box<create::Create>),
    /// Ask for the state of a verification
    Poll(poll::Poll),
    /// Follow a verification to its end
    Watch(watch::Watch),
    /// Fetch the result of a verification
    Fetch(fetch::Fetch),
    /// Download one piece of evidence into a file
    Evidence(evidence::EvidenceCommand),
    /// Find verifications by our reference
    Find(find::Find),
    /// List verifications
    List(list::List),
    /// Delete a verification at the vendor
    Delete(delete::Delete),
    /// Run verifications from creation to deletion, over a store
    Flow(flow::FlowCommand),
    /// Verify the audit trail of a store, or list a flow's
    Audit(audit::AuditCommand),
    /// Read a vendor's payload from a file, and print what it says
    Normalize(normalize::Normalize),
    /// Make a signed link
    Link(link::Link),
    /// Make a bearer token
    Token(token::Token),
    /// Decrypt a vendor's answer
    Decrypt(decrypt::Decrypt),
    /// Verify the signature of a vendor's result
    Verify(verify::Verify),
    /// Run the vendors' sandbox in the foreground
    Sandbox(sandbox::SandboxCommand),
    /// Print the JSON Schema of observations and reports
    Schema(schema::Schema),
    /// Print a shell's completion script
    Completions(completions::Completions),
    /// Print the manual page
    Man(completions::Man),
}

impl Command {
    /// Returns whether the command runs until it is interrupted, and handles that itself.
    pub(crate) const fn ends_by_interrupt(&self) -> bool {
        match self {
            Self::Sandbox(_) => true,
            Self::Flow(command) => command.ends_by_interrupt(),
            _ => false,
        }
    }
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
        Ok(idv::VerificationId::new(reference, self.vendor_id.as_deref().map(idv::VendorId::new)))
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
                assert!(argument.get_help().is_some() || argument.get_long_help().is_some(), "{path} {}", argument.get_id());
            }
            for inner in command.get_subcommands() {
                check(inner, &format!("{path} {}", inner.get_name()));
            }
        }
        check(&<Cli as clap::CommandFactory>::command(), "idv");
    }
}
