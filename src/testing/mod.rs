//! A simulated network on a virtual clock: engines and scripted user agents.
#![allow(clippy::disallowed_methods, reason = "this layer is the outside world")]
