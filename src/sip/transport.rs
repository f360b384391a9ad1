//! Transport protocols as URIs, Via header fields and sockets name them.

/// The wire protocols a URI or socket may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
    Sctp,
    Ws,
    Wss,
}

impl Transport {
    pub const ALL: [Transport; 6] =
        [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Sctp, Transport::Ws, Transport::Wss];

    /// Case does not matter. `None` for a transport we do not speak, which is no error in a Via of another hop.
    pub fn parse(name: &[u8]) -> Option<Transport> {
        Self::ALL.into_iter().find(|t| t.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// As in `;transport=` and in sockets.
    pub const fn name(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Sctp => "sctp",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        }
    }

    /// As a Via header field spells it.
    pub const fn via_name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Sctp => "SCTP",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// Retransmission timers are off on these (RFC 3261 17.1).
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Transport::Udp)
    }

    pub const fn is_secure(self) -> bool {
        matches!(self, Transport::Tls | Transport::Wss)
    }

    /// RFC 3261 19.1.2, RFC 7118 8.1.
    pub const fn default_port(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp | Transport::Sctp => 5060,
            Transport::Tls => 5061,
            Transport::Ws => 80,
            Transport::Wss => 443,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_reads_back() {
        for transport in Transport::ALL {
            assert_eq!(Transport::parse(transport.name().as_bytes()), Some(transport));
            assert_eq!(Transport::parse(transport.via_name().as_bytes()), Some(transport));
        }
        assert_eq!(Transport::parse(b"UNKNOWN"), None);
    }
}
