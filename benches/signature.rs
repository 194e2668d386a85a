//! How fast signatures of one key are verified, against a loop of `verify_strict` in the same run.
//!
//! `cargo bench --bench signature` prints both rates and their ratio, on one thread and on all. Rounds of both alternate, and the
//! best of each counts, so that other work on the machine weighs on both alike. It ends with 1 where the ratio is below the
//! budget of 1.8.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures time, and no result depends on it")]
#![expect(clippy::print_stdout, reason = "the figures are its result")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use countersign::integrity::signature::{PublicKey, Signed};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use rayon::prelude::*;

/// Signatures per round: enough for some tenths of a second.
const SIGNATURES: usize = 8192;
/// Bytes that each covers, as many as a line of a log has.
const MESSAGE: usize = 600;
/// Rounds of each side.
const ROUNDS: usize = 7;
/// Signatures handed over at once.
const AT_ONCE: usize = 64;
/// Least ratio.
const BUDGET: f64 = 1.8;

struct Line {
    message: Vec<u8>,
    signature: [u8; 64],
}

fn main() -> ExitCode {
    let signing = SigningKey::from_bytes(&[7; 32]);
    let signed: Vec<Line> = (0..SIGNATURES)
        .map(|number| {
            let mut message = vec![b'x'; MESSAGE];
            message[..8].copy_from_slice(&(number as u64).to_be_bytes());
            let signature = signing.sign(&message).to_bytes();
            Line { message, signature }
        })
        .collect();
    let (strict, key) = (signing.verifying_key(), PublicKey::of_signing_key(&signing).expect("a sound key"));
    assert!(all_hold(&key, &signed), "the table is computed before anything is timed");

    let mut within = true;
    for threads in [1, rayon::current_num_threads()] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let (mut limit, mut ours, mut alone) = (Duration::MAX, Duration::MAX, Duration::MAX);
        pool.install(|| {
            for _ in 0..ROUNDS {
                limit = limit.min(timed(&signed, |part| all_strict(&strict, part)));
                ours = ours.min(timed(&signed, |part| all_hold(&key, part)));
                alone = alone.min(timed(&signed, |part| {
                    part.iter().all(|signed| key.verifies(&signed.message, &signed.signature))
                }));
            }
        });
        let ratio = limit.as_secs_f64() / ours.as_secs_f64();
        println!(
            "{threads} threads: verify_strict {:.0}/s, verify_each {:.0}/s (ratio {ratio:.2}), verifies {:.0}/s (ratio {:.2})",
            rate(limit),
            rate(ours),
            rate(alone),
            limit.as_secs_f64() / alone.as_secs_f64(),
        );
        within &= ratio >= BUDGET;
    }
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn timed(signed: &[Line], holds: impl Fn(&[Line]) -> bool + Sync) -> Duration {
    let started = Instant::now();
    assert!(signed.par_chunks(512).all(&holds), "every signature is good");
    started.elapsed()
}

fn all_strict(key: &VerifyingKey, signed: &[Line]) -> bool {
    signed
        .iter()
        .all(|signed| key.verify_strict(&signed.message, &Signature::from_bytes(&signed.signature)).is_ok())
}

fn all_hold(key: &PublicKey, signed: &[Line]) -> bool {
    signed.chunks(AT_ONCE).all(|part| {
        let items: Vec<Signed<'_>> =
            part.iter().map(|signed| (signed.message.as_slice(), &signed.signature)).collect();
        key.verify_each(&items).into_iter().all(|verdict| verdict)
    })
}

fn rate(round: Duration) -> f64 {
    let signatures: u32 = SIGNATURES.try_into().expect("a small number");
    f64::from(signatures) / round.as_secs_f64()
}
