//! A simulated network on a virtual clock: engines and scripted user agents.
