"""The plan's own words: who asked, who voted, what ran. No log format appears here.

Product modules (`gate`, `hoop`, `teleport`, `slack`) print these facts as their product would; `oracle` reads
them to say which tests they are exceptions of.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Optional

CANONICALISATION = "acme-command/1"


def digest(text):
    """Returns the SHA-256 of `text` in UTF-8, lower-case hex."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Actor:
    """An identity as a product logs it: an id inside a namespace."""

    ns: str
    id: str
    kind: Optional[str] = None
    name: Optional[str] = None


@dataclass(frozen=True)
class Action:
    """What is asked for: an action on a target."""

    name: str
    klass: str
    command: str
    resource: str
    type: str
    group: str
    env: str = "prod"
    risk: str = "medium"
    quorum: int = 1


@dataclass(eq=False)
class Request:
    """Somebody asks for an action."""

    source: str
    ts: int
    actor: Actor
    action: Action
    id: str = ""
    beneficiary: Optional[Actor] = None
    quorum: Optional[int] = 1
    break_glass: bool = False
    reason: str = ""
    ticket: str = ""
    extra: dict = field(default_factory=dict)


@dataclass(eq=False)
class Decision:
    """One vote or verdict on a request; `source` is the source that recorded it."""

    source: str
    ts: int
    request: Request
    reviewer: Optional[Actor]
    outcome: str = "approve"
    basis: str = "human"
    phase: str = "pre"
    digest: Optional[str] = None
    expires: Optional[int] = None
    id: str = ""
    reason: str = ""
    extra: dict = field(default_factory=dict)


@dataclass(eq=False)
class Execution:
    """Something ran."""

    source: str
    ts: int
    actor: Actor
    action: Action
    request: Optional[Request] = None
    digest: Optional[str] = None
    break_glass: bool = False
    ended: int = 0
    state: str = "succeeded"
    id: str = ""
    extra: dict = field(default_factory=dict)


@dataclass(eq=False)
class Resolution:
    """A request ends without an execution: expired, cancelled, or withdrawn."""

    source: str
    ts: int
    request: Request
    state: str
    id: str = ""


@dataclass(eq=False)
class Expected:
    """One planned exception: this item is an exception of this test."""

    test: str
    item: object
    why: str
