//! The database keeps organisations apart even from a program that forgets to.

mod attacks;
mod audit;
mod pool;
mod rights;
mod walls;
