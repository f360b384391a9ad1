//! Runs that wait for what another run does, such as the release of a lock. Nobody outside is asked: who releases calls
//! the ticket of who waits, and the engine resumes it at the end of the event at hand.
use super::effect::WaitId;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Names one wait of a run, before it has a `WaitId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

enum Spot {
    Waits(WaitId),
    /// Called while its run was still on its way here.
    Called,
}

#[derive(Default)]
pub struct Parking {
    next: AtomicU64,
    spots: DashMap<Ticket, Spot, ahash::RandomState>,
    ready: Mutex<Vec<WaitId>>,
    /// Spares everybody else the look at `ready`.
    any_ready: AtomicBool,
}

impl Parking {
    /// For `Effect::Park`.
    pub fn ticket(&self) -> Ticket {
        Ticket(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// The run with this ticket is suspended from now on.
    pub fn park(&self, ticket: Ticket, id: WaitId) {
        match self.spots.entry(ticket) {
            Entry::Vacant(spot) => drop(spot.insert(Spot::Waits(id))),
            Entry::Occupied(spot) => {
                spot.remove();
                self.make_ready(id);
            }
        }
    }

    /// Wakes the run that waits with this ticket, or will.
    pub fn call(&self, ticket: Ticket) {
        match self.spots.entry(ticket) {
            Entry::Vacant(spot) => drop(spot.insert(Spot::Called)),
            Entry::Occupied(spot) => {
                if let Spot::Waits(id) = spot.remove() {
                    self.make_ready(id);
                }
            }
        }
    }

    /// The run with this ticket waits no more, called or not.
    pub fn leave(&self, ticket: Ticket) {
        self.spots.remove(&ticket);
    }

    /// The runs to be resumed.
    pub fn take_ready(&self) -> Vec<WaitId> {
        if !self.any_ready.swap(false, Ordering::Acquire) {
            return Vec::new();
        }
        std::mem::take(&mut *self.ready.lock())
    }

    fn make_ready(&self, id: WaitId) {
        self.ready.lock().push(id);
        self.any_ready.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_reaches_who_waits_already_and_who_is_on_the_way() {
        let parking = Parking::default();
        let (first, second) = (parking.ticket(), parking.ticket());
        parking.park(first, WaitId(1));
        parking.call(first);
        parking.call(second);
        assert_eq!(parking.take_ready(), [WaitId(1)]);
        parking.park(second, WaitId(2));
        assert_eq!(parking.take_ready(), [WaitId(2)]);
        assert!(parking.take_ready().is_empty() && parking.spots.is_empty());
    }

    #[test]
    fn who_left_is_not_woken() {
        let parking = Parking::default();
        let ticket = parking.ticket();
        parking.park(ticket, WaitId(1));
        parking.leave(ticket);
        assert!(parking.take_ready().is_empty() && parking.spots.is_empty());
    }
}
