//! A PostgreSQL server for tests, which start it in a temporary folder and stop it when they end.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A private server that listens on a port of the loopback interface and on a socket in its folder,
/// and writes to the disk as a server in production does.
///
/// Dropping it stops the server and removes its folder. So does the end of the program, even if the
/// program is killed.
#[derive(Debug)]
pub struct Server {
    guardian: Child,
    said: BufReader<ChildStdout>,
    port: u16,
    folder: PathBuf,
    databases: AtomicU32,
    programs: Programs,
}

impl Server {
    /// Starts a server.
    ///
    /// # Panics
    ///
    /// If PostgreSQL is not installed or does not start. A test that needs it fails then; it is not
    /// skipped.
    #[must_use]
    pub fn start() -> Self {
        // Another program may take the port between the search for a free one and its use.
        let mut attempts = (0..5).map(|_| Self::try_start());
        let failed = match attempts.find_map(|attempt| match attempt {
            Ok(server) => Some(Ok(server)),
            Err(failure) if failure.contains("could not bind") => None,
            Err(failure) => Some(Err(failure)),
        }) {
            Some(Ok(server)) => return server,
            Some(Err(failure)) => failure,
            None => "no port of the loopback interface stayed free".to_owned(),
        };
        panic!("{failed}")
    }

    /// Returns the server that the tests of this program share. The first call starts it.
    ///
    /// # Panics
    ///
    /// As [`Server::start`].
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Panics
    ///
    /// If the server cannot create it.
    #[must_use]
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute(
            &self.address("postgres"),
            &format!("CREATE DATABASE {name}"),
        );
        self.address(&name)
    }

    /// Executes statements in a database with `psql` and returns the rows, one per line, with
    /// columns separated by `|`.
    ///
    /// # Panics
    ///
    /// If a statement fails.
    pub fn execute(&self, address: &str, statements: &str) -> String {
        let output = Command::new(&self.programs.psql)
            .args([
                "--no-psqlrc",
                "--quiet",
                "--tuples-only",
                "--no-align",
                "--set=ON_ERROR_STOP=1",
            ])
            .arg("--dbname")
            .arg(address)
            .arg("--command")
            .arg(statements)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("cannot run psql: {error}. {INSTALL}"));
        assert!(
            output.status.success(),
            "psql failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Stops the server at once, as a crash does: connections break off, committed data remains.
    ///
    /// # Panics
    ///
    /// If the server does not stop.
    pub fn crash(&mut self) {
        self.command("crash");
    }

    /// Restarts a crashed server at the same address and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// If the server does not start.
    pub fn restart(&mut self) {
        self.command("restart");
    }

    /// Sends a command to the guardian and waits until it confirms it.
    fn command(&mut self, word: &str) {
        let sent = self
            .guardian
            .stdin
            .as_mut()
            .map(|input| writeln!(input, "{word}").and_then(|()| input.flush()));
        let mut answer = String::new();
        let read = self.said.read_line(&mut answer);
        assert!(
            matches!(sent, Some(Ok(()))) && read.is_ok() && answer.trim_end() == word,
            "the server did not {word}: {answer}"
        );
    }

    /// Returns the URL of a database.
    #[must_use]
    pub fn address(&self, database: &str) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }

    /// Returns the folder with the server's files, which is removed when the server stops.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn try_start() -> Result<Self, String> {
        let programs = Programs::find()?;
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = port
            .map_err(|error| format!("cannot bind to the loopback interface: {error}"))?
            .port();
        let mut command = programs.as_unprivileged_user();
        command.args(["sh", "-c", GUARDIAN, "sh"]).args([
            &programs.initdb,
            &programs.postgres,
            &programs.pg_isready,
        ]);
        command
            .arg(port.to_string())
            .env_remove("PGOPTIONS")
            .env("LC_ALL", "C");
        command
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut guardian = command
            .spawn()
            .map_err(|error| format!("cannot run a shell: {error}"))?;
        let mut said = BufReader::new(guardian.stdout.take().ok_or("the shell has no output")?);
        let mut folder = String::new();
        if said.read_line(&mut folder).is_ok() && folder.starts_with('/') {
            let folder = PathBuf::from(folder.trim_end());
            return Ok(Self {
                guardian,
                said,
                port,
                folder,
                databases: AtomicU32::new(0),
                programs,
            });
        }
        let _ = said.read_to_string(&mut folder);
        let _ = guardian.wait();
        Err(format!("PostgreSQL did not start: {}", folder.trim()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The guardian stops when its input ends.
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

/// Starts the server, prints its folder, and stops the server when the input ends. A pipe ends with
/// the program that holds it, however that program ends. If the start fails, the guardian prints
/// the reason instead. Meanwhile it executes commands and confirms each.
const GUARDIAN: &str = r#"
initdb=$1 postgres=$2 ready=$3 port=$4
folder=$(mktemp -d /tmp/idv-postgres-XXXXXX) || exit 1
trap 'rm -rf "$folder"' EXIT
trap '' INT TERM HUP PIPE
"$initdb" --pgdata "$folder/data" --username postgres --auth trust --encoding UTF8 --no-locale --no-sync \
    > "$folder/log" 2>&1 < /dev/null || { cat "$folder/log"; exit 1; }
start() {
    "$postgres" -D "$folder/data" -k "$folder" -p "$port" -c listen_addresses=127.0.0.1 -c max_connections=200 \
        >> "$folder/log" 2>&1 < /dev/null &
    server=$!
    tries=0
    # The socket is in its own folder; another server may have taken the port and would answer there.
    until "$ready" -q -h "$folder" -p "$port"; do
        tries=$((tries + 1))
        if [ $tries -gt 6000 ] || ! kill -0 $server 2> /dev/null; then
            kill -QUIT $server 2> /dev/null; cat "$folder/log"; exit 1
        fi
        sleep 0.05
    done
}
start
echo "$folder"
while read -r word; do
    case $word in
        crash) kill -QUIT $server; wait $server ;;
        restart) start ;;
    esac
    echo "$word"
done
kill -QUIT $server
wait $server
"#;

const INSTALL: &str = "Install PostgreSQL, which the tests start themselves (on Debian: `apt-get install postgresql`)";

/// The paths of PostgreSQL's programs.
#[derive(Clone)]
struct Programs {
    initdb: PathBuf,
    postgres: PathBuf,
    pg_isready: PathBuf,
    psql: PathBuf,
}

impl Programs {
    /// Searches the search path, then the folders that Debian uses, latest version first.
    fn find() -> Result<Self, String> {
        let mut folders: Vec<_> = std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths)
            .collect();
        let mut installed: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|folder| folder.path())
            .collect();
        let version = |folder: &PathBuf| {
            folder
                .file_name()
                .and_then(|name| name.to_str()?.parse::<u32>().ok())
        };
        installed.sort_by_key(version);
        folders.extend(installed.into_iter().rev().map(|folder| folder.join("bin")));
        let find = |name: &str| {
            let found = folders
                .iter()
                .map(|folder| folder.join(name))
                .find(|path| path.is_file());
            found.ok_or_else(|| format!("PostgreSQL's program {name} was not found. {INSTALL}"))
        };
        Ok(Self {
            initdb: find("initdb")?,
            postgres: find("postgres")?,
            pg_isready: find("pg_isready")?,
            psql: find("psql")?,
        })
    }

    /// Returns a command that runs its arguments as a user other than root, which PostgreSQL
    /// refuses.
    #[allow(clippy::unused_self, reason = "it belongs to the programs")]
    fn as_unprivileged_user(&self) -> Command {
        let root = Command::new("id")
            .arg("-u")
            .output()
            .is_ok_and(|output| output.stdout.trim_ascii() == b"0");
        if !root {
            return Command::new("env");
        }
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--",
        ]);
        command
    }
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.postgres.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_separate() {
        let server = Server::shared();
        let addresses: Vec<_> = (0..2).map(|_| server.database()).collect();
        server.execute(
            &addresses[0],
            "CREATE TABLE here (number INT); INSERT INTO here VALUES (7)",
        );
        assert_eq!(
            server.execute(&addresses[0], "SELECT number, number + 1 FROM here"),
            "7|8"
        );
        assert_eq!(
            server.execute(
                &addresses[1],
                "SELECT count(*) FROM pg_tables WHERE tablename = 'here'"
            ),
            "0"
        );
        assert_eq!(server.execute(&addresses[1], "SHOW fsync"), "on");
    }

    #[test]
    fn crashed_server_keeps_committed_data_on_restart() {
        let mut server = Server::start();
        let address = server.database();
        server.execute(
            &address,
            "CREATE TABLE here (number INT); INSERT INTO here VALUES (7)",
        );
        server.crash();
        TcpListener::bind((Ipv4Addr::LOCALHOST, server.port)).expect("the port is free");
        server.restart();
        assert_eq!(server.execute(&address, "SELECT number FROM here"), "7");
    }

    #[test]
    fn dropped_server_leaves_nothing_behind() {
        let server = Server::start();
        let (folder, port) = (server.folder().to_owned(), server.port);
        assert!(folder.is_dir());
        drop(server);
        assert!(!folder.exists());
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free again");
    }
}
