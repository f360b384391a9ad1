//! Integration tests, a module for each capability.
mod layering;
