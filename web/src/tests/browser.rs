//! Just enough of a browser: keeps the cookie, sends forms, finds hidden fields.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use tower::ServiceExt;
use url::form_urlencoded::Serializer;

pub(super) struct Browser {
    site: Router,
    cookie: Option<String>,
}

pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) html: String,
}

impl Browser {
    pub(super) fn new(site: Router) -> Self {
        Self { site, cookie: None }
    }

    /// As if a page had set it before.
    pub(super) fn keep(&mut self, cookie: &str) {
        self.cookie = Some(cookie.to_owned());
    }

    pub(super) async fn get(&mut self, address: &str) -> Page {
        self.send(Method::GET, address, &[], None).await
    }

    pub(super) async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Page {
        self.send(Method::POST, address, fields, None).await
    }

    /// As if a page of another site had sent the form.
    pub(super) async fn post_from_afar(&mut self, address: &str, fields: &[(&str, &str)]) -> Page {
        self.send(Method::POST, address, fields, Some("cross-site")).await
    }

    pub(super) async fn send(
        &mut self,
        method: Method,
        address: &str,
        fields: &[(&str, &str)],
        from: Option<&str>,
    ) -> Page {
        let mut request = Request::builder().method(method).uri(address);
        request = request.header(header::HOST, "clean.example");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(from) = from {
            request = request.header("sec-fetch-site", from);
        }
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let answer = self.site.clone().oneshot(request.body(Body::from(body)).unwrap()).await;
        let (parts, body) = answer.unwrap().into_parts();
        if let Some(cookie) = parts.headers.get(header::SET_COOKIE) {
            self.cookie = cookie.to_str().unwrap().split(';').next().map(str::to_owned);
        }
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let html = String::from_utf8(body.to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, html }
    }
}

impl Page {
    pub(super) fn shows(&self, text: &str) -> bool {
        self.html.contains(text)
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the first field of that name.
    pub(super) fn field(&self, name: &str) -> &str {
        let named = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.html.split_once(&named).expect(name);
        rest.split('"').next().unwrap()
    }
}
