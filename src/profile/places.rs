//! Where the paths of a profile lead in one record: looked up all at once, and not path by path.
//!
//! A profile has dozens of paths, and most begin alike. They are compiled to a tree of names, and one walk over the members of a
//! record finds what lies at each. What a rule asks for afterwards is an index.

use super::json::{Json, Pointer, Token, mark};

/// The tree of all paths that begin at one value.
#[derive(Debug)]
pub(super) struct Places {
    /// The first is the value itself; each name comes after the one around it.
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// What paths go on with, and to which node; by [`place`].
    inner: Vec<(Token, usize)>,
    /// For every place, how many of `inner` lie before it; empty where `inner` is.
    before: Vec<u16>,
}

impl Node {
    /// Returns the node of the paths that go on with `name`.
    fn of(&self, name: &str) -> Option<usize> {
        let mark = place(name);
        let (from, to) = (self.before.get(mark)?, self.before.get(mark + 1)?);
        let alike = self.inner.get(usize::from(*from)..usize::from(*to))?;
        alike.iter().find(|(known, _)| *known.name == *name).map(|(_, node)| *node)
    }

    fn add(&mut self, token: &Token, node: usize) {
        let own = place(&token.name);
        let at = self.inner.partition_point(|(known, _)| place(&known.name) <= own);
        self.inner.insert(at, (token.clone(), node));
        self.before.resize(PLACES + 1, 0);
        self.before[own + 1..].iter_mut().for_each(|before| *before += 1);
    }
}

/// In how many places the names of one node lie: most nodes have less than ten.
const PLACES: usize = 64;

fn place(name: &str) -> usize {
    usize::from(mark(name)) % PLACES
}

/// What lies at each place of [`Places`] in one record.
pub(super) type Found<'f> = Vec<Option<&'f Json<'f>>>;

impl Default for Places {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Places {
    /// Adds a path, and returns its index in what [`Places::find`] returns.
    pub(super) fn add(&mut self, pointer: &Pointer) -> usize {
        pointer.tokens().iter().fold(0, |node, token| {
            self.nodes[node].of(&token.name).unwrap_or_else(|| {
                let new = self.nodes.len();
                self.nodes[node].add(token, new);
                self.nodes.push(Node::default());
                new
            })
        })
    }

    /// Returns what lies at each place of `value`, null included.
    pub(super) fn find<'f>(&self, value: &'f Json<'f>) -> Found<'f> {
        let mut found = vec![None; self.nodes.len()];
        self.walk(0, value, &mut found);
        found
    }

    fn walk<'f>(&self, at: usize, value: &'f Json<'f>, found: &mut Found<'f>) {
        found[at] = Some(value);
        let node = &self.nodes[at];
        match value {
            Json::Object(members) if !node.inner.is_empty() => {
                for (name, value) in members {
                    // Of equal names the first counts, as it does for a pointer.
                    if let Some(inner) = node.of(name)
                        && found[inner].is_none()
                    {
                        self.walk(inner, value, found);
                    }
                }
            }
            Json::List(items) => {
                for (token, node) in &node.inner {
                    if let Some(item) = token.index.and_then(|index| items.get(index)) {
                        self.walk(*node, item, found);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::framing::MAX_RECORD;

    #[test]
    fn every_place_holds_what_its_pointer_finds() {
        let text = r#"{"a":{"b":[1,{"c":null}],"":true,"0":"zero"},"ab":"x","b":[],"a/b":{"~":2}}"#;
        let record = Json::parse(text, MAX_RECORD).unwrap();
        let pointers = [
            "",
            "/a",
            "/a/b",
            "/a/b/0",
            "/a/b/1/c",
            "/a/b/2",
            "/a/b/00",
            "/a/",
            "/a/0",
            "/ab",
            "/ab/x",
            "/b/0",
            "/a~1b/~0",
            "/nothing/here",
            "/a/b/c",
        ]
        .map(|text| Pointer::compile(text).unwrap());
        let mut places = Places::default();
        let indices = pointers.each_ref().map(|pointer| places.add(pointer));
        let found = places.find(&record);
        for (pointer, index) in pointers.iter().zip(indices) {
            assert_eq!(found[index], record.at(pointer), "{pointer}");
        }
        assert_eq!(places.add(&pointers[4]), indices[4], "a path that is known is not added again");
    }

    #[test]
    fn of_equal_names_the_first_counts() {
        let pointer = Pointer::compile("/a/b").unwrap();
        let mut places = Places::default();
        let index = places.add(&pointer);
        let twice = Json::Object(
            [1, 2].map(|n| ("a".into(), Json::Object(vec![("b".into(), Json::Int(n))]))).to_vec(),
        );
        assert_eq!(places.find(&twice)[index], twice.at(&pointer));
        assert_eq!(places.find(&twice)[index], Some(&Json::Int(1)));
    }
}
