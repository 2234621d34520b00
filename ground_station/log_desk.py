"""Signs and closes the patrol logs of sorties that have ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from ground_station.case_desk import CaseDesk
from ground_station.chronicle import Chronicle
from ground_station.sorties import SIGNERS, SortieRecord, SortieState, registrar_of, sign
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from patrol.bus import Bus
from patrol.cause import Cause
from patrol.clock import WorldClock
from patrol.errors import Refused
from patrol.story import StoryEvent


@dataclass(slots=True, kw_only=True)
class LogDesk:
    """Any sortie that has ended: landed, aborted, or left unsigned by an earlier run."""

    records: Records
    telemetry: TelemetryLog
    cases: CaseDesk
    chronicle: Chronicle
    bus: Bus
    world: WorldClock
    _signing: anyio.Lock = field(default_factory=anyio.Lock)
    _told_why: str = ""

    async def sign(self, sortie_id: str, cause: Cause) -> SortieRecord:
        """Put a name under the log; with both names it closes.

        A log that could not close before, such as for an open alert, is tried again.
        """
        async with self._signing:  # two signatures at once are both kept
            record = await self.records.sortie(sortie_id)
            if record is None or record.state is SortieState.CLOSED:
                raise LookupError(f"no open sortie {sortie_id}")
            is_new = not _is_signed(record)
            if is_new:
                now = self.world.now_utc()
                record = sign(record, cause, now)
                await self.records.save_sortie(
                    record, cause=cause, at_utc=now, action="sortie.signed"
                )
            if not _is_signed(record):
                return record
            await self._close_or_say_why(record, cause, is_signature_new=is_new)
            return replace(record, state=SortieState.CLOSED)

    async def _close_or_say_why(
        self, record: SortieRecord, cause: Cause, *, is_signature_new: bool
    ) -> None:
        try:
            await self._close(record, cause)
        except Refused as error:
            why = f"{record.sortie_id}: {error}"
            if why != self._told_why:  # once, however often it is tried
                self._told_why = why
                fields = {"reason": str(error), "reason_zh": error.text_zh}
                self.bus.publish(self._event("log.waits", record, fields))
            if not is_signature_new:
                raise
            # Whoever reads a no thinks that nothing was done.
            raise Refused(
                f"your signature is kept, the log waits: {error}",
                text_zh=f"签名已保存，日志暂不能关闭：{error.text_zh}",
            ) from error

    async def _close(self, record: SortieRecord, cause: Cause) -> None:
        sortie_id = record.sortie_id
        await self.cases.settle(sortie_id)
        await self.cases.close_signed(sortie_id, registrar_of(record))
        await self.chronicle.settled()
        summary = await self.telemetry.summary(sortie_id)
        closed = await self.records.close_log(
            sortie_id,
            cause=cause,
            at_utc=self.world.now_utc(),
            telemetry_summary=summary.to_dict(),
        )
        fields = {"rows": closed.row_count, "head": closed.head_hash}
        self.chronicle.tell(self._event("log.closed", record, fields))

    def _event(self, name: str, record: SortieRecord, fields: dict[str, Any]) -> StoryEvent:
        return StoryEvent(
            name=name,
            time_utc=self.world.now_utc(),
            sortie=record.sortie_id,
            grid=record.grid_code,
            aircraft=record.vehicle_id,
            fields=fields,
        )


def _is_signed(record: SortieRecord) -> bool:
    return all(record.is_signed_by(role) for role in SIGNERS)
