//! The outside world: sockets, clocks, resolver, signals, logs.
