"""A list that stays sorted while its items are replaced: reading it again costs nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

Key = tuple[int, str, str, str]
T = TypeVar("T")


class Ordered(Generic[T]):
    """Items by a unique key; arrivals are mostly in order, so that putting one in is cheap.

    `changed` is the lowest place that was written since somebody set it back to the length.
    """

    __slots__ = ("_items", "_keys", "changed")

    def __init__(self) -> None:
        self._keys: list[Key] = []
        self._items: list[T] = []
        self.changed = 0

    def put(self, key: Key, item: T) -> None:
        """Add an item, or replace the one with this key."""
        keys = self._keys
        at = len(keys) if not keys or key > keys[-1] else bisect_left(keys, key)
        self.changed = min(self.changed, at)
        if at < len(keys) and keys[at] == key:
            self._items[at] = item
            return
        keys.insert(at, key)
        self._items.insert(at, item)

    def remove(self, key: Key) -> None:
        """Take away the item with this key, which must be there."""
        at = bisect_left(self._keys, key)
        self.changed = min(self.changed, at)
        del self._keys[at], self._items[at]

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, at: int) -> T:
        return self._items[at]


class Completing(Protocol):
    """Something whose rows may still be missing."""

    @property
    def complete(self) -> bool:
        """Whether they are all in."""


C = TypeVar("C", bound=Completing)


class Whole(Generic[C]):
    """The items up to the first that is not complete: what may be counted while more comes in.

    What is quick is complete sooner, and counting it before what is slow would flatter. `items` is read only and
    grows at its end while `revision` stays the same; when that has changed, a late row changed what was there, and
    whoever counts as it grows must count anew.
    """

    __slots__ = ("_items", "_source", "revision")

    def __init__(self, source: Ordered[C] | None = None) -> None:
        self._source = source
        self._items: list[C] = []
        self.revision = 0

    @property
    def items(self) -> Sequence[C]:
        """The items, in order of time."""
        return self._items

    def update(self) -> None:
        """Take in what the source has gained or changed since the last time: costs no more than that."""
        source = self._source
        if source is None:
            return
        if source.changed < len(self._items):
            del self._items[source.changed :]
            self.revision += 1
        at = len(self._items)
        while at < len(source) and (one := source[at]).complete:
            self._items.append(one)
            at += 1
        source.changed = len(source)
