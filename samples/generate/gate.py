"""Prints the plan as the native log of an access gateway, `countersign-log/1`."""

from model import CANONICALISATION, digest
from moment import HOUR, rfc3339
from people import GATE

POLICY = "prod-change"
FIRST = {"rq": 20_411, "dc": 18_204, "ex": 61_370, "rs": 902}
OUTCOME = {"approve": "approved", "auto_approve": "approved", "deny": "denied", "revoke": "dismissed"}


def number_items(plan):
    """Gives the gate's items their ids, in order of time."""
    for prefix, items in (
        ("rq", plan.requests),
        ("dc", plan.decisions),
        ("ex", plan.executions),
        ("rs", plan.resolutions),
    ):
        own = sorted((item for item in items if item.source == "gate-eu"), key=lambda item: item.ts)
        for number, item in enumerate(own, start=FIRST[prefix]):
            item.id = f"{prefix}-{number}"


class Gate:
    """A gateway that logs the plan. `own` is the namespace that it leaves out, because the format says what is meant."""

    def __init__(self, plan, own=GATE, every=2 * HOUR):
        self.plan = plan
        self.own = own
        self.every = every

    def events(self):
        """Returns (time, event) of the whole log, heartbeats included, in order of time."""
        plan = self.plan
        out = [(item.ts, self.request(item)) for item in plan.requests if item.source == "gate-eu"]
        out += [(item.ts, self.decision(item)) for item in plan.decisions if item.source == "gate-eu"]
        out += [(item.ended, self.execution(item)) for item in plan.executions if item.source == "gate-eu"]
        out += [(item.ts, self.resolution(item)) for item in plan.resolutions]
        out += [(moment, self.policy_change(moment, version)) for moment, version in plan.policy_changes]
        for moment in range(plan.start, plan.end, self.every):
            out.append((plan.free(moment), {"kind": "heartbeat"}))
        return sorted(out, key=lambda pair: pair[0])

    def request(self, request):
        """Returns the event of a request."""
        event = {"kind": "request", "id": request.id, "corr": {"request": request.id}, "requester": self.party(request.actor)}
        if request.beneficiary:
            event["subject"] = self.party(request.beneficiary)
        event.update(action=described(request.action), target=target(request.action), risk={"level": request.action.risk})
        event["policy"] = self.policy(request.ts, request.quorum)
        return with_present(
            event,
            justification=justification(request.reason, "requester", request.ticket),
            break_glass=True if request.break_glass else None,
        )

    def decision(self, decision):
        """Returns the event of a decision. Members that say no more than the format's default are left out."""
        request = decision.request
        verdict = {"outcome": OUTCOME[decision.outcome]}
        action = {"name": request.action.name, "command_digest": decision.digest, "canonicalisation": CANONICALISATION}
        if "edited" in decision.extra:
            verdict["outcome"] = "approved_with_changes"
            action["edited_digest"] = digest(decision.extra["edited"].command)
        if decision.basis != "human":
            verdict["basis"] = decision.basis
        if decision.phase != "pre":
            verdict["phase"] = decision.phase
        verdict["scope"] = "once"
        return with_present(
            {"kind": "decision", "id": decision.id, "corr": {"request": request.id}},
            decider=self.party(decision.reviewer) if decision.reviewer else None,
            action=action,
            decision=verdict,
            policy=None if decision.reviewer else self.policy(decision.ts),
            justification=justification(decision.reason, "decider"),
            channel={"type": "web"} if decision.reviewer else None,
            validity={"not_after": rfc3339(decision.expires)} if decision.expires is not None else None,
        )

    def execution(self, run):
        """Returns the event of an execution."""
        event = {"kind": "execution", "id": run.id}
        if run.request:
            event["corr"] = {"request": run.request.id}
        event.update(executor=self.party(run.actor), action=described(run.action), target=target(run.action))
        code = "0" if run.state == "succeeded" else "1"
        event["execution"] = {"state": run.state, "code": code, "started": rfc3339(run.ts), "ended": rfc3339(run.ended)}
        if run.action.klass == "read":
            # Agents look things up: never more than a few hundred rows.
            event["execution"]["rows"] = int(digest(run.id)[:6], 16) % 400
        return with_present(event, break_glass=True if run.break_glass else None)

    def resolution(self, item):
        """Returns the event of a request that ended without an execution."""
        return {"kind": "resolution", "id": item.id, "corr": {"request": item.request.id}, "resolution": {"state": item.state}}

    def policy_change(self, moment, version):
        """Returns the event of a new version of the approval policy."""
        return {"kind": "policy_change", "id": f"pc-{version}", "requester": self.party(self.plan.who("grace.okafor")), "policy": self.policy(moment)}

    def party(self, actor):
        """Returns a principal."""
        out = {"kind": actor.kind}
        if actor.ns != self.own:
            out["ns"] = actor.ns
        out["id"] = actor.id
        if actor.name:
            out["name"] = actor.name
        return out

    def policy(self, ms, quorum=None):
        """Returns the approval policy in force at `ms`."""
        version = str(max([14] + [version for moment, version in self.plan.policy_changes if moment <= ms]))
        out = {"id": POLICY, "version": version, "digest": digest(f"{POLICY} {version}")}
        if quorum is not None:
            out["required_approvals"] = quorum
        return out


def described(action):
    """Returns the action with its command and the digest of the command."""
    return {
        "name": action.name,
        "class": action.klass,
        "command": action.command,
        "command_state": "full",
        "command_digest": digest(action.command),
        "canonicalisation": CANONICALISATION,
    }


def target(action):
    """Returns the target of an action."""
    return [{"type": action.type, "id": action.resource, "group": action.group, "env": action.env}]


def justification(text, by, ticket=""):
    """Returns a reason, or nothing where none was given."""
    if not text:
        return None
    reason = {"text": text, "by": by}
    if ticket:
        reason["ticket"] = ticket
    return [reason]


def with_present(event, **members):
    """Returns the event with those members that have a value."""
    event.update({key: value for key, value in members.items() if value is not None})
    return event
