//! The bodies of the fuzz targets, on a stable compiler: seeds and some thousand changes of each.

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a crate of its own in `fuzz/`")]
mod targets;

use std::io::Write as _;

/// Numbers that look random and are the same in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

/// Runs `target` on each seed, on cuts of it, and on `count` changes of it by a few bytes.
fn run(target: fn(&[u8]), seeds: &[&[u8]], count: usize) {
    const BYTES: &[u8] = b"{}[]\",:\\u0019eE+-.tfn \n\0\xff\xc3\x80=_/~";
    let mut numbers = Numbers(7);
    for seed in seeds {
        target(seed);
        (0..seed.len()).for_each(|cut| target(&seed[..cut]));
        for _ in 0..count {
            let mut bytes = seed.to_vec();
            for _ in 0..=numbers.below(3) {
                let (at, byte) = (numbers.below(bytes.len() + 1), BYTES[numbers.below(BYTES.len())]);
                match numbers.below(3) {
                    0 if at < bytes.len() => bytes[at] = byte,
                    1 if at < bytes.len() => drop(bytes.remove(at)),
                    _ => bytes.insert(at, byte),
                }
            }
            target(&bytes);
        }
    }
}

const RECORD: &[u8] =
    br#" {"a":[1,-0.5e3,"\u00e9\ud83d\ude00<&>",{"10":null,"9":true}],"e\u0301":9007199254740992,"b":{}} "#;

#[test]
fn json_and_canonical_bytes() {
    run(targets::json, &[RECORD, b"{\"kind\":\"request\",\"n\":[-12.5e3,0,true,null]}"], 5000);
    run(targets::canon, &[RECORD, b"[1e20,\"\",[[]],{\"__proto__\":1}]"], 5000);
}

#[test]
fn stored_objects() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(b"{\"a\":1}\n{\"b\":2}\ntail").unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(&b"{\"a\":1}\n{\"b\":2}\ntail"[..], 3).unwrap();
    run(targets::object, &[b"one\n\ntwo\r\nthree", &gzip, &zstd], 1000);
}

#[test]
fn envelopes_and_checkpoints() {
    let jws = b"eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ.eyJpZCI6MX0.AAAA";
    let flattened = br#"{"payload":"eyJpZCI6MX0","protected":"eyJhbGciOiJFZERTQSJ9","header":{"kid":"k"},"signature":"AAAA"}"#;
    let dsse = br#"{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"","sig":"AAAA"}]}"#;
    run(targets::envelope, &[jws, flattened, dsse], 2000);
    let checkpoint = "gate\n2\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\n— gate AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let read = countersign::integrity::checkpoint::Checkpoint::parse(
        checkpoint.as_bytes(),
        &countersign::integrity::keyring::Keyring::empty(),
    );
    assert!(read.is_ok(), "the seed must be one that is read: {read:?}");
    run(targets::checkpoint, &[checkpoint.as_bytes()], 5000);
}

#[test]
fn chain_profiles() {
    let seed = include_bytes!("../../chains/agent-receipts.toml");
    let text = std::str::from_utf8(seed).unwrap();
    assert!(countersign::integrity::foreign::ChainFormat::parse("agent-receipts", text).is_ok());
    run(targets::chain, &[seed], 500);
}
