//! The role `dev`: everything on this machine, from nothing, with one command.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::{Args, Parser};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answering::answering;
use super::{api, jobs, now, stop_signal, web};
use crate::cli::say;
use crate::config::environment::Environment;
use crate::config::{AppEnv, Config};
use crate::demo::{self, Amount};
use crate::migrate::{self, Login};
use crate::organisations::Organisations;
use crate::postgres::{Cluster, Options as ClusterOptions, Profile};
use crate::{secrets, telemetry};

/// Name of the database.
const DATABASE: &str = "cleaning";

/// Everything on this machine: a private database, demo data, API, jobs and web.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where the database, its secrets and the log are kept.
    #[arg(long, default_value = "var")]
    data_dir: PathBuf,
    /// Port of the API; 0 is any free one.
    #[arg(long, default_value_t = 8000)]
    api_port: u16,
    /// Port of the jobs process; 0 is any free one.
    #[arg(long, default_value_t = 8001)]
    jobs_port: u16,
    /// Port of the screens; 0 is any free one.
    #[arg(long, default_value_t = 3000)]
    web_port: u16,
    /// How much demo data a new database gets.
    #[arg(long, value_enum, default_value = "small")]
    demo: Amount,
    /// The same seed makes the same demo data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            options: Options,
        }
        Alone::parse_from(["cleaning"]).options
    }
}

/// Starts everything, says where it is, and runs until it is told to stop.
pub async fn run(options: Options) -> anyhow::Result<()> {
    let started = Instant::now();
    let stop = stop_signal()?;
    // What cannot be used was refused before.
    let (given, _) = Environment::of_process().config()?;
    std::fs::create_dir_all(&options.data_dir)
        .with_context(|| format!("cannot make {}", options.data_dir.display()))?;
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(options.data_dir.join("cleaning.log"))?;
    let scrape = ::api::install_recorder()?;
    let export = given.export("dev")?;
    telemetry::init(given.log_level, std::sync::Arc::new(log), export.as_ref());
    // The ports first: being told that one is taken should not take a database.
    let listeners = Listeners::bind(&options).await?;
    let database = tokio::task::spawn_blocking({
        let (directory, given) = (options.data_dir.clone(), given_url(&given));
        move || Database::start(&directory, given)
    })
    .await??;
    let config = completed(given, &database, &listeners)?;
    database.prepare().await?;
    let clients = fill(&options, &config, &url(&listeners.web)?).await?;
    let told = ready(&options, &database, &listeners, clients)?;

    let processes = TaskTracker::new();
    start(config, listeners, scrape, &processes, &stop);
    let outcome = announce(&told, &database, started, &stop).await;
    if outcome.is_err() {
        stop.cancel();
    }
    stop.cancelled().await;
    processes.close();
    processes.wait().await;
    if let Some(export) = export {
        export.finish().await;
    }
    tokio::task::spawn_blocking(move || drop(database)).await?;
    outcome
}

/// Where everything will be reached.
struct Listeners {
    api: TcpListener,
    jobs: TcpListener,
    web: TcpListener,
}

impl Listeners {
    async fn bind(options: &Options) -> anyhow::Result<Self> {
        Ok(Self {
            api: bind(options.api_port, "--api-port").await?,
            jobs: bind(options.jobs_port, "--jobs-port").await?,
            web: bind(options.web_port, "--web-port").await?,
        })
    }
}

async fn bind(port: u16, option: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| {
        format!("port {port} is taken; choose another with {option} (0 is any free one)")
    })
}

fn url(listener: &TcpListener) -> anyhow::Result<String> {
    Ok(format!("http://127.0.0.1:{}", listener.local_addr()?.port()))
}

/// The private cluster, or the server that `DATABASE_URL` names.
struct Database {
    // Stops when dropped.
    cluster: Option<Cluster>,
    admin: String,
    app: String,
    worker: String,
    secrets: PathBuf,
    logins: Vec<Login>,
}

impl Database {
    fn start(data_dir: &Path, given: Option<String>) -> anyhow::Result<Self> {
        let secrets = data_dir.join("secrets");
        let mut logins = Vec::new();
        for role in ["cleaning_app", "cleaning_worker", "cleaning_auditor"] {
            let password = secrets::keep(&secrets.join(role), || secrets::random_text(16))?;
            logins.push(Login { role: role.to_owned(), password: SecretString::from(password) });
        }
        let address = |base: &dyn Fn(&str, &str) -> String, n: usize| {
            use secrecy::ExposeSecret;
            base(&logins[n].role, logins[n].password.expose_secret())
        };
        if let Some(given) = given {
            let base = |role: &str, password: &str| with_login(&given, role, password);
            let (app, worker) = (address(&base, 0), address(&base, 1));
            return Ok(Self { cluster: None, admin: given.clone(), app, worker, secrets, logins });
        }
        let cluster = Cluster::start(&ClusterOptions {
            directory: data_dir.join("pg"),
            port: 0,
            profile: Profile::Durable,
        })?;
        let base = |role: &str, password: &str| cluster.url(role, password, DATABASE);
        let (app, worker) = (address(&base, 0), address(&base, 1));
        let admin = cluster.admin_url(DATABASE);
        Ok(Self { cluster: Some(cluster), admin, app, worker, secrets, logins })
    }

    /// Makes the database if it is missing and brings it up to this build.
    async fn prepare(&self) -> anyhow::Result<()> {
        let options: PgConnectOptions = self.admin.parse()?;
        if self.cluster.is_some() {
            let mut db = options.clone().database("postgres").connect().await?;
            let exists: bool =
                sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
                    .bind(DATABASE)
                    .fetch_one(&mut db)
                    .await?;
            if !exists {
                db.execute(format!("create database {DATABASE}").as_str()).await?;
            }
            db.close().await?;
        }
        migrate::up(&options, &migrate::embedded()?, &self.logins).await?;
        Ok(())
    }

    fn secret(&self, name: &str, make: fn() -> String) -> anyhow::Result<SecretString> {
        Ok(secrets::keep(&self.secrets.join(name), make)?.into())
    }
}

/// An address in the environment is used as it is: then nothing private is started.
fn given_url(config: &Config) -> Option<String> {
    use secrecy::ExposeSecret;
    let url = config.database_url.as_ref()?.expose_secret();
    let (scheme, rest) = url.split_once("://")?;
    Some(format!("{}://{rest}", scheme.split('+').next().unwrap_or(scheme)))
}

fn with_login(url: &str, role: &str, password: &str) -> String {
    let Ok(mut url) = url::Url::parse(url) else { return url.to_owned() };
    let _ = url.set_username(role);
    let _ = url.set_password(Some(password));
    url.to_string()
}

/// Mail settings and the like still come from the environment.
fn completed(
    mut config: Config,
    database: &Database,
    listeners: &Listeners,
) -> anyhow::Result<Config> {
    config.app_env = AppEnv::Dev;
    config.database_url = Some(database.app.clone().into());
    config.database_worker_url = Some(database.worker.clone().into());
    config.database_migration_url = Some(database.admin.clone().into());
    config.api_url = url(&listeners.api)?.parse()?;
    if config.portal.client_portal_base_url.is_none() && config.portal.public_base_url.is_none() {
        config.portal.client_portal_base_url = Some(url(&listeners.web)?.parse()?);
    }
    config.default_org_id.get_or_insert(demo::ORGANISATIONS[0].org.as_uuid());
    config.jobs_enabled = true;
    if config.pii_master_key.is_none() {
        let key = database.secret("pii-master-key", || format!("1:{}", secrets::random_key()))?;
        config.pii_master_key = Some(key);
    }
    if config.auth_secret_key.is_none() {
        config.auth_secret_key = Some(database.secret("auth-secret-key", secrets::random_key)?);
    }
    if config.history_signing_key.is_none() {
        config.history_signing_key =
            Some(database.secret("history-signing-key", secrets::random_key)?);
    }
    config
        .storage
        .order_upload_root
        .get_or_insert_with(|| database.secrets.with_file_name("photos"));
    config
        .audit_spool_file
        .get_or_insert_with(|| database.secrets.with_file_name("audit-spool.jsonl"));
    Ok(config)
}

/// Makes what is missing, and tells how a client of each organisation comes in at `portal`.
async fn fill(
    options: &Options,
    config: &Config,
    portal: &str,
) -> anyhow::Result<Vec<Option<Value>>> {
    let lanes = TaskTracker::new();
    let organisations = Organisations::connect(config, &lanes)?;
    let passwords = options.data_dir.join("secrets");
    demo::fill(&organisations, options.demo, options.seed, now(), |username| {
        Ok(password(&passwords, username)?)
    })
    .await?;
    let links = organisations.links(config.master_keys()?);
    let mut clients = Vec::new();
    for demo in &demo::ORGANISATIONS {
        clients.push(demo::client_login(&links, demo, portal, now()).await?);
    }
    drop((organisations, links));
    lanes.close();
    lanes.wait().await;
    Ok(clients)
}

fn password(secrets: &Path, username: &str) -> std::io::Result<String> {
    secrets::keep(&secrets.join("logins").join(username), || secrets::random_text(8))
}

fn start(
    config: Config,
    listeners: Listeners,
    scrape: PrometheusHandle,
    processes: &TaskTracker,
    stop: &CancellationToken,
) {
    let Listeners { api: api_listener, jobs: jobs_listener, web: web_listener } = listeners;
    let (for_jobs, for_web) = (config.clone(), config.clone());
    let (scrape_jobs, stop_jobs) = (scrape.clone(), stop.clone());
    let (stop_api, stop_web) = (stop.clone(), stop.clone());
    processes.spawn(ending(stop.clone(), async move {
        api::run(&config, api_listener, scrape, stop_api).await
    }));
    processes.spawn(ending(stop.clone(), async move {
        jobs::run(&for_jobs, jobs_listener, scrape_jobs, stop_jobs).await
    }));
    processes.spawn(ending(stop.clone(), async move {
        web::run(&for_web, web_listener, stop_web).await
    }));
}

/// One process that cannot go on stops them all.
async fn ending(stop: CancellationToken, process: impl Future<Output = anyhow::Result<()>>) {
    if let Err(error) = process.await {
        tracing::error!(error = %format!("{error:#}"), "a process ended");
        eprintln!("cleaning: {error:#}");
        stop.cancel();
    }
}

/// What the last line of the start tells scripts.
fn ready(
    options: &Options,
    database: &Database,
    listeners: &Listeners,
    clients: Vec<Option<Value>>,
) -> anyhow::Result<Value> {
    let secrets = options.data_dir.join("secrets");
    let mut orgs = Vec::new();
    for (demo, client) in demo::ORGANISATIONS.iter().zip(clients) {
        let mut logins = serde_json::Map::new();
        for role in demo::ROLES {
            let username = demo::username(demo.slug, role);
            let password = password(&secrets, &username)?;
            let name: &'static str = role.into();
            logins.insert(name.to_owned(), json!({ "username": username, "password": password }));
        }
        let mut org = json!({ "org_id": demo.org, "name": demo.name, "logins": logins });
        if let Some(client) = client {
            org["worker"] = demo::worker_login(demo, |name| password(&secrets, name))?;
            org["client"] = client;
        }
        orgs.push(org);
    }
    Ok(json!({
        "api": url(&listeners.api)?,
        "jobs": url(&listeners.jobs)?,
        "web": url(&listeners.web)?,
        "database": database.app,
        "owner_database": database.admin,
        "orgs": orgs,
    }))
}

async fn announce(
    told: &Value,
    database: &Database,
    started: Instant,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let Some(answered) = stop.run_until_cancelled(answering(told, &database.worker)).await else {
        return Ok(());
    };
    answered?;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    say(format!(
        "\nEverything is up, after {:.1} s. Ctrl-C stops it.\n",
        started.elapsed().as_secs_f64()
    ));
    say(format!("  screens  {}", word(&told["web"])));
    say(format!("  API      {}   (described at {}/docs)", word(&told["api"]), word(&told["api"])));
    say(format!("  jobs     {}", word(&told["jobs"])));
    for (org, demo) in told["orgs"].as_array().into_iter().flatten().zip(&demo::ORGANISATIONS) {
        say(format!("\n  {} (X-Org: {})", demo.name, demo.slug));
        for login in org["logins"].as_object().into_iter().flat_map(serde_json::Map::values) {
            say(format!("    {:<18} {}", word(&login["username"]), word(&login["password"])));
        }
        for line in demo::portal_logins(org, &word(&told["web"]), demo) {
            say(line);
        }
    }
    say(format!("\nready {told}"));
    Ok(())
}
