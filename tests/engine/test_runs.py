import itertools
import json
import math
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import vhp_core as vhp
from vhp_core.engine import runs

STEPS = 240
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def fresh():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(300, 1, generator=generator) + 0.3 * torch.randn(300, 4, generator=generator)
    torch.manual_seed(2)
    model = vhp.mlp_vae(4, 1, (8,), num_importance_samples=3)
    return model, x, vhp.Rewo(kappa=1.2, nu=0.1, alpha=0.9, beta0=0.1)


def train(checkpoint=None, steps=STEPS, every=20, method="fit", **other):
    model, x, constraint = fresh()
    options = {
        "steps": steps, "batch_size": 32, "progress": False, "checkpoint": checkpoint,
        "checkpoint_every": every, "learning_rate": 1e-2, **other,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if method == "fit":
            history = vhp.fit(model, x, constraint, **options)
        else:
            history = vhp.fit_iwae(model, x, 3, **options)
    return model, history, constraint


def assert_same(one, other):
    for key, value in one[0].state_dict().items():
        assert torch.equal(value, other[0].state_dict()[key]), key
    assert one[1].columns == other[1].columns
    assert list(one[1].columns) == list(other[1].columns)
    assert one[2].state_dict() == other[2].state_dict()


@pytest.fixture(scope="module")
def whole():
    return train()


@pytest.mark.parametrize("method", ["fit", "fit_iwae"])
def test_the_learning_rate_falls_at_the_end_and_an_interrupted_run_falls_alike(
    tmp_path, monkeypatch, method
):
    """Over the last half of 40 steps from 20/20 to 1/20 of 0.01, whether or not one stopped."""
    rates, record = [], runs.Run.record

    def seen(run, **values):
        rates.append(run.optimizer.param_groups[0]["lr"])
        record(run, **values)

    def stopped(run, **values):
        record(run, **values)
        if run.step == 30:
            raise KeyboardInterrupt

    monkeypatch.setattr(runs.Run, "record", seen)
    straight = train(steps=40, method=method, cooldown=0.5)
    assert rates == pytest.approx([0.01] * 20 + [0.01 * k / 20 for k in range(20, 0, -1)])
    monkeypatch.setattr(runs.Run, "record", stopped)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", steps=40, every=10, method=method, cooldown=0.5)
    monkeypatch.setattr(runs.Run, "record", record)
    assert_same(straight, train(tmp_path / "run", steps=40, method=method, cooldown=0.5))
    with pytest.raises(ValueError, match="cooldown"):  # more steps would be another run
        train(tmp_path / "run", steps=50, method=method, cooldown=0.5)


@pytest.mark.parametrize("method", ["fit", "fit_iwae"])
def test_an_extended_run_is_the_long_run(tmp_path, method):
    long = train(method=method)
    path = tmp_path / "run"
    train(path, steps=90, method=method)
    assert_same(train(path, method=method), long)
    assert_same(train(path, method=method), long)  # it is done: nothing is left to do


def test_the_phases_are_both_crossed(whole):
    phase = whole[1].columns["initial_phase"]
    assert phase[0] and not phase[-1]


def train_slowly(path, result, pipe):
    """In a process of its own: say each step before it is recorded, then save the model."""
    record = vhp.training.Run.record

    def slow(run, **values):
        pipe.send(run.step)
        time.sleep(0.002)
        record(run, **values)

    torch.set_num_threads(1)
    vhp.training.Run.record = slow
    train(path)[0].save(result)


def test_a_killed_run_goes_on_to_the_same_end(tmp_path, whole):
    """SIGKILL at random moments, on a real process, until a run comes to its end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["vhp_core"])
    path, result = tmp_path / "run", tmp_path / "model"
    moments = random.Random(0)
    steps_done = []
    for attempt in range(5):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=train_slowly, args=(path, result, theirs))
        process.start()
        theirs.close()
        steps = []
        stop_after = moments.randrange(15, 75) if attempt < 4 else math.inf
        try:
            while len(steps) < stop_after:
                steps.append(ours.recv())
            time.sleep(moments.random() * 0.01)
            process.kill()
        except EOFError:  # it came to its end
            pass
        process.join()
        assert process.exitcode == (0 if attempt == 4 else -signal.SIGKILL)
        steps_done.append(steps)
    assert steps_done[0][0] == 1 and steps_done[-1][-1] == STEPS
    for before, after in itertools.pairwise(steps_done):
        # It goes on after a checkpoint, one of every 20 steps, not far behind where it was.
        assert (after[0] - 1) % 20 == 0 and 0 <= before[-1] + 1 - after[0] <= 20
    assert len(steps_done[-1]) < STEPS
    model = vhp.load(result)
    for key, value in whole[0].state_dict().items():
        assert torch.equal(value, model.state_dict()[key]), key


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"seed": 1}, "seed: 0 there, 1 here"),
        ({"batch_size": 16}, "batch_size: 32 there, 16 here"),
        ({"learning_rate": 2e-3}, "learning_rate: 0.01 there, 0.002 here"),
        ({"method": "fit_iwae"}, "method: 'fit' there, 'fit_iwae' here"),
        ({"steps": 10}, "has done 40 steps, more than steps = 10"),
        ({"cooldown": 0.5}, r"cooldown: None there, \[0.5, 60\] here"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_stays(tmp_path, other, message):
    path = tmp_path / "run"
    train(path, steps=40)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        train(path, **{"steps": 60, **other})
    assert path.read_bytes() == before


def test_a_checkpoint_of_other_data_model_or_constraint_is_refused(tmp_path):
    path = tmp_path / "run"
    train(path, steps=20)
    options = {"steps": 40, "batch_size": 32, "learning_rate": 1e-2, "checkpoint": path}
    model, x, constraint = fresh()
    with pytest.raises(ValueError, match="data:"):
        vhp.fit(model, x + 1, constraint, **options)
    with pytest.raises(ValueError, match="constraint:"):
        vhp.fit(model, x, vhp.Rewo(kappa=1.5, nu=0.1, alpha=0.9), **options)
    with pytest.raises(ValueError, match="model:"):
        vhp.fit(vhp.mlp_vae(4, 1, (9,)), x, constraint, **options)
    assert not model.training
    assert model.likelihood.log_scale.requires_grad  # it rests only while the run lasts


def test_a_mapped_array_trains_as_one_in_memory(tmp_path):
    model, x, constraint = fresh()
    np.save(tmp_path / "x.npy", x.numpy().astype(np.float64))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nor does it warn of an array that is read-only
        data = vhp.evaluation.check_data(model, mapped)
    assert data.held.data_ptr() == mapped.ctypes.data  # the file's own pages
    ours = vhp.fit(model, mapped, constraint, STEPS, 32, 1e-2, progress=False)
    theirs = train()
    assert ours.columns == theirs[1].columns
    assert torch.equal(model.likelihood.log_scale, theirs[0].likelihood.log_scale)


PROCESSES = """
    import json, sys, warnings
    import torch
    from lightning_fabric import Fabric
    import vhp_core as vhp

    def main():
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float64)
        devices = int(sys.argv[1])
        strategy = "ddp" if devices > 1 else "auto"
        fabric = Fabric(accelerator="cpu", devices=devices, strategy=strategy, precision="64-true")
        fabric.launch()
        generator = torch.Generator().manual_seed(1)
        x = torch.randn(300, 4, generator=generator) * torch.tensor([2, 0.3, 0.3, 0.3])
        result = {}
        for name in ("fit", "fit_iwae"):
            torch.manual_seed(2)
            model = vhp.mlp_vae(4, 2, (16,), num_importance_samples=3)
            constraint = vhp.Rewo(kappa=1.2, nu=0.1, alpha=0.9, beta0=0.1)
            options = dict(steps=200, batch_size=32, learning_rate=1e-2, progress=False)
            options["fabric"] = fabric
            if name == "fit":
                history = vhp.fit(model, x, constraint, **options)
            else:
                history = vhp.fit_iwae(model, x, 3, **options)
            result[name] = history.columns
            result[name + " weights"] = [p.sum().item() for p in model.parameters()]
        with open(f"{sys.argv[2]}.{fabric.global_rank}", "w") as file:
            json.dump(result, file)

    if __name__ == "__main__":
        warnings.simplefilter("ignore")
        main()
"""


def test_two_processes_train_as_one(tmp_path):
    """The same global batch on one and on two processes, in double precision, 200 steps."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(PROCESSES))
    for devices in (1, 2):
        command = [sys.executable, str(script), str(devices), str(tmp_path / f"of{devices}")]
        subprocess.run(command, check=True, timeout=120, env=ENVIRONMENT)
    one = json.loads((tmp_path / "of1.0").read_text())
    two = [json.loads((tmp_path / f"of2.{rank}").read_text()) for rank in (0, 1)]
    assert two[0] == two[1]  # multiplier, phase and all else agree on both
    for name, columns in one.items():
        if name.endswith("weights"):
            np.testing.assert_allclose(columns, two[0][name], rtol=1e-5, atol=1e-9)
            continue
        assert len(columns["step"]) == 200
        assert columns["initial_phase"] == two[0][name]["initial_phase"]
        for key, values in columns.items():
            np.testing.assert_allclose(values, two[0][name][key], rtol=1e-5, err_msg=key)
    assert one["fit"]["initial_phase"][0] and not one["fit"]["initial_phase"][-1]


def test_a_batch_that_cannot_be_shared_is_refused():
    class TwoProcesses:
        world_size = 2

    model, x, constraint = fresh()
    with pytest.raises(ValueError, match="multiple of the 2 processes, got 33"):
        vhp.fit(model, x, constraint, 1, 33, fabric=TwoProcesses())
