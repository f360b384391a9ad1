//! Host names to addresses, outside the workers: the answer comes back as an event.
use super::inbox::Inbox;
use crate::base::Str;
use crate::context::{EffectAnswer, WaitId};
use hickory_resolver::{Resolver as Hickory, net::runtime::TokioRuntimeProvider};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::runtime::Handle;

/// The system's resolver, shared by all workers.
#[derive(Clone)]
pub struct Resolver {
    runtime: Handle,
    hickory: Option<Arc<Hickory<TokioRuntimeProvider>>>,
}

impl Resolver {
    /// Reads the system's resolver configuration; without one every name is unknown, and the error says so.
    pub fn start(runtime: Handle) -> (Resolver, Option<String>) {
        let _guard = runtime.enter();
        let built = Hickory::builder_tokio().and_then(|b| b.build());
        match built {
            Ok(hickory) => (Resolver { runtime: runtime.clone(), hickory: Some(Arc::new(hickory)) }, None),
            Err(e) => (Resolver { runtime: runtime.clone(), hickory: None }, Some(e.to_string())),
        }
    }

    /// Asks for A and AAAA; a failure is an empty answer.
    pub fn resolve(&self, id: WaitId, host: Str, inbox: Arc<Inbox>) {
        let hickory = self.hickory.clone();
        self.runtime.spawn(async move {
            let addresses = match (hickory, host.as_utf8()) {
                (Some(hickory), Some(name)) => lookup(&hickory, name).await,
                _ => Vec::new(),
            };
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

async fn lookup(hickory: &Hickory<TokioRuntimeProvider>, name: &str) -> Vec<IpAddr> {
    match hickory.lookup_ip(name).await {
        Ok(found) => found.iter().collect(),
        Err(_) => Vec::new(),
    }
}
