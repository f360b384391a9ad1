//! The run loop: executes flat code against a run; builtins return a value, wait, or run a route.
