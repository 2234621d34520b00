"""The door by which a test breaks and mends things. Only on the simulator's own port."""

from __future__ import annotations

from typing import Any

from sim.faults import AMOUNTS, Fault, Faults, allowed, fault_named
from sim.fields import number
from sim.http import Handler, HttpAnswer, HttpRequest, Routes, json_body, refuse

_MOST = 1e12  # more than there can be of any fault


def fault_routes(faults: Faults) -> Routes:
    """GET and PUT /faults, DELETE /faults/NAME; each answers with what is at work then.

    GET /faults/known tells all that there are.
    """

    async def get(request: HttpRequest) -> HttpAnswer:
        del request
        return HttpAnswer(body=_at_work(faults))

    async def known(request: HttpRequest) -> HttpAnswer:
        del request
        return HttpAnswer(body={"known": [_described(fault) for fault in Fault]})

    async def put(request: HttpRequest) -> HttpAnswer:
        try:
            fault, value = _asked(json_body(request))
        except ValueError as error:
            return refuse(400, str(error))
        faults.inject(fault, value)
        return HttpAnswer(body=_at_work(faults))

    def mend(fault: Fault) -> Handler:
        async def delete(request: HttpRequest) -> HttpAnswer:
            del request
            faults.clear_one(fault)
            return HttpAnswer(body=_at_work(faults))

        return delete

    mends: Routes = {("DELETE", f"/faults/{fault.name}"): mend(fault) for fault in Fault}
    return {
        ("GET", "/faults"): get, ("GET", "/faults/known"): known, ("PUT", "/faults"): put, **mends,
    }  # fmt: skip


def unless(fault: Fault, faults: Faults, handler: Handler, words: str) -> Handler:
    """The same handler, which answers 503 while that fault is at work."""

    async def handle(request: HttpRequest) -> HttpAnswer:
        return refuse(503, words) if fault in faults else await handler(request)

    return handle


def _asked(body: Any) -> tuple[Fault, float | None]:  # noqa: ANN401  # JSON
    """ValueError, in words for the caller, when it is no fault."""
    if not isinstance(body, dict) or not isinstance(name := body.get("name"), str):
        raise ValueError(f'a body such as {{"name": "PACKET_LOSS", "value": 5}} is wanted: {body}')
    fault, value = fault_named(name), body.get("value")
    if value is None:
        return fault, None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"the value is not a number: {value!r}")
    return fault, allowed(fault, number(-_MOST, _MOST)(value))


def _described(fault: Fault) -> dict[str, Any]:
    amount = AMOUNTS.get(fault)
    size = None
    if amount is not None:
        size = {"default": amount.default, "low": amount.low, "high": amount.high}
    return {"name": fault.name, "what": fault.value, "value": size}


def _at_work(faults: Faults) -> dict[str, Any]:
    return {
        "faults": [
            {"name": fault.name, "value": faults.value(fault) or None, "what": fault.value}
            for fault in Fault
            if fault in faults
        ]
    }
