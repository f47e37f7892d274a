//! Read models of money that is asked for.

pub mod invoice_list;
