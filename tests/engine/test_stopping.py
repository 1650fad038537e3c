"""Runs that are stopped leave what they have, and go on to the same bits."""

import math
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from torch import nn

import vhp_core as vhp
from vhp_core.callbacks import EarlyStopping
from vhp_core.engine.checkpoints import read_tensors

from .small_runs import assert_same, fresh, raising, train

ROOT = Path(__file__).resolve().parents[2]


def own_memory(model):
    storages = {p.untyped_storage().data_ptr() for p in model.parameters()}
    return len(storages) == len(list(model.parameters()))


@pytest.mark.parametrize("method", ["fit", "fit_iwae"])
@pytest.mark.parametrize(
    ("step", "again"),
    [(1, "another model"), (37, "another model"), (37, "the same model"), (60, "the same model")],
)
def test_ctrl_c_leaves_all_and_the_same_call_goes_on(tmp_path, method, step, again):
    path, parts = tmp_path / "run", fresh()
    with pytest.raises(KeyboardInterrupt) as stopped:
        train(parts, method, checkpoint=path, callback=raising(step))
    (note,) = stopped.value.__notes__
    assert f"has done {step} of 60 steps" in note and f"goes on from there, by {path}" in note
    model, _, constraint = parts
    assert model.history.frame().step.tolist() == list(range(1, step + 1))
    assert not model.training and own_memory(model)
    if method == "fit":
        sigma2 = model.likelihood.log_scale.exp().item() ** 2
        assert sigma2 == pytest.approx(constraint.smoothed_error / 4, rel=1e-5)
    resumed = train(fresh() if again == "another model" else parts, method, checkpoint=path)
    assert_same(resumed, train(method=method))
    assert resumed[0].fits == 1 and resumed[0].history.resumed_at == step


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_a_step_that_is_cut_in_two_is_undone(tmp_path, where):
    """Batch statistics, noise and λ have moved, the weights have not."""

    class Fragile(nn.Module):
        calls, at = 0, None

        def forward(self, x):
            Fragile.calls += 1
            if Fragile.calls == Fragile.at and where == "forward":
                raise MemoryError
            if Fragile.calls == Fragile.at:
                x.register_hook(fail)
            return x

    def fail(gradient):
        raise MemoryError

    def parts():
        model, x, constraint = fresh()
        model.decoder.insert(1, nn.BatchNorm1d(8))
        model.decoder.append(Fragile())
        return model, x, constraint

    whole = train(parts())
    Fragile.calls, Fragile.at = 0, 23
    with pytest.raises(MemoryError):
        train(parts(), checkpoint=tmp_path / "run")
    Fragile.at = None
    assert read_tensors(tmp_path / "run")[1]["history.step"].tolist() == list(range(1, 23))
    assert_same(train(parts(), checkpoint=tmp_path / "run"), whole)


def test_a_run_that_did_nothing_did_not_happen(tmp_path):
    class Early(vhp.StandardNormal):
        def log_prob(self, z, num_samples=None):
            raise MemoryError

    model, x, constraint = fresh()
    prior, model.prior = model.prior, Early(1)
    with pytest.raises(MemoryError):
        vhp.fit(model, x, constraint, 5, 32, checkpoint=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    assert model.fits == 0 and constraint.smoothed_error is None
    model.prior = prior
    assert_same(train((model, x, constraint)), train())


def test_interrupted_early_stopping_stops_where_it_would_have(tmp_path):
    options = {"validation": fresh()[1][:50] + 0.1, "validate_every": 5, "steps": 300}
    stop = EarlyStopping(patience=4)
    whole = train(callback=stop, **options)
    end = len(whole[0].history)
    assert stop.best_step < end < 300
    for step in (end - 5, end - 3):  # in a step that looks at held-out data, and between
        path, later = tmp_path / f"run{step}", EarlyStopping(patience=4)
        with pytest.raises(KeyboardInterrupt):  # the first callback has seen the step, or has not
            train(callback=[raising(step), EarlyStopping(patience=4)], checkpoint=path, **options)
        resumed = train(callback=later, checkpoint=path, **options)
        assert_same(resumed, whole)
        assert (later.best, later.best_step) == (stop.best, stop.best_step)
        assert_same(train(callback=later, checkpoint=path, **options), whole)  # it is done


def test_a_run_stopped_by_a_function_goes_on_without_it(tmp_path):
    path = tmp_path / "run"
    stopped = train(callback=lambda state: state.step == 20, checkpoint=path)
    assert len(stopped[0].history) == 20
    assert_same(train(checkpoint=path), train())


SCRIPT = """
    import signal, sys, torch
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
    sys.path.insert(0, sys.argv[3])
    from tests.engine.small_runs import train
    torch.set_num_threads(1)
    told = lambda state: print(state.step, flush=True) if state.step == 20 else None
    try:
        model = train(steps=int(sys.argv[2]), checkpoint=sys.argv[1], callback=told)[0]
    except KeyboardInterrupt:
        print("stopped", flush=True)
        raise SystemExit(3)
    model.save(sys.argv[1] + ".model")
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_real_ctrl_c(tmp_path):
    path, script = tmp_path / "run", tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    command = [sys.executable, str(script), str(path), "100000", str(ROOT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "20\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped\n"
    assert process.returncode == 3
    done = len(read_tensors(path)[1]["history.step"])  # it was stopped before its first 500 steps
    assert 20 <= done < 500
    assert_same(train(checkpoint=path, steps=done + 20), train(steps=done + 20))


class Exploding(vhp.GaussianLikelihood):
    """An error that is no number from a certain call on."""

    def __init__(self, last):
        super().__init__()
        self.last, self.calls = last, 0

    def error(self, x, output):
        self.calls += self.training
        return super().error(x, output) * (math.nan if self.calls > self.last else 1.0)


def diverge(path, every=500, last=13):
    model, x, constraint = fresh()
    model.likelihood = Exploding(last)
    with pytest.raises(ValueError, match="diverged"):
        train((model, x, constraint), checkpoint=path, checkpoint_every=every)
    return model, constraint


def test_divergence_leaves_history_sigma_and_a_checkpoint(tmp_path):
    model, constraint = diverge(tmp_path / "run")
    assert len(model.history) == 13 and own_memory(model)
    sigma2 = model.likelihood.log_scale.exp().item() ** 2
    assert sigma2 == pytest.approx(constraint.smoothed_error / 4, rel=1e-5)
    tensors = read_tensors(tmp_path / "run")[1]
    assert len(tensors["history.step"]) == 13
    assert all(value.isfinite().all() for value in tensors.values() if value.is_floating_point())
    diverge(tmp_path / "other", every=5)  # it has one that is surely good
    assert len(read_tensors(tmp_path / "other")[1]["history.step"]) == 10


def test_lost_weights_are_never_written(tmp_path):
    model, x, constraint = fresh()

    def lose(state):
        if state.step == 15:
            with torch.no_grad():
                state.model.decoder[0].weight.fill_(math.nan)

    path = tmp_path / "run"
    with pytest.raises(ValueError, match="diverged"):
        train((model, x, constraint), checkpoint=path, checkpoint_every=5, callback=lose)
    assert len(read_tensors(path)[1]["history.step"]) == 10
