//! Scheduling: when somebody comes to clean, who comes, and on what terms.

pub mod booking;
pub mod checklist;
pub mod dispatch;
pub mod duration;
pub mod photos;
pub mod search;
pub mod subscription;
pub mod team;
pub mod terms;
pub mod time_off;
pub mod window;
pub mod work_session;
