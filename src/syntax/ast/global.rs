//! The values of global parameters.
use super::{Ident, IntLit, NetLit, StrLit};
use crate::base::{Span, Str};
use std::net::IpAddr;

#[derive(Clone, Debug)]
pub struct Global {
    pub name: Ident,
    pub value: GlobalValue,
    pub span: Span,
}

/// The forms that values of global parameters have.
#[derive(Clone, Debug)]
pub enum GlobalValue {
    Int(IntLit),
    /// Strings; several only for the search path (`mpath="a":"b"`).
    Strs(Vec<StrLit>),
    Word(Ident),
    /// `advertised_address`: an address, a host name or a string.
    Host(Host),
    /// `udp_workers = 4 use_auto_scaling_profile NAME`.
    Workers {
        count: IntLit,
        profile: Ident,
    },
    /// `socket = udp:10.0.0.1:5060 as 1.2.3.4`.
    Socket(Socket),
    /// `socket = bond:NAME { "udp:10.0.0.1:5060", ... }`.
    Bond(Bond),
    Aliases(Vec<Alias>),
    MemGroup {
        name: StrLit,
        modules: Vec<StrLit>,
    },
    AutoScaling(Box<AutoScaling>),
    Blacklist(Blacklist),
    Bad(Span),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub kind: HostKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// `*`: every address.
    Any,
    Ip(IpAddr),
    /// A name or the name of a network interface, bare or quoted.
    Name(Str),
}

#[derive(Clone, Debug)]
pub struct Socket {
    pub proto: Ident,
    pub host: Host,
    /// Empty: the port of the protocol.
    pub ports: Vec<PortRange>,
    pub options: Vec<SocketOption>,
    pub span: Span,
}

/// `5060` or `5060-5070`, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    pub low: u16,
    pub high: u16,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct SocketOption {
    pub kind: SocketOptionKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum SocketOptionKind {
    /// An option that is one word: `anycast`, `frag`, `reuse_port`, `accept_subdomain`, `proxy_protocol`, ... with `_` for `-`.
    Flag(String),
    UseWorkers(IntLit),
    Tos(IntLit),
    Tag(Ident),
    UseAutoScalingProfile(Ident),
    As {
        host: Host,
        ports: Vec<PortRange>,
    },
}

#[derive(Clone, Debug)]
pub struct Bond {
    pub name: Ident,
    pub members: Vec<StrLit>,
    pub span: Span,
}

/// `udp:sip.example.com:5060 accept_subdomain`; no protocol or `any`: every protocol; no port: every port.
#[derive(Clone, Debug)]
pub struct Alias {
    pub proto: Option<Ident>,
    pub host: Host,
    pub port: Option<IntLit>,
    pub accept_subdomain: bool,
    pub span: Span,
}

/// `NAME scale up to 6 on 70 % for 4 cycles within 5 scale down to 2 on 18 % for 10 cycles`.
#[derive(Clone, Debug)]
pub struct AutoScaling {
    pub name: Ident,
    pub up: ScaleRule,
    pub within: Option<IntLit>,
    pub down: Option<ScaleRule>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct ScaleRule {
    pub to: IntLit,
    pub load: IntLit,
    pub cycles: IntLit,
}

#[derive(Clone, Debug)]
pub struct Blacklist {
    pub name: Ident,
    /// `readonly` (also written `read-only`), `expire`, `default`; empty means read-only.
    pub flags: Vec<Ident>,
    pub rules: Vec<BlacklistRule>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct BlacklistRule {
    pub negated: bool,
    /// `None`: any.
    pub proto: Option<Ident>,
    pub net: NetLit,
    /// `None`: any.
    pub port: Option<IntLit>,
    pub pattern: Option<StrLit>,
    pub span: Span,
}
