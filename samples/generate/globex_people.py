"""The people of Globex: who they are, and the ids under which eight products know them. Everybody is made up."""

from model import Actor
from people import Person

DOMAIN = "globex.example"
SLACK_TEAM = "T08GLOBEX1"
CLUSTER = "globex.teleport.example"
KUBERNETES = "globex-prod"
HOOP_ORG = "0d9b3c52-71f0-4a5c-8f4e-2b7f6f0a1c33"
ACCOUNTS = {"payments": "402911735118", "ledger": "402911735229", "platform": "402911735331"}

SLACK = f"slack:{SLACK_TEAM}"
TELEPORT = f"teleport:{CLUSTER}"
K8S = f"k8s:{KUBERNETES}"

FIRST = ["Ada", "Bruno", "Carmen", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ingrid", "Jonas", "Keiko", "Luca"]
LAST = ["Achterberg", "Bellini", "Čapek", "Dupont", "Eriksen", "Fofana", "Galván", "Horvat"]

# (id, name, owner, namespace, id in it)
AGENTS = [
    ("agent-recon", "Reconciliation agent", "litellm", "recon-agent"),
    ("agent-refunds", "Refund agent", "litellm", "refund-agent"),
    ("agent-onboarding", "Onboarding agent", "litellm", "onboarding-agent"),
    ("agent-oncall", "On-call agent", "litellm", "oncall-agent"),
]
SERVICES = [
    ("svc-autoscaler", "Autoscaler", "aws", "autoscaling.amazonaws.com"),
    ("svc-config", "AWS Config", "aws", "config.amazonaws.com"),
    ("svc-ci", "CI runner", "github", "globex-ci[bot]"),
    ("svc-kubelet", "Node agent", K8S, "system:serviceaccount:kube-system:node-agent"),
    ("svc-argo", "Deployment controller", K8S, "system:serviceaccount:argo:controller"),
    ("svc-metrics", "Metrics scraper", K8S, "system:serviceaccount:monitoring:scraper"),
    ("svc-backup", "Backup bot", TELEPORT, "bot-backup"),
]


def slack_id(number):
    """Returns an invented Slack user id."""
    return f"U08G{number:05d}X"


def roster():
    """Returns everybody by person id. The last eight people look at logs and change nothing."""
    people = {}
    names = [(first, LAST[(2 * i + j) % len(LAST)]) for i, first in enumerate(FIRST) for j in range(3)]
    for number, (first, last) in enumerate(names):
        plain = last.replace("Č", "C").replace("á", "a").lower()
        pid = f"{first.lower()}.{plain}"
        mail = f"{pid}@{DOMAIN}"
        aliases = (("email", mail), (SLACK, slack_id(number)), (TELEPORT, mail), (K8S, mail), ("github", pid.replace(".", "-")), ("entra", f"6e1d0c4a-0000-4000-8000-{number:012d}"))
        people[pid] = Person(pid, f"{first} {last}", "human", "", aliases, "", "", "*")
    humans = list(people)
    assert len(humans) == 36
    for kind, rows in (("agent", AGENTS), ("service", SERVICES)):
        for number, (pid, name, ns, alias) in enumerate(rows):
            people[pid] = Person(pid, name, kind, humans[number], ((ns, alias),))
    return people


def roster_rows(people):
    """Returns the rows of people.csv: one per alias."""
    return [
        [person.id, person.name, person.kind, person.owner, ns, alias, person.since, person.until, person.reviews]
        for person in people.values()
        for ns, alias in person.aliases
    ]


def outsider(ns, name, kind=None):
    """Returns an identity that no roster row names."""
    return Actor(ns, name, kind, None)
