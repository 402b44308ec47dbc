"""What requests must look like: paths, headers, metadata, query parameters, host names."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chaosmesh.appmesh.spec.base import OneOf, Spec, Text, Text255, Truth, Whole

Prefix = Annotated[Text, Field(pattern="^/")]


class Range(Spec):
    """Whole numbers from `start` up to, but without, `end`."""

    start: Whole
    end: Whole


class ValueMatch(OneOf):
    """A condition on a header or on metadata."""

    exact: Text255 | None = None
    prefix: Text255 | None = None
    suffix: Text255 | None = None
    regex: Text255 | None = None
    range: Range | None = None


class ValueCondition(Spec):
    """A header or a metadata entry; without `match` it only has to be there."""

    name: Annotated[Text, Field(min_length=1, max_length=50)]
    match: ValueMatch | None = None
    invert: Truth | None = None


class QueryMatch(Spec):
    """A condition on a query parameter."""

    exact: Text | None = None


class QueryParameter(Spec):
    """A query parameter; without `match` it only has to be there."""

    name: Text
    match: QueryMatch | None = None


class PathMatch(OneOf):
    """The whole path, literally or by a regular expression."""

    exact: Text255 | None = None
    regex: Text255 | None = None


class HostnameMatch(OneOf):
    """The host that a request to a gateway names."""

    exact: Annotated[Text, Field(min_length=1, max_length=253)] | None = None
    suffix: Annotated[Text, Field(min_length=1, max_length=253)] | None = None


Conditions = Annotated[tuple[ValueCondition, ...], Field(min_length=1, max_length=10)]
QueryParameters = Annotated[tuple[QueryParameter, ...], Field(min_length=1, max_length=10)]
