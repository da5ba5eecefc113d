"""How far a picture is from those that its motion vectors come from."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from typing import Any

from av.video.frame import PictureType

PICTURES_BACK = 64  # that are remembered: no codec here looks for references further away


def moved(
    frames: Iterator[tuple[float, Any]], sent: deque[Any], codec: str, moves: list[bytes]
) -> Iterator[tuple[float, Any]]:
    """The same frames; `moves` gets the record of the motion vectors of each."""
    references = References(sent)
    for time, frame in frames:
        vectors = frame.side_data.get("MOTION_VECTORS")
        # FFmpeg does not note the vectors of MPEG-4's B pictures: it gives zeros.
        lost = frame.pict_type == PictureType.B and codec == "mpeg4"
        raw = b"" if vectors is None or lost else bytes(vectors)
        shares = references.shares(frame.pts, frame.pict_type)
        moves.append(b"M" + struct.pack("<IIddI", frame.width, frame.height, *shares, len(raw) // 40) + raw)
        yield time, frame


class References:
    """How far a picture is from those that its vectors come from: FFmpeg says no more than earlier or later.

    Taken are the nearest on either side that were decoded before it and that others may be predicted from: those that
    are no B pictures, and B pictures that were decoded before one that is shown earlier (a pyramid).
    """

    def __init__(self, sent: deque[Any]) -> None:
        self.sent = sent  # times in the order of decoding
        self.shown: deque[tuple[Any, bool]] = deque(maxlen=PICTURES_BACK)  # times, and whether it is a B picture
        self.away = 0  # pictures since the last that is no B picture
        self.told = True  # whether times still say in which order pictures are shown: an AVI with B pictures does not

    def shares(self, at: Any, kind: Any) -> tuple[float, float]:
        """The time since the picture shown before, as a share of that from the earlier reference, and to the later."""
        self.away += 1
        found = 1.0 / self.away, 0.0
        sent = list(self.sent)
        self.told &= at in sent and at is not None and (not self.shown or at > self.shown[-1][0])
        if self.told and self.shown:
            known = sent[: sent.index(at)]
            early = [t for t, b in self.shown if t in known and t < at and not (b and self._in_order(t, sent))]
            late = [t for t in known if t is not None and t > at]
            step = at - self.shown[-1][0]
            found = (step / (at - early[-1]) if early else 0.0, step / (min(late) - at) if late else 0.0)
        b = kind == PictureType.B
        self.away = self.away if b else 0
        self.shown.append((at, b))
        return found

    @staticmethod
    def _in_order(at: Any, sent: list[Any]) -> bool:
        return all(t is None or t > at for t in sent[sent.index(at) + 1 :])
