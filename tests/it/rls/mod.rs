//! The database keeps organisations apart even from a program that forgets to.

mod audit;
mod walls;
