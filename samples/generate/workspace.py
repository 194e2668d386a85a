"""The workspace files of the samples, as a team would write and comment them."""

ACME_GATED = [
    # The same rules as in the text below, for the oracle. `check.py` compares the two.
    {"env": ["dev", "staging"], "approval": False},
    {"source": ["hoop"], "resource": ["*-ro"], "approval": False},
    {"source": ["teleport"], "actor_kind": ["service"], "approval": False},
    {"source": ["hoop", "teleport"], "env": ["prod"], "quorum": 1},
    {"action_class": ["read"], "approval": False},
    {"resource": ["treasury-*"], "env": ["prod"], "quorum": 2},
    {"action_class": ["write", "admin", "deploy", "exec", "access"], "env": ["prod"], "quorum": 1},
]

ACME = '''# Evidence for the third quarter of 2026. `countersign report samples/acme --out out/acme` makes the pack.
# Everything in this folder is invented. samples/generate wrote it; change it there.
schema     = "countersign/workspace/1"
entity     = "Acme Payments"
system     = "payments platform"
period     = {{ from = 2026-07-01T00:00:00Z, to = 2026-10-01T00:00:00Z }}
frameworks = ["iso27001-2022", "soc2-tsc-2017"]
parameters = "base"
trust      = "trust.toml"
people     = "reference/people.csv"

# The access gateway. It writes one signed and chained log, rotated each month; July goes on where June ended.
# The operations team copies its head to a place of their own each night: that is `head`.
[[source]]
id          = "gate-eu"
profile     = "countersign"
objects     = ["logs/gate-eu/*"]
role        = "approvals"
logs        = ["gate-eu"]
require     = "pinned-signed"
head        = "heads/gate-eu.head"
after       = "heads/q2/gate-eu.head"
max_silence = "4h"
extracted   = {{ by = "j.doe", at = 2026-10-01T06:00:00Z, how = "gatectl export --quarter 3", records = {gate} }}

# Database sessions. The export has full records; the last two days came as one page of the list, which is poorer.
[[source]]
id        = "hoop"
profile   = "hoop-sessions"
objects   = ["exports/hoop/*"]
role      = "approvals"
extracted = {{ by = "j.doe", at = 2026-10-01T06:20:00Z, how = "hoop admin get sessions, one by one; GET /api/sessions for the rest", records = {hoop} }}

# SSH and database access to production. The cluster serves nothing else, so it does not name the environment.
[[source]]
id        = "teleport"
profile   = "teleport"
objects   = ["exports/teleport/*"]
role      = "approvals"
set       = {{ env = "prod" }}
extracted = {{ by = "j.doe", at = 2026-10-01T06:35:00Z, how = "teleport-event-handler, JSONL", records = {teleport} }}

# Clicks on the buttons that the gate's bot posts to Slack. They decide requests of gate-eu.
[[source]]
id        = "slack-approvals"
profile   = "slack-approvals"
objects   = ["exports/slack/*"]
role      = "approvals"
set       = {{ request_instance = "gate-eu" }}
extracted = {{ by = "j.doe", at = 2026-10-01T06:40:00Z, how = "bot's own record of interaction payloads", records = {slack} }}

# What must be approved. The first rule that matches an execution decides.

[[gated]]                     # nothing outside production
env      = ["dev", "staging"]
approval = false

[[gated]]                     # read-only connections are open to the teams
source   = ["hoop"]
resource = ["*-ro"]
approval = false

[[gated]]                     # machines hold standing access of their own, reviewed each quarter
source     = ["teleport"]
actor_kind = ["service"]
approval   = false

[[gated]]                     # whoever else opens a session in production
source = ["hoop", "teleport"]
env    = ["prod"]
quorum = 1

[[gated]]                     # agents may look
action_class = ["read"]
approval     = false

[[gated]]                     # money out of the treasury takes two
resource = ["treasury-*"]
env      = ["prod"]
quorum   = 2

[[gated]]                     # every other change in production
action_class = ["write", "admin", "deploy", "exec", "access"]
env          = ["prod"]
quorum       = 1

# What these logs cannot show. The tests say `untestable` for such items; here stands that we know, and how many at most.
{unable}
[[out_of_scope]]
control    = "soc2-tsc-2017:P6.2"
reason     = "Privacy is not in the engagement"
decided_by = "j.doe"

# A committed test key: this pack's signature shows how signing works, not who signed.
[pack]
key     = "keys/acme-report-TEST-KEY.pem"
sources = "include"
'''

ACME_TRUST = '''# The keys this workspace relies on, obtained from their owners and not from the logs. These are test keys.

[[key]]
file        = "keys/gate-eu-TEST-KEY.pub"
owner       = "Acme Payments, access gateway EU (test key)"
purpose     = "log"
logs        = ["gate-eu"]
valid_from  = 2026-01-01T00:00:00Z
valid_until = 2027-01-01T00:00:00Z

[[key]]
file    = "keys/acme-report-TEST-KEY.pub"
owner   = "Acme Payments, compliance (test key)"
purpose = "statement"
'''

CLEAN = '''# One quiet month: nothing to note, and nothing that cannot be tested but what is known. `countersign check samples/clean` exits 0.
# Everything in this folder is invented. samples/generate wrote it; change it there.
schema = "countersign/workspace/1"
entity = "Acme Payments"
system = "payout service"
period = {{ from = 2026-06-01T00:00:00Z, to = 2026-07-01T00:00:00Z }}
trust  = "trust.toml"
people = "reference/people.csv"

# The gate's log, from its first record to its `close`.
[[source]]
id          = "gate-eu"
profile     = "countersign"
objects     = ["logs/gate-eu/*.jsonl"]
head        = "heads/gate-eu.head"
max_silence = "8h"
extracted   = {{ by = "j.doe", at = 2026-07-01T06:00:00Z, how = "gatectl export --month 6", records = {gate} }}

# Database sessions through hoop.
[[source]]
id        = "hoop"
profile   = "hoop-sessions"
objects   = ["exports/hoop/*.jsonl"]
extracted = {{ by = "j.doe", at = 2026-07-01T06:10:00Z, how = "hoop admin get sessions", records = {hoop} }}

[[gated]]                     # nothing outside production
env      = ["dev", "staging"]
approval = false

[[gated]]                     # read-only connections are open to the teams
source   = ["hoop"]
resource = ["*-ro"]
approval = false

[[gated]]                     # whoever else opens a session in production
source = ["hoop"]
env    = ["prod"]

[[gated]]                     # agents may look
action_class = ["read"]
approval     = false

[[gated]]                     # money out of the treasury takes two
resource = ["treasury-*"]
env      = ["prod"]
quorum   = 2

[[gated]]                     # every other change in production
action_class = ["write", "admin", "deploy", "exec", "access"]
env          = ["prod"]

# What these logs cannot show: REV-09 says `untestable` for such requests.
[[expected_unable]]
test      = "REV-09"
source    = "hoop"
column    = "request.reason"
max_items = 50
reason    = "hoop asks for no reason when a session is opened"
until     = 2027-06-30
'''

CLEAN_GATED = [
    {"env": ["dev", "staging"], "approval": False},
    {"source": ["hoop"], "resource": ["*-ro"], "approval": False},
    {"source": ["hoop"], "env": ["prod"]},
    {"action_class": ["read"], "approval": False},
    {"resource": ["treasury-*"], "env": ["prod"], "quorum": 2},
    {"action_class": ["write", "admin", "deploy", "exec", "access"], "env": ["prod"]},
]

CLEAN_TRUST = '''# A test key.

[[key]]
file    = "keys/gate-eu-TEST-KEY.pub"
owner   = "Acme Payments, access gateway EU (test key)"
purpose = "log"
logs    = ["gate-eu"]
'''

BROKEN = '''# Three signed logs: one was edited after signing, one lost a line, one is intact. `countersign check samples/broken` exits 3.
# Everything in this folder is invented. samples/generate wrote it; change it there.
schema = "countersign/workspace/1"
entity = "Acme Payments"
system = "deployment gates"
period = {{ from = 2026-05-04T00:00:00Z, to = 2026-05-11T00:00:00Z }}
trust  = "trust.toml"
people = "reference/people.csv"

[[source]]                    # line {edited}: the event was edited, the signature was not
id      = "payments-gate"
profile = "countersign"
objects = ["logs/payments-gate.jsonl"]

[[source]]                    # before line {after}: one line was taken out
id      = "deploy-gate"
profile = "countersign"
objects = ["logs/deploy-gate.jsonl"]

[[source]]                    # as it was written
id      = "identity-gate"
profile = "countersign"
objects = ["logs/identity-gate.jsonl"]

[[gated]]                     # agents may look
action_class = ["read"]
approval     = false

[[gated]]
action_class = ["write", "admin", "deploy", "exec", "access"]
env          = ["prod"]
'''
