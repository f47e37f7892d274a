//! Variables about photos: where their files are kept, and how they are handed out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use clap::{ArgAction, Args, ValueEnum};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use secrecy::{ExposeSecret, SecretString};

use super::{Config, ConfigError};

/// The subject of these variables.
pub(super) const HEADING: &str = "Photos";

/// Where photos are kept if nobody says where.
const ROOT: &str = "var/uploads";

/// How long the store may take to pick up.
const CONNECT: Duration = Duration::from_secs(3);
/// How long it may take for one part of a file.
const PART: Duration = Duration::from_secs(20);
/// How often a request to it is repeated.
const REPEATED: usize = 3;

/// What keeps files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StorageBackend {
    /// A directory that API and jobs share.
    #[default]
    Local,
    /// A store that speaks S3, by the variables `S3_…`.
    S3,
    /// The same, by the variables `R2_…`.
    #[value(alias = "cloudflare_r2")]
    R2,
}

/// Where photos are kept.
#[derive(Args, Clone, Debug)]
pub struct StorageConfig {
    /// What keeps photos of visits.
    #[arg(long, env = "ORDER_STORAGE_BACKEND", value_enum, default_value = "local", help_heading = HEADING)]
    pub order_storage_backend: StorageBackend,
    /// The directory in which `local` keeps them, shared by API and jobs. Default: `var/uploads` where the process was started.
    #[arg(long, env = "ORDER_UPLOAD_ROOT", value_name = "PATH", help_heading = HEADING)]
    pub order_upload_root: Option<PathBuf>,
    /// Bytes of a photo at most.
    #[arg(long, env = "ORDER_PHOTO_MAX_BYTES", default_value_t = 10_485_760, value_name = "BYTES",
        value_parser = clap::value_parser!(u64).range(1..=104_857_600), help_heading = HEADING)]
    pub order_photo_max_bytes: u64,
    /// How long a link to a photo works.
    #[arg(long, env = "PHOTO_URL_TTL_SECONDS", default_value_t = 60, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(1..=3600), help_heading = HEADING)]
    pub photo_url_ttl_seconds: u32,
    /// Signs links to photos. Default: `ORDER_PHOTO_SIGNING_SECRET`, else `AUTH_SECRET_KEY`.
    #[arg(long, env = "PHOTO_TOKEN_SECRET", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub photo_token_secret: Option<SecretString>,
    /// As `PHOTO_TOKEN_SECRET`, for installations that name it so.
    #[arg(long, env = "ORDER_PHOTO_SIGNING_SECRET", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub order_photo_signing_secret: Option<SecretString>,
    /// Whether a link works only for the browser that it was made for.
    #[arg(long, env = "PHOTO_TOKEN_BIND_UA", default_value_t = true, action = ArgAction::Set, value_name = "BOOL",
        help_heading = HEADING)]
    pub photo_token_bind_ua: bool,
    /// Whether a link works only once.
    #[arg(long, env = "PHOTO_TOKEN_ONE_TIME", default_value_t = false, action = ArgAction::Set, value_name = "BOOL",
        help_heading = HEADING)]
    pub photo_token_one_time: bool,
    /// The address of the store; without it Amazon's own in `S3_REGION`.
    #[arg(long, env = "S3_ENDPOINT", value_name = "URL", help_heading = HEADING)]
    pub s3_endpoint: Option<String>,
    /// The bucket.
    #[arg(long, env = "S3_BUCKET", value_name = "TEXT", help_heading = HEADING)]
    pub s3_bucket: Option<String>,
    /// Who we are there.
    #[arg(long, env = "S3_ACCESS_KEY", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub s3_access_key: Option<SecretString>,
    /// How we prove it.
    #[arg(long, env = "S3_SECRET_KEY", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub s3_secret_key: Option<SecretString>,
    /// Where the bucket is.
    #[arg(long, env = "S3_REGION", default_value = "us-east-1", value_name = "TEXT", help_heading = HEADING)]
    pub s3_region: String,
    /// The address of the store.
    #[arg(long, env = "R2_ENDPOINT", value_name = "URL", help_heading = HEADING)]
    pub r2_endpoint: Option<String>,
    /// The bucket.
    #[arg(long, env = "R2_BUCKET", value_name = "TEXT", help_heading = HEADING)]
    pub r2_bucket: Option<String>,
    /// Who we are there.
    #[arg(long, env = "R2_ACCESS_KEY", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub r2_access_key: Option<SecretString>,
    /// How we prove it.
    #[arg(long, env = "R2_SECRET_KEY", hide_env_values = true, value_name = "TEXT", help_heading = HEADING)]
    pub r2_secret_key: Option<SecretString>,
    /// Where the bucket is.
    #[arg(long, env = "R2_REGION", default_value = "auto", value_name = "TEXT", help_heading = HEADING)]
    pub r2_region: String,
}

/// What a store that speaks S3 wants to know.
struct Remote<'a> {
    endpoint: Option<&'a str>,
    bucket: &'a str,
    access_key: &'a SecretString,
    secret_key: &'a SecretString,
    region: &'a str,
}

impl StorageConfig {
    /// What is missing of what the store wants to know.
    pub fn missing(&self) -> Vec<&'static str> {
        let needed = match self.order_storage_backend {
            StorageBackend::Local => return Vec::new(),
            StorageBackend::S3 => vec![
                ("S3_BUCKET", self.s3_bucket.is_some()),
                ("S3_ACCESS_KEY", self.s3_access_key.is_some()),
                ("S3_SECRET_KEY", self.s3_secret_key.is_some()),
            ],
            StorageBackend::R2 => vec![
                ("R2_ENDPOINT", self.r2_endpoint.is_some()),
                ("R2_BUCKET", self.r2_bucket.is_some()),
                ("R2_ACCESS_KEY", self.r2_access_key.is_some()),
                ("R2_SECRET_KEY", self.r2_secret_key.is_some()),
            ],
        };
        needed.into_iter().filter(|(_, is_there)| !is_there).map(|(name, _)| name).collect()
    }

    fn remote(&self) -> Option<Remote<'_>> {
        let (endpoint, bucket, access_key, secret_key, region) = match self.order_storage_backend {
            StorageBackend::Local => return None,
            StorageBackend::S3 => (
                &self.s3_endpoint,
                &self.s3_bucket,
                &self.s3_access_key,
                &self.s3_secret_key,
                &self.s3_region,
            ),
            StorageBackend::R2 => (
                &self.r2_endpoint,
                &self.r2_bucket,
                &self.r2_access_key,
                &self.r2_secret_key,
                &self.r2_region,
            ),
        };
        Some(Remote {
            endpoint: endpoint.as_deref(),
            bucket: bucket.as_deref()?,
            access_key: access_key.as_ref()?,
            secret_key: secret_key.as_ref()?,
            region,
        })
    }

    /// The store. Nothing is asked of it before it is first used.
    pub fn store(&self) -> Result<Arc<dyn ObjectStore>, ConfigError> {
        let name = "ORDER_STORAGE_BACKEND";
        let unusable = |error: object_store::Error| ConfigError::Unusable {
            name,
            why: format!("the store cannot be set up: {error}"),
        };
        if let Some(missing) = self.missing().first().copied() {
            return Err(ConfigError::Missing(missing));
        }
        let Some(remote) = self.remote() else {
            let root = self.order_upload_root.clone().unwrap_or_else(|| ROOT.into());
            let why = || ConfigError::Unusable {
                name: "ORDER_UPLOAD_ROOT",
                why: "it is no path of a directory".to_owned(),
            };
            let root = std::path::absolute(root).map_err(|_| why())?;
            let root = Path::from_absolute_path(root).map_err(|_| why())?;
            // A file is on the disk before anything is said about it.
            let disk = LocalFileSystem::new().with_fsync(true);
            return Ok(Arc::new(PrefixStore::new(disk, root)));
        };
        let client = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(PART);
        let plain = remote.endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(remote.bucket)
            .with_region(remote.region)
            .with_access_key_id(remote.access_key.expose_secret())
            .with_secret_access_key(remote.secret_key.expose_secret())
            .with_client_options(client.with_allow_http(plain))
            .with_retry(RetryConfig { max_retries: REPEATED, ..RetryConfig::default() });
        if let Some(endpoint) = remote.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        Ok(Arc::new(builder.build().map_err(unusable)?))
    }
}

impl Config {
    /// What the API does with photos.
    pub fn photos(&self) -> Result<api::Photos, ConfigError> {
        let storage = &self.storage;
        let secret = storage
            .photo_token_secret
            .as_ref()
            .or(storage.order_photo_signing_secret.as_ref())
            .or(self.auth_secret_key.as_ref())
            .ok_or(ConfigError::Missing("AUTH_SECRET_KEY"))?;
        Ok(api::Photos::new(api::PhotoOptions {
            store: storage.store()?,
            secret: secret.clone(),
            life: TimeDelta::seconds(storage.photo_url_ttl_seconds.into()),
            is_bound: storage.photo_token_bind_ua,
            once: storage.photo_token_one_time,
            most_bytes: storage.order_photo_max_bytes,
        }))
    }
}
