//! One verified record to its events.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::column::{Holds, PRINCIPAL_KINDS, Role, Slot};
use super::context::Context;
use super::expr::{Expr, Look, Path, Scope, Val, items, members};
use super::join::{Join, written};
use super::json::{Fault, Json};
use super::nested::Nested;
use super::rule::{Assign, Keys, Principal, Rule, Verdict};
use super::stamp::Stamp;
use super::{Mapped, Profile};
use crate::column::{Brief, set};
use crate::event::Event;
use crate::integrity::record::VerifiedRecord;
use crate::integrity::verdict::BreakKind;
use crate::redact::shown;

impl Profile {
    /// Appends the events of `record` to `out` and says what became of it.
    ///
    /// A rejected record appends nothing: half of its events would be evidence that nobody wrote.
    pub fn map(&self, record: &VerifiedRecord<'_>, context: &Context, out: &mut Vec<Event>) -> Mapped<'_> {
        let start = out.len();
        match self.try_map(record, context, out) {
            Ok(mapped) => mapped,
            Err(fault) => {
                out.truncate(start);
                let (kind, detail) = fault.into_parts();
                Mapped::Rejected { kind, detail }
            }
        }
    }

    fn try_map(
        &self,
        verified: &VerifiedRecord<'_>,
        context: &Context,
        out: &mut Vec<Event>,
    ) -> Result<Mapped<'_>, Fault> {
        let record = Json::parse(verified.record().text, self.max_record)?;
        let inner = self.wrapped(&record)?;
        let root = match &inner {
            Wrapped::Not => &record,
            Wrapped::Object(inner) => inner,
            Wrapped::Text(inner) => inner,
        };
        let found = self.plan.places.find(root);
        let scope = Scope::new(&self.plan, context, verified.log(), &record, root, &found);
        let (direct, inner) = self.plan.nested.split_at(self.plan.direct);
        let direct = self.nested(direct, &scope)?;
        let scope = scope.with_nested(&direct);
        let inner = self.nested(inner, &scope)?;
        let memo: Vec<OnceCell<Val<'_>>> = vec![OnceCell::new(); self.plan.kept];
        let scope = scope.with_inner(&inner, &memo);

        if first(&self.housekeeping, &scope)?.is_some() {
            return Ok(Mapped::Housekeeping { time_ms: self.record_time(&scope) });
        }
        if let Some(verdict) = first(&self.ignores, &scope)? {
            return Ok(Mapped::Ignored { reason: &verdict.reason, time_ms: self.record_time(&scope) });
        }
        if let Some(verdict) = first(&self.rejects, &scope)? {
            return Err(reject(verdict, &scope)?);
        }

        let start = out.len();
        let origin = Origin { verified, context, joins: &self.joins };
        for rule in &self.rules {
            if rule.when.holds(&scope).map_err(|fault| at_rule(fault, rule))? {
                let before = out.len();
                walk(rule, 0, &scope, &origin, before, out)?;
                if self.match_first && out.len() > before {
                    break;
                }
            }
        }
        Ok(match out.len() - start {
            0 => Mapped::Observation { time_ms: self.record_time(&scope) },
            count => Mapped::Events(count),
        })
    }

    /// Returns what the profile's paths begin at: the first object at a place to unwrap, or in a string there.
    fn wrapped<'f>(&self, record: &'f Json<'f>) -> Result<Wrapped<'f>, Fault> {
        if !matches!(record, Json::Object(_)) {
            let what = format!("expected an object, found {}", record.type_name());
            return Err(Fault::new(BreakKind::Malformed, what));
        }
        let found = self.unwrap.iter().find_map(|pointer| record.at(pointer));
        Ok(match found {
            Some(inner @ Json::Object(_)) => Wrapped::Object(inner),
            Some(Json::Text(text)) => match Json::parse(text, self.max_record) {
                Ok(inner @ Json::Object(_)) => Wrapped::Text(inner),
                Ok(_) => Wrapped::Not,
                Err(fault) if fault.kind() == BreakKind::Malformed => Wrapped::Not,
                Err(fault) => return Err(fault),
            },
            _ => Wrapped::Not,
        })
    }

    fn nested<'f>(&self, nested: &[Nested], scope: &Scope<'f>) -> Result<Vec<Option<Json<'f>>>, Fault> {
        nested.iter().map(|nested| nested.read(scope, self.max_record)).collect()
    }

    fn record_time<'f>(&'f self, scope: &Scope<'f>) -> Option<i64> {
        let value = self.record_time.as_ref()?.eval(scope).ok()?;
        let stamp = value.time(&self.plan.times, self.plan.zone.as_ref()).ok()??;
        Some(stamp.ms())
    }
}

/// What a record wraps.
enum Wrapped<'f> {
    Not,
    Object(&'f Json<'f>),
    /// An object that a string holds.
    Text(Json<'f>),
}

/// Returns the first verdict whose condition holds.
fn first<'p: 'f, 'f>(verdicts: &'p [Verdict], scope: &Scope<'f>) -> Result<Option<&'p Verdict>, Fault> {
    for verdict in verdicts {
        if verdict.when.holds(scope)? {
            return Ok(Some(verdict));
        }
    }
    Ok(None)
}

fn reject<'f>(verdict: &'f Verdict, scope: &Scope<'f>) -> Result<Fault, Fault> {
    let value = match &verdict.value {
        Some(expr) => expr.eval(scope)?.into_text()?,
        None => None,
    };
    Ok(Fault::rejected(match value {
        Some(value) => format!("{} `{}`", verdict.reason, shown(&value)),
        None => verdict.reason.clone(),
    }))
}

fn at_rule(fault: Fault, rule: &Rule) -> Fault {
    fault.worded(|what| format!("{what} (rule `{}`)", rule.id))
}

fn at_column(fault: Fault, column: &str) -> Fault {
    fault.worded(|what| format!("{what} for `{column}`"))
}

/// Where a record comes from.
struct Origin<'r> {
    verified: &'r VerifiedRecord<'r>,
    context: &'r Context,
    joins: &'r [Join],
}

/// Walks the arrays and objects of a rule from `level` on, and emits one event per innermost item that fits.
fn walk<'f>(
    rule: &'f Rule,
    level: usize,
    scope: &Scope<'f>,
    origin: &Origin<'_>,
    before: usize,
    out: &mut Vec<Event>,
) -> Result<(), Fault> {
    let Some(step) = rule.each.get(level) else {
        let fits = rule.fits.as_ref().map_or(Ok(true), |fits| fits.holds(scope));
        if fits.map_err(|fault| at_rule(fault, rule))? {
            // Filled where it stays: an event is large, and every move would copy it.
            let sub = out.len() - before;
            out.push(Event::default());
            if let Some(event) = out.last_mut() {
                emit(rule, sub, scope, origin, event).map_err(|fault| at_rule(fault, rule))?;
            }
        }
        return Ok(());
    };
    let mut visit = |inner: Scope<'f>| -> Result<(), Fault> {
        let fits = step.fits.as_ref().map_or(Ok(true), |fits| fits.holds(&inner));
        match fits.map_err(|fault| at_rule(fault, rule))? {
            true => walk(rule, level + 1, &inner, origin, before, out),
            false => Ok(()),
        }
    };
    if step.members {
        let members = members(&step.path, scope).map_err(|fault| at_rule(fault, rule))?;
        for (index, (name, value)) in members.iter().enumerate() {
            visit(scope.within(value, index).named(name))?;
        }
        return Ok(());
    }
    let own = items(&step.path, scope).map_err(|fault| at_rule(fault, rule))?;
    let beside = match &rule.zip {
        Some(zip) if level + 1 == rule.each.len() => Some(zipped(zip, own.len(), scope)?),
        _ => None,
    };
    for (index, item) in own.iter().enumerate() {
        let mut inner = scope.within(item, index);
        if let Some(beside) = beside.and_then(|beside| beside.get(index)) {
            inner = inner.beside(beside);
        }
        visit(inner)?;
    }
    Ok(())
}

/// Returns the array that stands beside one of `length` items. Items pair by position, so both must be as long.
fn zipped<'f>(zip: &Path, length: usize, scope: &Scope<'f>) -> Result<&'f [Json<'f>], Fault> {
    let beside = items(zip, scope)?;
    if beside.len() == length {
        return Ok(beside);
    }
    Err(Fault::rejected(format!("{} items at `{}` beside {length}", beside.len(), zip.text)))
}

/// Fills `event`, which is empty.
fn emit<'f>(
    rule: &'f Rule,
    sub: usize,
    scope: &Scope<'f>,
    origin: &Origin<'_>,
    event: &mut Event,
) -> Result<(), Fault> {
    begin(rule, sub, origin, event);
    let mut marks: Vec<&str> = rule.quality.iter().map(String::as_str).collect();
    let mut ambiguous = false;
    for assign in &rule.assigns {
        let done = match assign {
            Assign::Time(expr) => {
                time(expr, scope, event, &mut marks).map_err(|fault| at_column(fault, "time"))
            }
            Assign::Request(expr) => {
                request(expr, scope, event, &mut ambiguous).map_err(|fault| at_column(fault, "corr_request"))
            }
            Assign::Column { column, expr } => {
                self::column(column.slot, column.holds, expr, scope, event, &mut marks)
                    .map_err(|fault| at_column(fault, column.name))
            }
            Assign::Principal { role, options } => principal(role, options, scope, event, &mut marks),
        };
        match done {
            Ok(()) => {}
            Err(fault) if rule.is_evidence() => return Err(fault),
            Err(_) => marks.push("value_refused"),
        }
    }
    for (keys, offered) in [(&rule.offers, true), (&rule.takes, false)] {
        match join_keys(keys, scope, origin.joins) {
            Ok(text) if offered => event.offers = text.map(Brief::from),
            Ok(text) => event.takes = text.map(Brief::from),
            Err(fault) if rule.is_evidence() => return Err(fault),
            Err(_) => marks.push("value_refused"),
        }
    }
    origin.context.fill(event);
    complete(rule, event, ambiguous, &mut marks)?;
    marks.sort_unstable();
    marks.dedup();
    crate::redact::event(event, origin.context.redaction());
    event.quality = (!marks.is_empty()).then(|| marks.join(",").into());
    Ok(())
}

/// Returns the keys of an event, by join; one without a value is left out.
fn join_keys<'f>(keys: &'f Keys, scope: &Scope<'f>, joins: &[Join]) -> Result<Option<String>, Fault> {
    if keys.is_empty() {
        return Ok(None);
    }
    let mut found = BTreeMap::new();
    for (index, expr) in keys {
        if let (Some(join), Some(key)) = (joins.get(*index), expr.eval(scope)?.into_text()?) {
            found.insert(join.name(), key.into_owned());
        }
    }
    Ok(written(&found))
}

/// Fills the columns that say where the event comes from.
fn begin(rule: &Rule, sub: usize, origin: &Origin<'_>, event: &mut Event) {
    let record = origin.verified.record();
    let sub = u64::try_from(sub).unwrap_or(u64::MAX);
    let int = |value: u64| i64::try_from(value).ok();
    origin.context.event_id(record, &rule.id, sub).digits(|digits| set(&mut event.id, digits));
    set(&mut event.source, origin.context.source());
    set(&mut event.log, origin.verified.log());
    set(&mut event.object, origin.context.object());
    event.offset = int(record.offset);
    event.length = int(record.length);
    event.line = int(record.line);
    event.index = int(record.index);
    record.digest.digits(|digits| set(&mut event.line_digest, digits));
    set(&mut event.rule, &rule.id);
    event.sub = int(sub);
    set(&mut event.kind, rule.kind);
    event.seq = origin.verified.seq().and_then(int);
    set(&mut event.grade, origin.verified.grade().word());
}

fn time<'f>(
    expr: &'f Expr,
    scope: &Scope<'f>,
    event: &mut Event,
    marks: &mut Vec<&str>,
) -> Result<(), Fault> {
    let value = expr.eval(scope)?;
    if let Some(stamp) = value.time(&scope.plan.times, scope.plan.zone.as_ref())? {
        event.time_ms = Some(stamp.ms());
        match &value {
            Val::Json(Json::Text(text)) if stamp.is_as_read() => set(&mut event.time, text.trim()),
            _ => set(&mut event.time, &stamp.text()),
        }
        stamp_marks(stamp).for_each(|mark| marks.push(mark));
    }
    Ok(())
}

/// Says what a profile took for granted in a time.
fn stamp_marks(stamp: Stamp) -> impl Iterator<Item = &'static str> {
    let marks = [(stamp.zone_assumed(), "zone_assumed"), (stamp.chosen(), "time_ambiguous")];
    marks.into_iter().filter(|(holds, _)| *holds).map(|(_, mark)| mark)
}

/// Fills `corr_request`. A product may list several requests in force; then none of them is the one.
fn request<'f>(
    expr: &'f Expr,
    scope: &Scope<'f>,
    event: &mut Event,
    ambiguous: &mut bool,
) -> Result<(), Fault> {
    let value = expr.eval(scope)?;
    let value = match value {
        Val::Json(Json::List(items)) => {
            let mut ids = Vec::new();
            for item in items {
                ids.extend(
                    Val::Json(item).text()?.filter(|id| !scope.plan.nulls.iter().any(|null| *null == *id)),
                );
            }
            ids.sort_unstable();
            ids.dedup();
            *ambiguous = ids.len() > 1;
            if *ambiguous { None } else { ids.pop() }
        }
        other => other.into_text()?,
    };
    event.corr_request = value.map(|id| scope.context.correlation("request", &id));
    Ok(())
}

fn column<'f>(
    slot: Slot,
    holds: Holds,
    expr: &'f Expr,
    scope: &Scope<'f>,
    event: &mut Event,
    marks: &mut Vec<&str>,
) -> Result<(), Fault> {
    match slot {
        Slot::Text(slot) => {
            with_text(expr, scope, |text| {
                match holds {
                    Holds::Words(words) => word(slot(event), text, words, || expr.label(scope.plan), marks)?,
                    Holds::Correlation(kind) => *slot(event) = Some(scope.context.correlation(kind, text)),
                    _ => set(slot(event), text),
                }
                Ok(())
            })?;
        }
        Slot::Int(slot) if holds == Holds::Millis => {
            let value = expr.eval(scope)?;
            let stamp = value.time(&scope.plan.times, scope.plan.zone.as_ref())?;
            stamp.into_iter().flat_map(stamp_marks).for_each(|mark| marks.push(mark));
            *slot(event) = stamp.map(super::stamp::Stamp::ms);
        }
        Slot::Int(slot) => *slot(event) = expr.eval(scope)?.int()?,
        Slot::Flag(slot) => *slot(event) = expr.eval(scope)?.flag()?,
    }
    Ok(())
}

/// Hands the text that `expr` finds to `then`; none where it finds none.
fn with_text<'f>(
    expr: &'f Expr,
    scope: &Scope<'f>,
    then: impl FnOnce(&str) -> Result<(), Fault>,
) -> Result<(), Fault> {
    match expr.look(scope) {
        Look::Null => Ok(()),
        Look::Json(Json::Text(text)) => then(text),
        Look::Text(text) => then(text),
        _ => match expr.eval(scope)?.into_text()? {
            Some(text) => then(&text),
            None => Ok(()),
        },
    }
}

/// Fills a column of closed words. `unknown` is a value the product has, and stands for nothing.
fn word(
    slot: &mut Option<Brief>,
    text: &str,
    words: &[&str],
    label: impl Fn() -> String,
    marks: &mut Vec<&str>,
) -> Result<(), Fault> {
    if text == "unknown" {
        marks.push("enum_unknown");
    } else if words.contains(&text) {
        set(slot, text);
    } else {
        return Err(Fault::rejected(format!("unknown value `{}` at `{}`", shown(text), label())));
    }
    Ok(())
}

/// Fills the columns of a principal from the first option that has an id.
fn principal<'f>(
    role: &'static Role,
    options: &'f [Principal],
    scope: &Scope<'f>,
    event: &mut Event,
    marks: &mut Vec<&str>,
) -> Result<(), Fault> {
    for option in options {
        let wrong = |member: &'static str| move |fault| at_column(fault, &format!("{}_{member}", role.name));
        let Some(id) = option.id.eval(scope).and_then(Val::into_text).map_err(wrong("id"))? else { continue };
        let scope = scope.of_principal(id.clone());
        fill(role.ns, &option.ns, &scope, event).map_err(wrong("ns"))?;
        if let Slot::Text(ns) = role.ns
            && ns(event).is_none()
        {
            set(ns(event), scope.context.source());
        }
        store(role.id, event, &id);
        for (slot, expr, member) in
            [(role.display, &option.name, "name"), (role.email, &option.email, "email")]
        {
            if let Some(slot) = slot {
                fill(slot, expr, &scope, event).map_err(wrong(member))?;
            }
        }
        if let (Some(Slot::Text(slot)), Some(kind)) = (role.kind, &option.kind) {
            let label = || kind.label(scope.plan);
            with_text(kind, &scope, |text| word(slot(event), text, PRINCIPAL_KINDS, label, marks))
                .map_err(wrong("kind"))?;
        }
        return Ok(());
    }
    if matches!(
        (role.name, event.kind.as_deref()),
        ("requester", Some("request")) | ("decider", Some("decision"))
    ) {
        marks.push(role.missing);
    }
    Ok(())
}

/// Stores what `expr` finds, where there is one.
fn fill<'f>(slot: Slot, expr: &'f Option<Expr>, scope: &Scope<'f>, event: &mut Event) -> Result<(), Fault> {
    let Some(expr) = expr else { return Ok(()) };
    with_text(expr, scope, |text| {
        store(slot, event, text);
        Ok(())
    })
}

fn store(slot: Slot, event: &mut Event, text: &str) {
    if let Slot::Text(slot) = slot {
        set(slot(event), text);
    }
}

/// Settles the columns that say what an absence means, and refuses evidence without its core.
fn complete(rule: &Rule, event: &mut Event, ambiguous: bool, marks: &mut Vec<&str>) -> Result<(), Fault> {
    if event.time_ms.is_none() {
        if rule.is_evidence() {
            return Err(Fault::rejected("no time"));
        }
        marks.push("time_missing");
    }
    let core = match rule.kind {
        "request" | "decision" | "resolution" if event.corr_request.is_none() => Some("corr_request"),
        "decision" if event.outcome.is_none() && !marks.contains(&"enum_unknown") => Some("outcome"),
        "resolution" if event.resolution.is_none() && !marks.contains(&"enum_unknown") => Some("resolution"),
        _ => None,
    };
    if let Some(name) = core {
        return Err(Fault::rejected(format!("no value for `{name}`")));
    }
    if rule.kind == "execution" {
        if ambiguous {
            event.request_link = Some("ambiguous".into());
        } else if event.corr_request.is_some() {
            event.request_link = Some("linked".into());
        }
    }
    if event.quorum.is_some() {
        event.quorum_link = None;
    }
    if event.command_digest.is_none() && event.edited_digest.is_none() {
        event.canonicalisation = None;
    }
    if let Some(state @ ("truncated" | "redacted")) = event.command_state.as_deref() {
        marks.push(if state == "truncated" { "truncated" } else { "redacted" });
    }
    if let Some(key) = &event.dedup_key {
        let source = event.source.as_deref().unwrap_or_default();
        event.dedup_key = Some([source, ":", rule.kind, ":", key].concat().into());
    }
    Ok(())
}
