"""Which frames of which CMU recordings are used, for what, and the files that hold them."""

from typing import NamedTuple

__all__ = ["FILES", "SEGMENTS", "SUBJECTS", "TRIALS", "Segment"]


class Segment(NamedTuple):
    """A piece of a recording: half-open range of its 120 Hz frames, and how it is used."""

    trial: str
    start: int
    stop: int | None
    label: str
    held_out: str  # "all", "none" or "last quarter"

    @property
    def name(self) -> str:
        return self.trial if self.stop is None else f"{self.trial}[{self.start}:{self.stop}]"


def _whole(subject: int, trials: range, label: str, held_out: tuple[int, ...]) -> list[Segment]:
    return [
        Segment(f"{subject}_{t:02d}", 0, None, label, "all" if t in held_out else "none")
        for t in trials
    ]


SEGMENTS = (
    *_whole(35, range(1, 17), "walking", held_out=(15, 16)),
    *_whole(35, range(17, 27), "jogging", held_out=(25, 26)),
    *_whole(49, range(18, 21), "balancing", held_out=(20,)),
    Segment("86_01", 1980, 2500, "punching", "last quarter"),
    Segment("86_01", 4065, 4579, "punching", "last quarter"),
    Segment("86_01", 3200, 4065, "kicking", "last quarter"),
)
TRIALS = tuple(dict.fromkeys(segment.trial for segment in SEGMENTS))
SUBJECTS = tuple(dict.fromkeys(trial.split("_")[0] for trial in TRIALS))
FILES = (*(f"{s}/{s}.asf" for s in SUBJECTS), *(f"{t.split('_')[0]}/{t}.amc" for t in TRIALS))
