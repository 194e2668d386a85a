"""Prints the plan as what an approval bot recorded of its Slack buttons: one `block_actions` payload per line.

The secrets of a payload (`token`, `response_url`, `trigger_id`) are left out, as a bot should leave them out.
"""

import json

from model import CANONICALISATION
from moment import SECOND, month, rfc3339
from people import SLACK, SLACK_TEAM

CHANNEL = {"id": "C07APPROVAL", "name": "approvals"}


def number_items(plan):
    """Gives clicks their ids; Slack has none, so it is the request and the user."""
    for decision in plan.decisions:
        if decision.source == "slack-approvals":
            decision.id = f"{decision.request.id}/{decision.reviewer.id}"


def stamp(ms, micros=0):
    """Returns a Slack time: seconds and microseconds in a text."""
    return f"{ms // SECOND}.{ms % SECOND:03d}{micros:03d}"


def click(decision, handle):
    """Returns the payload of one click by the Slack user called `handle`."""
    request = decision.request
    payload = {"request_id": request.id, "command_digest": decision.digest, "canonicalisation": CANONICALISATION, "phase": decision.phase}
    if decision.expires is not None:
        payload["expires_at"] = rfc3339(decision.expires)
    shown = stamp(request.ts + 900)
    return {
        "type": "block_actions",
        "user": {"id": decision.reviewer.id, "username": handle, "team_id": SLACK_TEAM},
        "team": {"id": SLACK_TEAM, "domain": "acme-payments"},
        "api_app_id": "A07GATEBOT",
        "container": {"type": "message", "message_ts": shown, "channel_id": CHANNEL["id"], "is_ephemeral": False},
        "channel": CHANNEL,
        "message": {
            "type": "message",
            "ts": shown,
            "text": f"{request.action.name} on {request.action.resource}: {request.reason}",
            "metadata": {"event_type": "approval_request", "event_payload": payload},
        },
        "actions": [
            {
                "type": "button",
                "action_id": "deny" if decision.outcome == "deny" else "approve",
                "block_id": f"{request.id}:0",
                "value": request.id,
                "action_ts": stamp(decision.ts, 417),
            }
        ],
    }


def objects(plan):
    """Returns object names and contents by month."""
    months = {}
    handles = {alias: person.id for person in plan.people.values() for ns, alias in person.aliases if ns == SLACK}
    for decision in sorted(plan.decisions, key=lambda d: d.ts):
        if decision.source == "slack-approvals":
            text = json.dumps(click(decision, handles[decision.reviewer.id]), ensure_ascii=False, separators=(",", ":"))
            months.setdefault(month(decision.ts), []).append(text + "\n")
    return {f"clicks-{name}.jsonl": "".join(rows).encode() for name, rows in months.items()}
