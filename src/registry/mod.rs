//! What every script-facing name means: signatures, roles, the catalog of what is built in and of what OpenSIPS knows.
