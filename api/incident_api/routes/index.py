"""The page at the root: who you are, and where things are."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from incident_api.problems import Problem
from incident_api.routes.dependencies import PartsDep

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Incident simulator</title>
<style>:root{{color-scheme:light dark}}
body{{font:1rem/1.5 system-ui,sans-serif;margin:3rem auto;max-width:40rem;padding:0 1rem}}
code{{font-size:.9em}}</style></head>
<body><h1>Incident simulator</h1><p>{who}</p><ul>
<li><a href="/api/v1/incidents">/api/v1/incidents</a>: incidents as JSON</li>
<li><a href="/status">/status</a>: the systems</li>
<li><a href="/api/v1/events">/api/v1/events</a>: the live stream</li>
<li><a href="/api/v1/openapi.json">/api/v1/openapi.json</a>: every path</li>
</ul></body></html>
"""


@router.get("/")
async def index(request: Request, parts: PartsDep) -> HTMLResponse:
    """Who you are, and where things are."""
    try:
        viewer = await parts.gate.admit(request)
    except Problem as problem:
        who = f"You are not signed in: {escape(problem.detail)}."
    else:
        who = f"Signed in as <strong>{escape(viewer.identity.user)}</strong>."
    return HTMLResponse(_PAGE.format(who=who))
