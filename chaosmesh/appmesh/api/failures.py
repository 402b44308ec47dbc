"""The errors that the API answers, with the HTTP codes of the service's API model."""

from __future__ import annotations

from typing import Literal

from chaosmesh.errors import ChaosMeshError, DocumentError, ExitCode, LimitExceededError

Kind = Literal[
    "BadRequestException",
    "ConflictException",
    "ForbiddenException",
    "InternalServerErrorException",
    "LimitExceededException",
    "NotFoundException",
    "ResourceInUseException",
    "TooManyTagsException",
    "UnknownOperationException",
]

STATUS: dict[Kind, int] = {
    "BadRequestException": 400,
    "LimitExceededException": 400,
    "TooManyTagsException": 400,
    "ForbiddenException": 403,
    "NotFoundException": 404,
    "UnknownOperationException": 404,
    "ConflictException": 409,
    "ResourceInUseException": 409,
    "InternalServerErrorException": 500,
}


class ApiError(ChaosMeshError):
    """Raised when a call is refused; `kind` is the exception that a client sees."""

    code = ExitCode.USAGE

    def __init__(self, kind: Kind, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status or STATUS[kind]


def bad_request(message: str) -> ApiError:
    """The request is malformed or against a rule."""
    return ApiError("BadRequestException", message)


def not_published(error: ChaosMeshError) -> ApiError:
    """What the caller of a change reads when the change could not be put in force.

    What the policy's owner can cure is a bad request; what the machine lacks is the server's error.
    """
    said = f"the change was taken back: {_said(error)}"
    if isinstance(error, LimitExceededError):
        return ApiError("LimitExceededException", said)
    if error.code == ExitCode.USAGE:
        return bad_request(said)
    return ApiError("InternalServerErrorException", said)


def _said(error: ChaosMeshError) -> str:
    if isinstance(error, DocumentError):
        return "; ".join(with_hint(one.message, one.hint) for one in error.problems)
    return with_hint(error.message, error.hint)


def with_hint(message: str, hint: str) -> str:
    """One line of both."""
    return f"{message} ({hint})" if hint else message
