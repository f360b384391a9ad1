//! The JSON documents of a run. Objects and arrays lie in an arena and are named by number, so that several places can
//! share one (`json_link`) and all of it is freed flat with the run.
use super::path::{Path, Step};
use crate::base::Str;
use indexmap::IndexMap;
use serde_json::{Number, Value as Parsed};

/// Bytes that the documents of a run may hold, texts and nodes together.
const BUDGET: usize = 16 << 20;
/// What a node costs beside its text.
const NODE_COST: usize = 48;
/// Nodes that may be garbage before the arena is swept.
const SLACK: usize = 1024;

#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(Str),
    /// An object or array of the arena.
    Container(usize),
}

#[derive(Debug)]
pub enum Container {
    Object(IndexMap<Str, Node>),
    Array(Vec<Node>),
}

/// Why a place cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError {
    /// The document has no value yet.
    Unset,
    /// There is no object or array where the path needs one.
    NoSuchPlace,
    /// The index lies outside of the array.
    OutOfRange,
    TooLarge,
}

impl SetError {
    pub const fn text(self) -> &'static str {
        match self {
            SetError::Unset => "the variable has no value yet",
            SetError::NoSuchPlace => "there is no such place",
            SetError::OutOfRange => "the index lies outside of the array",
            SetError::TooLarge => "the documents of this run have grown too large",
        }
    }
}

#[derive(Debug, Default)]
pub struct Documents {
    roots: IndexMap<Str, Node>,
    containers: Vec<Container>,
    /// Containers that were in use after the last sweep.
    live: usize,
    /// Estimated bytes, garbage included.
    size: usize,
}

impl Documents {
    pub fn find(&self, path: &Path) -> Option<&Node> {
        self.walk(path, &path.steps)
    }

    pub fn container(&self, node: &Node) -> Option<&Container> {
        match node {
            Node::Container(id) => self.containers.get(*id),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => None,
        }
    }

    /// Stores at a place; `None` deletes what is there.
    pub fn set(&mut self, path: &Path, node: Option<Node>) -> Result<(), SetError> {
        let cost = node.as_ref().map_or(0, cost);
        if self.size.saturating_add(cost) > BUDGET {
            return Err(SetError::TooLarge);
        }
        match path.steps.split_last() {
            None => self.set_root(&path.name, node),
            Some((last, way)) => self.set_in(path, way, last, node)?,
        }
        self.size += cost;
        if self.containers.len() > 2 * self.live + SLACK || self.size > BUDGET / 2 {
            self.sweep();
        }
        Ok(())
    }

    /// Takes a parsed document into the arena.
    pub fn adopt(&mut self, parsed: Parsed) -> Node {
        let container = match parsed {
            Parsed::Null => return Node::Null,
            Parsed::Bool(b) => return Node::Bool(b),
            Parsed::Number(n) => return Node::Number(n),
            Parsed::String(s) => return Node::Text(Str::from(s)),
            Parsed::Array(items) => Container::Array(items.into_iter().map(|item| self.adopt(item)).collect()),
            Parsed::Object(fields) => {
                Container::Object(fields.into_iter().map(|(k, v)| (Str::from(k), self.adopt(v))).collect())
            }
        };
        self.size += container_cost(&container);
        self.containers.push(container);
        Node::Container(self.containers.len() - 1)
    }

    fn walk(&self, path: &Path, steps: &[Step]) -> Option<&Node> {
        steps.iter().try_fold(self.roots.get(&path.name)?, |node, step| match (self.container(node)?, step) {
            (Container::Object(fields), Step::Key(key)) => fields.get(key),
            (Container::Array(items), Step::Index(i)) => items.get(place(items.len(), *i)?),
            (Container::Object(_), Step::Index(_) | Step::Append) => None,
            (Container::Array(_), Step::Key(_) | Step::Append) => None,
        })
    }

    fn set_root(&mut self, name: &Str, node: Option<Node>) {
        match node {
            Some(node) => drop(self.roots.insert(name.clone(), node)),
            None => drop(self.roots.shift_remove(name)),
        }
    }

    fn set_in(&mut self, path: &Path, way: &[Step], last: &Step, node: Option<Node>) -> Result<(), SetError> {
        if !self.roots.contains_key(&path.name) {
            return Err(SetError::Unset);
        }
        let id = match self.walk(path, way) {
            Some(Node::Container(id)) => *id,
            _ => return Err(SetError::NoSuchPlace),
        };
        match (self.containers.get_mut(id), last, node) {
            (Some(Container::Object(fields)), Step::Key(key), Some(node)) => drop(fields.insert(key.clone(), node)),
            (Some(Container::Object(fields)), Step::Key(key), None) => drop(fields.shift_remove(key)),
            (Some(Container::Array(items)), Step::Append, Some(node)) => items.push(node),
            (Some(Container::Array(items)), Step::Index(i), node) => {
                let at = place(items.len(), *i).filter(|at| *at < items.len()).ok_or(SetError::OutOfRange)?;
                match (items.get_mut(at), node) {
                    (Some(there), Some(node)) => *there = node,
                    _ => drop(items.remove(at)),
                }
            }
            _ => return Err(SetError::NoSuchPlace),
        }
        Ok(())
    }

    /// Drops the containers that no document reaches.
    fn sweep(&mut self) {
        let mut new_ids: Vec<Option<usize>> = vec![None; self.containers.len()];
        let mut todo: Vec<usize> = self.roots.values().filter_map(id_of).collect();
        while let Some(id) = todo.pop() {
            let Some(mark @ None) = new_ids.get_mut(id) else { continue };
            *mark = Some(0);
            todo.extend(self.containers.get(id).into_iter().flat_map(nodes).filter_map(id_of));
        }
        let mut kept = 0;
        for mark in new_ids.iter_mut().flatten() {
            *mark = kept;
            kept += 1;
        }
        let old = std::mem::take(&mut self.containers);
        self.containers = old.into_iter().zip(&new_ids).filter_map(|(c, mark)| mark.map(|_| c)).collect();
        let inside = self.containers.iter_mut().flat_map(nodes_mut);
        for node in inside.chain(self.roots.values_mut()) {
            if let Node::Container(id) = node {
                *id = new_ids.get(*id).copied().flatten().unwrap_or(usize::MAX);
            }
        }
        self.live = kept;
        self.size = self.containers.iter().map(container_cost).sum::<usize>()
            + self.roots.iter().map(|(k, v)| k.len() + cost(v)).sum::<usize>();
    }
}

fn place(len: usize, index: i32) -> Option<usize> {
    match usize::try_from(index) {
        Ok(at) => Some(at),
        Err(_) => len.checked_sub(index.unsigned_abs() as usize),
    }
}

fn id_of(node: &Node) -> Option<usize> {
    match node {
        Node::Container(id) => Some(*id),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => None,
    }
}

fn nodes(container: &Container) -> Box<dyn Iterator<Item = &Node> + '_> {
    match container {
        Container::Object(fields) => Box::new(fields.values()),
        Container::Array(items) => Box::new(items.iter()),
    }
}

fn nodes_mut(container: &mut Container) -> Box<dyn Iterator<Item = &mut Node> + '_> {
    match container {
        Container::Object(fields) => Box::new(fields.values_mut()),
        Container::Array(items) => Box::new(items.iter_mut()),
    }
}

fn cost(node: &Node) -> usize {
    match node {
        Node::Text(text) => NODE_COST + text.len(),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Container(_) => NODE_COST,
    }
}

fn container_cost(container: &Container) -> usize {
    let keys = match container {
        Container::Object(fields) => fields.keys().map(|k| k.len() + NODE_COST).sum(),
        Container::Array(_) => 0,
    };
    NODE_COST + keys + nodes(container).map(cost).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::super::path::Each;
    use super::*;

    fn path(steps: &[Step]) -> Path {
        Path { name: "a".into(), steps: steps.to_vec(), each: Each::Value }
    }

    fn parsed(text: &str) -> Parsed {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn replaced_documents_do_not_pile_up() {
        let mut documents = Documents::default();
        for _ in 0..10_000 {
            let node = documents.adopt(parsed(r#"{"a":[[],{}]}"#));
            documents.set(&path(&[]), Some(node)).unwrap();
        }
        assert!(documents.containers.len() <= 2 * documents.live + SLACK);
        let list = documents.find(&path(&[Step::Key("a".into())])).and_then(|n| documents.container(n));
        assert!(matches!(list, Some(Container::Array(items)) if items.len() == 2));
    }

    #[test]
    fn sweeping_keeps_circles_and_shared_nodes() {
        let mut documents = Documents::default();
        let node = documents.adopt(parsed("[[1],2]"));
        documents.set(&path(&[]), Some(node.clone())).unwrap();
        documents.set(&path(&[Step::Index(1)]), Some(node)).unwrap();
        drop(documents.adopt(parsed("[[],[]]")));
        documents.sweep();
        assert_eq!(documents.containers.len(), 2);
        let deep = path(&[Step::Index(1), Step::Index(1), Step::Index(0), Step::Index(0)]);
        assert_eq!(documents.find(&deep), Some(&Node::Number(1.into())));
    }

    #[test]
    fn documents_have_a_limit() {
        let mut documents = Documents::default();
        let list = documents.adopt(parsed("[]"));
        documents.set(&path(&[]), Some(list)).unwrap();
        let big = || Some(Node::Text(Str::from(vec![b'x'; 1 << 20])));
        let results: Vec<_> = (0..17).map(|_| documents.set(&path(&[Step::Append]), big())).collect();
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 15);
        assert_eq!(results.last(), Some(&Err(SetError::TooLarge)));
    }
}
