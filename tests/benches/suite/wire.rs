//! A client that costs as little as it can: what it spends is taken from the server, which shares the machine.
//!
//! All connections of a crowd live on one thread with a reactor of its own, as in the common load generators.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::processor;

/// The longest answer that is read.
const ROOM: usize = 512 * 1024;

/// One connection with its buffer.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    request: Vec<u8>,
}

/// An answer, as long as nothing else is asked.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The body, if the answer is a good one.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert!(self.status / 100 == 2, "{} {}", self.status, String::from_utf8_lossy(self.body));
        serde_json::from_slice(self.body).unwrap()
    }
}

impl Connection {
    pub(crate) async fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: vec![0; ROOM], request: Vec::with_capacity(1024) }
    }

    /// Sends a request made of `parts` and reads the answer.
    pub(crate) async fn ask(&mut self, parts: &[&str]) -> Answer<'_> {
        self.request.clear();
        for part in parts {
            self.request.extend_from_slice(part.as_bytes());
        }
        self.stream.write_all(&self.request).await.unwrap();
        let (head, end) = self.read().await;
        let status = std::str::from_utf8(&self.buffer[9..12]).unwrap().parse().unwrap();
        Answer { status, body: &self.buffer[head..end] }
    }

    /// Asks for `path`; `headers` end with a line break each.
    pub(crate) async fn get(&mut self, path: &str, headers: &str) -> Answer<'_> {
        self.ask(&["GET ", path, " HTTP/1.1\r\nhost: localhost\r\n", headers, "\r\n"]).await
    }

    /// Posts `body`; `headers` end with a line break each.
    pub(crate) async fn post(&mut self, path: &str, headers: &str, body: &str) -> Answer<'_> {
        let length = body.len().to_string();
        self.ask(&[
            "POST ",
            path,
            " HTTP/1.1\r\nhost: localhost\r\n",
            headers,
            "content-type: application/json\r\ncontent-length: ",
            &length,
            "\r\n\r\n",
            body,
        ])
        .await
    }

    /// Header names are looked for as our server writes them.
    async fn read(&mut self) -> (usize, usize) {
        const LENGTH: &[u8] = b"content-length: ";
        let mut length = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[length..]).await.unwrap();
            assert!(read > 0, "the server hung up");
            length += read;
            let text = &self.buffer[..length];
            let Some(head) = find(text, b"\r\n\r\n") else { continue };
            let at = find(&text[..head], LENGTH).unwrap() + LENGTH.len();
            let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
            let body = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
            if length >= head + 4 + body {
                return (head + 4, head + 4 + body);
            }
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted[0];
    (0..text.len()).find(|at| text[*at] == first && text[*at..].starts_with(wanted))
}

/// What a crowd got done.
pub(crate) struct Load<T> {
    /// What each connection brought back.
    pub(crate) results: Vec<T>,
    /// Wall clock.
    pub(crate) took: Duration,
    /// Seconds of processor time of the crowd itself.
    pub(crate) cpu: f64,
}

/// Runs `client` on `count` connections to `port` at once, numbered from 0.
pub(crate) async fn crowd<T, F>(
    port: u16,
    count: usize,
    client: impl Fn(Connection, usize) -> F + Send + 'static,
) -> Load<T>
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = Rc::new(client);
        let cpu = processor::of_this_thread();
        let started = Instant::now();
        let local = tokio::task::LocalSet::new();
        let results = local.block_on(&runtime, async {
            let clients = (0..count).map(|number| {
                let client = Rc::clone(&client);
                tokio::task::spawn_local(async move {
                    client(Connection::open(port).await, number).await
                })
            });
            let all: Vec<_> = clients.collect();
            futures::future::join_all(all).await
        });
        let results = results.into_iter().map(Result::unwrap).collect();
        Load { results, took: started.elapsed(), cpu: processor::of_this_thread() - cpu }
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}
