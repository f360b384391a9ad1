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
pub mod sdp;
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
    sdp::PVARS,
    auth::PVARS,
    sockets::PVARS,
    branches::PVARS,
    time::PVARS,
];

pub static PVARS: [Pvar; row_count(TABLES)] = joined(TABLES);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Value;
    use crate::modules::fixture::{Fixture, var};
    use crate::registry::SubName;
    use crate::sip::{Framing, Message};
    use crate::vm::{Store, VarIndex, VarName};
    use bytes::Bytes;
    use proptest::prelude::*;
    use std::sync::Arc;

    const FIELDS: [&str; 14] = [
        "Via",
        "From",
        "To",
        "Contact",
        "CSeq",
        "Content-Type",
        "Content-Length",
        "Authorization",
        "WWW-Authenticate",
        "Diversion",
        "Refer-To",
        "P-Preferred-Identity",
        "Remote-Party-ID",
        "X",
    ];

    fn any_message() -> impl Strategy<Value = Vec<u8>> {
        let value = "[ -~]{0,30}|<sip:[ -~]{0,12}>;[ -~]{0,8}|Digest [a-z]+=\"[ -~]{0,8}|[0-9]{0,12} [A-Z]{0,8}|multipart/x;boundary=b";
        let fields = prop::collection::vec((prop::sample::select(FIELDS.to_vec()), value), 0..12);
        let start = prop_oneof!["INVITE [!-~]{1,30} SIP/2.0", "SIP/2.0 (200|401|407) [ -~]{0,9}"];
        (start, fields, "(--b)?[ -~\r\n]{0,40}(--b--)?").prop_map(|(start, fields, body)| {
            let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            format!("{start}\r\n{lines}\r\n{body}").into_bytes()
        })
    }

    proptest! {
        /// Whatever the message holds, every variable reads as some value and takes or refuses one.
        #[test]
        fn every_variable_lives_with_any_message(bytes in any_message(), index in -3..4i32, text in "[ -~]{0,12}") {
            let Ok(message) = Message::parse(Bytes::from(bytes), Framing::Datagram) else { return Ok(()) };
            let mut f = Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1");
            f.run.msg = Arc::new(message);
            for row in &PVARS {
                let name = || match row.sig.sub {
                    SubName::None => VarName::None,
                    SubName::Optional | SubName::Required => VarName::Text(text.as_str().into()),
                };
                for at in [VarIndex::None, VarIndex::Int(index), VarIndex::All] {
                    let var = var(row, name(), at);
                    f.cx().read(&var);
                    for value in [Value::Null, Value::Int(index), Value::text(text.as_bytes())] {
                        // Refusing is an answer too.
                        let _ = f.cx().write(&var, Store::Set, value);
                    }
                    f.cx().read(&var);
                }
            }
        }
    }
}
