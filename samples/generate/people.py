"""The invented company: people, agents, services, and the ids under which products know them.

Everybody here is made up. `acme.example` is a reserved domain.
"""

import csv
import io
from dataclasses import dataclass, field

from model import Actor
from moment import at

DOMAIN = "acme.example"
SLACK_TEAM = "T07ACMEPAY"
TELEPORT_CLUSTER = "acme.teleport.example"
HOOP_ORG = "5b0f6c2e-6c53-4a35-9f0e-0c6d1b7a9e11"

SLACK = f"slack:{SLACK_TEAM}"
TELEPORT = f"teleport:{TELEPORT_CLUSTER}"
HOOP = f"hoop:{HOOP_ORG}"
GATE = "gate-eu"


@dataclass(frozen=True)
class Person:
    """A person, an agent or a service, with its aliases as (namespace, id) pairs."""

    id: str
    name: str
    kind: str
    owner: str = ""
    aliases: tuple = field(default_factory=tuple)
    since: str = ""
    until: str = ""
    reviews: str = ""

    def active(self, ms):
        """Tells whether the person is on the roster at `ms`."""
        return (not self.since or at(self.since) <= ms) and (not self.until or ms < at(self.until))

    def actor(self, ns):
        """Returns the identity under which the person appears in `ns`; the first one, if there are several."""
        for alias_ns, alias in self.aliases:
            if alias_ns == ns:
                return Actor(ns, alias, self.kind, self.name)
        raise KeyError(f"{self.id} has no alias in {ns}")

    def known_in(self, ns):
        """Tells whether the person has an id in `ns`."""
        return any(alias_ns == ns for alias_ns, _ in self.aliases)

    def may_review(self, group):
        """Tells whether the roster lets the person review `group`."""
        return self.reviews == "*" or group in self.reviews.split(";")


HUMANS = [
    # id, name, reviews, extra: since, until, admin (a second e-mail address)
    ("dana.reyes", "Dana Reyes", "ledger;payouts", {}),
    ("lee.hartmann", "Lee Hartmann", "ledger;data", {"admin": True}),
    ("aylin.yilmaz", "Aylin Yılmaz", "payouts;support", {}),
    ("jurgen.gross", "Jürgen Groß", "platform;identity", {"admin": True}),
    ("sofia.papadopoulou", "Σοφία Παπαδοπούλου", "risk", {}),
    ("oleksandr.kovalenko", "Олександр Коваленко", "platform", {"admin": True}),
    ("noa.levi", "נועה לוי", "identity;platform", {}),
    ("omar.haddad", "عمر حداد", "treasury;ledger", {"admin": True}),
    ("zofia.wisniewska", "Zofia Wiśniewska", "data", {}),
    ("marta.nunez", "Marta Núñez", "treasury;payouts", {}),
    ("tomas.dvorak", "Tomáš Dvořák", "platform", {}),
    ("ines.carvalho", "Inês Carvalho", "payouts;treasury", {}),
    ("nikos.georgiou", "Νίκος Γεωργίου", "platform;data", {}),
    ("irina.sokolova", "Ирина Соколова", "data;risk", {}),
    ("david.cohen", "דוד כהן", "identity;risk", {"admin": True}),
    ("layla.mansour", "ليلى منصور", "risk;support", {}),
    ("grace.okafor", "Grace Okafor", "*", {}),
    ("bjorn.asgeirsson", "Björn Ásgeirsson", "ledger", {}),
    ("linh.nguyen", "Linh Nguyễn", "data", {}),
    ("priya.raman", "Priya Raman", "risk;data", {"since": "2026-08-17"}),
    ("sam.oneill", "Sam O’Neill", "", {}),
    ("chloe.durand", "Chloé Durand", "support;payouts", {}),
    ("mateusz.zak", "Mateusz Żak", "", {"until": "2026-08-15"}),
    ("victor.almeida", "Victor Almeida", "platform", {"until": "2026-08-01"}),
    ("hana.sato", "佐藤 花", "treasury;risk", {}),
    ("ruth.abara", "Ruth Abara", "*", {}),
]

AGENTS = [
    ("ledger-reconciler", "Ledger reconciler", "dana.reyes"),
    ("payout-router", "Payout router", "ines.carvalho"),
    ("kyc-triage", "KYC triage", "layla.mansour"),
    ("data-export-agent", "Data export agent", "irina.sokolova"),
    ("infra-pilot", "Infra pilot", "jurgen.gross"),
    ("access-concierge", "Access concierge", "grace.okafor"),
    ("support-copilot", "Support copilot", "chloe.durand"),
    ("review-assistant", "Review assistant", "linh.nguyen"),
]

SERVICES = [
    ("svc-deployer", "Deployer", "oleksandr.kovalenko"),
    ("svc-ledger-batch", "Ledger batch", "bjorn.asgeirsson"),
    ("svc-key-rotator", "Key rotator", "noa.levi"),
    ("bot-backup", "Backup bot", "nikos.georgiou"),
]

# The pager account that two people share: an alias with two rows in force names nobody.
SHARED = (f"oncall@{DOMAIN}", ["tomas.dvorak", "nikos.georgiou"])


def mail(person_id):
    """Returns the e-mail address of a person id."""
    return f"{person_id}@{DOMAIN}"


def slack_id(number):
    """Returns an invented Slack user id."""
    digits = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    value = 7_919 * (number + 11) * 104_729
    text = ""
    for _ in range(7):
        value, rest = divmod(value, len(digits))
        text = digits[rest] + text
    return "U07" + text


def roster():
    """Returns everybody by person id."""
    people = {}
    for number, (pid, name, reviews, extra) in enumerate(HUMANS):
        aliases = [("email", mail(pid)), (SLACK, slack_id(number)), (TELEPORT, mail(pid))]
        if extra.get("admin"):
            aliases.append(("email", f"adm-{mail(pid)}"))
        people[pid] = Person(
            pid, name, "human", "", tuple(aliases), extra.get("since", ""), extra.get("until", ""), reviews
        )
    for pid, name, owner in AGENTS:
        aliases = [(GATE, f"agent:{pid}"), (HOOP, pid)]
        if pid == "review-assistant":
            aliases += [(SLACK, slack_id(90)), (TELEPORT, f"bot-{pid}")]
        people[pid] = Person(pid, name, "agent", owner, tuple(aliases))
    for pid, name, owner in SERVICES:
        aliases = [(TELEPORT, pid)] if pid.startswith("bot-") else [(GATE, pid)]
        people[pid] = Person(pid, name, "service", owner, tuple(aliases))
    return people


def roster_rows(people):
    """Returns the rows of people.csv: one row per alias."""
    rows = []
    for person in people.values():
        for ns, alias in person.aliases:
            rows.append(
                [person.id, person.name, person.kind, person.owner, ns, alias, person.since, person.until, person.reviews]
            )
    address, shared_by = SHARED
    for pid in shared_by:
        person = people[pid]
        rows.append([pid, person.name, "human", "", "email", address, "", "", person.reviews])
    return rows


def people_csv(rows):
    """Returns the roster as CSV bytes."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["person", "name", "kind", "owner", "ns", "id", "from", "until", "reviews"])
    writer.writerows(rows)
    return out.getvalue().encode()
