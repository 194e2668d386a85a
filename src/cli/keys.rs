//! `countersign keys`: makes Ed25519 keys, and shows and trusts keys of every kind that logs are signed with.

use std::fs::{self, File};
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes};
use toml::Value;

use super::append::unreadable;
use super::{Io, secret};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::error::Failure;
use crate::exit::Exit;
use crate::integrity::countersign_log::is_log_name;
use crate::integrity::keyring::endorsement::Endorsement;
use crate::integrity::keyring::{Keyring, Purpose};
use crate::integrity::signature::{PublicKey, signing_key_from_pem};

/// Make, inspect and trust keys.
///
/// Keys are ordinary PEM files: PKCS#8 private, SPKI public. The id of an Ed25519 key is the SHA-256 of its 32 raw bytes. P-256
/// and RSA keys, which other products sign with, can be shown and trusted; their id is the SHA-256 of the SPKI in DER.
#[derive(Args, Debug)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Make a key: FILE holds the private half, FILE.pub the public one. Prints the key id
    Generate(GenerateArgs),
    /// Print the id of a key, private or public
    Show(ShowArgs),
    /// Add a public key to a trust file, once its key id was compared. Prints the key id
    Trust(TrustArgs),
    /// Let the holder of a key name the next one. Prints the endorsement, for a file that the trust file names
    Endorse(EndorseArgs),
}

#[derive(Args, Debug)]
struct GenerateArgs {
    /// Where the private key goes; neither it nor FILE.pub may exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args, Debug)]
struct ShowArgs {
    /// A private or a public key
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Args, Debug)]
struct TrustArgs {
    /// The public key
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Who answers for the key
    #[arg(long, value_name = "OWNER")]
    owner: String,
    /// What it may sign: log, checkpoint or statement
    #[arg(long, value_name = "PURPOSE", value_parser = purpose)]
    purpose: Purpose,
    /// A log whose records it may sign, with purpose log; may be repeated
    #[arg(long, value_name = "NAME")]
    log: Vec<String>,
    /// The key id as its owner gave it, by another way than the file; asked for on a terminal where left out
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    /// The trust file to add to; made where it does not exist
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
}

#[derive(Args, Debug)]
struct EndorseArgs {
    /// The private key that has signed so far
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The public key that signs from now on
    #[arg(long, value_name = "FILE")]
    new: PathBuf,
    /// A log that the new key may sign; may be repeated
    #[arg(long, value_name = "NAME", required = true)]
    log: Vec<String>,
    /// First moment of a log at which the new key counts
    // The same name as the option of every command, which clap then leaves out here.
    #[arg(long, value_name = "TIME")]
    from: Moment,
}

pub(super) fn run(args: &KeysArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Generate(args) => generate(args, io).map_err(|failure| failure.leaving("no key was made")),
        Verb::Show(args) => show(args, io),
        Verb::Trust(args) => trust(args, io),
        Verb::Endorse(args) => endorse(args, io),
    }
}

fn purpose(word: &str) -> Result<Purpose, String> {
    Purpose::from_word(word).ok_or_else(|| "expected `log`, `checkpoint` or `statement`".to_owned())
}

fn generate(args: &GenerateArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let public_path = public_path(&args.out);
    for path in [&args.out, &public_path] {
        if path.symlink_metadata().is_ok() {
            return Err(Failure::message(
                Exit::Usage,
                format!("`{}` exists, and a key is never overwritten", path.display()),
                "give another `--out`",
            ));
        }
    }
    let seed = secret::random()?;
    let key = SigningKey::from_bytes(&seed);
    let public =
        PublicKey::of_signing_key(&key).map_err(|error| Failure::new(Exit::Incomplete, &error, None))?;
    // Without the public half inside: version 1 of PKCS#8 is what every tool reads.
    let private_pem = KeypairBytes { secret_key: seed, public_key: None }
        .to_pkcs8_pem(LineEnding::LF)
        .expect("a 32-byte key has an encoding");
    secret::write_new(&args.out, secret::PRIVATE, |file| file.write_all(private_pem.as_bytes()))?;
    let public_pem = public.to_pem();
    let written =
        secret::write_new(&public_path, secret::PUBLIC, |file| file.write_all(public_pem.as_bytes()));
    if let Err(failure) = written {
        // A private key without its public half is of no use, and was made a moment ago.
        let _ = fs::remove_file(&args.out);
        return Err(failure);
    }
    io.note(&format!(
        "private key `{}`: keep it; public key `{}`: give it away",
        args.out.display(),
        public_path.display()
    ));
    io.result(&public.id().to_string())?;
    Ok(Exit::Done)
}

fn public_path(private: &Path) -> PathBuf {
    let mut name = private.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

fn show(args: &ShowArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let text = fs::read_to_string(&args.file).map_err(|error| unreadable("key", &args.file, &error))?;
    let (key, half) = match signing_key_from_pem(&text) {
        Ok(key) => (PublicKey::of_signing_key(&key), "private"),
        Err(_) => (PublicKey::from_pem(&text), "public"),
    };
    let key = key.map_err(|error| not_a_key(&args.file, &error))?;
    io.note(&format!("{half} {} key `{}`", key.kind(), args.file.display()));
    io.result(&key.id().to_string())?;
    Ok(Exit::Done)
}

fn endorse(args: &EndorseArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| unreadable("key", path, &error));
    let key = signing_key_from_pem(&read(&args.key)?).map_err(|error| not_a_key(&args.key, &error))?;
    let new = PublicKey::from_pem(&read(&args.new)?).map_err(|error| not_a_key(&args.new, &error))?;
    let endorsement = Endorsement::sign(&key, new.id(), &args.log, args.from)
        .map_err(|error| Failure::new(Exit::Usage, &error, error.help()))?;
    io.note(&format!("key `{}` endorses key `{}`", endorsement.old_key(), endorsement.new_key()));
    io.result(endorsement.to_text().trim_end_matches('\n'))?;
    Ok(Exit::Done)
}

fn not_a_key(path: &Path, error: &crate::integrity::signature::KeyError) -> Failure {
    let what = format!("`{}` is no usable key: {error}", path.display());
    Failure::message(Exit::Usage, what, error.help().unwrap_or_default())
}

fn trust(args: &TrustArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    add(args, io).map_err(|failure| failure.leaving(format!("`{}` was left as it was", args.trust.display())))
}

fn add(args: &TrustArgs, io: &mut Io<'_>) -> Result<Exit, Failure> {
    refuse_logs(args)?;
    let pem = fs::read_to_string(&args.file).map_err(|error| unreadable("key", &args.file, &error))?;
    let key = PublicKey::from_pem(&pem).map_err(|error| not_a_key(&args.file, &error))?;
    let folder = args.trust.parent().unwrap_or(Path::new("")).to_owned();
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let before = match fs::read_to_string(&args.trust) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unreadable("trust", &args.trust, &error)),
    };
    let refused =
        |error: crate::integrity::keyring::TrustError| Failure::new(Exit::Usage, &error, error.help());
    Keyring::parse(&before, &read).map_err(refused)?;
    let after = before + &entry(args, &key);
    // What cannot be added is refused before anybody goes and asks for a key id.
    Keyring::parse(&after, &read).map_err(refused)?;
    compare(key.id(), args, io)?;
    replace(&args.trust, after.as_bytes()).map_err(|error| secret::unwritable(&args.trust, &error))?;
    io.note(&format!("trusted for {}, in `{}`", scope(args), args.trust.display()));
    io.result(&key.id().to_string())?;
    Ok(Exit::Done)
}

fn refuse_logs(args: &TrustArgs) -> Result<(), Failure> {
    let (what, help) = match (args.purpose, args.log.as_slice()) {
        (Purpose::Log, []) => {
            ("purpose `log` needs the logs whose records the key may sign".to_owned(), "give `--log NAME`")
        }
        (Purpose::Log, logs) => match logs.iter().find(|log| !is_log_name(log)) {
            Some(log) => (format!("log name `{log}` is not `[a-z0-9._-]{{1,64}}`"), "correct `--log`"),
            None => return Ok(()),
        },
        (_, []) => return Ok(()),
        (purpose, _) => (format!("`--log` has no meaning with purpose `{}`", purpose.word()), "leave it out"),
    };
    Err(Failure::message(Exit::Usage, what, help))
}

fn scope(args: &TrustArgs) -> String {
    match args.purpose {
        Purpose::Log => format!("records of `{}`", args.log.join("`, `")),
        Purpose::Checkpoint => "checkpoints".to_owned(),
        Purpose::Statement => "statements".to_owned(),
    }
}

/// Compares the key id with what the owner said. The id in the file is not shown before: it would only be copied.
fn compare(id: Digest, args: &TrustArgs, io: &mut Io<'_>) -> Result<(), Failure> {
    let given = match &args.fingerprint {
        Some(given) => given.clone(),
        None if io::stdin().is_terminal() => ask(&args.owner, io)?,
        None => {
            return Err(Failure::message(
                Exit::Usage,
                "no key id to compare with, and no terminal to ask on",
                "give `--fingerprint`, the key id as its owner told you by another way than the file came",
            ));
        }
    };
    if Digest::from_hex(given.trim()) == Some(id) {
        return Ok(());
    }
    Err(Failure::message(
        Exit::Usage,
        format!("expected key id `{}`, the file holds key `{id}`", given.trim()),
        "ask the owner again, by a way that you trust, before you trust this file",
    ))
}

fn ask(owner: &str, io: &mut Io<'_>) -> Result<String, Failure> {
    let _ = writeln!(io.err, "Ask {owner} for the key id, by another way than this file came.");
    let _ = write!(io.err, "Key id: ");
    let _ = io.err.flush();
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| {
        Failure::message(Exit::Incomplete, format!("cannot read the key id: {error}"), "give `--fingerprint`")
    })?;
    Ok(line)
}

fn entry(args: &TrustArgs, key: &PublicKey) -> String {
    let text = |text: &str| Value::String(text.to_owned()).to_string();
    let logs = if args.log.is_empty() {
        String::new()
    } else {
        format!("logs = [{}]\n", args.log.iter().map(|log| text(log)).collect::<Vec<_>>().join(", "))
    };
    let (owner, purpose) = (text(&args.owner), args.purpose.word());
    // Encoded anew: around the key the file may hold any text, and none of it belongs here.
    format!(
        "\n[[key]]\nowner = {owner}\npurpose = \"{purpose}\"\n{logs}pem = \"\"\"\n{}\"\"\"\n",
        key.to_pem()
    )
}

/// Replaces a file in one step, so that a kill leaves the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let permissions = fs::metadata(&target).map(|meta| meta.permissions()).ok();
    let mut file = tempfile::Builder::new().prefix(".trust-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    let permissions = permissions.or_else(|| Some(std::os::unix::fs::PermissionsExt::from_mode(0o644)));
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
