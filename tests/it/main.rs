//! Integration tests, a module for each capability.
#![allow(clippy::disallowed_methods, reason = "tests read files and draw seeds")]
mod layering;
