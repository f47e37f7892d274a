//! A client that holds every answer against the published description of the API.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

static DOCUMENT: LazyLock<Value> = LazyLock::new(api::document);

/// For addresses of this machine: reading the certificates of all others costs more than a test asks for.
pub(crate) fn plain() -> reqwest::ClientBuilder {
    // The program does so at its start; whoever comes first installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tls_certs_only([])
}

/// Headers that go with every request.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: String,
    headers: HeaderMap,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null if it is not JSON.
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        let http = plain().build().unwrap();
        Self { http, address: address.to_owned(), headers: HeaderMap::new() }
    }

    pub(crate) fn signed_in(self, username: &str, password: &str) -> Self {
        let both = STANDARD.encode(format!("{username}:{password}"));
        self.with(AUTHORIZATION.as_str(), &format!("Basic {both}"))
    }

    /// The same client with one more header.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut with = self.clone();
        let name: HeaderName = name.parse().unwrap();
        with.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        with
    }

    /// What it sends as the header `name`.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// A file as it is.
    pub(crate) async fn download(&self, path: &str) -> (HeaderMap, Vec<u8>) {
        let url = format!("{}{path}", self.address);
        let answer = self.http.get(url).headers(self.headers.clone()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        (answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::POST, path, body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::PUT, path, body.to_string()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::PATCH, path, body.to_string()).await
    }

    /// Posts bytes that need not be JSON but say that they are.
    pub(crate) async fn post_raw(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.json(Method::POST, path, body).await
    }

    async fn json(&self, method: Method, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let typed = if self.headers.contains_key(CONTENT_TYPE) {
            self.clone()
        } else {
            self.with(CONTENT_TYPE.as_str(), "application/json")
        };
        typed.send(method, path, Some(body.into())).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let url = format!("{}{path}", self.address);
        let request = self.http.request(method.clone(), url).headers(self.headers.clone());
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status, headers, text, body };
        answer.conforms(&method, path);
        answer
    }
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn position(&self) -> i64 {
        self.header("x-position").unwrap().parse().unwrap()
    }

    /// The names in `errors`, in order.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap()).collect()
    }

    /// Asserts a failure: its status, its code and that it is a problem document.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        self
    }

    /// Asserts success.
    #[track_caller]
    pub(crate) fn ok(&self) -> &Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self
    }

    /// Every answer of every test is one that the description promises.
    fn conforms(&self, method: &Method, path: &str) {
        assert!(self.header("x-request-id").is_some(), "{method} {path} has no X-Request-ID");
        let failed = self.status >= 400;
        let typed = self.header("content-type").unwrap_or_default();
        if failed && typed != "application/json" {
            assert_eq!(typed, "application/problem+json", "{method} {path}: {}", self.text);
            for member in ["type", "title", "status", "detail", "code", "request_id", "errors"] {
                assert!(!self.body[member].is_null(), "{method} {path}: no {member}");
            }
            assert_eq!(self.body["status"], self.status);
            assert_eq!(self.body["request_id"], self.header("x-request-id").unwrap());
        }
        let Some(operation) = operation(method, path) else { return };
        let promised = operation["responses"].as_object().unwrap();
        let silent = self.status == 304;
        assert!(
            silent || promised.contains_key(&self.status.to_string()),
            "{method} {path} answered {} {}, which is not described",
            self.status,
            self.code()
        );
    }
}

/// What the description says about this request.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |template: &str| {
        let (mut wanted, mut given) = (template.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if wanted.starts_with('{') || wanted == given => {}
                _ => return false,
            }
        }
    };
    let (_, methods) =
        DOCUMENT["paths"].as_object().unwrap().iter().find(|(path, _)| fits(path))?;
    methods.get(method.as_str().to_lowercase())
}
