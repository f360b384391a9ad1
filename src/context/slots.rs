//! Typed slots: what a module keeps on a run, a transaction, a dialog, or for the whole engine.
use smallvec::SmallVec;
use std::any::{Any, TypeId};

/// At most one value of each type; the type is the key, and belongs to the module that defines it.
#[derive(Default)]
pub struct Slots {
    values: SmallVec<[(TypeId, Box<dyn Any + Send>); 2]>,
}

impl Slots {
    pub fn get<T: Any + Send>(&self) -> Option<&T> {
        self.values.iter().find(|(t, _)| *t == TypeId::of::<T>()).and_then(|(_, v)| v.downcast_ref())
    }

    pub fn get_mut<T: Any + Send>(&mut self) -> Option<&mut T> {
        self.values.iter_mut().find(|(t, _)| *t == TypeId::of::<T>()).and_then(|(_, v)| v.downcast_mut())
    }

    pub fn get_or_default<T: Any + Send + Default>(&mut self) -> &mut T {
        let at = self.values.iter().position(|(t, _)| *t == TypeId::of::<T>()).unwrap_or_else(|| {
            self.values.push((TypeId::of::<T>(), Box::<T>::default()));
            self.values.len() - 1
        });
        self.values[at].1.downcast_mut().expect("the key is the value's type")
    }

    pub fn set<T: Any + Send>(&mut self, value: T) {
        self.take::<T>();
        self.values.push((TypeId::of::<T>(), Box::new(value)));
    }

    pub fn take<T: Any + Send>(&mut self) -> Option<T> {
        let at = self.values.iter().position(|(t, _)| *t == TypeId::of::<T>())?;
        self.values.remove(at).1.downcast().ok().map(|b| *b)
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// What modules set up at start and only read afterwards.
#[derive(Default)]
pub struct ModuleStates {
    values: Vec<(TypeId, Box<dyn Any + Send + Sync>)>,
}

impl ModuleStates {
    pub fn set<T: Any + Send + Sync>(&mut self, value: T) {
        self.values.retain(|(t, _)| *t != TypeId::of::<T>());
        self.values.push((TypeId::of::<T>(), Box::new(value)));
    }

    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.values.iter().find(|(t, _)| *t == TypeId::of::<T>()).and_then(|(_, v)| v.downcast_ref())
    }

    /// For what several modules contribute to.
    pub fn get_or_default<T: Any + Send + Sync + Default>(&mut self) -> &mut T {
        let at = self.values.iter().position(|(t, _)| *t == TypeId::of::<T>()).unwrap_or_else(|| {
            self.values.push((TypeId::of::<T>(), Box::<T>::default()));
            self.values.len() - 1
        });
        self.values[at].1.downcast_mut().expect("the key is the value's type")
    }
}
