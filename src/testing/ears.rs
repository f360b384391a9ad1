//! The programs that listen to the servers of a simulated network, and what they were told.
use crate::context::{Ear, EffectAnswer, Tell};

#[derive(Clone, Debug, Default)]
pub struct Ears {
    /// Paths at which somebody listens.
    listening: Vec<String>,
    told: Vec<(String, String)>,
}

impl Ears {
    pub fn listen(&mut self, path: &str) {
        self.listening.push(path.to_owned());
    }

    pub fn tell(&mut self, tell: &Tell) -> EffectAnswer {
        let (Ear::Pipe(path) | Ear::Socket(path)) = &tell.ear;
        let path = path.to_string();
        if !self.listening.contains(&path) {
            return EffectAnswer::GivenUp;
        }
        self.told.push((path, String::from_utf8_lossy(&tell.bytes).into_owned()));
        EffectAnswer::Done
    }

    /// Path and text, oldest first.
    pub fn told(&self) -> &[(String, String)] {
        &self.told
    }
}
