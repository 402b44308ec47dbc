"""What the load says of itself goes into the story, and what it could not send in time into the verdicts."""

from __future__ import annotations

from chaosmesh.engine.tower.claims import Claims
from chaosmesh.engine.tower.episodes import Episodes
from chaosmesh.engine.tower.story import Story
from chaosmesh.engine.tower.traffic import Traffic
from chaosmesh.errors import ChaosMeshError
from chaosmesh.load import Stream, StreamReport


def hear(traffic: Traffic, story: Story, claims: Claims, episodes: Episodes) -> None:
    """From now on; whoever heard of it before still does."""
    before, done = traffic.note, traffic.door.on_done

    def note(text: str) -> None:
        before(text)
        story.add("load", text)

    def over(stream: Stream, report: StreamReport | ChaosMeshError) -> None:
        done(stream, report)
        claims.ended(stream.id)
        if isinstance(report, StreamReport) and (late := report.late(claims.tightest_ms)):
            episodes.dropped(late)

    traffic.note = note
    traffic.door.on_done = over
