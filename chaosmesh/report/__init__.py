"""Consumers of a run's events: terminal, JSON, events file, JUnit; and the report of its folder. None of them decides anything.

Each consumer is called with every event and closed once at the end, also after an interrupt.
Nothing heavy is imported here: `rich`, `duckdb` and `markupsafe` load with the part that needs them.
"""
