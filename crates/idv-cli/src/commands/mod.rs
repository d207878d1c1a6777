//! The commands, one module each. A new command needs its module and a line in [`commands!`].

mod audit;
mod completions;
mod create;
mod decrypt;
mod delete;
mod evidence;
mod fetch;
mod find;
mod flow;
mod link;
mod list;
mod normalize;
mod poll;
mod providers;
mod sandbox;
mod schema;
mod token;
mod verify;
mod watch;

use std::io::Read as _;
use std::path::Path;

use clap::Subcommand;

use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

/// A command of the program.
pub(crate) trait Run {
    /// Runs the command and returns the exit code.
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure>;

    /// Returns whether the command runs until it is interrupted and handles the interrupt itself.
    fn ends_by_interrupt(&self) -> bool {
        false
    }
}

impl<T: Run> Run for Box<T> {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        (*self).run(settings, output).await
    }

    fn ends_by_interrupt(&self) -> bool {
        (**self).ends_by_interrupt()
    }
}

/// Declares the commands in the order of the help.
macro_rules! commands {
    ($($(#[$description:meta])* $name:ident($command:ty),)*) => {
        /// The chosen command.
        #[derive(Subcommand)]
        pub(crate) enum Command {
            $($(#[$description])* $name($command),)*
        }

        impl Run for Command {
            async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
                match self {
                    $(Self::$name(command) => command.run(settings, output).await,)*
                }
            }

            fn ends_by_interrupt(&self) -> bool {
                match self {
                    $(Self::$name(command) => command.ends_by_interrupt(),)*
                }
            }
        }
    };
}

commands! {
    /// Verify simulated people at a sandbox inside this program, without an account or a network
    Demo(crate::demo::Demo),
    /// Show the compiled-in vendors and their capabilities
    Providers(providers::Providers),
    /// Create a verification and print the link for the person
    Create(Box<create::Create>),
    /// Show the state of a verification
    Poll(poll::Poll),
    /// Follow a verification to its end
    Watch(watch::Watch),
    /// Fetch the result of a verification
    Fetch(fetch::Fetch),
    /// Download one piece of evidence to a file
    Evidence(evidence::EvidenceCommand),
    /// Find verifications by your reference
    Find(find::Find),
    /// List verifications
    List(list::List),
    /// Delete a verification at the vendor
    Delete(delete::Delete),
    /// Run verifications from creation to deletion, over a store
    Flow(flow::FlowCommand),
    /// Verify the audit log of a store, or list the log of a flow
    Audit(audit::AuditCommand),
    /// Parse a vendor's payload from a file and print its observations
    Normalize(normalize::Normalize),
    /// Create a signed link
    Link(link::Link),
    /// Create a bearer token
    Token(token::Token),
    /// Decrypt a vendor's response
    Decrypt(decrypt::Decrypt),
    /// Verify the signature of a vendor's result
    Verify(verify::Verify),
    /// Run the vendors' sandbox in the foreground
    Sandbox(Box<sandbox::SandboxCommand>),
    /// Print the JSON Schema of observations, reports and settings
    Schema(schema::Schema),
    /// Print a shell completion script
    Completions(completions::Completions),
    /// Print the manual page
    Man(completions::Man),
}

/// Reads at most `limit` bytes from a file, or from standard input for `-`.
pub(crate) fn read_input(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let name = path.display();
    let failed = |error: std::io::Error| Failure::usage(format!("cannot read {name}: {error}"));
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    } else {
        std::fs::File::open(path)
            .map_err(failed)?
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    if bytes.len() as u64 > limit {
        return Err(Failure::usage(format!(
            "{name} is longer than {limit} bytes"
        )));
    }
    Ok(bytes)
}
