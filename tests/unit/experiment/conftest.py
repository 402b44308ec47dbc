"""Modules of machine code that sessions within a test import: pytester forgets what was first imported in one, and the
interpreter aborts when some of them are loaded a second time."""

from __future__ import annotations

import duckdb  # noqa: F401
import pandas as pd  # noqa: F401
import pyarrow.parquet  # noqa: F401
