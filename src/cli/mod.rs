//! The command line: arguments to a call to an exit code.
