"""HTTP filters of the ingress: Lua decides which attempt is a victim, the fault filter acts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from chaosmesh.envoy import names
from chaosmesh.envoy.forms import Json, extension
from chaosmesh.mesh import Mesh, Replica, RequestFault

LUA: Final = "envoy.filters.http.lua"

SCRIPT: Final = """
local bit = require("bit")
local bxor, rshift, lshift, band, tobit = bit.bxor, bit.rshift, bit.lshift, bit.band, bit.tobit

local function times(a, b)  -- 32-bit product in halves: a double holds 53 bits
  local low, high = band(a, 0xffff), rshift(a, 16)
  return tobit((low * b) % 4294967296 + lshift(band((high * b) % 65536, 0xffff), 16))
end

local function hash01(text)
  local value = tobit(0x811c9dc5)
  for i = 1, #text do
    value = times(bxor(value, string.byte(text, i)), 0x01000193)
  end
  value = times(bxor(value, rshift(value, 16)), 0x85ebca6b)
  value = times(bxor(value, rshift(value, 13)), 0xc2b2ae35)
  value = bxor(value, rshift(value, 16))
  return (value % 4294967296) / 4294967296
end

local function meant(fault, headers)
  local path = (headers:get(":path") or ""):match("^[^?]*")
  if fault["path"] and path ~= fault["path"] then return false end
  if fault["prefix"] and path:sub(1, #fault["prefix"]) ~= fault["prefix"] then return false end
  for _, one in ipairs(fault["headers"] or {}) do
    if headers:get(one["name"]) ~= one["value"] then return false end
  end
  return true
end

function envoy_on_request(handle)
  local headers = handle:headers()
  headers:remove("x-chaosmesh-victim")
  headers:remove("x-envoy-fault-abort-request")
  headers:remove("x-envoy-fault-abort-grpc-request")
  headers:remove("x-envoy-fault-delay-request")
  local attempt = headers:get("x-envoy-attempt-count") or "1"
  local above = headers:get("x-chaosmesh-lineage") or ""
  headers:replace("x-chaosmesh-lineage", above == "" and attempt or (above .. "." .. attempt))
  local faults = handle:metadata():get("faults")
  local edge = headers:get("x-chaosmesh-edge")
  if faults == nil or edge == nil then
    return
  end
  local draw = (headers:get("x-request-id") or "") .. "|" .. above .. "|" .. edge .. "|" .. attempt
  local victims, status, code, delay = nil, nil, nil, nil
  for _, fault in ipairs(faults) do
    local hit = fault["edge"] == edge and meant(fault, headers)
    if hit and hash01(fault["seed"] .. "|" .. draw) < tonumber(fault["share"]) then
      local answers = (fault["status"] or fault["grpc_status"]) and not (status or code)
      local holds = fault["delay_ms"] and not delay
      if answers then status, code = fault["status"], fault["grpc_status"] end
      if holds then delay = fault["delay_ms"] end
      if answers or holds then  -- of two that would answer the first does, and only that one is its victim
        victims = victims and (victims .. "," .. fault["id"]) or fault["id"]
      end
    end
  end
  if victims then
    headers:replace("x-chaosmesh-victim", victims)
    if status then headers:replace("x-envoy-fault-abort-request", status) end
    if code and not status then headers:replace("x-envoy-fault-abort-grpc-request", code) end
    if delay then headers:replace("x-envoy-fault-delay-request", delay) end
  end
end
"""


def ingress() -> list[Json]:
    """Lua, the fault filter that obeys its headers, and the router."""
    everyone = {"numerator": 100}
    return [
        extension(LUA, "extensions.filters.http.lua.v3.Lua", default_source_code={"inline_string": SCRIPT}),
        extension(
            "envoy.filters.http.fault",
            "extensions.filters.http.fault.v3.HTTPFault",
            abort={"header_abort": {}, "percentage": everyone},
            delay={"header_delay": {}, "percentage": everyone},
        ),
        router(),
    ]


def router(attempt_log: Json | None = None) -> Json:
    """The router; with `attempt_log` every upstream attempt becomes an entry of the access log."""
    fields: Json = {"upstream_log": [attempt_log]} if attempt_log else {}
    return extension("envoy.filters.http.router", "extensions.filters.http.router.v3.Router", **fields)


def faults_of(mesh: Mesh, replica: Replica, faults: Iterable[RequestFault]) -> list[Json]:
    """The request faults that a replica's sidecar decides, as metadata for SCRIPT. A fault on a whole edge spares
    what only stands in for the service's own targets.

    All values are text: Lua would print a number that comes through metadata with six digits only.
    """
    return [
        {
            "id": one.id,
            "edge": names.edge(one.client, one.service),
            "share": repr(one.share),
            "seed": str(one.seed),
            **({"status": str(one.status)} if one.status is not None else {}),
            **({"grpc_status": str(one.grpc_status)} if one.grpc_status is not None else {}),
            **({"delay_ms": str(one.delay_ms)} if one.delay_ms is not None else {}),
            **_meant(one),
        }
        for one in faults
        if replica.node in (mesh.own_targets(one.service) if one.workload is None else (one.workload,))
        and one.replica in (None, replica.index)
    ]


def _meant(fault: RequestFault) -> Json:
    """Which requests a fault is for, if not for all; header names as they arrive, in small letters."""
    texts = {"path": fault.path, "prefix": fault.prefix}
    found: Json = {name: text for name, text in texts.items() if text}
    if fault.headers:
        found["headers"] = [{"name": name.lower(), "value": value} for name, value in fault.headers]
    return found
