"""Prints the plan as a Teleport audit log: one flat JSON object per line."""

import json
import random
import uuid

from moment import MINUTE, month, rfc3339
from people import TELEPORT_CLUSTER

KIND = {"human": 1, "agent": 2, "service": 2}
UNSET = "0001-01-01T00:00:00Z"


class Ids:
    """Random-looking ids that are the same in every run."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def next(self):
        """Returns the next id."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))


def number_items(plan, seed):
    """Gives requests, reviews and sessions their ids."""
    ids = Ids(seed)
    for request in plan.requests:
        if request.source == "teleport":
            request.id = ids.next()
    for decision in plan.decisions:
        if decision.source == "teleport":
            decision.id = f"{decision.request.id}/{decision.reviewer.id}"
    for run in plan.executions:
        if run.source == "teleport":
            run.id = ids.next()


def seconds(ms):
    """Returns a time without a fraction, as Teleport writes limits."""
    return rfc3339(ms)[:19] + "Z"


def common(ids, event, code, ms, ei=0):
    """Returns the members that every line has."""
    return {"event": event, "code": code, "uid": ids.next(), "ei": ei, "time": rfc3339(ms), "cluster_name": TELEPORT_CLUSTER}


def resource_ids(action):
    """Returns the resource that a request names."""
    return [{"cluster": TELEPORT_CLUSTER, "kind": action.type, "name": action.resource}]


def create(ids, request):
    """Returns the line of a new access request."""
    out = common(ids, "access_request.create", "T5000I", request.ts)
    out.update(
        user=request.actor.id,
        user_kind=KIND[request.actor.kind],
        id=request.id,
        state="PENDING",
        roles=[request.extra["role"]],
        resource_ids=resource_ids(request.action),
        reason=" ".join(part for part in (request.ticket, request.reason) if part),
        max_duration=seconds(request.extra["access_until"]),
        expires=seconds(request.extra["access_until"]),
    )
    return out


def review(ids, decision):
    """Returns the line of a review: `proposed_state` is the vote, `state` what the request is after it."""
    request = decision.request
    proposed = "DENIED" if decision.outcome == "deny" else "APPROVED"
    out = common(ids, "access_request.review", "T5002I", decision.ts)
    out.update(
        id=request.id,
        state=decision.extra.get("state", proposed),
        proposed_state=proposed,
        reviewer=decision.reviewer.id,
        reason=decision.reason,
        max_duration=seconds(request.extra["access_until"]),
        expires=UNSET if proposed == "DENIED" else seconds(request.extra["access_until"]),
    )
    return out


def expire(ids, request):
    """Returns the line of a request that nobody answered; the scan that writes it comes a little later."""
    until = request.extra["access_until"]
    out = common(ids, "access_request.expire", "T5005I", until + MINUTE)
    out.update(id=request.id, expiry=seconds(until))
    return out


def whose(run):
    """Returns the members of a session line that say who, and under which request."""
    out = {"user": run.actor.id, "login": "root" if run.action.type == "node" else "svc_ro", "user_kind": KIND[run.actor.kind]}
    if run.actor.kind == "service":
        out["bot_name"] = run.actor.id.removeprefix("bot-")
    if run.request:
        out["access_requests"] = [run.request.id]
    return out


def place(run):
    """Returns the members of a session line that say where."""
    if run.action.type == "db":
        return {"db_service": run.action.resource, "db_protocol": "postgres", "db_name": "payments", "db_user": "ops"}
    return {"server_id": f"srv-{run.action.resource}", "server_hostname": run.action.resource, "server_labels": {"env": "prod"}, "addr.local": "10.20.0.7:3022", "addr.remote": "10.9.4.31:52114"}


def session(ids, run):
    """Returns the first and the last line of a session."""
    database = run.action.type == "db"
    start = common(ids, *(("db.session.start", "TDB00I") if database else ("session.start", "T2000I")), run.ts)
    start.update(whose(run), sid=run.id, **place(run))
    if database:
        start["success"] = True
    end = common(ids, *(("db.session.end", "TDB01I") if database else ("session.end", "T2004I")), run.ended, 2147483646)
    end.update(whose(run), sid=run.id, **place(run))
    if not database:
        end.update(interactive=True, participants=[run.actor.id], session_start=rfc3339(run.ts), session_stop=rfc3339(run.ended))
    return start, end


def login(ids, ms, user):
    """Returns the line of a sign-in, which states no approval fact."""
    out = common(ids, "user.login", "T1000I", ms)
    out.update(user=user, user_kind=1, method="oidc", success=True)
    return out


def objects(plan, seed):
    """Returns object names and contents by month."""
    ids = Ids(seed + 1)
    lines = []
    answered = {decision.request for decision in plan.decisions}
    for request in plan.requests:
        if request.source == "teleport":
            lines.append((request.ts, create(ids, request)))
            if request not in answered and request.extra["access_until"] + MINUTE < plan.end:
                lines.append((request.extra["access_until"] + MINUTE, expire(ids, request)))
    for decision in plan.decisions:
        if decision.source == "teleport":
            lines.append((decision.ts, review(ids, decision)))
    for run in plan.executions:
        if run.source == "teleport":
            start, end = session(ids, run)
            lines += [(run.ts, start), (run.ended, end)]
    for ms, user in plan.logins:
        lines.append((ms, login(ids, ms, user)))
    months = {}
    for ms, line in sorted(lines, key=lambda pair: pair[0]):
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        months.setdefault(month(ms), []).append(text + "\n")
    return {f"events-{name}.jsonl": "".join(rows).encode() for name, rows in months.items()}
