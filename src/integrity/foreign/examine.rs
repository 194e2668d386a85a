//! What each layer of a format sees in one record.

use super::condition::all_hold;
use super::encoding::decode_any;
use super::envelope::Signers;
use super::format::{Case, ChainFormat, Genesis, GenesisForm, Layer, Link, LinkValue, TerminalRule};
use super::key::{self, Keys};
use super::known::Known;
use super::mechanism::{Mechanism, Payload};
use super::pointer::{ANY_INDEX, Pointer, begins, written};
use super::seen::{Prev, Seen, Terminal};
use super::value::{Fault, Kind, Place, View};
use super::{coverage, lint, stamp};
use crate::digest::Digest;
use crate::integrity::foreign::expr::Expr;
use crate::integrity::tree::{self, Limits, Node};
use crate::integrity::verdict::BreakKind;
use crate::redact::shown;
use crate::source::framing::Record;

/// Everything that one record shows by itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Examination {
    /// What each layer sees. An empty list: no layer selects the record.
    pub seen: Vec<Seen>,
    /// What stands in the envelope, where the format is one of envelopes. Only this may be mapped.
    pub payload: Option<Payload>,
}

/// A record as parsed: JSON, or the fields of a line.
enum Parsed<'t> {
    Json(Node<'t>),
    Fields(&'t str, Vec<&'t str>),
}

impl ChainFormat {
    /// Returns everything that each layer sees in one record, looking at nothing else. An empty list: no layer selects it.
    ///
    /// # Errors
    ///
    /// The kind and the facts where the record cannot be read in one way only.
    pub fn examine(&self, record: &Record<'_>, keys: &Keys<'_>) -> Result<Vec<Seen>, Fault> {
        self.examination(record, keys).map(|examination| examination.seen)
    }

    /// As [`ChainFormat::examine`], with the payload of a record that is an envelope.
    ///
    /// # Errors
    ///
    /// As [`ChainFormat::examine`].
    pub fn examination(&self, record: &Record<'_>, keys: &Keys<'_>) -> Result<Examination, Fault> {
        let parsed = self.parsed(record.text)?;
        let mut all = Examination { seen: Vec::new(), payload: None };
        for (index, layer) in self.layers.iter().enumerate() {
            let seen = match &layer.mechanism {
                Some(mechanism) => {
                    let opened = self.envelope_shows(index, layer, mechanism, record.text, &parsed, keys)?;
                    opened.map(|(seen, payload)| {
                        all.payload = all.payload.take().or(payload);
                        seen
                    })
                }
                None => self.layer_sees(index, layer, record.text, &parsed, keys)?,
            };
            all.seen.extend(seen);
        }
        Ok(all)
    }

    /// Returns the pointers of the values of this record that no hash and no signature covers, sorted. Indexes of arrays are
    /// written as `*`.
    pub fn uncovered_of(&self, record: &Record<'_>) -> Vec<String> {
        self.uncovered_with(record, &mut Known::default())
    }

    /// As [`ChainFormat::uncovered_of`], for one record of many: `known` is of this format, and keeps what was found.
    pub fn uncovered_with(&self, record: &Record<'_>, known: &mut Known) -> Vec<String> {
        let Ok(parsed) = self.parsed(record.text) else { return vec![String::new()] };
        let mut uncovered: Vec<Vec<String>> = match &parsed {
            Parsed::Json(node) => leaves(node),
            Parsed::Fields(_, fields) => (0..fields.len()).map(|n| vec![n.to_string()]).collect(),
        };
        let mut movable = Vec::new();
        for layer in &self.layers {
            if let Some(mechanism) = &layer.mechanism {
                if layer.selects(record.text, &parsed) {
                    let at = layer.at.tokens();
                    let whole_line = at.is_empty() && self.is_text();
                    uncovered.retain(|path| {
                        let below = path.strip_prefix(at);
                        !whole_line && !below.is_some_and(|below| mechanism.covers(below))
                    });
                }
                continue;
            }
            let _ = with_view(layer, record.text, &parsed, |view| {
                let Some(case) = layer.cases.iter().find(|case| all_hold(&case.conditions, view)) else {
                    return Ok(());
                };
                let open = movable_in(layer, case, view);
                uncovered.retain(|path| {
                    open.iter().any(|open| begins(open, path))
                        || known.open(layer, case, path, || !coverage::case_protects(layer, case, path))
                });
                movable.extend(open);
                Ok(())
            });
        }
        let mut pointers: Vec<String> = uncovered.iter().map(|path| written(path)).collect();
        pointers.sort();
        pointers.dedup();
        pointers
    }

    /// Says why `first_records` are of this format, where they are: each of them has one of its shapes.
    pub fn recognises(&self, first_records: &[Record<'_>]) -> Option<String> {
        let mut shape = None;
        for record in first_records {
            let parsed = self.parsed(record.text).ok()?;
            let place = parsed.place();
            let view = View { line: record.text, record: place, selected: place };
            shape = Some(self.recognise.iter().find(|shape| all_hold(&shape.conditions, &view))?);
        }
        let fields: Vec<String> =
            shape?.conditions.iter().map(|condition| format!("`{}`", condition.field)).collect();
        let records = match first_records.len() {
            1 => "the first record has".to_owned(),
            n => format!("the first {n} records have"),
        };
        Some(format!("{records} the members of {}: {}", self.product, fields.join(", ")))
    }

    fn parsed<'t>(&self, text: &'t str) -> Result<Parsed<'t>, Fault> {
        if text.len() > self.max_record {
            let limit = self.max_record;
            return Err((
                BreakKind::Oversize,
                format!("a record of {} bytes, above the limit of {limit}", text.len()),
            ));
        }
        match &self.separator {
            Some(separator) => Ok(Parsed::Fields(text, text.split(separator.as_str()).collect())),
            None => json(text).map(Parsed::Json),
        }
    }

    fn layer_sees(
        &self,
        index: usize,
        layer: &Layer,
        line: &str,
        parsed: &Parsed<'_>,
        keys: &Keys<'_>,
    ) -> Result<Option<Seen>, Fault> {
        let mut found = None;
        with_view(layer, line, parsed, |view| {
            let mut seen = Seen::nothing(index);
            self.fill(&mut seen, layer, view, keys);
            found = Some(seen);
            Ok(())
        })?;
        Ok(found)
    }

    /// Opens the envelope that a layer selects, and sees its payload in place of the record.
    fn envelope_shows(
        &self,
        index: usize,
        layer: &Layer,
        mechanism: &Mechanism,
        line: &str,
        parsed: &Parsed<'_>,
        keys: &Keys<'_>,
    ) -> Result<Option<(Seen, Option<Payload>)>, Fault> {
        let mut found = None;
        with_view(layer, line, parsed, |view| {
            let signers = Signers { log: keys.log, keyring: keys.keyring };
            let opened = mechanism.open(view.selected, &signers)?;
            let mut seen = Seen::nothing(index);
            if let Some(payload) = &opened.payload {
                let payload = json(payload)?;
                self.fill(&mut seen, layer, &View { selected: Place::Node(&payload), ..*view }, keys);
            }
            seen.signature = opened.signature;
            seen.faults.extend(opened.faults);
            found = Some((seen, opened.payload.map(Payload)));
            Ok(())
        })?;
        Ok(found)
    }

    fn fill(&self, seen: &mut Seen, layer: &Layer, view: &View<'_>, keys: &Keys<'_>) {
        seen.chain = chain_name(&layer.chain_key, view);
        seen.faults.extend(layer.require.iter().filter_map(|condition| condition.fault(view)));
        if let Some(seq) = &layer.seq {
            seen.seq = view.at(&seq.field).and_then(Place::integer);
            if seen.seq.is_none() {
                seen.faults.push(expected("a sequence number", &seq.field, view));
            }
        }
        if let Some(time) = &layer.time {
            let text = view.at(&time.field).and_then(|place| match place.kind() {
                Kind::Integer | Kind::Number => place.raw(),
                _ => place.text(),
            });
            seen.time = text.and_then(|text| time.format.read(text)).map(stamp::moment);
            if seen.time.is_none() {
                seen.faults.push(expected("a time", &time.field, view));
            }
        }
        for pointer in &layer.ids {
            match view.at(pointer).map(|place| (place.kind(), place.text().or(place.raw()))) {
                Some((Kind::String | Kind::Integer, Some(id))) => {
                    // Without the layer: what a signed value names is the same wherever it was wrapped.
                    let id = [self.id.as_bytes(), pointer.to_string().as_bytes(), id.as_bytes()]
                        .map(<[u8]>::to_vec);
                    seen.ids.push(Digest::of_parts(id.iter().map(Vec::as_slice)));
                }
                _ => seen.faults.push(expected("an identifier", pointer, view)),
            }
        }
        for rule in &layer.terminals {
            if seen.terminal.is_none() && all_hold(&rule.conditions, view) {
                seen.terminal = Some(terminal(rule, view, &mut seen.faults));
            }
        }
        let Some(case) = layer.cases.iter().find(|case| all_hold(&case.conditions, view)) else {
            seen.faults.push((
                BreakKind::Malformed,
                format!("no case of layer `{}` is for this record", layer.name),
            ));
            return;
        };
        seen.faults.extend(case.require.iter().filter_map(|condition| condition.fault(view)));
        let (computed, stored) = hashes(case, view, &mut seen.faults);
        if let Some(signature) = &case.signature {
            seen.signature = key::seen(signature, view, keys);
        }
        if let Some(link) = &layer.link {
            seen.prev = prev(link, view, &mut seen.faults);
            seen.link = match &link.value {
                LinkValue::Computed => computed,
                LinkValue::Stored => stored,
                LinkValue::Id(pointer) => {
                    view.at(pointer).and_then(Place::text).map(|id| id.as_bytes().to_vec())
                }
                LinkValue::Code => case.signature.as_ref().and_then(|signature| {
                    decode_any(&signature.encodings, view.at(&signature.field)?.text()?)
                }),
            };
            if seen.link.is_none() && seen.faults.is_empty() {
                seen.faults.push((
                    BreakKind::Malformed,
                    "the next record has nothing to name this one by".to_owned(),
                ));
            }
        }
    }
}

impl Layer {
    /// Tells whether the layer is for a record.
    fn selects(&self, line: &str, parsed: &Parsed<'_>) -> bool {
        let record = parsed.place();
        all_hold(&self.conditions, &View { line, record, selected: record })
    }
}

impl<'t> Parsed<'t> {
    fn place<'v>(&'v self) -> Place<'v>
    where
        't: 'v,
    {
        match self {
            Self::Json(node) => Place::Node(node),
            Self::Fields(line, fields) => Place::Fields(line, fields),
        }
    }
}

fn json(text: &str) -> Result<Node<'_>, Fault> {
    let node = tree::parse(text, &Limits::RECORD)
        .map_err(|fault| (fault.kind.break_kind(), format!("{} at byte {}", fault.what, fault.at)))?;
    let numbers = node.numbers();
    if numbers.beyond_64_bits || numbers.infinite {
        return Err((
            BreakKind::UnsafeNumber,
            "expected numbers of at most 64 bits, found a larger one".to_owned(),
        ));
    }
    Ok(node)
}

/// Shows `see` the record as a layer sees it, where the layer is for it.
fn with_view(
    layer: &Layer,
    line: &str,
    parsed: &Parsed<'_>,
    see: impl FnOnce(&View<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let record = parsed.place();
    if !layer.selects(line, parsed) {
        return Ok(());
    }
    let Some(selected) = record.find(&layer.at) else {
        let what = format!("`{}` is absent, which layer `{}` selects", layer.at.to_text(), layer.name);
        return Err((BreakKind::Malformed, what));
    };
    match selected.text().filter(|_| layer.embedded) {
        Some(text) => {
            let inner = json(text)?;
            see(&View { line, record, selected: Place::Node(&inner) })
        }
        None => see(&View { line, record, selected }),
    }
}

/// Returns the name of a chain: its keys, each with `\` before `\` and `|`, joined by `|`.
fn chain_name(keys: &[Pointer], view: &View<'_>) -> String {
    let parts: Vec<String> = keys
        .iter()
        .map(|pointer| {
            let place = view.at(pointer);
            let text = place.and_then(|place| place.text().or(place.raw())).unwrap_or_default();
            text.replace('\\', "\\\\").replace('|', "\\|")
        })
        .collect();
    parts.join("|")
}

/// Returns the computed and the stored hash, and notes where they differ.
fn hashes(case: &Case, view: &View<'_>, faults: &mut Vec<Fault>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let Some(hash) = &case.hash else { return (None, None) };
    let computed = match hash.over.bytes(view) {
        Ok(bytes) => Some(hash.algorithm.of(&bytes)),
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    let Some(field) = &hash.field else { return (computed, None) };
    let stored = view.at(field).and_then(Place::text).and_then(|text| decode_any(&hash.encodings, text));
    match (&computed, &stored) {
        (_, None) => faults.push(expected("a hash", field, view)),
        (Some(computed), Some(stored)) if computed != stored => {
            let shown = hash.encodings[0].encode(computed).unwrap_or_default();
            let found = view.at(field).and_then(Place::text).unwrap_or_default().to_owned();
            faults.push((
                BreakKind::Altered,
                format!("the record's hash is `{shown}`, and `{field}` says `{found}`"),
            ));
        }
        _ => {}
    }
    (computed, stored)
}

fn prev(link: &Link, view: &View<'_>, faults: &mut Vec<Fault>) -> Option<Prev> {
    let place = view.at(&link.prev);
    let value = place.and_then(Place::text).and_then(|text| decode_any(&link.encodings, text));
    let genesis = link.genesis.iter().any(|genesis| begins_chain(genesis, place, view));
    match (genesis, value) {
        (true, None) => Some(Prev::Genesis),
        (true, Some(value)) => Some(Prev::GenesisOr(value)),
        (false, Some(value)) => Some(Prev::Value(value)),
        (false, None) => {
            faults.push(expected(
                "the link to the record before, or a first record's form of it,",
                &link.prev,
                view,
            ));
            None
        }
    }
}

fn begins_chain(genesis: &Genesis, place: Option<Place<'_>>, view: &View<'_>) -> bool {
    let text = place.and_then(Place::text);
    let fits = match &genesis.form {
        GenesisForm::Text(form) => text == Some(form),
        GenesisForm::Matches(pattern) => text.is_some_and(|text| pattern.0.is_match(text)),
        GenesisForm::Null => place.is_some_and(|place| place.kind() == Kind::Null),
        GenesisForm::Absent => place.is_none(),
        GenesisForm::Computed(expr, encoding) => {
            let computed = expr.bytes(view).ok().and_then(|bytes| encoding.encode(&bytes));
            computed.is_some() && text == computed.as_deref()
        }
    };
    fits && all_hold(&genesis.conditions, view)
}

fn terminal(rule: &TerminalRule, view: &View<'_>, faults: &mut Vec<Fault>) -> Terminal {
    let mut number = |pointer: &Pointer| {
        let number = view.at(pointer).and_then(Place::integer);
        if number.is_none() {
            faults.push(expected("a number", pointer, view));
        }
        number
    };
    let count = rule.count.as_ref().and_then(|(pointer, plus)| Some(number(pointer)?.saturating_add(*plus)));
    let seq = rule.seq.as_ref().and_then(&mut number);
    let head = rule.head.as_ref().and_then(|(pointer, encodings)| {
        let head = view.at(pointer).and_then(Place::text).and_then(|text| decode_any(encodings, text));
        if head.is_none() {
            faults.push(expected("a hash", pointer, view));
        }
        head
    });
    let of = rule.of.as_ref().map(|(layer, chain)| (*layer, chain_name(chain, view)));
    Terminal { last: rule.last, count, seq, head, of }
}

fn expected(what: &str, pointer: &Pointer, view: &View<'_>) -> Fault {
    let found = match view.at(pointer).map(|place| (place, place.text())) {
        None => "nothing".to_owned(),
        Some((_, Some(text))) => format!("`{}`", shown(text)),
        Some((place, None)) => format!("a value of type {}", place.kind().word()),
    };
    (BreakKind::Malformed, format!("expected {what} at `{pointer}`, found {found}"))
}

/// Returns the paths of all leaves; array indexes as `*`.
fn leaves(node: &Node<'_>) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    push_leaves(node, &mut Vec::new(), &mut paths);
    paths.sort();
    paths.dedup();
    paths
}

fn push_leaves(node: &Node<'_>, at: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let mut below = |name: &str, node: &Node<'_>| {
        at.push(name.to_owned());
        push_leaves(node, at, paths);
        at.pop();
    };
    match (node.members(), node.items()) {
        (Some(members), _) if !members.is_empty() => {
            members.iter().for_each(|member| below(&member.name, &member.node));
        }
        (_, Some(items)) if !items.is_empty() => items.iter().for_each(|item| below(ANY_INDEX, item)),
        _ => paths.push(at.clone()),
    }
}

/// Returns the values of this record between which text may have moved: one of those that a plain separator joins holds
/// that separator, so that another cut of the same bytes gives another record.
fn movable_in(layer: &Layer, case: &Case, view: &View<'_>) -> Vec<Vec<String>> {
    let exprs = case.hash.iter().map(|hash| &hash.over);
    let mut movable = Vec::new();
    for expr in exprs.chain(case.signature.iter().map(|signature| &signature.over)) {
        collect_movable(layer, case, expr, view, &mut movable);
    }
    movable
}

fn collect_movable(layer: &Layer, case: &Case, expr: &Expr, view: &View<'_>, out: &mut Vec<Vec<String>>) {
    match expr {
        Expr::Concat(parts, glue) => {
            let open = lint::open_parts(layer, &case.require, parts, glue);
            let separator = glue.separator();
            let holds = |part: &&Expr| {
                separator.is_empty()
                    || part.bytes(view).is_ok_and(|bytes| contains(&bytes, separator.as_bytes()))
            };
            let open_exprs: Vec<&Expr> = parts
                .iter()
                .filter(|part| {
                    coverage::areas(part, layer.at.tokens()).iter().any(|area| open.contains(&area.path))
                })
                .collect();
            if !open.is_empty() && open_exprs.iter().any(holds) {
                out.extend(open);
            }
            parts.iter().for_each(|part| collect_movable(layer, case, part, view, out));
        }
        Expr::Hash(_, of) | Expr::Encode(of, _) | Expr::Take(of, _) => {
            collect_movable(layer, case, of, view, out);
        }
        _ => {}
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
