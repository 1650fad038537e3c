"""Forward kinematics against another one: 4 by 4 matrices from scipy's rotations."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vhp_core.data import Skeleton

KINDS = ("tx", "ty", "tz", "rx", "ry", "rz", "l")


def random_skeleton(seed, num_bones=12):
    """Any tree, any degrees of freedom in any order, axes, and a place of its own."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((num_bones + 1, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)

    def some(kinds):
        return tuple(rng.permutation(kinds)[: rng.integers(len(kinds) + 1)].tolist())

    return Skeleton(
        names=("root", *(f"bone {j}" for j in range(num_bones))),
        parents=(-1, *(int(rng.integers(j + 1)) for j in range(num_bones))),
        directions=directions,
        lengths=np.concatenate([[0], rng.uniform(0, 3, num_bones)]),
        axes=np.concatenate([np.zeros((1, 3)), rng.uniform(-180, 180, (num_bones, 3))]),
        dof=(tuple(rng.permutation(KINDS[:6]).tolist()), *(some(KINDS) for _ in range(num_bones))),
        metres=1.0,
        position=rng.standard_normal(3),
        orientation=rng.uniform(-180, 180, 3),
    )


def matrix(rotation=None, shift=(0, 0, 0)):
    result = np.eye(4)
    result[:3, 3] = shift
    if rotation is not None:
        result[:3, :3] = rotation.as_matrix()
    return result


def by_matrices(skeleton, frame):
    """One frame, bone by bone: (J, 3)."""
    values, ends = list(frame), []
    for j, parent in enumerate(skeleton.parents):
        own = {kind: values.pop(0) for kind in skeleton.dof[j]}
        turn = Rotation.identity()
        for kind, value in own.items():
            if kind[0] == "r":  # each about a fixed axis, after those before it
                turn = Rotation.from_euler(kind[1], value, degrees=True) * turn
        if parent < 0:
            whole = Rotation.from_euler("xyz", skeleton.orientation, degrees=True)
            before = matrix(whole, skeleton.position)
        else:
            before = ends[parent]
        axes = Rotation.from_euler("xyz", skeleton.axes[j], degrees=True)
        shift = [own.get(kind, 0.0) for kind in ("tx", "ty", "tz")]
        along = (skeleton.lengths[j] + own.get("l", 0.0)) * skeleton.directions[j]
        ends.append(
            before @ matrix(axes) @ matrix(shift=shift) @ matrix(turn) @ matrix(axes.inv())
            @ matrix(shift=along)
        )  # fmt: skip
    return np.array(ends)[:, :3, 3]


@pytest.mark.parametrize("seed", range(8))
def test_f1_f7_any_skeleton_agrees_with_matrices_composed_in_the_listed_order(seed):
    skeleton = random_skeleton(seed)
    rng = np.random.default_rng(100 + seed)
    shape = (6, len(skeleton.channel_names))
    channels = np.where(
        skeleton.is_length, rng.standard_normal(shape), rng.uniform(-360, 360, shape)
    )
    wanted = [by_matrices(skeleton, frame) for frame in channels]
    np.testing.assert_allclose(skeleton.joint_positions(channels), wanted, rtol=0, atol=1e-11)


def test_f1_the_order_of_rotations_matters_in_that_check():
    """The same channels by name, evaluated in another order, end elsewhere."""
    skeleton = Skeleton(
        names=("root", "arm"), parents=(-1, 0), directions=np.eye(3)[[0, 0]], axes=np.zeros((2, 3)),
        lengths=np.array([0.0, 1.0]), dof=((), ("rz", "rx")), metres=1.0,
    )  # fmt: skip
    ends = skeleton.joint_positions(np.array([[90.0, 90.0]]))[0, 1]
    np.testing.assert_allclose(ends, [0, 0, 1], atol=1e-12)  # x to y, then y to z


@pytest.mark.parametrize("dof", [("rw",), ("rx", "rx"), ("RX",)])
def test_degrees_of_freedom_that_do_not_exist_are_refused(dof):
    with pytest.raises(ValueError, match="dof of 'root' must be some of"):
        Skeleton(
            names=("root",), parents=(-1,), directions=np.zeros((1, 3)), axes=np.zeros((1, 3)),
            lengths=np.zeros(1), dof=(dof,), metres=1.0,
        )  # fmt: skip
