"""Build the embedded motion data, vhp_core/data/mocap6.npz, from the package bnpy 0.1.7.

``python scripts/make_mocap6.py [bnpy-0.1.7.tar.gz]``; without an argument pip downloads it.
Numbers, channel names and labels are copied as they are; see vhp_core/data/MOCAP6.md.
"""

import csv
import io
import sys
import tarfile
from pathlib import Path

import numpy as np
from fetch_package import package_file

REQUIREMENT = "bnpy==0.1.7"
SHA256 = "edeb5140128e08a6a836ae92dfcdd042546fcb8d0a289a02d579e08131092201"
TARGET = Path(__file__).parents[1] / "vhp_core" / "data"


def read_rows(archive: tarfile.TarFile, name: str) -> list[dict[str, str]]:
    text = read_text(archive, f"bnpy/datasets/mocap6/{name}")
    return list(csv.DictReader(io.StringIO(text)))


def read_text(archive: tarfile.TarFile, name: str) -> str:
    member = archive.extractfile(f"bnpy-0.1.7/{name}")
    return member.read().decode("utf-8")


def main(path: str | None = None) -> None:
    """Write mocap6.npz and bnpy's licence."""
    with (
        package_file(REQUIREMENT, SHA256, "--no-binary", "bnpy", path=path) as file,
        tarfile.open(file) as archive,
    ):
        frames = read_rows(archive, "sensor_data_per_tstep.csv")
        actions = read_rows(archive, "actions_per_tstep.csv")
        sequences = read_rows(archive, "metadata_per_seq.csv")
        licence = read_text(archive, "LICENSE.txt")

    places = [(row["seq_id"], row["tstep_id"]) for row in frames]
    if places != [(row["seq_id"], row["tstep_id"]) for row in actions]:
        raise ValueError("frames and labels do not belong together")
    channels = [name for name in frames[0] if name not in ("seq_id", "tstep_id")]
    names, label = np.unique([row["action_name"] for row in actions], return_inverse=True)
    np.savez_compressed(  # its zip entries carry no date, so the bytes are the same every time
        TARGET / "mocap6.npz",
        values=np.array([[row[name] for name in channels] for row in frames], dtype=np.float32),
        channels=np.array(channels),
        label=label.astype(np.uint8),
        label_names=names,
        sequence=np.array([row["seq_id"] for row in frames], dtype=np.uint8),
        sequence_names=np.array([row["file_name"] for row in sequences]),
        step=np.array([row["tstep_id"] for row in frames], dtype=np.uint16),
    )
    (TARGET / "LICENSE-bnpy.txt").write_text(licence, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
