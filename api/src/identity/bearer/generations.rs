//! Whether what is remembered about somebody still holds: one number, asked for with every request.
//!
//! The number goes up in the transaction of every change that a request is held to. A question is sent after the request
//! that it is for has arrived, so it sees everything that was answered before, by whichever process. Requests that come
//! while a question is on its way share the next one: under load many are answered by one row each of one statement.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sqlx::PgPool;
use tokio::sync::{Mutex as Turn, oneshot};
use uuid::Uuid;

use crate::problem::{Code, Problem};

type Waiting = (Uuid, oneshot::Sender<Result<i64, Problem>>);

/// Asks, one question at a time.
#[derive(Default)]
pub(crate) struct Generations {
    waiting: Mutex<Vec<Waiting>>,
    turn: Turn<()>,
}

impl Generations {
    /// The generation of `principal`, as it is at some moment after this call; 0 if nothing ever changed.
    pub(crate) async fn now(&self, db: &PgPool, principal: Uuid) -> Result<i64, Problem> {
        // Whoever asks for the others may go away in the middle of it.
        for _ in 0..3 {
            let (answer, mut answered) = oneshot::channel();
            self.lock().push((principal, answer));
            let told = tokio::select! {
                biased;
                told = &mut answered => told,
                _turn = self.turn.lock() => {
                    let batch = std::mem::take(&mut *self.lock());
                    // Nobody is left if the one before took ours along.
                    if !batch.is_empty() {
                        ask(db, batch).await;
                    }
                    answered.await
                }
            };
            if let Ok(told) = told {
                return told;
            }
        }
        Err(Problem::retry(Code::DatabaseUnavailable, 1))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ask(db: &PgPool, batch: Vec<Waiting>) {
    let principals: Vec<Uuid> = batch.iter().map(|(principal, _)| *principal).collect();
    let rows = sqlx::query!(
        "select principal, generation from generations where principal = any ($1)",
        &principals
    )
    .fetch_all(db)
    .await;
    let known: Result<HashMap<Uuid, i64>, Problem> = match rows {
        Ok(rows) => Ok(rows.into_iter().map(|row| (row.principal, row.generation)).collect()),
        Err(error) => Err(error.into()),
    };
    for (principal, answer) in batch {
        let told = known.as_ref().map(|all| all.get(&principal).copied().unwrap_or(0));
        // Whoever asked may have gone away.
        let _ = answer.send(told.map_err(Clone::clone));
    }
}
