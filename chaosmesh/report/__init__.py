"""Consumers of a run's events: terminal, JSON, events file, JUnit, HTML. None of them decides anything.

Each consumer is called with every event and closed once at the end, also after an interrupt.
Nothing heavy is imported here: `rich` and `jinja2` load with the consumer that needs them.
"""
