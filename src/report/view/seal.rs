//! Section 16: the results digest, and how to check this document against the pack.

use super::build::{code, list, paragraph};
use super::text::grouped;
use super::{View, section, subsection};
use crate::report::document::{Block, Section};
use crate::report::figure;

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let code_of_digest = figure::seal::figure(view.report.period, view.digest).map(Block::Figure);
    let mut blocks = vec![
        paragraph(
            "Every number in this document comes from report.json of the same pack. This is the SHA-256 of that file:",
        ),
        code(grouped(&view.digest.to_string())),
        paragraph(
            "The document cannot hold its own digest. The pack’s manifest lists every file with its digest, and in a signed pack the statement names the manifest. If the digest of report.json differs from the one above, this rendering belongs to other results.",
        ),
    ];
    blocks.extend(code_of_digest);
    sections.push(section("16", "seal", "Integrity seal, and how to verify", blocks));
    sections.push(subsection("16.1", "verify", "Verify", vec![
        paragraph("With the program, offline, and with a trust file that did not come out of the pack:"),
        code("countersign verify PACK --trust trust.toml"),
        paragraph("Without it, in the folder of the pack:"),
        code("sha256sum --check manifest-sha256.txt"),
        code("sha256sum data/01_report.json"),
        paragraph("The signature of the statement can be checked with openssl, and every test can be run again with DuckDB on the pack’s own tables; VERIFY.md in the pack has both, word for word. What that shows:"),
        list([
            "sha256sum: the files are those that the manifest lists.",
            "openssl: whoever holds the signing key signed this manifest. Take the public key from its owner, not from the pack.",
            "countersign verify: the logs are what they were, and the results follow from them again, byte for byte.",
        ]),
    ]));
}
