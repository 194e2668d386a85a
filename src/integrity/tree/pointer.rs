//! JSON Pointer (RFC 6901), and the leaves of a tree by their pointers.

use super::{Member, Node, Value};

/// A parsed JSON Pointer: the empty one is the whole value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Pointer {
    tokens: Vec<String>,
}

impl Pointer {
    /// Parses a pointer (RFC 6901 §3): empty, or tokens that each follow a `/`, with `~0` for `~` and `~1` for `/`.
    ///
    /// # Errors
    ///
    /// What was expected and found, as a fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self { tokens: Vec::new() });
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("expected a JSON Pointer that begins with `/`, found `{text}`"));
        };
        let tokens = rest.split('/').map(|token| {
            unescape(token).ok_or_else(|| format!("expected `~0` or `~1` after each `~`, found `{token}`"))
        });
        Ok(Self { tokens: tokens.collect::<Result<_, _>>()? })
    }

    /// Returns its tokens, unescaped.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// Returns it as text.
    pub fn to_text(&self) -> String {
        self.tokens.iter().fold(String::new(), |base, token| child(&base, token))
    }
}

impl<'a> Node<'a> {
    /// Returns the value at a JSON Pointer (RFC 6901 §4); `None` where there is none, or where `pointer` is no pointer.
    pub fn at(&self, pointer: &str) -> Option<&Node<'a>> {
        self.find(&Pointer::parse(pointer).ok()?)
    }

    /// Returns the value at a parsed pointer.
    pub fn find(&self, pointer: &Pointer) -> Option<&Node<'a>> {
        self.find_tokens(&pointer.tokens)
    }

    pub(super) fn find_tokens(&self, tokens: &[String]) -> Option<&Node<'a>> {
        tokens.iter().try_fold(self, |node, token| match &node.value {
            Value::Object(_) => node.member(token),
            Value::Array(items) => items.get(array_index(token)?),
            _ => None,
        })
    }

    /// Returns every leaf with its pointer, in source order: texts, numbers, truth values, nulls, and empty containers.
    pub fn leaves(&self) -> Vec<(String, &Node<'a>)> {
        let mut leaves = Vec::new();
        self.push_leaves(String::new(), &mut leaves);
        leaves
    }

    fn push_leaves<'n>(&'n self, at: String, leaves: &mut Vec<(String, &'n Node<'a>)>) {
        match &self.value {
            Value::Array(items) if !items.is_empty() => {
                for (n, item) in items.iter().enumerate() {
                    item.push_leaves(format!("{at}/{n}"), leaves);
                }
            }
            Value::Object(members) if !members.is_empty() => {
                for Member { name, node } in members {
                    node.push_leaves(child(&at, name), leaves);
                }
            }
            _ => leaves.push((at, self)),
        }
    }
}

/// Reads an array index: `0`, or digits without a leading zero.
pub(super) fn array_index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|b| b.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if plain { token.parse().ok() } else { None }
}

fn unescape(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (letter, rest) = (part.chars().next()?, part.get(1..)?);
        text.push(match letter {
            '0' => '~',
            '1' => '/',
            _ => return None,
        });
        text.push_str(rest);
    }
    Some(text)
}

fn child(base: &str, token: &str) -> String {
    format!("{base}/{}", token.replace('~', "~0").replace('/', "~1"))
}
