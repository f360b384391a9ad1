//! Programs on this machine that listen at a pipe or a datagram socket: what scripts tell them is written at once, or not at
//! all when nobody listens or there is no room.
use super::inbox::Inbox;
use crate::context::{Ear, EffectAnswer, Level, Tell, WaitId};
use crate::engine::Engine;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Shared by all workers.
#[derive(Clone)]
pub struct Ears {
    runtime: Handle,
    engine: Arc<Engine>,
}

impl Ears {
    pub fn new(runtime: Handle, engine: Arc<Engine>) -> Ears {
        Ears { runtime, engine }
    }

    pub fn tell(&self, id: WaitId, tell: Tell, inbox: Arc<Inbox>) {
        let engine = self.engine.clone();
        self.runtime.spawn_blocking(move || {
            let answer = match told(&tell) {
                Ok(()) => EffectAnswer::Done,
                Err(why) => {
                    let (Ear::Pipe(path) | Ear::Socket(path)) = &tell.ear;
                    let text = format_args!("nothing can be told at `{path}`: {why}");
                    engine.core.log.part(Level::Error, "core", "tell", text);
                    EffectAnswer::GivenUp
                }
            };
            inbox.put(id, answer);
        });
    }
}

fn told(tell: &Tell) -> io::Result<()> {
    let written = match &tell.ear {
        // Without a reader the pipe does not open.
        Ear::Pipe(path) => {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).custom_flags(libc::O_NONBLOCK).open(path.to_string())?.write(&tell.bytes)?
        }
        Ear::Socket(path) => {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            socket.send_to(&tell.bytes, path.to_string())?
        }
    };
    if written < tell.bytes.len() {
        return Err(io::Error::other("there was no room for all of it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Str;
    use bytes::Bytes;
    use std::time::Duration;

    fn tell(ear: Ear) -> Tell {
        Tell { ear, bytes: Bytes::from_static(b"hello"), patience: Duration::from_secs(1) }
    }

    #[test]
    fn a_listener_at_a_socket_is_told_and_nobody_is_not() {
        let folder = std::env::temp_dir().join(format!("sipscript-ears-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder of our own");
        let path = folder.join("listener");
        let name = Str::from(path.to_string_lossy().into_owned());
        assert!(told(&tell(Ear::Socket(name.clone()))).is_err());
        let listener = UnixDatagram::bind(&path).expect("a socket of our own");
        assert!(told(&tell(Ear::Socket(name))).is_ok());
        let mut heard = [0; 16];
        assert_eq!(listener.recv(&mut heard).ok(), Some(5));
        assert!(told(&tell(Ear::Pipe(Str::from_static("/nowhere/at/all")))).is_err());
        std::fs::remove_dir_all(&folder).expect("it is ours");
    }
}
