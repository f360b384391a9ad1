//! Sets of states: what knows the same is kept once, with the shorter path, and there are never too many.
use super::state::{Known, State};
use ahash::{AHashMap, AHashSet};

pub type States = Vec<State>;

/// States with a loaded context: beyond this many they are dropped. A path not looked at is one less report, never a
/// wrong one.
const MOST_LOADED: usize = 96;
/// States without: beyond this many they lose what they know, first the answers to questions, then what not all know.
const MOST_IDLE: usize = 32;

pub fn merged(states: States) -> States {
    if states.len() < 2 {
        return states;
    }
    let mut index: AHashMap<Known, usize> = AHashMap::with_capacity(states.len());
    let mut kept: States = Vec::with_capacity(states.len());
    for state in states {
        match index.get(&state.known).and_then(|at| kept.get_mut(*at)) {
            Some(same) => {
                if state.path.length() < same.path.length() {
                    *same = state;
                }
            }
            None if state.is_too_long() => {}
            None => {
                index.insert(state.known.clone(), kept.len());
                kept.push(state);
            }
        }
    }
    if kept.len() > MOST_IDLE { limited(kept) } else { kept }
}

fn limited(states: States) -> States {
    let (mut kept, mut idle): (States, States) = states.into_iter().partition(|s| s.known.is_loaded());
    kept.truncate(MOST_LOADED);
    if idle.len() > MOST_IDLE {
        idle.iter_mut().for_each(|s| s.known.forget_answers());
        let mut seen = AHashSet::with_capacity(idle.len());
        idle.retain(|s| seen.insert(s.known.clone()));
    }
    if idle.len() > MOST_IDLE
        && let Some(mut one) = idle.pop()
    {
        idle.iter().for_each(|other| one.known.common(&other.known));
        idle = vec![one];
    }
    kept.extend(idle);
    kept
}
