//! A mail server that keeps what it is sent and refuses what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Listens until it is dropped.
pub(crate) struct Smtp {
    pub(crate) port: u16,
    kept: Arc<Post>,
    _stop: DropGuard,
}

#[derive(Default)]
struct Post {
    mails: Mutex<Vec<String>>,
    refusals: Mutex<VecDeque<u16>>,
    /// Called when a mail has come, before it is answered.
    meanwhile: Mutex<Option<Box<dyn FnMut() + Send>>>,
}

impl Smtp {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (kept, closing) = (Arc::new(Post::default()), CancellationToken::new());
        let (post, until) = (Arc::clone(&kept), closing.clone());
        let connections = TaskTracker::new();
        let tracker = connections.clone();
        connections.spawn(until.run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let post = Arc::clone(&post);
                tracker.spawn(async move {
                    // A client that hangs up in mid-sentence is its own affair.
                    let _ = converse(stream, &post).await;
                });
            }
        }));
        Self { port: address.port(), kept, _stop: closing.drop_guard() }
    }

    /// The next mails are refused with these codes, one each.
    pub(crate) fn refuse(&self, codes: &[u16]) {
        self.kept.refusals.lock().unwrap().extend(codes);
    }

    /// Does something whenever a mail has come, before it is answered.
    pub(crate) fn meanwhile(&self, act: impl FnMut() + Send + 'static) {
        *self.kept.meanwhile.lock().unwrap() = Some(Box::new(act));
    }

    /// Everything accepted so far, headers included.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.kept.mails.lock().unwrap().clone()
    }
}

async fn converse(stream: TcpStream, post: &Post) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split_whitespace().next().unwrap_or_default().to_uppercase();
        match verb.as_str() {
            "EHLO" => write.write_all(b"250-test\r\n250 8BITMIME\r\n").await?,
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    mail += &line;
                    mail.push('\n');
                }
                if let Some(act) = &mut *post.meanwhile.lock().unwrap() {
                    act();
                }
                let refusal = post.refusals.lock().unwrap().pop_front();
                let reply = match refusal {
                    Some(code) => format!("{code} not for {mail:.20}\r\n").replace('\n', " "),
                    None => "250 kept".to_owned(),
                };
                if refusal.is_none() {
                    post.mails.lock().unwrap().push(mail);
                }
                write.write_all(format!("{}\r\n", reply.trim_end()).as_bytes()).await?;
            }
            "QUIT" => return write.write_all(b"221 bye\r\n").await,
            _ => write.write_all(b"250 ok\r\n").await?,
        }
    }
    Ok(())
}
