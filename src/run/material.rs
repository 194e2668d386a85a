//! What a run rests on, gathered: from a workspace, or again from a pack.
//!
//! Everything is read once, here. The rest of a run sees texts and objects and no folders, so that a pack can be
//! derived again from its own files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::RunError;
use super::previous::{Previous, PreviousCheckpoint, PreviousError, PreviousSource};
use crate::clock::Moment;
use crate::control::library::Library as Controls;
use crate::digest::Digest;
use crate::identity::{Gathered, Roster, gather};
use crate::integrity::checkpoint::Checkpoint;
use crate::integrity::foreign::{ChainLibrary, ChainOrigin};
use crate::integrity::head::{LogHead, parse_heads};
use crate::integrity::keyring::{Keyring, TrustError};
use crate::integrity::verdict::BreakKind;
use crate::pack::layout::PackPath;
use crate::pack::{NamedBytes, PackFolder};
use crate::profile::library::Library as Profiles;
use crate::reference::Reference;
use crate::report::model::{Override, PolicyFile};
use crate::segment::census::Census;
use crate::segment::plan::{Missing, objects};
use crate::settings::Workspace;
use crate::source::location::{self, ObjectRef};
use crate::waiver::Waiver;

/// Name of the roster below `07_policy/`.
const PEOPLE: &str = "people.csv";
/// Name of the reviewers' authority below `07_policy/`.
const REVIEWERS: &str = "reviewers.csv";
/// Name of the list of files that the roster was gathered from, below `07_policy/`.
const ORIGINS: &str = "people-origins.json";
/// Name of the list of missing objects below `07_policy/`.
const MISSING: &str = "missing.json";
/// Name of what the run goes on from, below `07_policy/`.
const PREVIOUS: &str = "previous.json";
/// Name of the trust file among the trust files.
const TRUST: &str = "trust.toml";

/// The objects of one source, and those that should be there and are not.
pub type Objects = (Vec<ObjectRef>, Vec<Missing>);

/// Everything that a run rests on.
#[derive(Debug)]
pub struct Material {
    /// The workspace.
    pub workspace: Workspace,
    /// Trusted keys.
    pub keyring: Keyring,
    /// The roster, or none.
    pub roster: Roster,
    /// Source profiles.
    pub profiles: Profiles,
    /// Chain profiles.
    pub chains: ChainLibrary,
    /// The control library.
    pub controls: Controls,
    /// What the workspace states beside its logs.
    pub reference: Reference,
    /// Waivers, by file.
    pub waivers: Vec<Waiver>,
    /// Last records, by source.
    pub heads: BTreeMap<String, Vec<LogHead>>,
    /// Checkpoints, by source.
    pub checkpoints: BTreeMap<String, Vec<Checkpoint>>,
    /// Last records before the objects, by source.
    pub after: BTreeMap<String, Vec<LogHead>>,
    /// Objects as somebody listed them, by source.
    pub census: BTreeMap<String, Census>,
    /// Objects, by source.
    pub objects: BTreeMap<String, Objects>,
    /// The pack of the period before, where the run goes on from one.
    pub previous: Option<Previous>,
    /// The files behind the above, below `07_policy/`, sorted by path.
    pub policy: Vec<NamedBytes>,
    /// The trust file and the keys it names, sorted by path.
    pub trust: Vec<NamedBytes>,
}

/// A missing object, as a pack keeps it.
#[derive(Serialize, Deserialize)]
struct MissingEntry {
    source: String,
    pattern: String,
    kind: BreakKind,
    detail: String,
}

impl Material {
    /// Gathers the files of a workspace.
    ///
    /// # Errors
    ///
    /// Any file that is missing or is not what it should be. Objects are no such files: what is wrong with them is
    /// a result.
    pub fn of_workspace(workspace: Workspace) -> Result<Self, RunError> {
        let root = workspace.root.clone();
        let mut policy = vec![("countersign.toml".to_owned(), workspace.text.clone().into_bytes())];
        let people = gathered(&workspace)?;
        let (keyring, trust) = match &workspace.trust {
            Some(path) => trusted(&root.join(path))?,
            None => (Keyring::empty(), Vec::new()),
        };
        let mut heads = BTreeMap::new();
        let mut after = BTreeMap::new();
        let mut checkpoints = BTreeMap::new();
        let mut census = BTreeMap::new();
        let mut found = BTreeMap::new();
        for source in &workspace.sources {
            for (file, kind, all) in
                [(&source.head, "heads", &mut heads), (&source.after, "after", &mut after)]
            {
                let Some(path) = file else { continue };
                let text = workspace.read(path)?;
                if kind == "heads" && Checkpoint::looks_like(&text) {
                    checkpoints.insert(source.id.clone(), vec![checkpoint_of(&text, path, &keyring)?]);
                } else {
                    all.insert(source.id.clone(), heads_of(&text, path)?);
                }
                policy.push((format!("{kind}/{}.head", source.id), text.into_bytes()));
            }
            let (there, mut missing) = objects(source, &root);
            if let Some(path) = &source.census {
                let text = workspace.read(path)?;
                let listed = census_of(&text, path)?;
                missing.extend(listed.absent(&there));
                census.insert(source.id.clone(), listed);
                policy.push((census_name(&source.id), text.into_bytes()));
            }
            found.insert(source.id.clone(), (there, missing));
        }
        super::overlap::refuse(&workspace.sources, &found)?;
        let missing = missing_entries(&found);
        if !missing.is_empty() {
            let text = serde_json::to_vec_pretty(&missing).expect("a list of strings is JSON");
            policy.push((MISSING.to_owned(), text));
        }
        let own = root.join("controls");
        let controls = Controls::load(own.is_dir().then_some(own.as_path()))?;
        let profiles = Profiles::open(&root)?;
        let chains = ChainLibrary::open(&root)?;
        Self {
            workspace,
            keyring,
            roster: Roster::default(),
            profiles,
            chains,
            controls,
            reference: Reference::default(),
            waivers: Vec::new(),
            heads,
            checkpoints,
            after,
            census,
            objects: found,
            previous: None,
            policy,
            trust,
        }
        .complete(people)
    }

    /// Goes on from `previous`: its last records are what the logs of this period, which starts at `starts`, continue.
    ///
    /// # Errors
    ///
    /// Refuses a pack that ends after `starts`, and one that contradicts an `after` of the workspace.
    pub fn go_on_from(&mut self, previous: Previous, starts: Moment) -> Result<(), PreviousError> {
        if previous.ended() > starts {
            return Err(PreviousError::NotBefore { ended: previous.ended(), starts });
        }
        for PreviousSource { id, heads, .. } in &previous.sources {
            if self.workspace.source(id).is_none() || heads.is_empty() {
                continue;
            }
            let known = self.after.entry(id.clone()).or_default();
            for head in heads {
                match known.iter().find(|given| given.log == head.log) {
                    None => known.push(head.clone()),
                    Some(given) if given == head => {}
                    Some(given) => {
                        let (given, found) = (given.to_string(), head.to_string());
                        return Err(PreviousError::Disagrees { id: id.clone(), given, found });
                    }
                }
            }
            let text: String = known.iter().map(|head| format!("{head}\n")).collect();
            let name = format!("after/{id}.head");
            self.policy.retain(|(path, _)| *path != name);
            self.policy.push((name, text.into_bytes()));
        }
        self.carry_on(&previous)?;
        let text = serde_json::to_vec_pretty(&previous).expect("strings and numbers are JSON");
        self.policy.push((PREVIOUS.to_owned(), text));
        self.policy.sort();
        self.previous = Some(previous);
        Ok(())
    }

    /// Compares with the checkpoints of the previous period the logs that still begin where they began in it.
    fn carry_on(&mut self, previous: &Previous) -> Result<(), PreviousError> {
        for source in &previous.sources {
            let Some(PreviousCheckpoint { note, first_object }) = &source.checkpoint else { continue };
            let objects = self.objects.get(&source.id).map(|(objects, _)| objects.as_slice());
            if !objects.unwrap_or_default().iter().any(|object| object.name == *first_object) {
                continue;
            }
            let checkpoint = Checkpoint::parse(note.as_bytes(), &self.keyring)
                .map_err(|error| PreviousError::Checkpoint { id: source.id.clone(), source: error })?;
            let own = self.checkpoints.entry(source.id.clone()).or_default();
            if !own.contains(&checkpoint) {
                own.push(checkpoint);
            }
        }
        Ok(())
    }

    /// Gathers the files of a pack, and nothing from outside it.
    ///
    /// # Errors
    ///
    /// As [`Material::of_workspace`], of the pack's own files.
    pub fn of_pack(pack: &PackFolder, objects_dir: Option<&Path>) -> Result<Self, RunError> {
        let root = pack.policy_dir();
        let workspace = Workspace::load(&root)?;
        let read = |name: &str| std::fs::read_to_string(root.join(name)).ok();
        let trust_file = pack.trust_dir().join(TRUST);
        let (keyring, trust) =
            if trust_file.is_file() { trusted_in_pack(&trust_file)? } else { (Keyring::empty(), Vec::new()) };
        let mut heads = BTreeMap::new();
        let mut after = BTreeMap::new();
        let mut checkpoints = BTreeMap::new();
        let mut census = BTreeMap::new();
        let mut policy = vec![("countersign.toml".to_owned(), workspace.text.clone().into_bytes())];
        for source in &workspace.sources {
            for (kind, all) in [("heads", &mut heads), ("after", &mut after)] {
                let name = format!("{kind}/{}.head", source.id);
                if let Some(text) = read(&name) {
                    if kind == "heads" && Checkpoint::looks_like(&text) {
                        checkpoints.insert(source.id.clone(), vec![checkpoint_of(&text, &name, &keyring)?]);
                    } else {
                        all.insert(source.id.clone(), heads_of(&text, &name)?);
                    }
                    policy.push((name, text.into_bytes()));
                }
            }
            let name = census_name(&source.id);
            if let Some(text) = read(&name) {
                census.insert(source.id.clone(), census_of(&text, &name)?);
                policy.push((name, text.into_bytes()));
            }
        }
        let found = packed_objects(pack, &workspace, objects_dir, read(MISSING).as_deref())?;
        let previous = read(PREVIOUS);
        policy.extend(previous.iter().map(|text| (PREVIOUS.to_owned(), text.clone().into_bytes())));
        let previous = previous.as_deref().map(|text| listed(PREVIOUS, text)).transpose()?;
        let people = read(PEOPLE).map(|people| Gathered {
            people,
            reviewers: read(REVIEWERS),
            origins: read(ORIGINS),
        });
        let controls = Controls::load_only(&root.join("controls"))?;
        let profiles = Profiles::open(&root)?;
        let chains = ChainLibrary::open(&root)?;
        let mut material = Self {
            workspace,
            keyring,
            roster: Roster::default(),
            profiles,
            chains,
            controls,
            reference: Reference::default(),
            waivers: Vec::new(),
            heads,
            checkpoints,
            after,
            census,
            objects: found,
            previous,
            policy,
            trust,
        };
        if let Some(previous) = material.previous.clone() {
            material.carry_on(&previous)?;
        }
        material.complete(people)
    }

    /// Adds the roster, the profiles used and the control library to the policy files.
    fn complete(mut self, people: Option<Gathered>) -> Result<Self, RunError> {
        if let Some(Gathered { people, reviewers, origins }) = people {
            let path = match self.workspace.people.iter().find(|_| origins.is_none()) {
                Some(file) => file.path.as_str(),
                None => PEOPLE,
            };
            self.roster = Roster::parse(&people, path)?;
            if let Some(text) = &reviewers {
                self.roster = self.roster.with_reviewers(text, REVIEWERS)?;
            }
            let files = [(PEOPLE, Some(people)), (REVIEWERS, reviewers), (ORIGINS, origins)];
            let files =
                files.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into_bytes())));
            self.policy.extend(files);
        }
        let reference = crate::reference::files(&self.workspace.root)?;
        self.reference = crate::reference::parse(&reference, &self.roster)?;
        self.policy.extend(reference);
        let waivers = crate::waiver::files(&self.workspace.root)?;
        self.waivers = crate::waiver::parse(&waivers, &self.roster, &self.controls)?;
        self.policy.extend(waivers);
        let mut used: Vec<&str> =
            self.workspace.sources.iter().map(|source| source.profile.as_str()).collect();
        used.sort_unstable();
        used.dedup();
        for name in used {
            let files = self.profiles.find(name)?.files();
            self.policy
                .extend(files.iter().map(|(file, bytes)| (format!("sources/{name}/{file}"), bytes.clone())));
        }
        let mut chains = BTreeMap::new();
        for source in &self.workspace.sources {
            let profile = self.profiles.find(&source.profile)?.profile();
            if let Some(id) = super::chain_of(source, profile)? {
                chains.insert(format!("chains/{id}.toml"), self.chains.entry(id)?.text().as_bytes().to_vec());
            }
        }
        self.policy.extend(chains);
        let controls = self.controls.files().iter().filter(|(path, _)| !path.contains("/cases/"));
        self.policy.extend(controls.map(|(path, bytes)| (format!("controls/{path}"), bytes.clone())));
        self.policy.sort();
        Ok(self)
    }

    /// Returns the digests of the files that shaped the results, apart from the control library, sorted by path.
    pub fn digests(&self) -> Vec<PolicyFile> {
        let shapes = |path: &str| match path.split('/').next() {
            Some("controls") => false,
            Some("sources") => path.ends_with("/profile.toml"),
            _ => path != MISSING,
        };
        let files = self.policy.iter().filter(|(path, _)| shapes(path));
        let trust = self.trust.iter().map(|(path, bytes)| (format!("trust/{path}"), bytes));
        files
            .map(|(path, bytes)| (path.clone(), bytes))
            .chain(trust)
            .map(|(path, bytes)| PolicyFile { path, sha256: Digest::of(bytes) })
            .collect()
    }

    /// Returns the source profiles that the workspace replaced or added, among those it uses.
    pub fn overrides(&self) -> Vec<Override> {
        let used = |name: &str| self.workspace.sources.iter().any(|source| source.profile == name);
        self.profiles
            .overrides()
            .filter(|entry| used(entry.profile().name()) && entry.replaces() != Some(entry.digest()))
            .map(|entry| Override {
                path: format!("sources/{}", entry.profile().name()),
                sha256: entry.digest(),
                shipped: entry.replaces(),
            })
            .chain(self.chain_overrides())
            .collect()
    }

    /// Returns the chain profiles that the workspace replaced or added, among those it uses.
    fn chain_overrides(&self) -> impl Iterator<Item = Override> {
        let used = |id: &str| self.policy.iter().any(|(path, _)| *path == format!("chains/{id}.toml"));
        self.chains
            .entries()
            .filter(move |entry| {
                *entry.origin() != ChainOrigin::Shipped
                    && used(entry.format().id())
                    && entry.replaces() != Some(entry.format().digest())
            })
            .map(|entry| Override {
                path: format!("chains/{}.toml", entry.format().id()),
                sha256: entry.format().digest(),
                shipped: entry.replaces(),
            })
    }
}

/// Returns the roster of a workspace, or an empty one.
///
/// # Errors
///
/// Where a file of it is missing or wrong.
pub fn roster_of(workspace: &Workspace) -> Result<Roster, RunError> {
    let Some(Gathered { people, reviewers, .. }) = gathered(workspace)? else {
        return Ok(Roster::default());
    };
    let roster = Roster::parse(&people, PEOPLE)?;
    Ok(match reviewers {
        Some(text) => roster.with_reviewers(&text, REVIEWERS)?,
        None => roster,
    })
}

/// Reads the files of the roster.
fn gathered(workspace: &Workspace) -> Result<Option<Gathered>, RunError> {
    let mut files = Vec::new();
    for file in &workspace.people {
        files.push((file.clone(), workspace.read(&file.path)?));
    }
    Ok(if files.is_empty() { None } else { Some(gather(&files)?) })
}

/// Loads the trust file of a pack, which may name key files below its own folder only.
fn trusted_in_pack(path: &Path) -> Result<(Keyring, Vec<NamedBytes>), RunError> {
    let confined = |name: &str| PackPath::new(name).map(|_| ()).map_err(std::io::Error::other);
    trusted_where(path, &confined)
}

/// Loads a trust file, and returns the bytes of it and of the key files it names.
fn trusted(path: &Path) -> Result<(Keyring, Vec<NamedBytes>), RunError> {
    trusted_where(path, &|_| Ok(()))
}

fn trusted_where(
    path: &Path,
    may_name: &dyn Fn(&str) -> std::io::Result<()>,
) -> Result<(Keyring, Vec<NamedBytes>), RunError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| TrustError::Read { path: path.to_owned(), source })?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let read = std::cell::RefCell::new(Vec::new());
    let keyring = Keyring::parse(&text, &|name| {
        may_name(name)?;
        let key = std::fs::read_to_string(folder.join(name))?;
        read.borrow_mut().push((name.to_owned(), key.clone().into_bytes()));
        Ok(key)
    })?;
    let mut files = read.into_inner();
    files.push((TRUST.to_owned(), text.into_bytes()));
    files.sort();
    files.dedup();
    Ok((keyring, files))
}

fn heads_of(text: &str, path: &str) -> Result<Vec<LogHead>, RunError> {
    parse_heads(text).map_err(|source| RunError::Head { path: path.to_owned(), source })
}

fn census_of(text: &str, path: &str) -> Result<Census, RunError> {
    Census::parse(text).map_err(|source| RunError::Census { path: path.to_owned(), source })
}

/// Returns the name of a census below `07_policy/`.
fn census_name(source: &str) -> String {
    format!("census/{source}.sha256")
}

fn listed<'t, T: Deserialize<'t>>(file: &'static str, text: &'t str) -> Result<T, RunError> {
    serde_json::from_str(text).map_err(|source| RunError::Listed { file, source })
}

fn checkpoint_of(text: &str, path: &str, keyring: &Keyring) -> Result<Checkpoint, RunError> {
    Checkpoint::parse(text.as_bytes(), keyring)
        .map_err(|source| RunError::Checkpoint { path: path.to_owned(), source })
}

fn missing_entries(found: &BTreeMap<String, Objects>) -> Vec<MissingEntry> {
    found
        .iter()
        .flat_map(|(source, (_, missing))| missing.iter().map(move |missing| (source, missing)))
        .map(|(source, missing)| MissingEntry {
            source: source.clone(),
            pattern: missing.pattern.clone(),
            kind: missing.kind,
            detail: missing.detail.clone(),
        })
        .collect()
}

/// Returns the objects of a pack under their declared names. Where the pack withholds them, `objects_dir` has them by
/// those names.
fn packed_objects(
    pack: &PackFolder,
    workspace: &Workspace,
    objects_dir: Option<&Path>,
    missing: Option<&str>,
) -> Result<BTreeMap<String, Objects>, RunError> {
    let mut found: BTreeMap<String, Objects> =
        workspace.sources.iter().map(|source| (source.id.clone(), Objects::default())).collect();
    for object in pack.objects()? {
        let file: Option<PathBuf> = match (&object.path, objects_dir) {
            (Some(path), _) => Some(pack.place(path)),
            (None, Some(folder)) => Some(folder.join(&object.name)),
            (None, None) => None,
        };
        let entry = found.entry(object.source.clone()).or_default();
        let found = file.and_then(|file| location::of_file(&file, &object.name).ok());
        match found {
            Some(reference) => entry.0.push(reference),
            None => entry.1.push(Missing {
                pattern: object.name.clone(),
                kind: BreakKind::MissingObject,
                detail: "the pack does not hold it".to_owned(),
            }),
        }
    }
    let listed: Vec<MissingEntry> =
        missing.map(|text| listed(MISSING, text)).transpose()?.unwrap_or_default();
    for entry in listed {
        let missing = Missing { pattern: entry.pattern, kind: entry.kind, detail: entry.detail };
        found.entry(entry.source).or_default().1.push(missing);
    }
    for (objects, _) in found.values_mut() {
        objects.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trust_file_of_a_pack_names_keys_below_its_own_folder_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
        std::fs::create_dir_all(folder.path().join("trust/keys")).unwrap();
        std::fs::write(folder.path().join("outside.pub"), key).unwrap();
        std::fs::write(folder.path().join("trust/keys/gate.pub"), key).unwrap();
        let trust = folder.path().join("trust/trust.toml");
        let names = |name: &str| {
            let text = format!(
                "[[key]]\nfile = \"{name}\"\nowner = \"Gate\"\npurpose = \"log\"\nlogs = [\"gate\"]\n"
            );
            std::fs::write(&trust, text).unwrap();
        };
        names("keys/gate.pub");
        assert!(trusted_in_pack(&trust).is_ok());
        let outside = folder.path().join("outside.pub");
        for name in ["../outside.pub", "keys/../../outside.pub", outside.to_str().unwrap()] {
            names(name);
            assert!(trusted(&trust).is_ok(), "{name}");
            assert!(trusted_in_pack(&trust).is_err(), "{name}");
        }
    }
}
