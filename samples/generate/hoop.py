"""Prints the plan as an export of hoop sessions: full records (`GET /sessions/{id}`) and the poorer list form."""

import base64
import json
import random
import uuid

from moment import month, rfc3339
from people import HOOP_ORG, SLACK, mail

STATUS = {"approve": "APPROVED", "deny": "REJECTED", "revoke": "REVOKED"}
RISK = {"UPDATE": "high", "DELETE": "high", "TRUNCATE": "medium", "SELECT": "low"}


def number_items(plan, seed):
    """Gives sessions, reviews and group rows their ids: random-looking, and the same in every run."""
    rng = random.Random(seed)
    for session in plan.sessions:
        session.id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        session.review_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        session.rows = {group: str(uuid.UUID(int=rng.getrandbits(128), version=4)) for group in session.asked}
        if session.request:
            session.request.id = session.review_id
        for decision in session.decisions:
            decision.id = session.rows[decision.extra["group"]]
        if session.execution:
            session.execution.id = session.id


def reviewer(plan, actor):
    """Returns `reviewed_by` of a group row."""
    person = next(p for p in plan.people.values() if (actor.ns, actor.id) in p.aliases)
    slack = next((alias for ns, alias in person.aliases if ns == SLACK), "")
    return {"id": f"idp|{mail(person.id)}", "name": person.name, "email": actor.id, "slack_id": slack}


def review(plan, session):
    """Returns the review of a session, with one row per group that was asked."""
    votes = {decision.extra["group"]: decision for decision in session.decisions}
    rows = []
    for group in session.asked:
        vote = votes.get(group)
        rows.append(
            {
                "id": session.rows[group],
                "group": group,
                "status": STATUS[vote.outcome] if vote else "PENDING",
                "reviewed_by": reviewer(plan, vote.reviewer) if vote else None,
                "review_date": rfc3339(vote.ts) if vote else None,
                "forced_review": bool(vote and vote.extra["forced"]),
            }
        )
    approved = [decision.ts for decision in session.decisions if decision.outcome == "approve"]
    out = {
        "id": session.review_id,
        "type": session.kind,
        "status": session.review_status,
        "access_duration": session.duration * 1_000_000,
        "created_at": rfc3339(session.request.ts),
        "revoke_at": rfc3339(max(approved) + session.duration) if approved else None,
        "time_window": None,
        "access_request_rule_name": f"{session.action.group}-production",
        "min_approvals": session.request.quorum,
        "force_approval_groups": ["security-leads"],
        "rejection_reason": "Use the read replica" if session.review_status == "REJECTED" else None,
        "review_groups_data": rows,
    }
    if session.listed:
        for member in ("time_window", "access_request_rule_name", "min_approvals", "force_approval_groups"):
            out[member] = None
    return out


def record(plan, session):
    """Returns one session as hoop exports it."""
    person = session.actor.id if "@" in session.actor.id else ""
    script = None if session.verb == "connect" else {"data": session.action.command}
    run = session.execution
    code = None if run is None else 0 if run.state == "succeeded" else 1
    level = RISK.get(session.action.command.split(" ")[0], "medium")
    stream = [[0.1, "o", base64.b64encode(f"ok {session.id[:8]}\n".encode()).decode()]] if run else []
    out = {
        "id": session.id,
        "org_id": HOOP_ORG,
        "user": session.actor.id,
        "user_id": f"idp|{session.actor.id}",
        "user_name": session.actor.name or session.actor.id,
        # hoop writes `user` for an agent with an API key, too: the roster knows better.
        "identity_type": "user",
        "verb": session.verb,
        "type": "database" if session.action.type == "postgres" else session.action.type,
        "connection_subtype": session.action.type,
        "connection": session.action.resource,
        "resource_name": session.action.resource,
        "connection_tags": {"env": session.action.env, "group": session.action.group},
        "script": None if session.listed else script,
        "script_size": 0 if script is None else len(session.action.command.encode()),
        "status": session.status,
        "exit_code": code,
        "start_date": rfc3339(session.start),
        "end_date": rfc3339(run.ts) if run else None,
        "correlation_id": None,
        "ai_analysis": None if session.listed or script is None else {"risk_level": level, "action": "require_access_request" if session.request else "allow_execution"},
        "review": review(plan, session) if session.request else None,
        "event_stream": None if session.listed else stream,
    }
    if not person:
        out["user_id"] = f"api-key|{session.actor.id}"
    return out


def dumps(value):
    """Returns compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def objects(plan):
    """Returns object names and contents: full records by month, and one page of the list form."""
    months = {}
    page = []
    for session in sorted(plan.sessions, key=lambda s: s.start):
        if session.listed:
            page.append(record(plan, session))
        else:
            months.setdefault(month(session.start), []).append(dumps(record(plan, session)) + "\n")
    out = {f"sessions-{name}.jsonl": "".join(lines).encode() for name, lines in months.items()}
    if page:
        listing = {"data": page, "total": len(page), "has_next_page": False}
        out["sessions-page-1.json"] = (json.dumps(listing, ensure_ascii=False, indent=1) + "\n").encode()
    return out
