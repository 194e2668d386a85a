//! Writes a bag (RFC 8493): the payload first, then the tags, so that no digest can depend on itself.
//!
//! [`BagWriter`] takes the payload. [`BagWriter::close`] writes its manifest and gives a [`TagWriter`], which takes
//! everything else and ends with the tag manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::digest::{Digest, Hasher};
use crate::pack::error::PackError;
use crate::pack::layout::{BAGIT, BAGIT_TEXT, MANIFEST, Names, PackPath, TAG_MANIFEST};
use crate::pack::manifest;

/// Bytes that are read and hashed at once.
pub(super) const BUFFER: usize = 256 * 1024;

/// A file of the bag as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// SHA-256.
    pub sha256: Digest,
    /// Length.
    pub bytes: u64,
}

/// A bag whose payload is being written.
pub struct BagWriter {
    files: Files,
}

impl BagWriter {
    /// Starts a bag in the existing, empty folder `root`.
    pub fn new(root: &Path) -> Self {
        Self { files: Files { root: root.to_owned(), written: BTreeMap::new(), names: Names::default() } }
    }

    /// Writes `bytes` as the payload file `path`, which begins with `data/`.
    ///
    /// # Errors
    /// An unsafe or taken path, or a failed write.
    pub fn add(&mut self, path: &str, bytes: &[u8]) -> Result<Written, PackError> {
        self.add_reader(path, bytes)
    }

    /// Copies the file `from` to the payload file `path`.
    ///
    /// # Errors
    /// An unsafe or taken path, or a failed read or write.
    pub fn add_file(&mut self, path: &str, from: &Path) -> Result<Written, PackError> {
        let file = File::open(from).map_err(PackError::io("read", from))?;
        self.add_reader(path, file)
    }

    /// Writes everything that `from` yields as the payload file `path`, in pieces.
    ///
    /// # Errors
    /// An unsafe or taken path, or a failed read or write.
    pub fn add_reader(&mut self, path: &str, from: impl Read) -> Result<Written, PackError> {
        self.files.write(payload(path)?, from)
    }

    /// Writes what `fill` puts out as the payload file `path`; it is never held whole.
    ///
    /// # Errors
    /// An unsafe or taken path, a failed write, or what `fill` gives.
    pub fn add_with(
        &mut self,
        path: &str,
        fill: impl FnOnce(&mut BagFile) -> Result<(), PackError>,
    ) -> Result<Written, PackError> {
        self.files.write_with(payload(path)?, fill)
    }

    /// Returns `<bytes>.<files>` of the payload so far.
    pub fn oxum(&self) -> String {
        let bytes: u64 = self.files.written.values().map(|file| file.bytes).sum();
        format!("{bytes}.{}", self.files.written.len())
    }

    /// Ends the payload: writes the bag declaration and the payload manifest.
    ///
    /// # Errors
    /// A failed write.
    pub fn close(mut self) -> Result<TagWriter, PackError> {
        let listed = manifest::print(self.files.written.iter().map(|(path, file)| (path, file.sha256)));
        self.files.write(PackPath::new(BAGIT)?, BAGIT_TEXT.as_bytes())?;
        self.files.write(PackPath::new(MANIFEST)?, listed.as_slice())?;
        Ok(TagWriter { files: self.files })
    }
}

fn payload(path: &str) -> Result<PackPath, PackError> {
    let path = PackPath::new(path)?;
    if path.is_payload() {
        return Ok(path);
    }
    Err(PackError::UnsafePath { path: path.as_str().to_owned(), why: "a payload file lies below `data/`" })
}

/// A file of the bag while it is written, which is hashed on the way.
pub struct BagFile {
    file: BufWriter<File>,
    hasher: Hasher,
    bytes: u64,
}

impl Write for BagFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.file.write(bytes)?;
        self.hasher.update(&bytes[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A bag whose payload is closed.
pub struct TagWriter {
    files: Files,
}

impl TagWriter {
    /// Writes `bytes` as the tag file `path`.
    ///
    /// # Errors
    /// An unsafe or taken path, or a failed write.
    pub fn add(&mut self, path: &str, bytes: &[u8]) -> Result<Written, PackError> {
        let path = PackPath::new(path)?;
        if path.is_payload() {
            return Err(PackError::UnsafePath {
                path: path.as_str().to_owned(),
                why: "the payload is closed",
            });
        }
        self.files.write(path, bytes)
    }

    /// Returns the digest of a file written so far.
    pub fn digest(&self, path: &str) -> Option<Digest> {
        self.files.written.get(path).map(|file| file.sha256)
    }

    /// Writes the tag manifest, and waits until everything is on the disk.
    ///
    /// # Errors
    /// A failed write.
    pub fn finish(mut self) -> Result<(), PackError> {
        let tags = self.files.written.iter().filter(|(path, _)| !path.is_payload());
        let listed = manifest::print(tags.map(|(path, file)| (path, file.sha256)));
        self.files.write(PackPath::new(TAG_MANIFEST)?, listed.as_slice())?;
        self.files.sync()
    }
}

/// The files of one bag on disk.
struct Files {
    root: PathBuf,
    written: BTreeMap<PackPath, Written>,
    names: Names,
}

impl Files {
    fn write(&mut self, path: PackPath, from: impl Read) -> Result<Written, PackError> {
        let place = self.root.join(path.as_str());
        self.write_with(path, |file| copy(from, file).map_err(PackError::io("copy into", &place)))
    }

    fn write_with(
        &mut self,
        path: PackPath,
        fill: impl FnOnce(&mut BagFile) -> Result<(), PackError>,
    ) -> Result<Written, PackError> {
        self.names.take(&path)?;
        let place = self.root.join(path.as_str());
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(PackError::io("create", folder))?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&place)
            .map_err(PackError::io("create", &place))?;
        let mut file =
            BagFile { file: BufWriter::with_capacity(BUFFER, file), hasher: Hasher::default(), bytes: 0 };
        fill(&mut file)?;
        file.flush().map_err(PackError::io("write", &place))?;
        let written = Written { sha256: file.hasher.finish(), bytes: file.bytes };
        self.written.insert(path, written);
        Ok(written)
    }

    /// Waits until every file and folder is on the disk, so that a rename afterwards never exposes empty files.
    ///
    /// In parallel, because file systems commit several waiting files together.
    fn sync(&self) -> Result<(), PackError> {
        let paths: Vec<PathBuf> = self.written.keys().map(|path| self.root.join(path.as_str())).collect();
        paths.par_iter().try_for_each(|path| {
            OpenOptions::new()
                .write(true)
                .open(path)
                .and_then(|file| file.sync_all())
                .map_err(PackError::io("write", path))
        })?;
        let folders: BTreeSet<&Path> = paths
            .iter()
            .flat_map(|path| path.ancestors().skip(1))
            .filter(|f| f.starts_with(&self.root))
            .collect();
        folders.into_iter().try_for_each(sync_folder)
    }
}

/// Waits until the names in `folder` are on the disk, where the system can do that.
pub(super) fn sync_folder(folder: &Path) -> Result<(), PackError> {
    if cfg!(unix) {
        File::open(folder).and_then(|file| file.sync_all()).map_err(PackError::io("write", folder))?;
    }
    Ok(())
}

fn copy(mut from: impl Read, to: &mut BagFile) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
