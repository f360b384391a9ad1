//! UDP in batches: recvmmsg and sendmmsg around a socket that shares its port with the other workers'.
use crate::context::{Datagram, SocketId};
use crate::engine::settings::Multicast;
use bytes::Bytes;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};

/// Messages a system call moves at most.
pub const BATCH: usize = 32;
/// The largest UDP payload, and one byte more to tell a truncated datagram.
const ROOM: usize = 65_536;
const RECEIVE_BUFFER: usize = 4 << 20;

/// A bound socket, before a worker takes it into its runtime.
pub struct Bound {
    pub id: SocketId,
    pub socket: std::net::UdpSocket,
    /// Another worker reads it; this one sends by it.
    pub receives: bool,
}

impl Bound {
    /// The same socket, to send by.
    pub fn for_sending(&self) -> io::Result<Bound> {
        Ok(Bound { id: self.id, socket: self.socket.try_clone()?, receives: false })
    }
}

/// How a socket is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub tos: u32,
    /// Datagrams may be cut into fragments; else what is too long for the path is refused.
    pub fragments: bool,
    pub receive_buffer: Option<usize>,
    pub multicast: Multicast,
}

/// Binds one of the sockets that share an address: the kernel spreads flows over them and keeps each flow in order.
pub fn bind(id: SocketId, addr: SocketAddr, setup: Setup) -> io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_port(true)?;
    // A smaller buffer than asked for is what the system grants; it is no reason not to start.
    let _ = socket.set_recv_buffer_size(setup.receive_buffer.unwrap_or(RECEIVE_BUFFER));
    let _ = socket.set_send_buffer_size(RECEIVE_BUFFER);
    match addr {
        SocketAddr::V4(_) => socket.set_tos_v4(setup.tos)?,
        SocketAddr::V6(_) => socket.set_tclass_v6(setup.tos)?,
    }
    if setup.fragments {
        allow_fragments(&socket, addr.is_ipv4())?;
    }
    socket.bind(&SockAddr::from(addr))?;
    join(&socket, addr, setup.multicast)?;
    Ok(Bound { id, socket: socket.into(), receives: true })
}

fn allow_fragments(socket: &Socket, is_ipv4: bool) -> io::Result<()> {
    let (level, option, value) = if is_ipv4 {
        (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DONT)
    } else {
        (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_DONT)
    };
    let len = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the value is an int and its length is given.
    let failed = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), len) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A socket at a multicast address joins its group; any socket may send to one.
fn join(socket: &Socket, addr: SocketAddr, multicast: Multicast) -> io::Result<()> {
    match addr.ip() {
        IpAddr::V4(ip) => {
            socket.set_multicast_loop_v4(multicast.loops_back)?;
            multicast.ttl.map_or(Ok(()), |ttl| socket.set_multicast_ttl_v4(ttl))?;
            if ip.is_multicast() { socket.join_multicast_v4(&ip, &Ipv4Addr::UNSPECIFIED) } else { Ok(()) }
        }
        IpAddr::V6(ip) => {
            socket.set_multicast_loop_v6(multicast.loops_back)?;
            multicast.ttl.map_or(Ok(()), |ttl| socket.set_multicast_hops_v6(ttl))?;
            if ip.is_multicast() { socket.join_multicast_v6(&ip, 0) } else { Ok(()) }
        }
    }
}

/// Whether somebody who does not share ports holds the address already: sharing alone would hide a second server.
pub fn is_taken(addr: SocketAddr) -> bool {
    let probe = || -> io::Result<()> {
        let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
        if addr.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&SockAddr::from(addr))
    };
    matches!(probe(), Err(e) if e.kind() == io::ErrorKind::AddrInUse)
}

/// A socket of a worker.
pub struct Udp {
    pub id: SocketId,
    pub receives: bool,
    socket: std::net::UdpSocket,
}

impl Udp {
    pub fn new(bound: Bound) -> Udp {
        Udp { id: bound.id, receives: bound.receives, socket: bound.socket }
    }

    /// What poll waits for.
    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Receives up to a batch without waiting; `WouldBlock` when there is nothing.
    pub fn receive(&self, room: &mut ReceiveRoom) -> io::Result<usize> {
        room.fill(self.fd())
    }

    /// Sends a batch; what the kernel refuses is lost like any datagram, and counted in the result.
    pub fn send(&self, room: &mut SendRoom, batch: &[&Datagram]) -> SendOutcome {
        room.send(self.socket.as_raw_fd(), batch)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendOutcome {
    pub sent: usize,
    pub failed: usize,
}

/// Buffers and headers for recvmmsg, used again for every batch.
pub struct ReceiveRoom {
    data: Vec<u8>,
    names: Vec<libc::sockaddr_storage>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl Default for ReceiveRoom {
    fn default() -> Self {
        // SAFETY: all-zero is a valid value of these C structs.
        let zeroed = unsafe {
            (std::mem::zeroed::<libc::sockaddr_storage>(), std::mem::zeroed(), std::mem::zeroed::<libc::mmsghdr>())
        };
        ReceiveRoom {
            data: vec![0; BATCH * ROOM],
            names: vec![zeroed.0; BATCH],
            vectors: vec![zeroed.1; BATCH],
            headers: vec![zeroed.2; BATCH],
        }
    }
}

impl ReceiveRoom {
    fn fill(&mut self, fd: i32) -> io::Result<usize> {
        for i in 0..BATCH {
            self.vectors[i] = libc::iovec { iov_base: self.data[i * ROOM..].as_mut_ptr().cast(), iov_len: ROOM };
            let header = &mut self.headers[i].msg_hdr;
            header.msg_name = (&raw mut self.names[i]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = &raw mut self.vectors[i];
            header.msg_iovlen = 1;
            header.msg_flags = 0;
        }
        // SAFETY: the headers point into vectors of this struct that stay where they are during the call.
        let n = unsafe {
            libc::recvmmsg(fd, self.headers.as_mut_ptr(), BATCH as u32, libc::MSG_DONTWAIT, std::ptr::null_mut())
        };
        if n < 0 { Err(io::Error::last_os_error()) } else { Ok(n as usize) }
    }

    /// The i-th message of the last batch; `None` when the kernel cut it off or its sender is no IP address.
    pub fn message(&self, i: usize) -> Option<(SocketAddr, Bytes)> {
        let header = self.headers.get(i)?;
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return None;
        }
        let from = socket_addr(self.names.get(i)?)?;
        let data = self.data.get(i * ROOM..i * ROOM + header.msg_len as usize)?;
        Some((from, Bytes::copy_from_slice(data)))
    }
}

/// Headers for sendmmsg, used again for every batch.
pub struct SendRoom {
    names: Vec<SockAddr>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl Default for SendRoom {
    fn default() -> Self {
        SendRoom {
            names: Vec::with_capacity(BATCH),
            vectors: Vec::with_capacity(BATCH),
            headers: Vec::with_capacity(BATCH),
        }
    }
}

// SAFETY: the raw pointers in the headers are written before each call and not read after it.
unsafe impl Send for SendRoom {}
// SAFETY: as above.
unsafe impl Send for ReceiveRoom {}

impl SendRoom {
    fn send(&mut self, fd: i32, batch: &[&Datagram]) -> SendOutcome {
        let mut outcome = SendOutcome::default();
        for chunk in batch.chunks(BATCH) {
            self.prepare(chunk);
            let mut at = 0;
            while at < chunk.len() {
                // SAFETY: the headers from `at` on point to names, vectors and payloads that live through the call.
                let n = unsafe {
                    libc::sendmmsg(fd, self.headers[at..].as_mut_ptr(), (chunk.len() - at) as u32, libc::MSG_DONTWAIT)
                };
                if n > 0 {
                    outcome.sent += n as usize;
                    at += n as usize;
                } else if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                    // The first of the rest was refused; the others may still go.
                    outcome.failed += 1;
                    at += 1;
                }
            }
        }
        outcome
    }

    fn prepare(&mut self, chunk: &[&Datagram]) {
        self.names.clear();
        self.vectors.clear();
        self.headers.clear();
        for datagram in chunk {
            self.names.push(SockAddr::from(datagram.to));
            self.vectors.push(libc::iovec {
                iov_base: datagram.bytes.as_ptr().cast_mut().cast(),
                iov_len: datagram.bytes.len(),
            });
        }
        for i in 0..chunk.len() {
            // SAFETY: all-zero is a valid msghdr.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_name = self.names[i].as_ptr().cast_mut().cast();
            header.msg_hdr.msg_namelen = self.names[i].len();
            header.msg_hdr.msg_iov = &raw mut self.vectors[i];
            header.msg_hdr.msg_iovlen = 1;
            self.headers.push(header);
        }
    }
}

fn socket_addr(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the storage holds a sockaddr_in.
            let v4 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let ip = std::net::Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::from((ip, u16::from_be(v4.sin_port))))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that the storage holds a sockaddr_in6.
            let v6 = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let ip = std::net::Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddr::V6(std::net::SocketAddrV6::new(ip, u16::from_be(v6.sin6_port), 0, v6.sin6_scope_id)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETUP: Setup = Setup {
        tos: 0x10,
        fragments: true,
        receive_buffer: Some(1 << 16),
        multicast: Multicast { loops_back: true, ttl: Some(1) },
    };

    /// The next messages of a socket.
    fn received(socket: &Udp, count: usize) -> Vec<(SocketAddr, Bytes)> {
        let mut room = ReceiveRoom::default();
        let mut seen = Vec::new();
        while seen.len() < count {
            let mut fds = [libc::pollfd { fd: socket.fd(), events: libc::POLLIN, revents: 0 }];
            // SAFETY: one entry, as said.
            assert_eq!(unsafe { libc::poll(fds.as_mut_ptr(), 1, 5_000) }, 1);
            let n = socket.receive(&mut room).unwrap();
            seen.extend((0..n).filter_map(|i| room.message(i)));
        }
        seen
    }

    #[test]
    fn a_socket_at_a_multicast_address_joins_its_group() {
        let groups = || std::fs::read_to_string("/proc/net/igmp").expect("Linux lists them");
        let Ok(socket) = bind(SocketId(0), "224.0.1.75:0".parse().unwrap(), SETUP) else {
            // A machine without a route for multicast joins nothing.
            return;
        };
        assert!(groups().contains("4B0100E0"), "{}", groups());
        drop(socket);
        assert!(!groups().contains("4B0100E0"), "{}", groups());
    }

    #[test]
    fn batches_keep_order_and_addresses() {
        for addr in ["127.0.0.1:0", "[::1]:0"] {
            let a = Udp::new(bind(SocketId(0), addr.parse().unwrap(), SETUP).unwrap());
            let b = Udp::new(bind(SocketId(1), addr.parse().unwrap(), SETUP).unwrap());
            let to = b.socket.local_addr().unwrap();
            let datagrams: Vec<Datagram> = (0..40u8)
                .map(|i| Datagram { socket: a.id, to, bytes: Bytes::from(vec![i; usize::from(i) + 1]) })
                .collect();
            let outcome = a.send(&mut SendRoom::default(), &datagrams.iter().collect::<Vec<_>>());
            assert_eq!(outcome, SendOutcome { sent: 40, failed: 0 });
            for (i, (from, bytes)) in received(&b, 40).iter().enumerate() {
                assert_eq!(*from, a.socket.local_addr().unwrap());
                assert_eq!(bytes.as_ref(), vec![i as u8; i + 1]);
            }
        }
    }

    #[test]
    fn an_address_held_by_another_server_is_noticed() {
        let held = bind(SocketId(0), "127.0.0.1:0".parse().unwrap(), SETUP).unwrap();
        let addr = held.socket.local_addr().unwrap();
        assert!(is_taken(addr));
        drop(held);
        assert!(!is_taken(addr));
    }
}
