//! Which format log files are read as: the one that was asked for, or the one that their first records show.

use std::io::{BufReader, Read as _};
use std::path::Path;

use super::VerifyArgs;
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::cloudtrail::object::looks_like_digest;
use crate::integrity::countersign_log::FORMAT;
use crate::integrity::foreign::{ChainFormat, ChainLibrary, ChainOrigin};
use crate::profile::Profile;
use crate::profile::library::Library;
use crate::report::console::clean;
use crate::run::{RunError, chain_of};
use crate::settings::Source;
use crate::source::container::Unpacked;
use crate::source::framing::{self, Framing, Lines, Record};
use crate::source::location::ObjectRef;
use crate::source::object;

/// Records of an object that are looked at to recognise its format.
const FIRST_RECORDS: usize = 8;
/// Bytes of an object that are read to recognise its format; a longer document must be named.
const FIRST_BYTES: u64 = 4 << 20;
/// The source profile of our own format.
const NATIVE: &str = "countersign";
/// The source profile of AWS CloudTrail, whose digest files protect whole objects.
const TRAIL: &str = "aws-cloudtrail";
/// A source profile for files that are verified and not mapped.
const BARE: &str = r#"
schema = "countersign/source-profile/1"
name = "log"
version = "1"
product = "the log"
basis = "specification"
integrity = "none"
match = "first"
absent = []

[read]
framing = "lines"

[[rule]]
id = "none"
emit = "policy_change"
when = { "/none" = { type = "null" } }
"#;

/// Formats that some records are of, each with why; ours is `None`.
type Candidates<'p> = Vec<(Option<&'p ChainFormat>, String)>;

/// The profiles at hand.
pub(super) struct Profiles {
    sources: Library,
    chains: ChainLibrary,
    /// Why the chain profiles of the folder at hand are not among them.
    unusable: Option<String>,
    bare: Profile,
    /// The chain profile in the file that `--chain` names.
    file: Option<ChainFormat>,
}

/// How files are read.
pub(super) struct Chosen<'p> {
    pub(super) profile: &'p Profile,
    pub(super) chain: Option<&'p ChainFormat>,
    /// What the user should know of the choice.
    pub(super) note: Option<String>,
}

impl Profiles {
    /// Returns the shipped profiles and those of the folder at hand, and the one in a file that `--chain` names.
    pub(super) fn open(args: &VerifyArgs) -> Result<Self, Failure> {
        let here = Path::new(".");
        let sources = Library::open(here).or_else(|_| Library::shipped()).map_err(RunError::from)?;
        let (chains, unusable) = match ChainLibrary::open(here) {
            Ok(chains) => (chains, None),
            Err(error) => (ChainLibrary::shipped().map_err(RunError::from)?, Some(clean(&error.to_string()))),
        };
        let bare = Profile::parse("(verify)", BARE).map_err(RunError::from)?;
        let file = match args.chain.as_deref().map(Path::new) {
            Some(path) if path.extension().is_some_and(|extension| extension == "toml") => {
                Some(chain_file(path)?)
            }
            _ => None,
        };
        Ok(Self { sources, chains, unusable, bare, file })
    }

    /// Returns how to read `objects`, with a note where the chain profile is one of the folder at hand.
    pub(super) fn choose(&self, args: &VerifyArgs, objects: &[ObjectRef]) -> Result<Chosen<'_>, Failure> {
        let chosen = self.chosen(args, objects)?;
        let own = chosen.chain.and_then(|format| self.of_folder(format));
        let unusable = self
            .unusable
            .as_ref()
            .map(|why| format!("the chain profiles of this folder are not used: {why}"));
        let notes: Vec<String> = chosen.note.into_iter().chain(own).chain(unusable).collect();
        let note = (!notes.is_empty()).then(|| notes.join("\n"));
        Ok(Chosen { note, ..chosen })
    }

    /// Says which file of the folder at hand a chain profile is, where it is not the shipped one: whoever made that file decides what
    /// the log must show.
    fn of_folder(&self, format: &ChainFormat) -> Option<String> {
        let entry = self.chains.entry(format.id()).ok()?;
        let ChainOrigin::Workspace(path) = entry.origin() else { return None };
        if !std::ptr::eq(entry.format(), format) {
            return None;
        }
        Some(match entry.replaces() {
            Some(_) => {
                format!("`{path}` of this folder replaces the shipped chain profile `{}`", format.id())
            }
            None => format!("`{path}` of this folder is the chain profile `{}`", format.id()),
        })
    }

    fn chosen(&self, args: &VerifyArgs, objects: &[ObjectRef]) -> Result<Chosen<'_>, Failure> {
        if let Some(name) = &args.source {
            let profile = self.sources.find(name).map_err(RunError::from)?.profile();
            let chain = chain_of(&source_of(name), profile)?
                .map(|id| self.chains.find(id).map_err(RunError::from))
                .transpose()?;
            return Ok(Chosen { profile, chain, note: None });
        }
        if let Some(id) = &args.chain {
            if self.file.is_none() && id == NATIVE_CHAIN {
                return self.native(None);
            }
            let chain = match &self.file {
                Some(format) => format,
                None => self.chains.find(id).map_err(RunError::from)?,
            };
            let note = self.other_than(chain, objects);
            return Ok(Chosen { profile: &self.bare, chain: Some(chain), note });
        }
        self.recognise(objects)
    }

    /// Says which format the first records are of, where it is another than the one that was asked for.
    fn other_than(&self, asked: &ChainFormat, objects: &[ObjectRef]) -> Option<String> {
        let shown: Vec<_> = objects.iter().filter_map(|object| self.candidates(object)).collect();
        // A profile in a file, or of the workspace, need not be among those that are recognised.
        let known = |format: Option<&ChainFormat>| id_of(format) == Some(asked.id());
        let (first, _) = shown.first()?.first()?;
        let other = shown.iter().all(|all| !all.is_empty() && !all.iter().any(|(format, _)| known(*format)));
        (other && self.file.is_none()).then(|| {
            let is = first.map_or(NATIVE_CHAIN, ChainFormat::id);
            format!("note: the first records look like `{is}`, and `--chain` says `{}`", asked.id())
        })
    }

    fn native(&self, note: Option<String>) -> Result<Chosen<'_>, Failure> {
        let profile = self.sources.find(NATIVE).map_err(RunError::from)?.profile();
        Ok(Chosen { profile, chain: None, note })
    }

    /// Returns the one format that the first records of every object show.
    fn recognise(&self, objects: &[ObjectRef]) -> Result<Chosen<'_>, Failure> {
        if objects.iter().any(is_digest) {
            let profile = self.sources.find(TRAIL).map_err(RunError::from)?.profile();
            let note = Some(format!("read as `{TRAIL}`: a digest file is among them"));
            return Ok(Chosen { profile, chain: None, note });
        }
        // Per candidate, why it was taken; ours is `None`.
        let mut fitting: Option<(&str, Candidates<'_>)> = None;
        for object in objects {
            let Some(candidates) = self.candidates(object) else { continue };
            if candidates.is_empty() {
                return Err(unrecognised(&object.name));
            }
            fitting = Some(match fitting {
                None => (&object.name, candidates),
                Some((first, mut before)) => {
                    let known = names(&before);
                    before.retain(|(format, _)| {
                        candidates.iter().any(|(own, _)| id_of(*own) == id_of(*format))
                    });
                    if before.is_empty() {
                        return Err(mixed((first, &known), (&object.name, &names(&candidates))));
                    }
                    (first, before)
                }
            });
        }
        match fitting.as_ref().map(|(_, all)| all.as_slice()) {
            // Empty and unreadable files name no format, and are judged as ours.
            None => self.native(None),
            Some([(None, why)]) => self.native(Some(format!("read as `{NATIVE}`: {why}"))),
            Some([(Some(format), why)]) => Ok(Chosen {
                profile: &self.bare,
                chain: Some(format),
                note: Some(format!("read as `{}`: {why}", format.id())),
            }),
            Some(several) => {
                let named: Vec<String> = several
                    .iter()
                    .map(|(format, why)| {
                        format!("`{}` ({why})", format.map_or(NATIVE_CHAIN, ChainFormat::id))
                    })
                    .collect();
                let first =
                    several.iter().find_map(|(format, _)| *format).map_or(NATIVE_CHAIN, ChainFormat::id);
                Err(Failure::message(
                    Exit::Usage,
                    format!("the files fit {} formats: {}", several.len(), named.join(", ")),
                    format!("say which one it is, such as `--chain {first}`"),
                ))
            }
        }
    }

    /// Tells whether an object has records, and they are of no format.
    pub(super) fn fits_none(&self, object: &ObjectRef) -> bool {
        self.candidates(object).is_some_and(|candidates| candidates.is_empty())
    }

    /// Returns the formats that the first records of an object show; `None` where it has none, or cannot be read.
    fn candidates(&self, object: &ObjectRef) -> Option<Candidates<'_>> {
        let mut start = Vec::new();
        let opened = object::open(object, None).and_then(Unpacked::new).ok()?;
        opened.take(FIRST_BYTES).read_to_end(&mut start).ok()?;
        if start.is_empty() {
            return None;
        }
        let mut candidates = Vec::new();
        let marker = format!("{{\"v\":\"{FORMAT}\"");
        if looks_like(&start, marker.as_bytes()) {
            candidates.push((None, "the first record names this format".to_owned()));
        }
        let text = String::from_utf8_lossy(&start);
        // Our own format has its own reader, which is stricter than the profile that describes it.
        for format in self.chains.iter().filter(|format| format.id() != NATIVE_CHAIN) {
            let records = first_records(&format.framing(), &object.name, &text);
            if let Some(why) = recognises(format, &records) {
                candidates.push((Some(format), why));
            }
        }
        Some(candidates)
    }
}

/// What `--chain` calls our own format.
const NATIVE_CHAIN: &str = "countersign-log";

/// Returns the id of a candidate; ours has none.
fn id_of(format: Option<&ChainFormat>) -> Option<&str> {
    format.map(ChainFormat::id)
}

/// Says why `records` are of a format, where most of them are. What became of the others, verification says.
fn recognises(format: &ChainFormat, records: &[Record<'_>]) -> Option<String> {
    if records.is_empty() {
        return None;
    }
    if let Some(why) = format.recognises(records) {
        return Some(why);
    }
    let own: Vec<String> = records.iter().filter_map(|record| format.recognises(&[*record])).collect();
    let why = own.first().filter(|_| own.len() * 2 > records.len())?;
    Some(format!("{why}; {} of the first {} records do", own.len(), records.len()))
}

fn names(candidates: &[(Option<&ChainFormat>, String)]) -> String {
    let names: Vec<String> = candidates
        .iter()
        .map(|(format, _)| format!("`{}`", format.map_or(NATIVE_CHAIN, ChainFormat::id)))
        .collect();
    names.join(" or ")
}

fn mixed((first, first_is): (&str, &str), (other, other_is): (&str, &str)) -> Failure {
    Failure::message(
        Exit::Usage,
        format!("`{first}` is of format {first_is}, and `{other}` of {other_is}: one run verifies one log"),
        "run `countersign verify` once for each format; `--log` names the log",
    )
}

fn unrecognised(name: &str) -> Failure {
    Failure::message(
        Exit::NotEvidenced,
        format!("`{name}` is of no format that is recognised by its first records"),
        "name its chain profile with `--chain` (`countersign chains list` prints them), or its source profile with `--source`",
    )
}

/// Tells whether an object is a digest file of AWS CloudTrail, by its own content.
fn is_digest(object: &ObjectRef) -> bool {
    let mut start = Vec::new();
    let opened = object::open(object, None).and_then(Unpacked::new);
    let read = opened.and_then(|unpacked| unpacked.take(4096).read_to_end(&mut start));
    read.is_ok() && looks_like_digest(&start)
}

fn first_records<'t>(framing: &Framing, name: &str, text: &'t str) -> Vec<Record<'t>> {
    if framing.is_lines(name) {
        let mut records = Vec::new();
        let mut lines = Lines::new(BufReader::new(text.as_bytes()), 0, u64::MAX, text.len());
        let mut at = 0_usize;
        while let Ok(Some(line)) = lines.next_line() {
            let length = line.bytes.len();
            let own = text.get(at..at + length);
            at += length + usize::from(line.ended);
            // The last line may have been cut where reading stopped.
            let whole = line.ended || (text.len() as u64) < FIRST_BYTES;
            if let Some(own) = own.filter(|own| whole && !own.trim().is_empty()) {
                records.push(Record::new(own, line.offset, line.number, 0));
            }
            if records.len() == FIRST_RECORDS {
                break;
            }
        }
        return records;
    }
    let mut found = framing::document_records(text, framing.pointers()).unwrap_or_default();
    found.truncate(FIRST_RECORDS);
    found
}

fn chain_file(path: &Path) -> Result<ChainFormat, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::message(
            Exit::Usage,
            format!("cannot read chain profile `{}`: {error}", path.display()),
            "check that the file exists and is readable",
        )
    })?;
    let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let file = path.display().to_string();
    ChainFormat::parse_file(&file, &id, &text).map_err(|error| RunError::from(error).into())
}

/// Tells whether a file begins as the format does; damage to a few bytes at the start does not hide it.
fn looks_like(start: &[u8], marker: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let start: Vec<u8> =
        start.iter().take(64).copied().skip_while(|byte| matches!(byte, b'\n' | b'\r')).collect();
    let same = start.iter().zip(marker).filter(|(a, b)| a == b).count();
    same + 3 >= marker.len()
}

fn source_of(profile: &str) -> Source {
    super::logs::source(String::new(), None, profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_of_files_that_are_not_mapped_compiles() {
        assert!(Profile::parse("(verify)", BARE).is_ok());
    }
}
