//! Host names to addresses, outside the workers: the answer comes back as an event.
use super::inbox::Inbox;
use crate::base::Str;
use crate::context::{EffectAnswer, Level, WaitId};
use crate::engine::Engine;
use crate::engine::settings::{Dns, ServerSettings};
use hickory_resolver::config::ResolverConfig;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{Resolver as Hickory, system_conf};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// The system's resolver, shared by all workers.
#[derive(Clone)]
pub struct Resolver {
    runtime: Handle,
    hickory: Option<Arc<Hickory<TokioRuntimeProvider>>>,
    slow: Slow,
}

/// Says which look-ups took long.
#[derive(Clone)]
struct Slow {
    limit: Option<Duration>,
    engine: Arc<Engine>,
}

impl Slow {
    fn look(&self, name: &str, took: Duration) {
        if let Some(limit) = self.limit.filter(|limit| took > *limit) {
            let (took, limit) = (took.as_micros(), limit.as_micros());
            let text = format_args!("the look-up of `{name}` took {took} us, more than {limit}");
            self.engine.core.log.part(Level::Warning, "core", "slow_look_up", text);
        }
    }
}

impl Resolver {
    /// Reads the system's resolver configuration, which the script may tune; without one every name is unknown, and the
    /// error says so.
    pub fn start(runtime: Handle, server: &ServerSettings, engine: Arc<Engine>) -> (Resolver, Option<String>) {
        let _guard = runtime.enter();
        let (hickory, trouble) = match build(&server.dns) {
            Ok(hickory) => (Some(Arc::new(hickory)), None),
            Err(e) => (None, Some(e.to_string())),
        };
        let slow = Slow { limit: server.slow_look_up, engine };
        (Resolver { runtime: runtime.clone(), hickory, slow }, trouble)
    }

    /// Asks for A and AAAA; a failure is an empty answer.
    pub fn resolve(&self, id: WaitId, host: Str, inbox: Arc<Inbox>) {
        let (hickory, slow) = (self.hickory.clone(), self.slow.clone());
        self.runtime.spawn(async move {
            let began = tokio::time::Instant::now();
            let addresses = match (hickory, host.as_utf8()) {
                (Some(hickory), Some(name)) => lookup(&hickory, name).await,
                _ => Vec::new(),
            };
            slow.look(&host.to_string_lossy(), began.elapsed());
            inbox.put(id, EffectAnswer::Resolved(addresses));
        });
    }

    /// Answers after some time.
    pub fn sleep(&self, id: WaitId, micros: u64, inbox: Arc<Inbox>) {
        self.runtime.spawn(async move {
            tokio::time::sleep(std::time::Duration::from_micros(micros)).await;
            inbox.put(id, EffectAnswer::Done);
        });
    }
}

fn build(dns: &Dns) -> Result<Hickory<TokioRuntimeProvider>, NetError> {
    let (system, mut options) = system_conf::read_system_conf()?;
    options.attempts = dns.attempts.unwrap_or(options.attempts);
    options.timeout = dns.patience.unwrap_or(options.timeout);
    Hickory::builder_with_config(tuned(&system, dns), TokioRuntimeProvider::default()).with_options(options).build()
}

/// The system's servers and search list, as far as the script wants them.
fn tuned(system: &ResolverConfig, dns: &Dns) -> ResolverConfig {
    let (domain, search) = match dns.search_list {
        true => (system.domain().cloned(), system.search().to_vec()),
        false => (None, Vec::new()),
    };
    let servers = system.name_servers().iter().take(dns.servers.unwrap_or(usize::MAX)).cloned().collect();
    ResolverConfig::from_parts(domain, search, servers)
}

async fn lookup(hickory: &Hickory<TokioRuntimeProvider>, name: &str) -> Vec<IpAddr> {
    match hickory.lookup_ip(name).await {
        Ok(found) => found.iter().collect(),
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::config::NameServerConfig;
    use hickory_resolver::proto::rr::Name;

    #[test]
    fn the_script_limits_servers_and_search_list() {
        let servers = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|ip| NameServerConfig::udp(ip.parse().unwrap()));
        let home = Name::from_ascii("example.com.").unwrap();
        let system = ResolverConfig::from_parts(Some(home.clone()), vec![home], servers.to_vec());
        let like = tuned(&system, &Dns::default());
        assert_eq!((like.name_servers().len(), like.search().len(), like.domain().is_some()), (3, 1, true));
        let less = tuned(&system, &Dns { servers: Some(2), search_list: false, ..Dns::default() });
        assert_eq!((less.name_servers().len(), less.search().len(), less.domain().is_some()), (2, 0, false));
    }
}
