"""One line of the table of figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured (`measured`, with its unit), what is wanted (`reach`), what others or bare parts need
    (`floor`), and `ratio` = measured ÷ reach: at most 1 is reached."""

    figure: str
    measured: str
    reach: str
    floor: str
    ratio: float

    @property
    def reached(self) -> bool:
        """Whether the figure is as good as wanted."""
        return self.ratio <= 1
