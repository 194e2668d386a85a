"""What people and agents do at the invented company, with commands as they would be typed."""

from model import Action

# group: [(name, class, resource, type, risk, quorum, command template)]
GATED = {
    "ledger": [
        ("ledger.adjust", "write", "ledger-eu", "database", "high", 1, "UPDATE entries SET status = 'settled' WHERE batch_id = {n}"),
        ("ledger.repost", "write", "ledger-eu", "database", "medium", 1, "CALL repost_batch({n}, 'EUR')"),
        ("ledger.close-day", "admin", "ledger-eu", "database", "high", 1, "CALL close_day('{day}', run => {n})"),
    ],
    "payouts": [
        ("payouts.release-batch", "exec", "payout-engine", "service", "high", 1, "payoutctl release --batch PB-{n} --value-date {day}"),
        ("payouts.retry", "exec", "payout-engine", "service", "medium", 1, "payoutctl retry --payment PM-{n}"),
        ("payouts.route", "write", "payout-routes", "config", "medium", 1, "routectl set corridor-{m} --provider bank-{k} --rev {n}"),
    ],
    "treasury": [
        ("treasury.raise-limit", "admin", "treasury-limits", "config", "critical", 2, "limitctl set --account TR-{m} --daily {n}00"),
        ("treasury.open-window", "write", "treasury-windows", "config", "high", 2, "windowctl open --account TR-{m} --ref TW-{n}"),
    ],
    "identity": [
        ("iam.grant-role", "admin", "iam-prod", "directory", "high", 1, "iamctl grant --role ops-{m} --for ticket-{n} --hours 8"),
        ("iam.rotate-key", "admin", "kms-prod", "kms", "high", 1, "kmsctl rotate --key payments-{m} --generation {n}"),
    ],
    "platform": [
        ("deploy.release", "deploy", "payments-api", "service", "medium", 1, "deployctl roll payments-api --build {n}"),
        ("deploy.release", "deploy", "card-gateway", "service", "high", 1, "deployctl roll card-gateway --build {n}"),
        ("k8s.scale", "write", "cluster-eu1", "cluster", "low", 1, "kubectl -n payouts scale deploy/worker --replicas={m}  # CH-{n}"),
        ("terraform.apply", "deploy", "network-eu1", "cluster", "high", 1, "terraform apply plan-{n}.tfplan"),
    ],
    "data": [
        ("warehouse.export", "exec", "warehouse-eu", "database", "high", 1, "EXPORT mart.settlements_{n} TO 's3://acme-regulator/{day}/'"),
        ("warehouse.backfill", "write", "warehouse-eu", "database", "medium", 1, "CALL backfill('mart.fees', {n})"),
    ],
    "risk": [
        ("risk.rule-update", "write", "risk-rules", "config", "high", 1, "riskctl rules apply RS-{n}.yaml"),
        ("kyc.override", "write", "kyc-cases", "service", "high", 1, "kycctl override --case KC-{n} --until {day}"),
    ],
    "support": [
        ("support.refund", "write", "refunds", "service", "medium", 1, "refundctl issue --payment PM-{n} --amount {m}.{k}0"),
    ],
}

READS = {
    "ledger": ("ledger.query", "ledger-eu", "database", "SELECT * FROM entries WHERE batch_id = {n}"),
    "payouts": ("payouts.status", "payout-engine", "service", "payoutctl status --batch PB-{n}"),
    "platform": ("k8s.get", "cluster-eu1", "cluster", "kubectl -n payouts get pods -l run={n}"),
    "data": ("warehouse.query", "warehouse-eu", "database", "SELECT sum(fee) FROM mart.fees WHERE run = {n}"),
    "risk": ("kyc.lookup", "kyc-cases", "service", "kycctl show --case KC-{n}"),
    "support": ("support.lookup", "refunds", "service", "refundctl show --payment PM-{n}"),
}

# Who asks for what on the gate: the agent of the group, and people of its team.
AGENT_OF = {
    "ledger": "ledger-reconciler",
    "payouts": "payout-router",
    "treasury": "payout-router",
    "identity": "access-concierge",
    "platform": "infra-pilot",
    "data": "data-export-agent",
    "risk": "kyc-triage",
    "support": "support-copilot",
}

TEAM = {
    "ledger": ["dana.reyes", "lee.hartmann", "bjorn.asgeirsson", "mateusz.zak"],
    "payouts": ["aylin.yilmaz", "ines.carvalho", "chloe.durand"],
    "treasury": ["omar.haddad", "marta.nunez", "hana.sato"],
    "identity": ["noa.levi", "david.cohen", "jurgen.gross"],
    "platform": ["oleksandr.kovalenko", "tomas.dvorak", "nikos.georgiou", "victor.almeida", "jurgen.gross"],
    "data": ["zofia.wisniewska", "irina.sokolova", "linh.nguyen"],
    "risk": ["sofia.papadopoulou", "layla.mansour", "priya.raman"],
    "support": ["sam.oneill", "chloe.durand", "aylin.yilmaz"],
}

WEIGHT = {"ledger": 18, "payouts": 20, "treasury": 6, "identity": 9, "platform": 22, "data": 9, "risk": 9, "support": 7}

REASONS = {
    "ledger": ["Bank statement and ledger differ after the nightly import", "Correct a batch posted to the wrong value date", "Month-end close"],
    "payouts": ["Release the merchant batch after the hold", "Provider answered late, retry once", "Corridor is degraded, route around it"],
    "treasury": ["Seasonal volume, agreed with the bank", "Funding window for the weekend"],
    "identity": ["Cover for a colleague on leave", "Scheduled rotation", "Μετάθεση ομάδας, προσωρινή πρόσβαση"],
    "platform": ["Release train", "Scale for the sale weekend", "Виправлення після інциденту", "Network change from the plan review"],
    "data": ["Regulator’s quarterly file", "Backfill after the schema change"],
    "risk": ["New merchant category rules", "Document check passed by phone", "עדכון כללי סיכון"],
    "support": ["Customer charged twice", "Chargeback agreed with the merchant", "استرداد متفق عليه مع التاجر"],
}


def fill(rng, template, day):
    """Returns a command with its numbers filled in."""
    return template.format(n=rng.randrange(100_000, 999_999), m=rng.randrange(2, 60), k=rng.randrange(1, 9), day=day)


def gated_action(rng, group, day, env="prod", name=None):
    """Returns an action of `group` that must be approved in production."""
    choices = [row for row in GATED[group] if name is None or row[0] == name]
    action, klass, resource, kind, risk, quorum, template = rng.choice(choices)
    return Action(action, klass, fill(rng, template, day), resource, kind, group, env, risk, quorum)


def read_action(rng, group, day, env="prod"):
    """Returns an action that only reads."""
    name, resource, kind, template = READS[group]
    return Action(name, "read", fill(rng, template, day), resource, kind, group, env, "low")
