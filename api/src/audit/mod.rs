//! The audit log: what is written about requests that leave no event, and what staff read of all of it.
//!
//! No handler takes part. The guard says which rule a request is held to and whether it got past it, the edge sees how it
//! ended, and `noted` makes of both what is to be kept.

mod client;
mod export;
mod noted;
mod proof;
mod read;
mod sampler;
mod timeline;
mod trail;

pub use self::client::ClientAddress;
pub(crate) use self::client::via;
pub(crate) use self::noted::around;
pub(crate) use self::sampler::Sampler;
pub(crate) use self::trail::{Account, Trail};
use crate::route::Routes;

pub(crate) fn routes() -> Routes {
    let log = Routes::default().merge(read::routes()).merge(export::routes());
    log.merge(proof::routes()).merge(timeline::routes())
}
