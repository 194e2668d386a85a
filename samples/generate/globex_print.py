"""Prints the facts of Globex as eight products would log them: lists of (moment, record), nothing shared with countersign."""

from globex_people import CLUSTER, HOOP_ORG, SLACK_TEAM
from model import Actor
from moment import MINUTE, SECOND, rfc3339
from slack import stamp

STATUS = {"approve": "APPROVED", "deny": "REJECTED"}
UNSET = "0001-01-01T00:00:00Z"
# PIM itself, as the directory shows it: a user without a principal name.
PIM = Actor("entra", "6e1d0c4a-0000-4000-8000-00000000ffff", "system", "Azure AD PIM")


def seconds(ms):
    """Returns a time in whole seconds."""
    return rfc3339(ms)[:19] + "Z"


def person_of(q, actor):
    """Returns the display name of an identity, else the identity itself."""
    return next((p.name for p in q.people.values() if (actor.ns, actor.id) in p.aliases), actor.id)


def hoop_record(q, run, request):
    """Returns one session as hoop exports it. Reviews that another system answers have no groups of their own."""
    action = run.action
    start = request.ts - 200 if request else run.extra["start"]
    review = None
    if request:
        forced = [d for d in q.decisions if d.source == "hoop" and d.request is request] if request.break_glass else []
        review = {
            "id": request.id,
            "type": "onetime",
            "status": "EXECUTED",
            "created_at": rfc3339(request.ts),
            "revoke_at": None,
            "access_request_rule_name": "approvals-in-slack",
            "min_approvals": request.quorum,
            "review_groups_data": [
                {"id": d.id, "group": "security-leads", "status": "APPROVED", "reviewed_by": {"id": d.reviewer.id, "name": person_of(q, d.reviewer), "email": d.reviewer.id}, "review_date": rfc3339(d.ts), "forced_review": True}
                for d in forced
            ],
        }
    return {
        "id": run.id,
        "org_id": HOOP_ORG,
        "user": run.actor.id,
        "user_name": person_of(q, run.actor),
        "identity_type": "user",
        "verb": action.name,
        "type": "database",
        "connection": action.resource,
        "connection_tags": {"env": "prod", "group": action.group},
        "script": {"data": action.command} if action.name == "exec" else None,
        "status": "done",
        "exit_code": 0,
        "start_date": rfc3339(start),
        "end_date": rfc3339(run.ts),
        "review": review,
    }


def hoop(q):
    """Yields hoop's sessions; the request of each lies in its session."""
    for run in q.executions:
        if run.source == "hoop":
            yield run.ts, hoop_record(q, run, run.request)


def click(vote):
    """Returns a click on a card. A card of hoop bears the session's id, with the bot's own prefix."""
    request = vote.request
    of_hoop = request.source == "hoop"
    payload = {"request_id": f"hoop/{request.extra['session']}" if of_hoop else request.id, "phase": vote.phase}
    if not of_hoop or request.extra["card"]:
        payload |= {"requester_id": request.actor.id, "requester_ns": request.actor.ns, "required_approvals": request.quorum, "action": request.action.name, "action_class": request.action.klass, "target": request.action.resource}
    if request.source == "slack" and request.action.klass == "deploy":
        payload["env"] = "production"
    if vote.digest:
        payload |= {"command_digest": vote.digest, "canonicalisation": vote.extra.get("canonicalisation", "utf8-sha256")}
    if vote.expires is not None:
        payload["expires_at"] = rfc3339(vote.expires)
    shown = stamp(request.ts + 900 if request.ts else vote.ts - MINUTE)
    return {
        "type": "block_actions",
        "user": {"id": vote.reviewer.id, "team_id": SLACK_TEAM},
        "team": {"id": SLACK_TEAM, "domain": "globex"},
        "container": {"type": "message", "message_ts": shown, "channel_id": "C08APPROVE"},
        "channel": {"id": "C08APPROVE", "name": "approvals"},
        "message": {"type": "message", "ts": shown, "metadata": {"event_type": "approval_request", "event_payload": payload}},
        "actions": [{"type": "button", "action_id": "deny" if vote.outcome == "deny" else "approve", "action_ts": stamp(vote.ts)}],
    }


def slack(q):
    """Yields clicks."""
    for vote in q.decisions:
        if vote.source == "slack":
            yield vote.ts, click(vote)


def teleport(q):
    """Yields Teleport's events."""

    def line(ms, event, code, **members):
        return ms, {"event": event, "code": code, "uid": q.uuid(), "ei": 0, "time": rfc3339(ms), "cluster_name": CLUSTER} | members

    for request in q.requests:
        if request.source == "teleport":
            yield line(request.ts, "access_request.create", "T5000I", user=request.actor.id, user_kind=1, id=request.id, state="PENDING", roles=["editor"], reason=request.reason, expires=seconds(request.extra["until"]))
    for vote in q.decisions:
        if vote.source == "teleport":
            state = "DENIED" if vote.outcome == "deny" else "APPROVED"
            limit = UNSET if vote.outcome == "deny" else seconds(vote.request.extra["until"])
            yield line(vote.ts, "access_request.review", "T5002I", id=vote.request.id, state=state, proposed_state=state, reviewer=vote.reviewer.id, expires=limit)
    for run in q.executions:
        if run.source == "teleport":
            who = {"user": run.actor.id, "user_kind": 2 if run.actor.kind == "service" else 1, "sid": run.id, "server_hostname": run.action.resource, "server_id": f"srv-{run.action.resource}"}
            if run.request:
                who["access_requests"] = [run.request.id]
            yield line(run.ts, "session.start", "T2000I", **who)
            yield line(run.ended, "session.end", "T2004I", session_start=rfc3339(run.ts), session_stop=rfc3339(run.ended), **who)


def kubernetes(q):
    """Yields audit events; an exec is two, its start and its end."""
    for number, run in enumerate(r for r in q.executions if r.source == "kubernetes"):
        verb, kind = run.action.name.split(" ")
        namespace, _, name = run.action.resource.split("/")
        uri = f"/api/v1/namespaces/{namespace}/{kind.split('/')[0]}/{name}"
        reference = {"resource": kind.split("/")[0], "namespace": namespace, "name": name}
        user = {"username": run.actor.id, "groups": ["system:authenticated"]}
        if run.extra.get("tag"):
            user["extra"] = {"approval-request": [run.extra["tag"]]}
        stages = [("ResponseComplete", run.ended + 4, 201 if verb == "create" else 200)]
        if "/" in kind:
            reference["subresource"] = kind.split("/")[1]
            uri += "/exec?command=sh&container=app&stdin=true"
            stages.insert(0, ("ResponseStarted", run.ts + 30, 101))
        audit = f"k-{number:06x}"
        received = rfc3339(run.ts)[:-1] + "000Z"
        run.id = f"{audit}@{received}"
        for stage, moment, code in stages:
            yield moment, {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": audit, "stage": stage, "requestURI": uri, "verb": verb, "user": user, "objectRef": reference, "responseStatus": {"metadata": {}, "code": code}, "requestReceivedTimestamp": received, "stageTimestamp": rfc3339(moment)[:-1] + "000Z"}


def cloudtrail(q):
    """Yields records of a trail."""
    for run in q.executions:
        if run.source != "cloudtrail":
            continue
        source, name = run.action.name.split(":")
        if run.actor.kind == "service":
            identity = {"type": "AWSService", "invokedBy": run.actor.id}
        else:
            arn = f"arn:aws:sts::{run.action.group}:assumed-role/change/{run.actor.id.split('@')[0]}"
            identity = {"type": "AssumedRole", "arn": arn, "accountId": run.action.group, "sessionContext": {"sourceIdentity": run.actor.id}}
        parameters = {"target": run.action.resource} if run.action.resource else None
        if run.extra.get("tag"):
            parameters = {"roleArn": run.action.resource, "tags": [{"key": "approval-request", "value": run.extra["tag"]}]}
        yield run.ts, {"eventVersion": "1.11", "userIdentity": identity, "eventTime": seconds(run.ts), "eventSource": source, "eventName": name, "awsRegion": "eu-central-1", "requestParameters": parameters, "responseElements": None, "eventID": run.id, "readOnly": run.action.klass == "read", "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": run.action.group, "eventCategory": "Management"}


def github(q):
    """Yields lines of the organisation's audit log; pushes and fetches approve nothing."""
    for run in q.executions:
        if run.source == "github":
            line = {"@timestamp": run.ts, "_document_id": run.id, "action": "workflows.prepared_workflow_job", "actor": run.actor.id, "org": "globex", "repo": run.extra["repo"], "workflow_run_id": run.extra["run"], "job_name": run.action.name}
            if run.action.klass == "deploy":
                line["environment_name"] = "production"
            yield run.ts, line
    for ms, actor, repo in q.noise:
        yield ms, {"@timestamp": ms, "_document_id": f"gt-{ms:x}", "action": "git.fetch", "actor": actor.id, "org": "globex", "repo": repo}


def litellm(q):
    """Yields calls of tools."""
    for run in q.executions:
        if run.source != "litellm":
            continue
        server, tool = run.action.resource.split("/")
        metadata = {"user_api_key_alias": run.actor.id, "mcp_tool_call_metadata": {"name": tool, "arguments": run.extra["arguments"], "mcp_server_name": server}}
        if run.request:
            metadata["requester_metadata"] = {"approval": run.request.id}
        yield run.ts, {"litellm_call_id": run.id, "call_type": "call_mcp_tool", "status": "success", "startTime": run.ts / SECOND, "endTime": (run.ts + 700) / SECOND, "metadata": metadata, "status_fields": {"guardrail_status": "success"}}


def entra(q):
    """Yields rows of the directory's audit log: asked, answered, active, and taken back. The end bears the id of the request."""

    def row(ms, rid, name, actor, request, limits):
        details = [{"key": "RoleAssignmentRequestId", "value": request.id}, {"key": "Justification", "value": request.reason}]
        if limits:
            details += [{"key": "StartTime", "value": seconds(request.ts)}, {"key": "ExpirationTime", "value": seconds(request.extra["until"])}]
        role = request.action.resource
        targets = [{"id": f"role-{ROLE_IDS.setdefault(role, len(ROLE_IDS))}", "displayName": role, "type": "Role"}, {"id": request.actor.id, "displayName": person_of(q, request.actor), "type": "User"}]
        stamp7 = rfc3339(ms)[:-1] + "0000+00:00"
        return ms, {"id": rid, "activityDateTime": stamp7, "activityDisplayName": name, "category": "RoleManagement", "loggedByService": "PIM", "result": "success", "initiatedBy": {"user": {"id": actor.id, "displayName": actor.name if actor is PIM else person_of(q, actor)}}, "targetResources": targets, "additionalDetails": details}

    for request in q.requests:
        if request.source == "entra":
            yield row(request.ts, f"PIM_Q{request.id[4:]}", "Add member to role requested (PIM activation)", request.actor, request, True)
    for vote in q.decisions:
        if vote.source == "entra":
            word = "denied" if vote.outcome == "deny" else "approved"
            yield row(vote.ts, vote.id, f"Add member to role request {word} (PIM activation)", vote.reviewer, vote.request, False)
    for run in q.executions:
        if run.source == "entra":
            yield row(run.ts, run.id, "Add member to role completed (PIM activation)", run.request.actor, run.request, True)
    for end in q.resolutions:
        expired = end.state == "expired"
        name = "Remove member from role (PIM activation expired)" if expired else "Remove member from role completed (PIM deactivate)"
        yield row(end.ts, end.id, name, PIM if expired else end.request.actor, end.request, False)


ROLE_IDS = {}

# The records of each source.
SOURCES = {"hoop": hoop, "slack": slack, "teleport": teleport, "kubernetes": kubernetes, "cloudtrail": cloudtrail, "github": github, "entra": entra, "litellm": litellm}
