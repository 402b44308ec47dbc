"""A verification's result from its document: what `VerifyResult.as_json` wrote, read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chaosmesh.engine.results import (
    Bounds,
    CellResult,
    CheckResult,
    Cure,
    FaultDose,
    Finding,
    NotChecked,
    ResourceRef,
    VerifyResult,
)
from chaosmesh.errors import Where
from chaosmesh.judge import Evidence, Verdict

Json = Mapping[str, Any]


def result_of(document: Json) -> VerifyResult:
    """The result; KeyError, TypeError or ValueError for a document of another form."""
    goal = document["goal"]
    return VerifyResult(
        mesh=document["mesh"],
        runtime=document["runtime"],
        profile=document["profile"],
        seed=document["seed"],
        alpha=document["alpha"],
        duration_s=document["duration_s"],
        checks=tuple(map(_check, document["checks"])),
        matrix=tuple(map(_cell, document["matrix"])),
        not_checked=tuple(NotChecked(one["id"], one["reason"]) for one in document["not_checked"]),
        coverage=document["coverage"],
        cost=document["cost"],
        findings=tuple(map(_finding, document["findings"])),
        gated=document["gated"],
        expired=tuple(document["expired"]),
        goal=document["goal_text"],
        sidecars=document["sidecars"],
        envoy=document["envoy"],
        attempts=document["ledger"]["attempts"],
        unaccounted=tuple(document["ledger"]["unaccounted"]),
        tolerant=document["tolerant"],
        stopped=document["stopped"] or "",
        bounds=Bounds(goal["success"], goal["p99_s"], goal["alpha"], goal["declared"]) if goal else None,
        files=document["files"],
    )


def _check(one: Json) -> CheckResult:
    resource = one["resource"]
    where = Where(resource["file"], resource["line"], resource["column"])
    return CheckResult(
        id=one["id"],
        resource=ResourceRef(resource["kind"], resource["name"], where),
        statement=one["statement"],
        basis=one["basis"],
        verdict=Verdict(one["verdict"]),
        reason=one["reason"],
        observed=one["observed"],
        expected=one["expected"],
        n=one["n"],
        duration_s=one["duration_s"],
    )


def _cell(one: Json) -> CellResult:
    success, evidence = one["success"], one["evidence"]
    client, service = one["edge"]
    return CellResult(
        edge=(client, service),
        fault=_dose(one["fault"]),
        entry=one["entry"],
        n=success["n"],
        k=success["k"],
        low=success["low"],
        high=success["high"],
        p50_ms=one["p50_ms"],
        p99_ms=one["p99_ms"],
        amplification=one["amplification"],
        predicted=one["predicted"],
        verdict=one["verdict"],
        reason=one["reason"],
        rule=_place(one["rule"]),
        duration_s=one["duration_s"],
        fallback=one["fallback"],
        streams=tuple(one["streams"]),
        evidence=(Evidence.share(*evidence[0]), Evidence.share(*evidence[1])) if evidence else None,
    )


def _finding(one: Json) -> Finding:
    cure = one["cure"]
    return Finding(one["title"], one["detail"], _place(one), _cure(cure) if cure else None)


def _cure(one: Json) -> Cure:
    client, service = one["edge"]
    told = one["change"], _place(one), one["before"], one["after"], one["worked"]
    return Cure((client, service), _dose(one["fault"]), *told)


def _dose(one: Json) -> FaultDose:
    size = {name: value for name, value in one.items() if name not in ("kind", "label")}
    return FaultDose(one["kind"], one["label"], size)


def _place(one: Json | None) -> Where | None:
    return Where(one["file"], one["line"], one["column"]) if one and one["file"] else None
