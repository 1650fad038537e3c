"""CMU human motion: 50 joint angles of five motions, read from the database's own files."""

import hashlib
import json
import os
import shutil
import warnings
from functools import cache, partial
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch

from .acclaim import read_amc, read_asf
from .cmu_segments import FILES, SEGMENTS, SUBJECTS, TRIALS, Segment
from .fetching import _PATIENCE, fetch
from .mocap6 import mocap6
from .motion import MotionData
from .record import recorded
from .skeleton import Motion, Skeleton

__all__ = ["ACKNOWLEDGEMENT", "cmu"]

ACKNOWLEDGEMENT = (
    "The data used in this project was obtained from mocap.cs.cmu.edu. "
    "The database was created with funding from NSF EIA-0196217."
)

_URL = "http://mocap.cs.cmu.edu/subjects"
_STRIDE = 4  # 120 Hz to 30 Hz
_LEFT_OUT = ("root", "lfingers", "lthumb", "rfingers", "rthumb")
_MEND = (
    "copy the subjects' .asf and .amc files there as subjects/<subject>/<file>, or leave the place "
    "unnamed so that they are downloaded"
)


@recorded
def cmu(root: str | os.PathLike | None = None, fallback: str | None = None) -> MotionData:
    """Walking, jogging, balancing, punching and kicking: 3,283 frames of 50 joint angles.

    The 62 channels of a file without root, fingers and thumbs, in radians, every fourth frame
    (30 Hz), centred on the training frames' mean. Held out: two trials of walking and of
    jogging, one of balancing, and the last quarter of each segment of punching and kicking.

    The files are sought in ``root``, in $VHP_DATA/cmu, and in the user's cache; then they are
    downloaded from mocap.cs.cmu.edu, each checked against a known checksum of the frames that
    are kept before it enters the cache. A place that is named but lacks a file is an error.

    The data used in this project was obtained from mocap.cs.cmu.edu. The database was created
    with funding from NSF EIA-0196217.

    Args:
        root: folder that holds ``subjects/<subject>/<file>``.
        fallback: "mocap6" to take :func:`mocap6` instead, with a warning, when the files are
            nowhere and cannot be downloaded.

    Raises:
        FileNotFoundError: if a named place lacks a file.
        ConnectionError: if the files cannot be downloaded; it costs at most 10 seconds, once.
        ValueError: if a file is damaged, or ``fallback`` is unknown.

    Example:
        >>> vhp.data.cmu(root="empty")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        FileNotFoundError: empty/subjects/... is missing ...
    """
    if fallback not in (None, "mocap6"):
        raise ValueError(f"fallback must be None or 'mocap6', got {fallback!r}")
    try:
        folder, place = _find(root)
    except ConnectionError as error:
        if fallback is None:
            raise
        warnings.warn(f"the CMU motions are not at hand, mocap6 is used: {error}", stacklevel=2)
        return mocap6()
    return _assemble(folder, place)


def _find(root: str | os.PathLike | None) -> tuple[Path, str]:
    """The folder of subjects, and where it was found."""
    named = {}
    if root is not None:
        named["root"] = Path(root)
    elif os.environ.get("VHP_DATA"):
        named["$VHP_DATA/cmu"] = Path(os.environ["VHP_DATA"]) / "cmu"
    for name, place in named.items():
        lacking = [file for file in FILES if not (place / "subjects" / file).is_file()]
        if lacking:
            raise FileNotFoundError(
                f"{place / 'subjects' / lacking[0]} is missing ({len(lacking)} of {len(FILES)} "
                f"files are); {name} names this place: {_MEND}"
            )
        return place / "subjects", name
    import pooch  # here, because it warns of missing notebook widgets as soon as it is imported

    cached = Path(pooch.os_cache("vhp_core")) / "cmu" / "subjects"
    missing = [file for file in FILES if not (cached / file).is_file()]
    if missing:
        _download(missing, cached)
    return cached, "the cache, from mocap.cs.cmu.edu"


def _assemble(folder: Path, place: str) -> MotionData:
    skeletons = {s: read_asf(folder / s / f"{s}.asf") for s in SUBJECTS}
    skeleton = skeletons[SUBJECTS[0]]
    kept = [name for name in skeleton.channel_names if name.split()[0] not in _LEFT_OUT]
    motions = {t: _read_motion(folder, t, skeletons) for t in TRIALS}
    x, held_out = [], []
    for segment in SEGMENTS:
        motion = motions[segment.trial]
        columns = [motion.names.index(name) for name in kept]
        part = _kept_frames(motion, segment, folder)[:, columns]
        x.append(np.deg2rad(part))
        first = {"all": 0, "none": len(part), "last quarter": -(-3 * len(part) // 4)}
        held_out.append(np.arange(len(part)) >= first[segment.held_out])
    lengths = [len(part) for part in x]
    values, test = np.concatenate(x), torch.as_tensor(np.concatenate(held_out))
    mean = values[~test.numpy()].mean(0)
    return MotionData(
        x=torch.as_tensor(values - mean, dtype=torch.float32),
        mean=torch.as_tensor(mean, dtype=torch.float32),
        labels=np.repeat([segment.label for segment in SEGMENTS], lengths),
        trials=np.repeat([segment.name for segment in SEGMENTS], lengths),
        frames=np.concatenate([np.arange(n) for n in lengths]),
        split=(~test, test),
        source=(
            f"CMU motion capture, subjects {', '.join(SUBJECTS)}: {len(values)} frames of "
            f"{len(kept)} joint angles at 30 Hz, found in {place}"
        ),
        channels=tuple(kept),
        skeleton=skeleton,
        frame_rate=120 / _STRIDE,
        pose=np.zeros(len(skeleton.channel_names)),
        columns=np.array([skeleton.channel_names.index(name) for name in kept]),
    )


def _read_motion(folder: Path, trial: str, skeletons: dict[str, Skeleton]) -> Motion:
    subject = trial.split("_")[0]
    path = folder / subject / f"{trial}.amc"
    motion = read_amc(path, skeletons[subject])
    if not np.array_equal(motion.frames, 1 + np.arange(len(motion.frames))):
        raise ValueError(f"{path}: its frames are not 1, 2, 3, …; it is not whole: fetch it again")
    return motion


def _kept_frames(motion: Motion, segment: Segment, folder: Path) -> np.ndarray:
    """Slice first, then keep every fourth frame: (T, 62)."""
    if segment.stop is not None and len(motion.channels) < segment.stop:
        raise ValueError(
            f"{folder / segment.trial.split('_')[0] / segment.trial}.amc has only "
            f"{len(motion.channels)} frames, {segment.name} is needed; the file is cut off: fetch "
            "it again"
        )
    return motion.channels[segment.start : segment.stop : _STRIDE]


def checksum(folder: Path, file: str) -> str:
    """SHA-256 of what is used of a file, so that unused frames and layout do not count.

    Of an .asf: bone names, parents, degrees of freedom, directions, lengths, axes and unit. Of an
    .amc: channel names and kept frames, as little-endian doubles, in the order of the .asf.

    Raises:
        FileNotFoundError, ValueError: if the file, or the .asf beside it, cannot be read.
    """
    subject = file.split("/")[0]
    skeleton = read_asf(folder / subject / f"{subject}.asf")
    if file.endswith(".asf"):
        text = json.dumps([skeleton.names, skeleton.parents, skeleton.dof])
        arrays = [skeleton.directions, skeleton.lengths, skeleton.axes, skeleton.metres]
        if np.any(skeleton.position) or np.any(skeleton.orientation):  # of no known file
            arrays += [skeleton.position, skeleton.orientation]
    else:
        trial = Path(file).stem
        motion = _read_motion(folder, trial, {subject: skeleton})
        text = json.dumps(motion.names)
        arrays = [_kept_frames(motion, s, folder) for s in SEGMENTS if s.trial == trial]
    digest = hashlib.sha256(text.encode())
    for array in arrays:
        digest.update((np.ascontiguousarray(array, dtype="<f8") + 0.0).tobytes())  # −0 is 0
    return digest.hexdigest()


@cache
def known_checksums() -> dict[str, str]:
    """Checksums of :data:`FILES`, as ``scripts/make_cmu_checksums.py`` wrote them."""
    return json.loads(files(__package__).joinpath("cmu_checksums.json").read_text("utf-8"))


def _download(
    missing: list[str], folder: Path, url: str = _URL, patience: float = _PATIENCE
) -> None:
    """Skeletons come first: by them the motions are read. As :func:`.fetching.fetch`."""
    skeletons = [file for file in missing if file.endswith(".asf")]
    motions = [file for file in missing if not file.endswith(".asf")]
    fetch(
        url,
        [skeletons, motions],
        folder,
        partial(_check, folder),
        "put the files into a folder and name it: cmu(root=...) or the environment variable "
        'VHP_DATA; cmu(fallback="mocap6") takes the embedded set instead',
        patience,
    )


def _check(folder: Path, part: Path, file: str) -> None:
    subject = file.split("/")[0]
    if not file.endswith(".asf"):
        shutil.copy(folder / subject / f"{subject}.asf", part.parent)
    found, known = checksum(part.parent.parent, file), known_checksums()[file]
    if found != known:
        raise ValueError(
            f"its kept content has the checksum {found[:12]}…, expected {known[:12]}…; the "
            "file is not the one that is known and was not kept"
        )
