//! Core variables, one table per area.
pub mod auth;
pub mod avp;
pub mod body;
pub mod branches;
pub mod headers;
pub mod message;
pub mod parties;
pub mod request_uri;
pub mod script;
pub mod sockets;
pub mod time;

use crate::vm::{Pvar, joined, row_count};

const TABLES: &[&[Pvar]] = &[
    script::PVARS,
    avp::PVARS,
    request_uri::PVARS,
    parties::PVARS,
    message::PVARS,
    headers::PVARS,
    body::PVARS,
    auth::PVARS,
    sockets::PVARS,
    branches::PVARS,
    time::PVARS,
];

pub static PVARS: [Pvar; row_count(TABLES)] = joined(TABLES);
