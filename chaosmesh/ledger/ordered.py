"""A list that stays sorted while its items are replaced: reading it again costs nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Generic, TypeVar

Key = tuple[int, str, str, str]
T = TypeVar("T")


class Ordered(Generic[T]):
    """Items by a unique key; arrivals are mostly in order, so that putting one in is cheap."""

    __slots__ = ("_items", "_keys")

    def __init__(self) -> None:
        self._keys: list[Key] = []
        self._items: list[T] = []

    def put(self, key: Key, item: T) -> None:
        """Add an item, or replace the one with this key."""
        at = bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] == key:
            self._items[at] = item
            return
        self._keys.insert(at, key)
        self._items.insert(at, item)

    def remove(self, key: Key) -> None:
        """Take away the item with this key, which must be there."""
        at = bisect_left(self._keys, key)
        del self._keys[at], self._items[at]

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
