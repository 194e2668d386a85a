//! Each way in which a log could come out better than it is, one by one.

use super::logs::{Log, agent_receipts, agt_rust, pipelock, plain, signet};
use crate::integrity::verdict::{Completeness, Grade, Verdict};

#[test]
fn intact_logs_are_worth_what_their_formats_allow() {
    let receipts = Log::new("agent-receipts", agent_receipts(1, 6, &[1]));
    receipts.expect(Verdict::Verified, Grade::PinnedSigned, Completeness::Contiguous);
    Log::new("agent-receipts", agent_receipts(3, 9, &[1])).expect(
        Verdict::Verified,
        Grade::PinnedSigned,
        Completeness::Contiguous,
    );
    Log::new("signet", signet(4)).expect(Verdict::NotVerifiable, Grade::Consistent, Completeness::Contiguous);
    Log::new("pipelock", pipelock(2, 10)).expect(
        Verdict::NotVerifiable,
        Grade::Consistent,
        Completeness::Contiguous,
    );
    Log::new("agt-rust", agt_rust(&[("a", "b"), ("a", "c")])).expect(
        Verdict::NotVerifiable,
        Grade::Consistent,
        Completeness::Contiguous,
    );
    for (chain, grade) in [
        ("signed-some", Grade::PinnedSigned),
        ("hash-beside", Grade::PinnedSigned),
        ("of-lines", Grade::PinnedSigned),
    ] {
        Log::new(chain, plain(chain, 5, |_| Some(1))).expect(
            Verdict::Verified,
            grade,
            Completeness::Contiguous,
        );
    }
}
