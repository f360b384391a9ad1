//! Calls through real engines in the simulated network.
mod basic;
mod blacklists;
mod branches;
mod chaos;
mod forking;
mod lifetimes;
mod lossy;
mod names;
mod routing;
pub mod stage;
mod torture;
mod wire;
mod workers;
