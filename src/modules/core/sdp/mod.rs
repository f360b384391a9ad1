//! The session description of a message as scripts read and change it, line by line: what `$sdp.*` stand on.
//!
//! `path` reads the names of the variables, `text` finds lines and tokens and changes them. The description is that of the
//! body as it will leave, alone or as a part of a multipart body, so that a change sees the changes before it.
pub mod path;
pub mod text;
