//! What an organisation charges and under which terms: versions of its price book.

pub mod book;
pub mod catalogue;
mod digest;
pub mod price_book;
pub mod prices;
pub mod rates;
pub mod rates_wire;
