//! Runs and context stacks: what a script execution sees as its own call, and whose data it has loaded.
