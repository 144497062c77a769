//! A database per test: a folder for SQLite, or a PostgreSQL of its own on a socket in a folder, from Debian's package
//! `postgresql`. Both are gone when the test ends.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kenes::storage::{Database, StorageError};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Debian keeps one folder per major version here, and none of it on the path.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";
const STARTS_WITHIN: Duration = Duration::from_secs(30);

pub(crate) struct TestDatabase {
    pub(crate) folder: PathBuf,
    pub(crate) url: Option<String>,
    postgres: Option<Child>,
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        Self { folder: new_folder(), url: None, postgres: None }
    }

    pub(crate) fn postgres() -> Self {
        let folder = new_folder();
        let url = format!("postgres:///postgres?host={}&user=kenes", folder.display());
        Self::start(folder, url, &["listen_addresses="])
    }

    /// On loopback, with a certificate for `localhost` that is its own root, in `root.pem` of its folder.
    pub(crate) fn postgres_with_tls() -> Self {
        let folder = new_folder();
        let (root, key) = (folder.join("root.pem"), folder.join("key.pem"));
        self_signed(&root, &key);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        if is_root() {
            chown(&key, Some(postgres_user("-u")), None).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url =
            format!("postgres://kenes@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={}", root.display());
        let files = [format!("ssl_cert_file={}", root.display()), format!("ssl_key_file={}", key.display())];
        let port = format!("port={port}");
        Self::start(folder, url, &["listen_addresses=127.0.0.1", "ssl=on", &files[0], &files[1], &port])
    }

    fn start(folder: PathBuf, url: String, settings: &[&str]) -> Self {
        let child = start_postgres(&folder, settings);
        let database = Self { folder, url: Some(url), postgres: Some(child) };
        database.wait_until_it_listens();
        database
    }

    pub(crate) async fn open(&self) -> Database {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Database, StorageError> {
        Database::open(&self.folder, self.url.as_deref()).await
    }

    /// A connection past storage, for what only an intruder does.
    pub(crate) async fn intrude(&self) -> sqlx::AnyConnection {
        use sqlx::Connection as _;
        sqlx::any::install_default_drivers();
        let sqlite = || format!("sqlite://{}/kenes.sqlite3", self.folder.display());
        sqlx::AnyConnection::connect(&self.url.clone().unwrap_or_else(sqlite)).await.unwrap()
    }

    fn wait_until_it_listens(&self) {
        let started = Instant::now();
        while !self.postgres_log().contains("ready to accept connections") {
            assert!(started.elapsed() < STARTS_WITHIN, "PostgreSQL did not start:\n{}", self.postgres_log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn postgres_log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some(mut postgres) = self.postgres.take() {
            // SIGINT is PostgreSQL's fast shutdown; SIGKILL would leave its children to find out by themselves.
            let _ = Command::new("kill").args(["-INT", &postgres.id().to_string()]).status();
            let _ = postgres.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// For `localhost`, its own root.
pub(crate) fn self_signed(certificate_file: &Path, key_file: &Path) {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = |label: &str, der: &[u8]| {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
    };
    fs::write(certificate_file, pem("CERTIFICATE", signed.cert.der())).unwrap();
    fs::write(key_file, pem("PRIVATE KEY", &signed.signing_key.serialize_der())).unwrap();
}

/// Short, since a socket's path has at most 107 bytes.
fn new_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("kenes-storage-{}-{number}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    folder
}

fn start_postgres(folder: &Path, settings: &[&str]) -> Child {
    let programs = postgres_programs();
    let data = folder.join("data");
    let log = fs::File::create(folder.join("log")).unwrap();
    if is_root() {
        // PostgreSQL refuses to run as root; the package made this user.
        chown(folder, Some(postgres_user("-u")), Some(postgres_user("-g"))).unwrap();
    }
    let made = as_postgres(&programs.join("initdb"))
        .args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username=kenes", "-D"])
        .arg(&data)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success(), "initdb failed");
    // Without fsync: these tests kill the server before PostgreSQL, never PostgreSQL or the machine.
    as_postgres(&programs.join("postgres"))
        .args(["-F", "-c", "max_connections=50"])
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .arg("-k")
        .arg(folder)
        .arg("-D")
        .arg(&data)
        .stderr(log)
        .spawn()
        .unwrap()
}

fn postgres_programs() -> PathBuf {
    let versions = fs::read_dir(POSTGRES_VERSIONS).map(|dir| dir.flatten().map(|entry| entry.path().join("bin")));
    let newest = versions.ok().and_then(|versions| versions.filter(|bin| bin.join("initdb").is_file()).max());
    newest.unwrap_or_else(|| {
        panic!(
            "no PostgreSQL below {POSTGRES_VERSIONS}: run `cargo xtask test --only install`, or install `postgresql`"
        )
    })
}

/// As the package's user when we are root. The server ends with the thread that started it, however that ends.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if is_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]);
    }
    command.arg(program).current_dir("/").stdin(Stdio::null());
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn postgres_user(which: &str) -> u32 {
    let output = Command::new("id").args([which, "postgres"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}
