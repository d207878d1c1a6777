//! A PostgreSQL server for tests: started by the tests, in a temporary folder, and gone when they end.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A server of one's own, on a port of the loopback interface and a socket in its folder. It writes to the disk as one in use does.
///
/// It is stopped and its folder removed when this is dropped, or when the program ends however it does, killed included.
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
    /// Where PostgreSQL is not installed or does not start. A test that needs it fails then, and is not skipped.
    #[must_use]
    pub fn start() -> Self {
        // Between looking for a free port and using it another program can take it.
        let mut attempts = (0..5).map(|_| Self::try_start());
        let failed = match attempts.find_map(|attempt| match attempt {
            Ok(server) => Some(Ok(server)),
            Err(failure) if failure.contains("could not bind") => None,
            Err(failure) => Some(Err(failure)),
        }) {
            Some(Ok(server)) => return server,
            Some(Err(failure)) => failure,
            None => "no port of the loopback interface stays free".to_owned(),
        };
        panic!("{failed}")
    }

    /// The server that the tests of this program share; the first starts it.
    ///
    /// # Panics
    ///
    /// As [`Server::start`] does.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Makes an empty database; its address, as a URL.
    ///
    /// # Panics
    ///
    /// Where the server does not make it.
    #[must_use]
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute(
            &self.address("postgres"),
            &format!("CREATE DATABASE {name}"),
        );
        self.address(&name)
    }

    /// Executes statements in the database of an address, by PostgreSQL's own client; what they return, row by row, columns apart by `|`.
    ///
    /// # Panics
    ///
    /// Where one of them fails.
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
            .unwrap_or_else(|error| panic!("psql cannot be run: {error}. {INSTALL}"));
        assert!(
            output.status.success(),
            "psql failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Ends the server at once, as a crash does: connections break off, and what was committed stays.
    ///
    /// # Panics
    ///
    /// Where it does not end.
    pub fn crash(&mut self) {
        self.tell("crash");
    }

    /// Starts a server that was ended, at the same address, and waits until it takes connections.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub fn restart(&mut self) {
        self.tell("restart");
    }

    /// Tells the guardian something, and waits until it has done it.
    fn tell(&mut self, word: &str) {
        let told = self
            .guardian
            .stdin
            .as_mut()
            .map(|input| writeln!(input, "{word}").and_then(|()| input.flush()));
        let mut answer = String::new();
        let read = self.said.read_line(&mut answer);
        assert!(
            matches!(told, Some(Ok(()))) && read.is_ok() && answer.trim_end() == word,
            "the server does not {word}: {answer}"
        );
    }

    /// The address of a database, as a URL.
    #[must_use]
    pub fn address(&self, database: &str) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }

    /// Where it keeps its files, until it ends.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn try_start() -> Result<Self, String> {
        let programs = Programs::find()?;
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = port
            .map_err(|error| format!("there is no loopback interface: {error}"))?
            .port();
        let mut command = programs.as_somebody_else();
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
            .map_err(|error| format!("no shell can be run: {error}"))?;
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
        Err(format!(
            "the PostgreSQL of the tests did not start: {}",
            folder.trim()
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is what the guardian waits for.
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

/// Starts the server, says where it is, and stops it when the input ends: a pipe ends with the program that holds it, however that
/// ends. What goes wrong is said instead. In between it ends and starts the server as it is told, and says so.
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
    # By the socket in its own folder: another server may have taken the port, and would answer there.
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

const INSTALL: &str =
    "The tests run a PostgreSQL of their own: install it (on Debian, `apt-get install postgresql`)";

/// Where PostgreSQL's programs are.
#[derive(Clone)]
struct Programs {
    initdb: PathBuf,
    postgres: PathBuf,
    pg_isready: PathBuf,
    psql: PathBuf,
}

impl Programs {
    /// Those in the search path, else those of the latest version where Debian puts them.
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

    /// A command that runs what is added as a user who is not root: PostgreSQL refuses root.
    #[allow(clippy::unused_self, reason = "it belongs to the others")]
    fn as_somebody_else(&self) -> Command {
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
    fn each_database_is_its_own() {
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
    fn a_server_that_crashed_starts_again_with_what_was_committed() {
        let mut server = Server::start();
        let address = server.database();
        server.execute(
            &address,
            "CREATE TABLE here (number INT); INSERT INTO here VALUES (7)",
        );
        server.crash();
        TcpListener::bind((Ipv4Addr::LOCALHOST, server.port)).expect("nobody listens");
        server.restart();
        assert_eq!(server.execute(&address, "SELECT number FROM here"), "7");
    }

    #[test]
    fn nothing_is_left_of_a_server_that_is_dropped() {
        let server = Server::start();
        let (folder, port) = (server.folder().to_owned(), server.port);
        assert!(folder.is_dir());
        drop(server);
        assert!(!folder.exists());
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free again");
    }
}
