//! Somebody who works with the API: a session's cookie and the few headers that its calls take.

use crate::http::{self, Response};
use serde_json::{Value, json};
use std::net::SocketAddr;

pub(crate) struct Staff {
    address: SocketAddr,
    cookie: String,
}

impl Staff {
    pub(crate) async fn sign_in(address: SocketAddr, login: &str, password: &str) -> Self {
        let response = Self::try_sign_in(address, login, password).await;
        assert_eq!(response.status, 200, "{}", response.body);
        Self { address, cookie: cookie_of(&response) }
    }

    pub(crate) async fn try_sign_in(address: SocketAddr, login: &str, password: &str) -> Response {
        let body = json!({ "login": login, "password": password });
        http::post(address, "/api/v1/session", &body.to_string()).await
    }

    pub(crate) async fn change_password(&mut self, current: &str, new: &str) {
        let response = self.post("/session/password", &json!({ "current": current, "new": new })).await;
        assert_eq!(response.status, 204, "{}", response.body);
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send("GET", path, "", &Value::Null).await
    }

    /// What a successful GET answers.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status, 200, "{path}: {}", response.body);
        response.json()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.send("POST", path, "", body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.send("DELETE", path, "", &Value::Null).await
    }

    /// `headers`: whole lines, each with its line end.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &str, body: &Value) -> Response {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (address, cookie, length) = (self.address, &self.cookie, body.len());
        let head =
            format!("{method} /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nCookie: {cookie}\r\n");
        let request = format!("{head}Content-Length: {length}\r\n{headers}\r\n{body}");
        http::send(address, &request).await
    }
}

/// The session's cookie as the browser sends it back.
pub(crate) fn cookie_of(response: &Response) -> String {
    let set = response.header("set-cookie").unwrap();
    set.split_once(';').map_or(set, |(pair, _)| pair).to_owned()
}
