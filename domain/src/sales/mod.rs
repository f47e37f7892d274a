//! Selling: estimates and leads.
