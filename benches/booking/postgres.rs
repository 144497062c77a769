//! A PostgreSQL of the run's own from Debian's package, on a socket in a folder; it ends with the run. Unlike the tests', it syncs: a
//! commit costs what it costs a clinic.

use anyhow::{Context as _, Result, ensure};
use kenes::clock;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Debian keeps one folder per major version here, and none of it on the path.
const VERSIONS: &str = "/usr/lib/postgresql";
const STARTS_WITHIN: Duration = Duration::from_secs(30);

pub(crate) struct Postgres {
    folder: PathBuf,
    server: Child,
}

/// Where the package is, if it is.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(VERSIONS).ok()?.flatten().map(|entry| entry.path().join("bin"));
    versions.filter(|bin| bin.join("initdb").is_file()).max()
}

impl Postgres {
    pub(crate) async fn start(programs: &Path, folder: &Path) -> Result<Self> {
        if is_root()? {
            // PostgreSQL refuses to run as root; the package made this user.
            chown(folder, Some(user("-u")?), Some(user("-g")?))?;
        }
        let made = command(&programs.join("initdb"))?
            .args(["--no-locale", "--encoding=UTF8", "--auth=trust", "--username=kenes", "-D"])
            .arg(folder.join("data"))
            .stdout(Stdio::null())
            .status()?;
        ensure!(made.success(), "initdb failed");
        let server = command(&programs.join("postgres"))?
            .args(["-c", "listen_addresses=", "-k"])
            .arg(folder)
            .arg("-D")
            .arg(folder.join("data"))
            .stderr(fs::File::create(folder.join("log"))?)
            .spawn()?;
        let postgres = Self { folder: folder.to_owned(), server };
        let started = clock::now();
        while !fs::read_to_string(folder.join("log"))?.contains("ready to accept connections") {
            ensure!(clock::now() - started < STARTS_WITHIN, "PostgreSQL did not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(postgres)
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=kenes", self.folder.display())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT is its fast shutdown.
        let _ = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

/// As the package's user when we are root. It ends with us, however we end.
fn command(program: &Path) -> Result<Command> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if is_root()? {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]);
    }
    command.arg(program).current_dir("/").stdin(Stdio::null());
    Ok(command)
}

fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

fn user(which: &str) -> Result<u32> {
    let output = Command::new("id").args([which, "postgres"]).output()?;
    String::from_utf8(output.stdout)?.trim().parse().context("the package makes a user `postgres`")
}
