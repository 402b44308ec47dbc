"""What a report tells of a run, read from its folder alone; how it looks is for the renderers."""

from chaosmesh.report.book.model import Book
from chaosmesh.report.book.reading import read

__all__ = ["Book", "read"]
