//! The name server of a simulated network: what a host name resolves to, and when.
use indexmap::IndexMap;
use std::net::IpAddr;
use std::time::Duration;

#[derive(Clone, Debug)]
struct Entry {
    addresses: Vec<IpAddr>,
    /// `None`: no answer, ever.
    after: Option<Duration>,
}

/// Answers by host name. Unknown names do not exist, and that is known after a short while.
#[derive(Clone, Debug, Default)]
pub struct Names {
    entries: IndexMap<String, Entry>,
    asked: usize,
}

const PROMPT: Duration = Duration::from_millis(20);

impl Names {
    pub fn set(&mut self, host: &str, addresses: &[&str]) {
        self.set_slow(host, addresses, PROMPT);
    }

    pub fn set_slow(&mut self, host: &str, addresses: &[&str], after: Duration) {
        let addresses = addresses.iter().map(|a| a.parse().expect("an address")).collect();
        self.entries.insert(host.to_owned(), Entry { addresses, after: Some(after) });
    }

    /// A name whose server never answers.
    pub fn set_silent(&mut self, host: &str) {
        self.entries.insert(host.to_owned(), Entry { addresses: Vec::new(), after: None });
    }

    /// How many questions were asked so far.
    pub fn asked(&self) -> usize {
        self.asked
    }

    /// The addresses and how long they take; `None` when no answer comes.
    pub fn ask(&mut self, host: &[u8]) -> Option<(Vec<IpAddr>, Duration)> {
        self.asked += 1;
        let host = String::from_utf8_lossy(host).to_lowercase();
        match self.entries.get(&host) {
            Some(entry) => entry.after.map(|after| (entry.addresses.clone(), after)),
            None => Some((Vec::new(), PROMPT)),
        }
    }
}
