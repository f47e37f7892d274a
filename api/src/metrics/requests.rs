//! Figures about requests. Each series is looked up by its labels once and then held: counting a request allocates nothing.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram};

/// Methods that have series of their own. A client may invent others: they share the last.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"];

/// The figures of everything a process is asked.
pub(crate) struct Requests {
    in_flight: Gauge,
    /// By the template of the path; the router bounds how many there are.
    paths: RwLock<HashMap<String, Arc<Methods>>>,
}

type Methods = [OnceLock<Series>; METHODS.len()];

/// One method of one path.
struct Series {
    method: &'static str,
    path: String,
    errors: Counter,
    /// By status; a route answers with a handful.
    answered: RwLock<Vec<(StatusCode, Answered)>>,
}

#[derive(Clone)]
struct Answered {
    total: Counter,
    took: Histogram,
}

impl Requests {
    /// Starts what counts failures of these methods and paths at zero.
    pub(crate) fn new<'a>(operations: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let in_flight = metrics::gauge!("http_requests_in_flight");
        in_flight.set(0.0);
        let requests = Self { in_flight, paths: RwLock::default() };
        for (method, path) in operations {
            let place = METHODS.iter().position(|known| *known == method).unwrap_or(7);
            let methods = requests.methods(path);
            methods[place].get_or_init(|| Series::new(METHODS[place], path));
        }
        requests
    }

    /// Counts one answered request to the route with this template.
    pub(crate) fn count(&self, method: &Method, path: &str, status: StatusCode, took: Duration) {
        let place = place_of(method);
        let known = self.paths.read().unwrap_or_else(PoisonError::into_inner);
        let count = |methods: &Methods| {
            let series = methods[place].get_or_init(|| Series::new(METHODS[place], path));
            if status.is_server_error() {
                series.errors.increment(1);
            }
            let answered = series.answered(status);
            answered.total.increment(1);
            answered.took.record(took);
        };
        if let Some(methods) = known.get(path) {
            return count(methods);
        }
        drop(known);
        count(&self.methods(path));
    }

    fn methods(&self, path: &str) -> Arc<Methods> {
        let mut known = self.paths.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(path.to_owned()).or_default())
    }
}

impl Series {
    fn new(method: &'static str, path: &str) -> Self {
        let path = path.to_owned();
        let errors =
            metrics::counter!("http_5xx_errors_total", "method" => method, "path" => path.clone());
        errors.absolute(0);
        Self { method, path, errors, answered: RwLock::default() }
    }

    fn answered(&self, status: StatusCode) -> Answered {
        let find = |all: &[(StatusCode, Answered)]| {
            all.iter().find(|(known, _)| *known == status).map(|(_, answered)| answered.clone())
        };
        let known = find(&self.answered.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(known) = known {
            return known;
        }
        let made = Answered::new(self.method, &self.path, status);
        let mut all = self.answered.write().unwrap_or_else(PoisonError::into_inner);
        if find(&all).is_none() {
            all.push((status, made.clone()));
        }
        made
    }
}

impl Answered {
    fn new(method: &'static str, path: &str, status: StatusCode) -> Self {
        let class = match status.as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        let total = metrics::counter!(
            "http_requests_total",
            "method" => method, "path" => path.to_owned(), "status" => status.as_str().to_owned(),
            "status_class" => class
        );
        let took = metrics::histogram!(
            "http_request_duration_seconds",
            "method" => method, "path" => path.to_owned(), "status_class" => class
        );
        Self { total, took }
    }
}

/// The method, if it is one that others know.
pub(crate) fn known_method(method: &Method) -> &'static str {
    METHODS[place_of(method)]
}

fn place_of(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::POST => 2,
        Method::PUT => 3,
        Method::PATCH => 4,
        Method::DELETE => 5,
        Method::OPTIONS => 6,
        _ => 7,
    }
}

/// Counts a request while it is in progress, however it ends.
pub(crate) struct InFlight(Gauge);

impl InFlight {
    pub(crate) fn enter(requests: &Requests) -> Self {
        let gauge = requests.in_flight.clone();
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_counts_under_its_own_name_and_invented_ones_together() {
        let all = [
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ];
        for method in all {
            assert_eq!(METHODS[place_of(&method)], method.as_str());
        }
        assert_eq!(METHODS[place_of(&Method::from_bytes(b"BREW").unwrap())], "OTHER");
    }

    #[test]
    fn a_series_is_made_once_and_for_every_status_of_its_own() {
        let requests = Requests::new([("GET", "/a")]);
        for status in [StatusCode::OK, StatusCode::OK, StatusCode::NOT_FOUND] {
            requests.count(&Method::GET, "/a", status, Duration::ZERO);
            requests.count(&Method::GET, "unmatched", status, Duration::ZERO);
        }
        let paths = requests.paths.read().unwrap();
        assert_eq!(paths.len(), 2);
        for methods in paths.values() {
            assert_eq!(methods[0].get().unwrap().answered.read().unwrap().len(), 2);
            assert!(methods[2].get().is_none());
        }
    }
}
