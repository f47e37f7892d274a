//! Requests that cannot be read as HTTP. The library that reads them answers with a bare status, and asks nobody; before such
//! an answer goes out, it is told in words like every other problem.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use uuid::Uuid;

use crate::problem::{Code, Problem};

/// A connection on which bare refusals are put into words.
pub(crate) struct Worded<I> {
    io: I,
    /// What is still to be written of such an answer.
    rest: Vec<u8>,
}

impl<I> Worded<I> {
    pub(crate) const fn new(io: I) -> Self {
        Self { io, rest: Vec::new() }
    }
}

/// Such an answer has a line for its status and three more.
const LONGEST: usize = 256;

/// What the library means by the head of an answer without a body; none of ours is bare.
fn refusal(head: &[u8]) -> Option<Code> {
    let code = match head.get(..13)? {
        b"HTTP/1.1 400 " => Code::MalformedRequest,
        b"HTTP/1.1 414 " => Code::UriTooLong,
        b"HTTP/1.1 431 " => Code::HeadersTooLarge,
        _ => return None,
    };
    // Part of a file may look like one, but does not end like one.
    if head.len() > LONGEST || !head.ends_with(b"\r\n\r\n") {
        return None;
    }
    let bare = b"\r\ncontent-length: 0\r\n";
    head.windows(bare.len()).any(|part| part.eq_ignore_ascii_case(bare)).then_some(code)
}

fn worded(head: &[u8]) -> Option<Vec<u8>> {
    let problem = Problem::new(refusal(head)?);
    let status = problem.status();
    let id = Uuid::new_v4().to_string();
    let body = problem.body(&id, "/problems/");
    let reason = status.canonical_reason().unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 {} {reason}\r\nconnection: close\r\ncontent-type: application/problem+json\r\nx-request-id: {id}\r\ncontent-length: {}\r\n\r\n{body}",
        status.as_u16(),
        body.len(),
    );
    Some(answer.into_bytes())
}

impl<I: AsyncWrite + Unpin> Worded<I> {
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.rest.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.rest.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Worded<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Worded<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_rest(cx))?;
        if let Some(answer) = worded(bytes) {
            self.rest = answer;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_rest(cx))?;
        // A bare answer is all there is to write.
        if let [head] = parts
            && let Some(answer) = worded(head)
        {
            self.rest = answer;
            return Poll::Ready(Ok(head.len()));
        }
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_rest(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_rest(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_refusal_is_put_into_words() {
        let bare = |status: &str| {
            format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        };
        for (status, code) in [
            ("400 Bad Request", "malformed_request"),
            ("414 URI Too Long", "uri_too_long"),
            ("431 Request Header Fields Too Large", "headers_too_large"),
        ] {
            let answer = String::from_utf8(worded(bare(status).as_bytes()).unwrap()).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
            assert!(answer.contains(code), "{answer}");
        }
        let own = "HTTP/1.1 400 Bad Request\r\ncontent-length: 17\r\n\r\n";
        for other in [own, &bare("204 No Content"), &bare("404 Not Found"), "{}", ""] {
            assert_eq!(worded(other.as_bytes()), None, "{other}");
        }
    }
}
