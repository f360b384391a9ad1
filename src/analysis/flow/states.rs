//! Sets of states: what knows the same is kept once, with the shorter path, and there are never too many.
use super::state::{Known, State};
use ahash::AHashMap;

pub type States = Vec<State>;

/// Beyond this many, states without a loaded context are made one and the rest is dropped: a path not looked at is one
/// less report, never a wrong one.
const MOST: usize = 96;

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
    if kept.len() > MOST { limited(kept) } else { kept }
}

fn limited(states: States) -> States {
    let (loaded, mut idle): (States, States) = states.into_iter().partition(|s| s.known.is_loaded());
    let mut kept: States = loaded.into_iter().take(MOST).collect();
    if let Some(mut one) = idle.pop() {
        for other in &idle {
            one.known.common(&other.known);
        }
        kept.push(one);
    }
    kept
}
