//! A server on free ports, started in the test's process, and what its announcement offers.

use crate::http::{self, Response};
use crate::person::Person;
use crate::staff::Staff;
use kenes::config;
use kenes::storage::Database;
use kenes::tokens::Grant;
use kenes_signaling::message::Role;
use kenes_signaling::time::UnixMillis;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) struct TestApp {
    pub(crate) server: kenes::Server,
    announcement: String,
    /// Gone with the test.
    folder: TempDir,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With the made-up clinic and its people.
    pub(crate) async fn with_clinic() -> Self {
        Self::with_clinic_and(&[]).await
    }

    /// The made-up clinic, with variables as in the environment.
    pub(crate) async fn with_clinic_and(variables: &[(&str, &str)]) -> Self {
        Self::start_with(&[&[("KENES_DEMO_SEED", "true")], variables].concat()).await
    }

    /// One of the made-up clinic's people.
    pub(crate) async fn staff(&self, login: &str) -> Staff {
        Staff::sign_in(self.address(), login, self.link("password")).await
    }

    /// Variables as in the environment, over the defaults of a test.
    pub(crate) async fn start_with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let test_defaults = [
            ("KENES_STORAGE_DATA_FOLDER", folder.path().to_str().unwrap()),
            ("KENES_DEMO_SEED", "false"),
            ("KENES_HTTP_LISTEN", "127.0.0.1:0"),
            ("KENES_HTTPS_LISTEN", ""),
            ("KENES_MEDIA_LISTEN", "127.0.0.1:0"),
            ("KENES_MEDIA_SHARDS", "1"),
            ("KENES_MEDIA_PIN_SHARDS", "false"),
            ("KENES_HTTP_JOINS_PER_MINUTE", "10000"),
        ];
        let all = test_defaults.iter().chain(variables).map(|(name, value)| ((*name).into(), (*value).into()));
        let server = kenes::Server::start(config::load(None, all).unwrap()).await.unwrap();
        let announcement = server.announcement();
        Self { server, announcement, folder }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.http_address()
    }

    /// Where the server keeps everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the server keeps, to look at beside it.
    pub(crate) async fn database(&self) -> Database {
        Database::open_to_read(self.folder.path(), None).await.unwrap()
    }

    /// Signed in as the first administrator, with a password of his own.
    pub(crate) async fn admin(&self) -> Staff {
        let password = self.link("password");
        let mut admin = Staff::sign_in(self.address(), self.link("admin"), password).await;
        admin.change_password(password, "a word of my own").await;
        admin
    }

    /// The printed link of `nurse`, `specialist` or `patient`.
    pub(crate) fn link(&self, label: &str) -> &str {
        let line = self.announcement.lines().find_map(|line| line.strip_prefix(&format!("{label:<10} ")));
        line.unwrap_or_else(|| panic!("no link of {label} in:\n{}", self.announcement))
    }

    pub(crate) fn invitation(&self, label: &str) -> &str {
        self.link(label).split_once('#').unwrap().1
    }

    /// The invitations of `label` into all demo rooms.
    pub(crate) fn invitations(&self, label: &str) -> Vec<String> {
        let lines = self.announcement.lines().filter(|line| line.starts_with(&format!("{label:<10} ")));
        lines.filter_map(|line| line.split_once('#')).map(|(_, invitation)| invitation.to_owned()).collect()
    }

    /// An invitation into the demo room for somebody whom the announcement does not name.
    pub(crate) fn invite(&self, role: Role, subject: &str, life: Duration) -> String {
        let grant = Grant {
            room: "demo-1".into(),
            subject: subject.into(),
            role,
            name: subject.into(),
            room_title: "Demo".into(),
            language: "en".into(),
            expires_ms: now().plus(life),
        };
        self.server.invite(&grant).unwrap()
    }

    pub(crate) async fn exchange(&self, invitation: &str) -> Response {
        http::post(self.address(), "/api/v1/join", &json!({ "invitation": invitation }).to_string()).await
    }

    pub(crate) async fn token(&self, invitation: &str) -> String {
        let response = self.exchange(invitation).await;
        assert_eq!(response.status, 200, "{}", response.body);
        response.json()["token"].as_str().unwrap().to_owned()
    }

    /// A socket of `label` before its `join`.
    pub(crate) async fn connect(&self, label: &str) -> Person {
        let token = self.token(self.invitation(label)).await;
        Person::connect(self.address(), token).await
    }

    /// `label` in the call or in the waiting room, with what the server said first.
    pub(crate) async fn enter(&self, label: &str) -> (Person, Value) {
        let mut person = self.connect(label).await;
        person.join().await;
        let greeting = person.next_of(&["joined", "waiting", "error", "bye"]).await;
        (person, greeting)
    }

    pub(crate) async fn metrics(&self) -> String {
        http::get(self.address(), "/metrics").await.body
    }
}

pub(crate) fn now() -> UnixMillis {
    kenes::clock::unix_ms()
}
