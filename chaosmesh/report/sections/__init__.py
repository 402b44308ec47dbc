"""The sections of a run's page: each takes the book and gives a section, or None where the run has nothing for it."""
