"""What a scenario adds to the policy: fallbacks and retry budgets, which App Mesh never had, and certificates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from chaosmesh.documents.part import STRICT, Words, several

Occasion = Literal["failing", "down", "ejected", "unhealthy"]
_Occasions = Annotated[tuple[Occasion, ...], Field(min_length=1)]
OCCASIONS: tuple[Occasion, ...] = ("failing", "down", "ejected", "unhealthy")


class Extra(BaseModel):
    """Base of these parts."""

    model_config = STRICT


class Fallback(Extra):
    """Where calls of a route go when its own targets don't answer.

    `route`: ROUTER/ROUTE, a route's name, or a virtual service (all routes behind it); `to`: a virtual node, or a
    virtual service with one node behind it; `when`: one or more occasions (default: all).
    """

    route: str
    to: str
    when: Annotated[_Occasions, BeforeValidator(several, json_schema_input_type=_Occasions | Occasion)] = (
        OCCASIONS
    )


class RetryBudget(Extra):
    """Retries in flight to a node stay below `percent` of the requests in flight; `at_least` are always allowed.

    `to`: a virtual node, or a virtual service (each node behind it); `from`: one client (default: all).
    """

    to: str
    client: Annotated[str | None, Field(alias="from")] = None
    percent: Annotated[float, Field(gt=0, le=100)] = 20.0
    at_least: Annotated[int, Field(ge=0)] = 3


class Certificate(Extra):
    """What stands behind a certificate or a source of trust that the documents name.

    Files of your own (`file`, for a certificate `key` too), or what is issued for the run: by `authority` (default:
    one for the whole mesh), for `names` instead of the right ones, or `expired`. Several authorities are a source
    of trust.
    """

    file: str | None = None
    key: str | None = None
    authority: Words = ()
    names: Words | None = None
    expired: bool = False

    @model_validator(mode="after")
    def _one_origin(self) -> Certificate:
        issued = [name for name in ("authority", "names", "expired") if name in self.model_fields_set]
        if self.file is not None and issued:
            raise ValueError(f"file and {issued[0]} exclude each other; a file is taken as it is")
        if self.key is not None and self.file is None:
            raise ValueError("key needs file; write the file of the certificate too")
        if self.file is None and not issued:
            raise ValueError("says nothing; write file and key, or authority, names or expired")
        if len(self.authority) > 1 and (self.names is not None or self.expired):
            raise ValueError("one certificate has one authority; several are a source of trust")
        return self
