//! Assembling and changing values, for formats that hash something else than what they store.

use std::borrow::Cow;

use crate::integrity::json::JsonFault;
use crate::integrity::json::lexer::NumberClass;

use super::pointer::array_index;
use super::{Limits, Member, Node, Number, Pointer, Value, parse};

impl<'a> Node<'a> {
    /// Returns `null`.
    pub fn null() -> Self {
        Self::assembled(Value::Null)
    }

    /// Returns a truth value.
    pub fn truth(truth: bool) -> Self {
        Self::assembled(Value::Bool(truth))
    }

    /// Returns a text.
    pub fn of_text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::assembled(Value::Text(text.into()))
    }

    /// Returns an integer.
    pub fn of_integer(integer: i64) -> Self {
        let text = integer.to_string();
        let class = NumberClass::of(&text, true);
        Self::assembled(Value::Number(Number { text: text.into(), class }))
    }

    /// Returns an array.
    pub fn array(items: Vec<Node<'a>>) -> Self {
        Self::assembled(Value::Array(items))
    }

    /// Returns an object; a member whose value is `None` is absent.
    ///
    /// A later member replaces an earlier one of the same name in its place, so no name stands twice.
    pub fn object<N: Into<Cow<'a, str>>>(members: impl IntoIterator<Item = (N, Option<Node<'a>>)>) -> Self {
        let mut object = Self::assembled(Value::Object(Vec::new()));
        for (name, node) in members {
            if let (Value::Object(own), Some(node)) = (&mut object.value, node) {
                put(own, name.into(), node);
            }
        }
        object
    }

    /// Returns a JSON text that is written compactly and otherwise as it stands, as Go writes a `json.RawMessage`.
    ///
    /// # Errors
    ///
    /// Refuses what [`parse`] refuses.
    pub fn verbatim(text: &'a str, limits: &Limits) -> Result<Self, JsonFault> {
        parse(text, limits)?;
        Ok(Self::assembled(Value::Verbatim(text)))
    }

    /// Returns an object of the members `names` of this one, in the order of `names`; those that it lacks are absent.
    pub fn pick(&self, names: &[&str]) -> Self {
        Self::object(names.iter().map(|name| ((*name).to_owned(), self.member(name).cloned())))
    }

    /// Removes the value at `pointer` and returns it; the whole value cannot be removed.
    pub fn drop_at(&mut self, pointer: &Pointer) -> Option<Node<'a>> {
        let (last, parents) = pointer.tokens().split_last()?;
        // What is not there changes nothing, and the source text stays.
        self.find(pointer)?;
        match &mut self.open(parents)?.value {
            Value::Object(members) => {
                let n = members.iter().position(|member| member.name == *last)?;
                Some(members.remove(n).node)
            }
            Value::Array(items) => Some(items.remove(array_index(last)?)),
            _ => None,
        }
    }

    /// Sets the value at `pointer`: in place where there is one, else as the last member of the object that must be there.
    ///
    /// Returns false where there is no such object or array item.
    pub fn set_at(&mut self, pointer: &Pointer, node: Node<'a>) -> bool {
        let Some((last, parents)) = pointer.tokens().split_last() else {
            *self = node;
            return true;
        };
        // Where nothing can be set, nothing changes, and the source text stays.
        let holds = self.find_tokens(parents).is_some_and(|parent| match &parent.value {
            Value::Object(_) => true,
            Value::Array(items) => array_index(last).is_some_and(|n| n < items.len()),
            _ => false,
        });
        if !holds {
            return false;
        }
        match self.open(parents).map(|parent| &mut parent.value) {
            Some(Value::Object(members)) => put(members, last.clone().into(), node),
            Some(Value::Array(items)) => items[array_index(last).expect("looked at above")] = node,
            _ => unreachable!("the parent is one of both, as looked at above"),
        }
        true
    }

    /// Removes every member of objects at any depth whose value is `null`.
    pub fn omit_nulls(&mut self) {
        self.omit_null_members();
    }

    /// Tells whether anything was removed.
    fn omit_null_members(&mut self) -> bool {
        let changed = match &mut self.value {
            Value::Object(members) => {
                let before = members.len();
                members.retain(|member| !member.node.is_null());
                let removed = members.len() < before;
                members.iter_mut().fold(removed, |changed, member| member.node.omit_null_members() || changed)
            }
            Value::Array(items) => {
                items.iter_mut().map(Self::omit_null_members).filter(|changed| *changed).count() > 0
            }
            _ => false,
        };
        if changed {
            self.raw = None;
        }
        changed
    }

    /// Returns the value below `tokens` for a change; it and all around it lose their source text.
    fn open(&mut self, tokens: &[String]) -> Option<&mut Self> {
        self.raw = None;
        let Some((first, rest)) = tokens.split_first() else { return Some(self) };
        match &mut self.value {
            Value::Object(members) => {
                members.iter_mut().find(|member| member.name == *first)?.node.open(rest)
            }
            Value::Array(items) => items.get_mut(array_index(first)?)?.open(rest),
            _ => None,
        }
    }

    fn assembled(value: Value<'a>) -> Self {
        Self { value, raw: None }
    }
}

fn put<'a>(members: &mut Vec<Member<'a>>, name: Cow<'a, str>, node: Node<'a>) {
    match members.iter_mut().find(|member| member.name == name) {
        Some(member) => member.node = node,
        None => members.push(Member { name, node }),
    }
}
