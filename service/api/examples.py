"""An example for every shape of the API, all of it invented; the tests hold each against its own schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.api.shapes import FINDING, SUBMISSION
from service.api.webhook_shapes import EXAMPLES as WEBHOOKS

_NOTE: Final = {"note": "Asked for by the clinical director on the phone."}
_SUBMISSION_ID: Final = "sub_4x7mmvq2r3w5ybkd6t2hpzcnae"
_HELD: Final = {
    **SUBMISSION,
    "state": "held",
    "attempts": 0,
    "verdict": None,
    "receipt": None,
    "holds": ["unknown_key"],
    "owner": "own",
    "words": "The certification key is not on the roster.",
    "mend": "Correct the record, or add the key to the roster.",
}
_QUEUED: Final[dict[str, Any]] = {
    **SUBMISSION,
    "state": "ready",
    "attempts": 0,
    "verdict": None,
    "receipt": None,
    "queue": {
        "ahead_in_lane": 0,
        "ahead": 12,
        "waits_for": [
            {
                "kind": "window",
                "cause": None,
                "words": "The state is closed for maintenance.",
                "until": "2026-03-03T11:00:00.000Z",
            }
        ],
        "expected_at": "2026-03-03T11:00:02.400Z",
    },
}
_REPORT: Final = {
    "ecas_bridge": "0.5.0",
    "spec": {"version": "2026.1", "status": "provisional", "digest": "sha-256:5f1c…"},
    "checked": 1,
    "conformance": "does-not-conform",
    "not_checked": [],
    "findings": [FINDING],
    "mappings": [{"name": "riverbend-caredesk.toml", "effective": "2026-01-01", "digest": "sha-256:9d0c…"}],
    "ledger": [
        {
            "file": "payload",
            "dialect": "UTF-8, cells between commas, no quotes, lines ending in LF.",
            "fields": 98,
            "counts": {"mapped": 96, "derived": 0, "defaulted": 0, "dropped-by-rule": 1, "unmapped": 1},
            "unmapped": [{"name": "column the 9th", "fields": 1}],
            "unlisted": 0,
            "defaults": 0,
        }
    ],
}
_PREVIEW: Final = {
    "count": 3,
    "by_state": {"stuck": 3},
    "by_cause": {"gave_up": 3},
    "oldest": "2026-02-20T14:05:09.120Z",
    "goes": {"sent": 2},
    "stays": {"overtaken": {"count": 1, "ids": [_SUBMISSION_ID]}},
}
_REPLAY: Final = {
    "id": "rep_hpzcnae4x7mmvq2r3w5ybkd6t2",
    "agency": "riverbend",
    "state": "running",
    "how": "send",
    "filter": {"states": ["stuck"]},
    "per_minute": 60,
    "created_at": "2026-03-02T14:05:09.120Z",
    "actor": "R. Example (key_4x7mmvq2)",
    "note": "The state says that its outage is over.",
    "total": 2,
    "left": 1,
    "became": {"sent": 1},
}
_ASSESSOR: Final = {
    "id": "asr_4x7mmvq2r3w5ybkd6t2hpzcnae",
    "last_name": "Ostrowski",
    "first_name": "Delphine",
    "former_names": [],
    "agencies": ["riverbend"],
    "state": "MA",
    "keys": [
        {
            "id": "cer_2hpzcnae4x7mmvq2r3w5ybkd6t",
            "key": "EX-…-0001",
            "certified_on": "2025-03-11",
            "issued_on": None,
            "expires_on": "2027-03-11",
            "approved_on": None,
            "status": "active",
            "conflict": False,
            "evidence": [],
        }
    ],
}
_DOCUMENT: Final = {
    "document_id": SUBMISSION["document_id"],
    "digest": "sha-256:9d0c…",
    "spec": "2026.1",
    "provisional": True,
    "content": '<?xml version="1.0" encoding="UTF-8"?>\n<CansSubmission>…</CansSubmission>',
}
_FATES: Final = {"overdue": 0, "will_be_missed": 0, "held_up": 1, "in_time": 0}
_CHOSEN: Final = {"states": ["stuck"], "causes": ["gave_up"]}

#: By the title of the shape.
EXAMPLES: Final[Mapping[str, Any]] = {
    "Health": {"status": "ok"},
    "Ready": {"status": "ready", "delivering": False, "reason": "window"},
    "TokenError": {"error": "invalid_client"},
    "Report": _REPORT,
    "Mapped": {
        "assessments": [{"ordinal": 0, "source": "entry[6]", "conformance": "conforms", "document": _DOCUMENT}],
        "report": {**_REPORT, "conformance": "conforms", "findings": []},
    },
    "Taken": {
        "submissions": [_QUEUED],
        "outcomes": [
            {"submission": _SUBMISSION_ID, "source": "entry[6]", "conformance": "conforms", "findings": []},
        ],
        "findings": [],
    },
    "Page": {"submissions": [SUBMISSION], "next": _SUBMISSION_ID},
    "Submission": _HELD,
    "ShownSubmission": {**_HELD, "days_left": 12},
    "Events": {
        "events": [
            {
                "at": "2026-03-02T14:05:09.120Z",
                "was": "received",
                "became": "held",
                "actor": "intake",
                "why": "The report names a cause to wait for.",
                "note": None,
            }
        ]
    },
    "Attempts": {
        "attempts": [
            {
                "kind": "send",
                "number": 1,
                "started_at": "2026-03-02T14:05:10.004Z",
                "ended_at": "2026-03-02T14:05:11.482Z",
                "outcome": "Accepted",
                "why": None,
            }
        ]
    },
    "Deadlines": {
        "on": "2026-03-02",
        "days": 14,
        "closed_by": None,
        "at_least": False,
        "counts": _FATES,
        "agencies": [{"agency": "riverbend", **_FATES}],
        "submissions": [
            {
                "id": _SUBMISSION_ID,
                "agency": "riverbend",
                "programme": "ICC",
                "state": "held",
                "deadline": "2026-03-09",
                "days_left": 7,
                "fate": "held_up",
                "leaves_at": None,
                "held_up_by": "unknown_key",
                "behind": None,
                "owner": "own",
                "mend": "Correct the record, or add the key to the roster.",
            }
        ],
        "more": 0,
    },
    "Receipts": {"receipts": ["<Receipt><TrackingId>T-000123</TrackingId><Status>accepted</Status></Receipt>"]},
    "Handoffs": {
        "handoffs": [
            {
                "submission": {**SUBMISSION, "state": "handed_off", "attempts": 0, "verdict": None, "receipt": None},
                "age_days": 3,
                "programme": "OPT",
                "due_at": "2026-06-01T04:00:00.000Z",
                "after": [],
                "before": [],
            }
        ]
    },
    "Resolved": {"preview": _PREVIEW, "became": {"sent": 2}, "more": 0},
    "Replays": {"replays": [_REPLAY]},
    "Replay": _REPLAY,
    "Ordered": {"preview": _PREVIEW, "replay": _REPLAY},
    "Withdrawals": {
        "consents": [
            {
                "id": "wdr_5ybkd6t2hpzcnae4x7mmvq2r3w",
                "withdrawn_at": "2026-03-02T14:05:09.120Z",
                "actor": "R. Example (key_4x7mmvq2)",
                "note": "Letter of 1 March.",
            }
        ],
        "next": None,
    },
    "Withdrawn": {
        "id": "wdr_5ybkd6t2hpzcnae4x7mmvq2r3w",
        "withdrawn_at": "2026-03-02T14:05:09.120Z",
        "known": True,
        "held": [_SUBMISSION_ID],
        "under_way": [],
        "sent": [],
        "desk": None,
    },
    "Scope": {"id": "csc_hpzcnae4x7mmvq2r3w5ybkd6t2", "released": 1},
    "Assessors": {"assessors": [_ASSESSOR], "next": None},
    "Edited": {"assessor": _ASSESSOR, "released": 2},
    "Standing": {"standing": "valid", "action": "pass", "desk": None, "why": "It is valid on that date."},
    "Packages": {
        "specs": [
            {
                "version": "2026.1",
                "title": "CANS for Massachusetts, provisional",
                "status": "provisional",
                "in_force": "2026-01-01",
                "supersedes": None,
                "judges_today": True,
                "sends_today": True,
            }
        ]
    },
    "Mappings": {
        "mappings": [
            {
                "name": "riverbend-caredesk.toml",
                "format": "delimited",
                "effective": "2026-01-01",
                "digest": "sha-256:1a2b…",
                "items": 98,
                "in_force": True,
            }
        ]
    },
    "AuditPage": {
        "entries": [
            {
                "number": 1207,
                "at": "2026-03-02T14:05:09.120Z",
                "action": "submission.release",
                "outcome": "done",
                "principal": "key_x5t2hpzcnae4x7mmvq2r3w5ybkd6",
                "role": "operator",
                "kind": "submission",
                "about": _SUBMISSION_ID,
                "detail": "held>ready",
                "note": "Spoke with the Access Administrator: the name change is done.",
                "note_digest": "3f1f6a9c2b7d4e05",
                "request": "req_k3w5ybkd6t2hpzcnae4x7mmvq2",
                "digest": "9a4c1e7d2b8f6a30",
            }
        ],
        "next": 1207,
    },
    **WEBHOOKS,
    # What is sent.
    "GivenSearch": {"states": ["held"], "deadline_before": "2026-06-01", "limit": 50},
    "GivenNote": _NOTE,
    "GivenOneResolution": {**_NOTE, "resolution": "resend"},
    "GivenResolution": {**_CHOSEN, **_NOTE, "resolution": "resend", "run": True},
    "GivenReplay": {**_CHOSEN, **_NOTE, "how": "send", "per_minute": 60, "run": True},
    "GivenOne": {**_NOTE, "how": "send"},
    "GivenConsent": {**_NOTE, "action": "withdraw", "submission": _SUBMISSION_ID},
    "GivenScope": {
        **_NOTE,
        "submission": _SUBMISSION_ID,
        "purpose": "Treatment, payment and health care operations.",
        "recipient": "ecas",
        "given_on": "2026-01-05",
    },
    "GivenChange": {"last_name": "Ostrowski-Lane"},
    "GivenKey": {"key": "EX-0001-0001", "name": "OSTROWSKI, DELPHINE", "on": "2026-03-02"},
}
