//! The command bus: load, decide, append.

use std::sync::Arc;
use std::time::Duration;

use domain::event::EventSourced;
use domain::id::{CommandId, OrgId};
use domain::seal::MasterKeys;
use serde_json::Value;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use tracing::field::Empty;

use crate::append::{Decision, Outcome};
use crate::context::{Context, Done};
use crate::decide::decide;
use crate::error::{CommandError, LoadError};
use crate::fate::{label, refusal};
use crate::figures::{Figures, OfCommand};
use crate::hint;
use crate::lane::{self, Job, Lane, lane_of};
use crate::memory::{Memory, Place};
use crate::reader::Reader;
use crate::stream::{Folded, Streams, fold, unavailable};
use crate::tenant;

/// How long a caller waits for the database, in all its steps together, before it is told that there is none.
const PATIENCE: Duration = Duration::from_secs(2);

/// Aggregates kept in memory as a starting point for the next decision; a few kilobytes each.
const CACHED: u64 = 4_000;

/// What a bus is made of.
pub struct BusOptions {
    /// Where the lanes connect, as a role that may append.
    pub connect: PgConnectOptions,
    /// How many lanes that write, and as many that read; one per core is best, more make smaller batches.
    pub lanes: usize,
    /// How many decisions may wait in each lane before callers are turned away.
    pub queue: usize,
    /// Aggregates to keep in memory; 0 reads every stream anew.
    pub cache: u64,
    /// Wrap and unwrap the keys of persons.
    pub keys: MasterKeys,
    /// Where the lanes run; they end when the last bus is dropped.
    pub tasks: TaskTracker,
}

/// Never prints where it connects: the address carries a password.
impl std::fmt::Debug for BusOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BusOptions({} lanes of {})", self.lanes, self.queue)
    }
}

impl BusOptions {
    /// Two lanes, 4,096 waiting decisions each, 4,000 aggregates in memory.
    pub fn new(connect: PgConnectOptions, keys: MasterKeys, tasks: TaskTracker) -> Self {
        Self { connect, lanes: 2, queue: 4096, cache: CACHED, keys, tasks }
    }
}

/// An aggregate as it is now.
#[derive(Clone, Debug)]
pub struct Loaded<A> {
    /// Personal values open, or erased.
    pub state: A,
    /// Number of its events; 0 if it does not exist.
    pub version: i32,
}

/// The only way to change anything.
#[derive(Clone)]
pub struct CommandBus {
    streams: Streams,
    lanes: Arc<[mpsc::Sender<Job>]>,
    memory: Memory,
    waiting: metrics::Gauge,
    figures: Figures,
}

impl std::fmt::Debug for CommandBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CommandBus({} lanes)", self.lanes.len())
    }
}

impl CommandBus {
    /// Starts the lanes. They connect when the first decision comes, and again whenever the connection is lost.
    pub fn start(pool: PgPool, options: BusOptions) -> Self {
        let hint = Arc::new(Notify::new());
        let lanes = (0..options.lanes.max(1))
            .map(|_| {
                let (send, receive) = mpsc::channel(options.queue.max(1));
                let connect = lane::options(options.connect.clone(), "cleaning lane");
                options.tasks.spawn(Lane::new(connect, Arc::clone(&hint)).run(receive));
                send
            })
            .collect();
        let readers = (0..options.lanes.max(1))
            .map(|_| {
                let (send, receive) = mpsc::channel(options.queue.max(1));
                let connect = lane::options(options.connect.clone(), "cleaning reader");
                options.tasks.spawn(Reader::new(connect).run(receive));
                send
            })
            .collect();
        options.tasks.spawn(hint::run(options.connect, Arc::downgrade(&hint)));
        let streams = Streams { pool, keys: options.keys, readers };
        let waiting = metrics::gauge!("append_queue_depth");
        waiting.set(0.0);
        let memory = Memory::new(options.cache);
        Self { streams, lanes, memory, waiting, figures: Figures::default() }
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.streams.pool
    }

    /// Loads the aggregate, lets it decide, and appends what it decided.
    ///
    /// `answer` is asked what to say about the aggregate afterwards; for a repeated request it is asked about the
    /// aggregate as the first one left it. It must depend on nothing else.
    pub async fn execute<A: EventSourced>(
        &self,
        ctx: &Context,
        id: &str,
        command: A::Command,
        answer: impl Fn(&A) -> Value + Send,
    ) -> Result<Done, CommandError<A::Error>> {
        self.execute_telling(ctx, id, command, answer).await
    }

    /// As [`Self::execute`], for an answer of any type: one that is written at once need not be a tree of values first.
    pub async fn execute_telling<A: EventSourced, T>(
        &self,
        ctx: &Context,
        id: &str,
        command: A::Command,
        answer: impl Fn(&A) -> T + Send,
    ) -> Result<Done<T>, CommandError<A::Error>> {
        let place = self.memory.place::<A>(ctx.org, id);
        let known = place.as_ref().and_then(|place| place.folded());
        self.measured(ctx, id, command, &answer, (place, known)).await
    }

    /// As [`Self::execute`] for an aggregate that does not exist yet: it is not looked for first.
    ///
    /// If it does exist after all, the log says so and the command is decided again on what is there.
    pub async fn create<A: EventSourced>(
        &self,
        ctx: &Context,
        id: &str,
        command: A::Command,
        answer: impl Fn(&A) -> Value + Send,
    ) -> Result<Done, CommandError<A::Error>> {
        let nothing = Folded { state: A::default(), version: 0, keys: Arc::default() };
        let start = (None, Some(Arc::new(nothing)));
        self.measured(ctx, id, command, &answer, start).await
    }

    async fn measured<A: EventSourced, T>(
        &self,
        ctx: &Context,
        id: &str,
        command: A::Command,
        answer: &(impl Fn(&A) -> T + Send),
        start: Start<A>,
    ) -> Result<Done<T>, CommandError<A::Error>> {
        let figures = self.figures.of(A::TYPE, &command);
        let span = tracing::debug_span!(
            "command.handle",
            es.aggregate = A::TYPE,
            es.command = figures.name,
            es.outcome = Empty,
        );
        let started = Instant::now();
        let attempt = self.attempt(ctx, id, command, answer, start, &figures);
        let result = attempt.instrument(span.clone()).await;
        figures.took.record(started.elapsed());
        span.record("es.outcome", label(&result));
        figures.ended(label(&result));
        result
    }

    async fn attempt<A: EventSourced, T>(
        &self,
        ctx: &Context,
        id: &str,
        command: A::Command,
        answer: &(impl Fn(&A) -> T + Send),
        (mut place, mut known): Start<A>,
        figures: &OfCommand,
    ) -> Result<Done<T>, CommandError<A::Error>> {
        let until = Instant::now() + PATIENCE;
        let mut conflicts = 0;
        loop {
            let fresh = known.is_none();
            let before = if let Some(before) = known.take() {
                before
            } else {
                let latest = fold::<A>(&self.streams, ctx.org, id, i32::MAX);
                let latest = latest.instrument(tracing::debug_span!("es.load"));
                Arc::new(within(until, latest).await?)
            };
            let (decision, after) =
                match decide(&self.streams, ctx, id, command.clone(), &before).await {
                    Ok(decided) => decided,
                    // No before the latest events are known is no answer.
                    Err(_) if !fresh => continue,
                    Err(error) => {
                        return within(until, self.repeated(ctx, answer)).await?.ok_or(error);
                    }
                };
            let append = self.append(decision, until);
            match append.instrument(tracing::debug_span!("es.append")).await? {
                Outcome::Stored { position, version } => {
                    let told = answer(&after.state);
                    let after = Folded { version, ..after };
                    match place {
                        Some(place) => place.learn(after),
                        None => self.memory.keep(ctx.org, id, after),
                    }
                    let aggregate_id = id.to_owned();
                    return Ok(Done {
                        position,
                        version,
                        aggregate_id,
                        answer: told,
                        replayed: false,
                    });
                }
                Outcome::Duplicate { position, version, aggregate_id } => {
                    let replay = self.replay(ctx.org, position, version, aggregate_id, answer);
                    return within(until, replay).await;
                }
                // The state was old. If it came from memory that is no news, else it counts.
                Outcome::Conflict => {
                    if let Some(done) = within(until, self.repeated(ctx, answer)).await? {
                        return Ok(done);
                    }
                    place = None;
                    conflicts += i32::from(fresh);
                    if conflicts > 1 {
                        return Err(CommandError::Conflict);
                    }
                    figures.retries.increment(1);
                }
                // Somebody in a state from memory was erased since: it is read again, without them.
                Outcome::SubjectErased if !fresh => place = None,
                refused => return Err(refusal(ctx.request.command_id, refused)),
            }
        }
    }

    /// The aggregate as it is now, read from the log.
    pub async fn load<A: EventSourced>(
        &self,
        org: OrgId,
        id: &str,
    ) -> Result<Loaded<A>, LoadError> {
        let folded = fold::<A>(&self.streams, org, id, i32::MAX).await?;
        Ok(Loaded { state: folded.state, version: folded.version })
    }

    /// What became of a command: its position, version and aggregate, or `None` if it was not carried out.
    pub async fn lookup(&self, org: OrgId, command: CommandId) -> Result<Option<Done>, LoadError> {
        Ok(self.find(org, command).await?.map(|found| found.done))
    }

    async fn find(&self, org: OrgId, command: CommandId) -> Result<Option<Found>, LoadError> {
        let mut tx =
            tenant::begin(&self.streams.pool, org).await.map_err(|error| unavailable(&error))?;
        let row = sqlx::query!(
            "select position, version, aggregate_id, fingerprint from commands
             where org_id = $1 and command_id = $2",
            org.as_uuid(),
            command.as_uuid(),
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(|error| unavailable(&error))?;
        Ok(row.map(|row| Found {
            fingerprint: row.fingerprint,
            done: Done {
                position: row.position,
                version: row.version,
                aggregate_id: row.aggregate_id,
                answer: Value::Null,
                replayed: true,
            },
        }))
    }

    /// The answer to a request that was carried out before, if this is one.
    async fn repeated<A: EventSourced, T>(
        &self,
        ctx: &Context,
        answer: &(impl Fn(&A) -> T + Send),
    ) -> Result<Option<Done<T>>, CommandError<A::Error>> {
        if !ctx.request.keyed {
            return Ok(None);
        }
        match self.find(ctx.org, ctx.request.command_id).await? {
            None => Ok(None),
            Some(found) if found.fingerprint != ctx.request.fingerprint => {
                Err(CommandError::KeyReused)
            }
            Some(Found { done, .. }) => self
                .replay(ctx.org, done.position, done.version, done.aggregate_id, answer)
                .await
                .map(Some),
        }
    }

    async fn replay<A: EventSourced, T>(
        &self,
        org: OrgId,
        position: i64,
        version: i32,
        aggregate_id: String,
        answer: &(impl Fn(&A) -> T + Send),
    ) -> Result<Done<T>, CommandError<A::Error>> {
        let then = fold::<A>(&self.streams, org, &aggregate_id, version).await?;
        Ok(Done { position, version, aggregate_id, answer: answer(&then.state), replayed: true })
    }

    async fn append<E>(
        &self,
        decision: Decision,
        until: Instant,
    ) -> Result<Outcome, CommandError<E>> {
        let command_id = decision.command_id;
        let lane = lane_of(decision.org, self.lanes.len());
        let (reply, fate) = oneshot::channel();
        let (job, ticket) = Job::new(decision, reply);
        self.lanes[lane].try_send(job).map_err(|_| CommandError::QueueFull)?;
        let waiting = self.lanes[lane].max_capacity() - self.lanes[lane].capacity();
        self.waiting.set(f64::from(u32::try_from(waiting).unwrap_or(u32::MAX)));
        match timeout_at(until, fate).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Err(_) if ticket.cancel() => Err(CommandError::Unavailable),
            _ => Err(CommandError::OutcomeUnknown { command_id }),
        }
    }
}

/// What is known of an aggregate before it is asked.
type Start<A> = (Option<Arc<Place>>, Option<Arc<Folded<A>>>);

/// What only reads may be given up at any time.
async fn within<T, E: From<LoadError>>(
    until: Instant,
    read: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout_at(until, read).await.unwrap_or_else(|_| Err(LoadError::Unavailable.into()))
}

struct Found {
    fingerprint: Vec<u8>,
    done: Done,
}
