//! The append function and its lanes: order, once, and each command's own fate.
