//! TOML to the mechanism of a layer, and what may not stand beside one.

use super::error::ChainError;
use super::format::Layer;
use super::load::Members;
use super::load_expr::Loaded;
use super::mechanism::{Mechanism, MechanismKind};
use crate::profile::syntax::{Node, Table};

/// Reads which envelope the records of a layer are. It says itself what is signed, so nothing else of the layer may.
pub(super) fn mechanism(table: &Members<'_>) -> Loaded<Option<Mechanism>> {
    let refuse =
        |node: Node<'_>, what: String, help: String| -> ChainError { node.error(what, Some(help)).into() };
    let Some(node) = table.opt("mechanism") else {
        return match table.opt("types") {
            None => Ok(None),
            Some(node) => Err(refuse(
                node,
                "`types` without `mechanism`".to_owned(),
                "add `mechanism`, or remove `types`".to_owned(),
            )),
        };
    };
    let kind = MechanismKind::from_word(node.word(&MechanismKind::WORDS)?)
        .expect("the words are those of the mechanisms");
    for key in ["hash", "link", "signature", "case", "embedded"] {
        if let Some(node) = table.opt(key) {
            let what = format!("`{key}` beside `mechanism`, which says itself what is signed");
            return Err(refuse(node, what, format!("remove `{key}`, or `mechanism`")));
        }
    }
    let types = match table.opt("types") {
        None => Vec::new(),
        Some(node) => {
            let types: Vec<String> = node.texts()?.into_iter().map(str::to_owned).collect();
            if types.is_empty() || types.iter().any(String::is_empty) {
                return Err(refuse(
                    node,
                    "an empty list of types, or an empty type".to_owned(),
                    "leave `types` out to take any".to_owned(),
                ));
            }
            types
        }
    };
    Ok(Some(Mechanism { kind, types }))
}

/// Refuses layers of which some look at envelopes and others at records, and pointers that leave the payload: two layers would
/// read two things under one name.
pub(super) fn one_view(tables: &[Table<'_>], layers: &[Layer], is_text: bool) -> Loaded<()> {
    let kind = |layer: &Layer| layer.mechanism.as_ref().map(|mechanism| (mechanism.kind, layer.at.clone()));
    for (table, layer) in tables.iter().zip(layers) {
        if kind(layer) != kind(&layers[0]) {
            let what = "every layer of a format has the same `mechanism` and `at`, or none has a `mechanism`";
            return Err(table.error(what, None).into());
        }
        let Some(mechanism) = &layer.mechanism else { continue };
        if is_text && mechanism.kind == MechanismKind::Dsse {
            return Err(table.error("a DSSE envelope is JSON, and these records are text", None).into());
        }
        let ends = layer.terminals.iter().flat_map(|end| {
            let chain = end.of.iter().flat_map(|(_, chain)| chain);
            let count = end.count.as_ref().map(|(pointer, _)| pointer);
            let head = end.head.as_ref().map(|(pointer, _)| pointer);
            chain.chain(count).chain(&end.seq).chain(head)
        });
        let seq = layer.seq.as_ref().map(|seq| &seq.field);
        let time = layer.time.as_ref().map(|time| &time.field);
        let mut read = layer.chain_key.iter().chain(&layer.ids).chain(seq).chain(time).chain(ends);
        if let Some(outside) = read.find(|pointer| pointer.record) {
            let what = format!("`{outside}` lies outside the payload, where nothing is signed");
            return Err(table.error(what, Some("remove `record:`".to_owned())).into());
        }
    }
    Ok(())
}
