//! The built-in modules: rows that bind script-facing names to bodies.
