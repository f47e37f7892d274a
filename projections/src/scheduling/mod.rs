//! Read models of scheduling.

pub mod booking_detail;
pub mod booking_list;
pub mod checklist_list;
pub mod dispatch_board;
pub mod photo_files;
pub mod photo_list;
pub mod reason_csv;
pub mod reason_log;
pub mod subscription_list;
pub mod team_list;
pub mod time_off_list;
pub mod work_times;
