"""The workspace file of `samples/globex`, as a team would write and comment it."""

GATED = [
    # The same rules as in the text below, for the oracle. `check.py` compares the two.
    {"source": ["hoop"], "resource": ["*-ro"], "approval": False},
    {"source": ["hoop", "entra"]},
    {"source": ["teleport"], "actor_kind": ["service"], "approval": False},
    {"source": ["teleport"]},
    {"source": ["github"], "action_class": ["deploy"]},
    {"source": ["github"], "approval": False},
    {"source": ["litellm"], "resource": ["bank/*", "iam/*"]},
    {"source": ["litellm"], "approval": False},
    {"action_class": ["read"], "approval": False},
    {"actor_kind": ["service"], "approval": False},
    {"source": ["cloudtrail", "kubernetes"]},
]


GLOBEX = '''# Evidence for the third quarter of 2026, out of eight products. `countersign report samples/globex --out out/globex` makes the pack.
# Everything in this folder is invented. samples/generate wrote it; change it there.
schema = "countersign/workspace/1"
entity = "Globex"
system = "payments, cloud, and agents"
period = {{ from = 2026-07-01T00:00:00Z, to = 2026-10-01T00:00:00Z }}
people = "reference/people.csv"

# Database sessions. hoop asks, the approval bot in Slack has the answers.
[[source]]
id        = "hoop"
profile   = "hoop-sessions"
objects   = ["exports/hoop/*"]
extracted = {{ by = "i.eriksen", at = 2026-10-01T07:00:00Z, how = "hoop admin get sessions, by month", records = {hoop} }}

# Clicks on the cards of the approval bot: for sessions of hoop, for deployments, and for tools of agents.
[[source]]
id        = "slack"
profile   = "slack-approvals"
objects   = ["exports/slack/*"]
set       = {{ env = "prod", break_glass = "false" }}
extracted = {{ by = "i.eriksen", at = 2026-10-01T07:05:00Z, how = "the bot's record of interaction payloads", records = {slack} }}

# Access to nodes and clusters; every role takes one review.
[[source]]
id        = "teleport"
profile   = "teleport"
objects   = ["exports/teleport/*"]
set       = {{ env = "prod", quorum = "1" }}
extracted = {{ by = "i.eriksen", at = 2026-10-01T07:10:00Z, how = "teleport-event-handler, JSONL", records = {teleport} }}

# What ran in the cluster. Teleport puts its request into the user's extras.
[[source]]
id        = "kubernetes"
profile   = "kubernetes-audit"
objects   = ["exports/kubernetes/*"]
role      = "executions"
set       = {{ env = "prod", break_glass = "false", cluster = "globex-prod", approval_extra = "approval-request" }}
extracted = {{ by = "i.eriksen", at = 2026-10-01T07:15:00Z, how = "audit log of the API servers", records = {kubernetes} }}

# What ran in AWS. The role that changes things is taken with hoop's session as a tag.
[[source]]
id        = "cloudtrail"
profile   = "aws-cloudtrail"
objects   = ["exports/cloudtrail/*"]
role      = "executions"
set       = {{ env = "prod", break_glass = "false" }}
extracted = {{ by = "i.eriksen", at = 2026-10-01T07:20:00Z, how = "trail of the organisation, management events", records = {cloudtrail} }}

# Deployments. No workflow has more than one gate.
[[source]]
id        = "github"
profile   = "github-audit"
objects   = ["exports/github/*"]
set       = {{ break_glass = "false", one_gate = "yes" }}
extracted = {{ by = "i.eriksen", at = 2026-10-01T07:25:00Z, how = "audit log stream of the organisation", records = {github} }}

# Roles of the directory; every role takes one approval.
[[source]]
id        = "entra"
profile   = "entra-pim"
objects   = ["exports/entra/*"]
set       = {{ env = "prod", break_glass = "false", quorum = "1" }}
extracted = {{ by = "i.eriksen", at = 2026-10-01T07:30:00Z, how = "directory audit log, service PIM", records = {entra} }}

# Tools that agents call.
[[source]]
id        = "litellm"
profile   = "litellm"
objects   = ["exports/litellm/*"]
role      = "executions"
set       = {{ env = "prod", break_glass = "false", approval_member = "approval" }}
extracted = {{ by = "i.eriksen", at = 2026-10-01T07:35:00Z, how = "logging callback of the proxy", records = {litellm} }}

# What the products call the same thing by.

[[link]]                      # a card of hoop bears the session's id
id    = "clicks"
from  = "slack"
to    = "hoop"
equal = [{{ from = "corr_request", prefix = "hoop/", to = "corr_session" }}]

[[link]]                      # a deployment's card bears the repository and the run
id    = "deployments"
from  = "github"
to    = "slack"
equal = [{{ from = "corr_request", to = "corr_request" }}, {{ from = "env", to = "env" }}]

[[link]]                      # agents hand the card's id on to the proxy
id    = "tools"
from  = "litellm"
to    = "slack"
equal = [{{ from = "corr_request", to = "corr_request" }}]

[[link]]                      # Teleport's request, in the extras of the user
id    = "cluster"
from  = "kubernetes"
to    = "teleport"
equal = [{{ from = "corr_request", to = "corr_request" }}]

[[link]]                      # hoop's session, as a tag of the role that was taken
id    = "roles"
from  = "cloudtrail"
to    = "hoop"
equal = [{{ from = "corr_request", to = "corr_session" }}]

[[link]]                      # what was done then names nothing: the same person, on the same account, shortly after
id     = "calls"
from   = "cloudtrail"
to     = "hoop"
equal  = [{{ from = "resource_group", to = "resource_group" }}]
within = "30m"

# What must be approved. The first rule that matches an execution decides.

[[gated]]                     # read-only connections are open
source   = ["hoop"]
resource = ["*-ro"]
approval = false

[[gated]]
source = ["hoop", "entra"]

[[gated]]                     # machines hold standing access of their own
source     = ["teleport"]
actor_kind = ["service"]
approval   = false

[[gated]]
source = ["teleport"]

[[gated]]
source       = ["github"]
action_class = ["deploy"]

[[gated]]                     # tests and builds
source   = ["github"]
approval = false

[[gated]]                     # tools that move money or rights
source   = ["litellm"]
resource = ["bank/*", "iam/*"]

[[gated]]
source   = ["litellm"]
approval = false

[[gated]]                     # looking is free
action_class = ["read"]
approval     = false

[[gated]]                     # so is what services do on their own
actor_kind = ["service"]
approval   = false

[[gated]]
source = ["cloudtrail", "kubernetes"]

# What these logs cannot show, and that we know.
{unable}
'''
