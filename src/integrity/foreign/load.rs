//! `chains/<id>.toml` to a compiled format.

use super::encoding::Encoding;
use super::error::ChainError;
use super::format::{
    Case, ChainFormat, Genesis, GenesisForm, Hash, KeySource, Layer, Link, LinkValue, Recognise, Sequence,
    Signature, SignatureAlgorithm, TerminalRule, Time,
};
use super::load_envelope::{mechanism, one_view};
use super::load_expr::{
    Loaded, algorithm, conditions, conditions_at, count, encoding_of, encodings, expr, path, pattern,
    pointer, pointers, size,
};
use super::stamp::TimeFormat;
use crate::digest::Digest;
use crate::integrity::countersign_log::is_log_name;
use crate::integrity::signature::Algorithm;
use crate::profile::did_you_mean;
use crate::profile::syntax::{Node, Shape, Source, Table};
use crate::redact::shown;
use crate::source::framing::{Framing, MAX_RECORD};

/// The version of the language, as a profile states it.
pub(super) const SCHEMA: &str = "countersign/chain-profile/1";

/// The most layers of a format, and the most cases of a layer. The formats seen here need six.
const MAX_PARTS: usize = 32;

/// Members of each table; the JSON Schema names the same.
pub(super) const TABLES: [(&str, &[&str]); 13] = [
    (
        "top",
        &["schema", "id", "version", "product", "product_versions", "read", "fields", "recognise", "layer"],
    ),
    ("read", &["container", "records", "separator", "max_record"]),
    ("recognise", &["where"]),
    (
        "layer",
        &[
            "name",
            "like",
            "where",
            "at",
            "embedded",
            "mechanism",
            "types",
            "chain_key",
            "seq",
            "time",
            "ids",
            "require",
            "link",
            "hash",
            "signature",
            "case",
            "terminal",
        ],
    ),
    ("seq", &["field", "start", "step"]),
    ("time", &["field", "format", "monotonic"]),
    ("link", &["prev", "enc", "value", "genesis", "spans_files"]),
    ("genesis", &["eq", "matches", "null", "absent", "computed", "as", "prefix", "when"]),
    ("hash", &["alg", "over", "field", "enc"]),
    ("signature", &["alg", "over", "field", "enc", "key", "when", "unsigned"]),
    ("key", &["field", "enc", "name", "fingerprint"]),
    ("case", &["when", "require", "hash", "signature"]),
    ("terminal", &["when", "last", "count", "plus", "seq", "head", "enc", "layer", "chain"]),
];

/// Returns the members of a table.
pub(super) fn members(table: &str) -> &'static [&'static str] {
    TABLES.iter().find(|(name, _)| *name == table).map_or(&[], |(_, members)| members)
}

/// Compiles a profile; facts and lints are still empty.
pub(super) fn format(file: &str, id: &str, text: &str) -> Loaded<ChainFormat> {
    let source = Source { file, text };
    let parsed = source.parse()?;
    let top = Table::root(source, &parsed);
    top.only(members("top"))?;
    let schema = top.need("schema")?;
    if schema.text()? != SCHEMA {
        return Err(schema
            .error(format!("expected `{SCHEMA}`, found `{}`", shown(schema.text()?)), None)
            .into());
    }
    let own = top.need("id")?;
    if own.text()? != id {
        return Err(own
            .error(format!("expected the name of its file, `{id}`, found `{}`", shown(own.text()?)), None)
            .into());
    }
    if !is_log_name(id) {
        let help = "use lower-case letters, digits, `.`, `_`, and `-`";
        return Err(own
            .error(format!("`{}` cannot be a profile's id", shown(id)), Some(help.to_owned()))
            .into());
    }
    let read = top.need("read")?.table()?;
    read.only(members("read"))?;
    let (framing, separator) = framing(&read)?;
    let recognise = list(&top, "recognise")?
        .into_iter()
        .map(|node| {
            let table = node.table()?;
            table.only(members("recognise"))?;
            let conditions = conditions(table.need("where")?)?;
            if conditions.is_empty() {
                return Err(table.error("every record fits no condition at all", None).into());
            }
            Ok(Recognise { conditions })
        })
        .collect::<Loaded<Vec<_>>>()?;
    if recognise.is_empty() {
        return Err(top.error("`recognise` is missing", Some("add `[[recognise]]`".to_owned())).into());
    }
    let fields = match top.opt("fields") {
        None => Vec::new(),
        Some(node) => node
            .list()?
            .into_iter()
            .map(|node| path(node).map(|path| path.tokens().to_vec()))
            .collect::<Loaded<_>>()?,
    };
    let layers = layers(&top, separator.is_some())?;
    Ok(ChainFormat {
        id: id.to_owned(),
        version: top.need("version")?.text()?.to_owned(),
        product: top.need("product")?.text()?.to_owned(),
        product_versions: top.opt("product_versions").map(|node| node.text()).transpose()?.map(str::to_owned),
        digest: Digest::of(text.as_bytes()),
        framing,
        separator,
        max_record: read.opt("max_record").map_or(Ok(MAX_RECORD), |node| size(node, 256 << 20))?,
        recognise,
        layers,
        facts: Vec::new(),
        lints: Vec::new(),
        fields,
    })
}

fn list<'t>(table: &Table<'t>, key: &str) -> Loaded<Vec<Node<'t>>> {
    let Some(node) = table.opt(key) else { return Ok(Vec::new()) };
    let nodes = node.list()?;
    if nodes.len() > MAX_PARTS {
        return Err(node.error(format!("more than {MAX_PARTS} of `{key}`"), None).into());
    }
    Ok(nodes)
}

fn framing(read: &Table<'_>) -> Loaded<(Framing, Option<String>)> {
    let container = read.need("container")?;
    let word = container.word(&["lines", "text-lines", "document", "by-name"])?;
    let records = || -> Loaded<Vec<String>> {
        let node = read.need("records")?;
        let texts = node.texts()?;
        for (node, text) in node.list()?.into_iter().zip(&texts) {
            crate::integrity::tree::Pointer::parse(text).map_err(|what| node.error(what, None))?;
        }
        if texts.is_empty() {
            return Err(node.error("an empty list of pointers", None).into());
        }
        Ok(texts.into_iter().map(str::to_owned).collect())
    };
    let refuse = |name: &str| match read.opt(name) {
        None => Ok(()),
        Some(node) => Err(ChainError::from(
            node.error(format!("`{name}` has no meaning for `{word}`"), Some(format!("remove `{name}`"))),
        )),
    };
    match word {
        "document" | "by-name" => {
            refuse("separator")?;
            let records = records()?;
            let framing =
                if word == "document" { Framing::Document { records } } else { Framing::ByName { records } };
            Ok((framing, None))
        }
        "lines" => {
            refuse("records")?;
            refuse("separator")?;
            Ok((Framing::Lines, None))
        }
        _ => {
            refuse("records")?;
            let separator = read.need("separator")?;
            if separator.text()?.is_empty() {
                return Err(separator.error("an empty separator", None).into());
            }
            Ok((Framing::Lines, Some(separator.text()?.to_owned())))
        }
    }
}

fn layers(top: &Table<'_>, is_text: bool) -> Loaded<Vec<Layer>> {
    let tables = list(top, "layer")?.into_iter().map(|node| node.table()).collect::<Result<Vec<_>, _>>()?;
    if tables.is_empty() {
        return Err(top.error("a profile without a layer", Some("add `[[layer]]`".to_owned())).into());
    }
    let mut names: Vec<String> = Vec::new();
    for table in &tables {
        table.only(members("layer"))?;
        let node = table.need("name")?;
        let name = node.text()?.to_owned();
        if names.contains(&name) {
            return Err(node.error(format!("layer `{}` twice", shown(&name)), None).into());
        }
        names.push(name);
    }
    let layers = tables
        .iter()
        .enumerate()
        .map(|(index, table)| {
            let model = match table.opt("like") {
                None => None,
                Some(node) => {
                    let known = names[..index].iter().map(String::as_str);
                    let name = node.text()?;
                    let at = names[..index].iter().position(|other| other == name).ok_or_else(|| {
                        node.error(
                            format!("no layer above is named `{}`", shown(name)),
                            Some(did_you_mean(name, known.collect::<Vec<_>>())),
                        )
                    })?;
                    if tables[at].opt("like").is_some() {
                        return Err(node.error("a layer that is like another one itself", None).into());
                    }
                    Some(tables[at])
                }
            };
            layer(&Members { own: *table, model }, &names)
        })
        .collect::<Loaded<Vec<_>>>()?;
    one_view(&tables, &layers, is_text)?;
    Ok(layers)
}

/// The members of a layer: its own, else those of the layer that it is like.
pub(super) struct Members<'t> {
    own: Table<'t>,
    model: Option<Table<'t>>,
}

impl<'t> Members<'t> {
    pub(super) fn opt(&self, key: &str) -> Option<Node<'t>> {
        self.own.opt(key).or_else(|| self.model.and_then(|model| model.opt(key)))
    }

    fn conditions(&self, key: &str) -> Loaded<Vec<super::condition::Condition>> {
        self.opt(key).map_or(Ok(Vec::new()), conditions)
    }

    fn list(&self, key: &str) -> Loaded<Vec<Node<'t>>> {
        let table = if self.own.opt(key).is_some() { Some(self.own) } else { self.model };
        table.map_or(Ok(Vec::new()), |table| list(&table, key))
    }
}

fn layer(table: &Members<'_>, names: &[String]) -> Loaded<Layer> {
    let name = table.own.need("name")?.text()?.to_owned();
    let at = table.opt("at").map_or_else(
        || Ok(crate::integrity::tree::Pointer::parse("").expect("the empty pointer is one")),
        path,
    )?;
    let mechanism = mechanism(table)?;
    let cases = cases(table)?;
    let hash = cases.iter().find_map(|case| case.hash.as_ref());
    let link = table.opt("link").map(|node| link(&node.table()?, hash)).transpose()?;
    if mechanism.is_none() {
        coherent(table, link.as_ref(), &cases)?;
    }
    Ok(Layer {
        name,
        conditions: table.conditions("where")?,
        at,
        embedded: table.opt("embedded").map_or(Ok(false), |node| node.flag())?,
        mechanism,
        chain_key: table.opt("chain_key").map_or(Ok(Vec::new()), pointers)?,
        seq: table.opt("seq").map(|node| sequence(&node.table()?)).transpose()?,
        time: table.opt("time").map(|node| time(&node.table()?)).transpose()?,
        ids: table.opt("ids").map_or(Ok(Vec::new()), pointers)?,
        require: table.conditions("require")?,
        link,
        cases,
        terminals: table
            .list("terminal")?
            .into_iter()
            .map(|node| terminal(&node.table()?, names))
            .collect::<Loaded<_>>()?,
    })
}

/// Refuses a layer that shows nothing, or whose records could not name one another.
fn coherent(table: &Members<'_>, link: Option<&Link>, cases: &[Case]) -> Loaded<()> {
    let error = |key: &str, what: &str, help: &str| -> ChainError {
        match table.opt(key) {
            Some(node) => node.error(what, Some(help.to_owned())).into(),
            None => table.own.error(what, Some(help.to_owned())).into(),
        }
    };
    if cases.iter().all(|case| case.hash.is_none() && case.signature.is_none()) {
        let linked_by_id = link.is_some_and(|link| matches!(link.value, LinkValue::Id(_)));
        if !linked_by_id {
            return Err(error(
                "name",
                "a layer without a hash and without a signature",
                "add `hash`, `signature`, or both",
            ));
        }
    }
    let Some(link) = link else { return Ok(()) };
    for case in cases {
        let hash = case.hash.as_ref();
        match link.value {
            LinkValue::Computed if hash.is_none() => {
                return Err(error(
                    "link",
                    "a link without a hash",
                    "add `hash`, or `value = { id = … }` to the link",
                ));
            }
            LinkValue::Stored if hash.is_none_or(|hash| hash.field.is_none()) => {
                return Err(error(
                    "link",
                    "a stored link without a stored hash",
                    "add `field` to the hash, or remove `value`",
                ));
            }
            LinkValue::Code if case.signature.is_none() => {
                return Err(error(
                    "link",
                    "a link by code without a signature",
                    "add `signature`, or remove `value`",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

fn cases(table: &Members<'_>) -> Loaded<Vec<Case>> {
    let base = |key: &str| table.opt(key);
    let of = |own: Option<Table<'_>>| -> Loaded<Case> {
        let find = |key: &str| own.and_then(|own| own.opt(key)).or_else(|| base(key));
        Ok(Case {
            conditions: own.map_or(Ok(Vec::new()), |own| conditions_at(&own, "when"))?,
            require: own.map_or(Ok(Vec::new()), |own| conditions_at(&own, "require"))?,
            hash: find("hash").map(|node| hash(&node.table()?)).transpose()?,
            signature: find("signature").map(|node| signature(&node.table()?)).transpose()?,
        })
    };
    let nodes = table.list("case")?;
    if nodes.is_empty() {
        return Ok(vec![of(None)?]);
    }
    nodes
        .into_iter()
        .map(|node| {
            let own = node.table()?;
            own.only(members("case"))?;
            of(Some(own))
        })
        .collect()
}

fn sequence(table: &Table<'_>) -> Loaded<Sequence> {
    table.only(members("seq"))?;
    let step = table.opt("step").map_or(Ok(1), count)?;
    if step == 0 {
        return Err(table.error("sequence numbers that do not rise", None).into());
    }
    Ok(Sequence {
        field: pointer(table.need("field")?)?,
        start: table.opt("start").map_or(Ok(0), count)?,
        step,
    })
}

fn time(table: &Table<'_>) -> Loaded<Time> {
    table.only(members("time"))?;
    let format = match table.opt("format") {
        None => TimeFormat::Rfc3339,
        Some(node) => {
            TimeFormat::from_word(node.word(&TimeFormat::WORDS)?).expect("the words are those of the formats")
        }
    };
    Ok(Time {
        field: pointer(table.need("field")?)?,
        format,
        monotonic: table.opt("monotonic").map_or(Ok(false), |node| node.flag())?,
    })
}

fn link(table: &Table<'_>, hash: Option<&Hash>) -> Loaded<Link> {
    table.only(members("link"))?;
    let value = match table.opt("value") {
        None => LinkValue::Computed,
        Some(node) => match node.shape()? {
            Shape::Table(value) => {
                value.only(&["id"])?;
                LinkValue::Id(pointer(value.need("id")?)?)
            }
            _ => match node.word(&["computed", "stored", "code"])? {
                "computed" => LinkValue::Computed,
                "stored" => LinkValue::Stored,
                _ => LinkValue::Code,
            },
        },
    };
    let by_default = || match (&value, hash) {
        (LinkValue::Id(_), _) => {
            Ok(vec![Encoding { form: super::encoding::Form::Text, prefix: String::new() }])
        }
        (_, Some(hash)) => Ok(hash.encodings.clone()),
        (_, None) => Err(ChainError::from(
            table.error("a link without an encoding", Some("add `enc = { as = \"hex\" }`".to_owned())),
        )),
    };
    let genesis = table.need("genesis")?.list()?.into_iter().map(genesis).collect::<Loaded<Vec<_>>>()?;
    Ok(Link {
        prev: pointer(table.need("prev")?)?,
        encodings: table.opt("enc").map_or_else(by_default, encodings)?,
        value,
        genesis,
        spans_files: table.need("spans_files")?.flag()?,
    })
}

fn genesis(node: Node<'_>) -> Loaded<Genesis> {
    let Shape::Table(table) = node.shape()? else {
        return Ok(Genesis { conditions: Vec::new(), form: GenesisForm::Text(node.text()?.to_owned()) });
    };
    table.only(members("genesis"))?;
    let forms = ["eq", "matches", "null", "absent", "computed"];
    let found: Vec<_> = table.entries().filter(|(key, _)| forms.contains(&key.text)).collect();
    let [(name, value)] = found.as_slice() else {
        let help = format!("write one of `{}`", forms.join("`, `"));
        return Err(table.error(format!("expected one form, found {}", found.len()), Some(help)).into());
    };
    let form = match name.text {
        "eq" => GenesisForm::Text(value.text()?.to_owned()),
        "matches" => GenesisForm::Matches(pattern(*value)?),
        "computed" => GenesisForm::Computed(expr(*value, 0)?, encoding_of(&table)?),
        word => {
            if !value.flag()? {
                return Err(value.error(format!("`{word}` is true or not there"), None).into());
            }
            if word == "null" { GenesisForm::Null } else { GenesisForm::Absent }
        }
    };
    Ok(Genesis { conditions: conditions_at(&table, "when")?, form })
}

fn hash(table: &Table<'_>) -> Loaded<Hash> {
    table.only(members("hash"))?;
    Ok(Hash {
        algorithm: algorithm(table)?,
        over: expr(table.need("over")?, 0)?,
        field: table.opt("field").map(pointer).transpose()?,
        encodings: table.opt("enc").map_or_else(|| Ok(vec![Encoding::hex()]), encodings)?,
    })
}

fn signature(table: &Table<'_>) -> Loaded<Signature> {
    table.only(members("signature"))?;
    let words = ["ed25519", "es256-p1363", "es256-der", "rs256", "hmac-sha256"];
    let algorithm = match table.need("alg")?.word(&words)? {
        "hmac-sha256" => SignatureAlgorithm::Hmac,
        word => SignatureAlgorithm::Asymmetric(
            Algorithm::from_word(word).expect("the words are those of the algorithms"),
        ),
    };
    let key = table.opt("key").map_or(Ok(KeySource::Unnamed), |node| key(&node.table()?))?;
    if let (SignatureAlgorithm::Hmac, KeySource::Embedded(..) | KeySource::Fingerprint(..), Some(node)) =
        (algorithm, &key, table.opt("key"))
    {
        return Err(node
            .error("a shared key has no public part", Some("remove `key`, or name it by `name`".to_owned()))
            .into());
    }
    Ok(Signature {
        algorithm,
        over: expr(table.need("over")?, 0)?,
        field: pointer(table.need("field")?)?,
        encodings: encodings(table.need("enc")?)?,
        key,
        when: conditions_at(table, "when")?,
        unsigned: conditions_at(table, "unsigned")?,
    })
}

fn key(table: &Table<'_>) -> Loaded<KeySource> {
    table.only(members("key"))?;
    let enc = || encodings(table.need("enc")?);
    match (table.opt("field"), table.opt("name"), table.opt("fingerprint")) {
        (Some(node), None, None) => Ok(KeySource::Embedded(pointer(node)?, enc()?)),
        (None, Some(node), None) => match table.opt("enc") {
            None => Ok(KeySource::Name(pointer(node)?)),
            Some(node) => Err(node.error("a name is no encoded key", Some("remove `enc`".to_owned())).into()),
        },
        (None, None, Some(node)) => Ok(KeySource::Fingerprint(pointer(node)?, enc()?)),
        _ => Err(table.error("expected one of `field`, `name`, and `fingerprint`", None).into()),
    }
}

fn terminal(table: &Table<'_>, names: &[String]) -> Loaded<TerminalRule> {
    table.only(members("terminal"))?;
    let of = match table.opt("layer") {
        None => None,
        Some(node) => {
            let name = node.text()?;
            let layer = names.iter().position(|other| other == name).ok_or_else(|| {
                let known = names.iter().map(String::as_str).collect::<Vec<_>>();
                node.error(format!("no layer is named `{}`", shown(name)), Some(did_you_mean(name, known)))
            })?;
            Some((layer, pointers(table.need("chain")?)?))
        }
    };
    if let (None, Some(node)) = (&of, table.opt("chain")) {
        return Err(node
            .error("`chain` without `layer`", Some("add `layer`, or remove `chain`".to_owned()))
            .into());
    }
    let plus = table.opt("plus").map_or(Ok(0), count)?;
    let head = match table.opt("head") {
        None => None,
        Some(node) => Some((pointer(node)?, encodings(table.need("enc")?)?)),
    };
    let conditions = conditions(table.need("when")?)?;
    if conditions.is_empty() {
        return Err(table
            .error("every record would be the end of its chain", Some("add a condition to `when`".to_owned()))
            .into());
    }
    Ok(TerminalRule {
        conditions,
        last: table.need("last")?.flag()?,
        count: table.opt("count").map(|node| pointer(node).map(|pointer| (pointer, plus))).transpose()?,
        seq: table.opt("seq").map(pointer).transpose()?,
        head,
        of,
    })
}
