"""Puts our tabs, the link to the control tower and our refusals into Locust's web UI."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from flask import Response, jsonify, redirect, request

from chaosmesh.load.leading import EACH, Lead
from chaosmesh.web.locust import tabs
from chaosmesh.web.locust.feed import Feed

_LOOPBACK = ("127.0.0.1", "localhost")

_LINK = """<style>
#chaosmesh-tower {
  position: fixed; right: 1rem; bottom: 2.75rem; z-index: 1300; padding: .5rem .875rem; border-radius: 999px;
  background: #15803d; color: #fff; font: 500 .875rem/1.25 system-ui, sans-serif; text-decoration: none;
  box-shadow: 0 1px 4px rgb(0 0 0 / .35);
}
#chaosmesh-tower:hover { background: #166534; }
#chaosmesh-tower:focus-visible { outline: 3px solid #86efac; outline-offset: 2px; }
</style>
<a id="chaosmesh-tower" href="./tower" target="_blank" rel="noopener">Control tower of the mesh</a>
"""


def extend(web_ui: Any, lead: Lead, tower: str | None) -> None:
    """Of a web UI that is about to start. Without a tower there is nothing to show, but load still goes to the mesh only."""
    if web_ui.host in _LOOPBACK:
        web_ui.app.before_request(_foreign)
    base = (web_ui.environment.parsed_options.web_base_path or "").rstrip("/")
    app = web_ui.app
    app.before_request(lambda: _refused(web_ui, lead) if request.path == f"{base}/swarm" else None)
    if tower is None:
        return
    feed = Feed(tower)
    web_ui.template_args |= {"extended_tabs": tabs.tabs(), "extended_tables": tabs.tables()}
    app.add_url_rule(
        f"{base}/tower", "chaosmesh_tower", web_ui.auth_required_if_enabled(lambda: redirect(tower))
    )

    def added(response: Response) -> Response:
        if request.path == f"{base}/stats/requests" and response.status_code == 200:
            tree = {**json.loads(response.get_data()), "extended_stats": tabs.contents(feed.state())}
            response.set_data(json.dumps(tree))
        elif request.path in (f"{base}/", base) and response.mimetype == "text/html":
            response.set_data(response.get_data(as_text=True).replace("</body>", f"{_LINK}</body>"))
        return response

    app.after_request(added)


def _foreign() -> tuple[str, int] | None:
    """A refusal of what another site's page makes a browser send here: Locust lets it start load, and read."""
    named = urlsplit(f"//{request.host}").hostname
    origin = request.headers.get("Origin")
    if named not in _LOOPBACK or (origin is not None and urlsplit(origin).netloc != request.host):
        return "this web UI answers its own pages only", 403
    return None


def _refused(web_ui: Any, lead: Lead) -> Response | None:
    """The answer to a form that can't be; None lets Locust go on."""
    form = request.form
    host = form.get("host", web_ui.environment.host or "")
    try:
        each = float(form.get(EACH) or 1.0)
        users = int(form.get("user_count") or 0)
    except ValueError:
        why = f"users must be a whole number, and requests per user a number (got {form.get(EACH)!r})"
    else:
        why = lead.why_not(host, users, each)
    return jsonify({"success": False, "message": why, "host": host}) if why else None
