//! Read models of prices and terms.

pub mod price_book_versions;
