"""Optimisers and schedules of one's own, and gradients that are clipped."""

import pytest
import torch
from torch import optim
from torch.optim import lr_scheduler

from vhp_core.engine import runs

from .small_runs import assert_same, differ, raising, train


def test_adam_by_hand_is_the_usual_one():
    by_hand = train(optimizer=lambda parameters: optim.Adam(parameters, 1e-2, fused=True))
    assert_same(by_hand, train())
    assert_same(train(clip=1e9), train())
    assert_same(train(scheduler=lambda o: lr_scheduler.ConstantLR(o, 1.0)), train())


def test_weight_decay_shrinks_and_what_rests_stays():
    def decaying(rate):
        return train(steps=20, optimizer=lambda p: optim.SGD(p, 1e-3, weight_decay=rate))[0]

    plain, decayed = decaying(0.0), decaying(10.0)
    assert plain.history.columns["initial_phase"][-1]
    for name, value in plain.named_parameters():
        if name.startswith("prior."):
            assert torch.equal(value, decayed.get_parameter(name))
    assert decayed.decoder[0].weight.norm() < 0.9 * plain.decoder[0].weight.norm()


def test_a_clipped_step_of_gradient_descent_is_that_long():
    """Of gradient descent: the rate times the gradient, no longer than its largest norm."""

    def moved(clip):
        places = []

        def note(state):
            places.append(torch.cat([p.detach().flatten() for p in state.model.parameters()]))

        train(steps=2, clip=clip, callback=note, optimizer=lambda p: optim.SGD(p, 1e-4))
        return (places[1] - places[0]).norm().item()

    assert moved(None) > 1e-4
    assert moved(1.0) == pytest.approx(1e-4, rel=1e-2)


SCHEDULES = {
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 40),
    "steps": lambda o: lr_scheduler.MultiStepLR(o, [10, 25, 45], 0.3),
    "cycle": lambda o: lr_scheduler.OneCycleLR(o, 0.02, total_steps=61),
    "lambda": lambda o: lr_scheduler.LambdaLR(o, lambda step: 1 / (1 + step)),
    "sequence": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, 0.1, 1.0, 10), lr_scheduler.MultiStepLR(o, [9, 20])], [10]
    ),
}


@pytest.mark.parametrize(
    ("name", "kind"), [*((name, None) for name in SCHEDULES), ("sequence", optim.NAdam)]
)
def test_a_schedule_is_kept_and_an_interrupted_run_goes_on_with_it(tmp_path, name, kind):
    options = {"scheduler": SCHEDULES[name]}
    if kind is not None:
        options["optimizer"] = lambda parameters: kind(parameters, 1e-2)
    whole = train(**options)
    assert differ(whole, train())
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=path, callback=raising(33), **options)
    assert_same(train(checkpoint=path, **options), whole)


def test_the_rates_are_the_schedule_s(monkeypatch):
    rates, record = [], runs.Run.record

    def seen(run, **values):
        rates.append(run.optimizer.param_groups[0]["lr"])
        record(run, **values)

    monkeypatch.setattr(runs.Run, "record", seen)
    train(steps=6, scheduler=lambda o: lr_scheduler.StepLR(o, 2, 0.1))  # after the step's move
    assert rates == pytest.approx([1e-2, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5])


def test_momentum_and_what_an_optimiser_keeps_beside_tensors_are_resumed(tmp_path):
    class Counting(optim.SGD):
        """One with plain numbers in its state."""

        def step(self, closure=None):
            super().step(closure)
            for entry in self.state.values():
                entry["seen"] = entry.get("seen", 0) + 1
            for group in self.param_groups:
                group["lr"] = 1e-3 / (1 + next(iter(self.state.values()))["seen"])

    options = {"optimizer": lambda parameters: Counting(parameters, 1e-3, momentum=0.9)}
    whole, path = train(**options), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=path, callback=raising(33), **options)
    assert_same(train(checkpoint=path, **options), whole)


@pytest.mark.parametrize(
    ("there", "here", "message"),
    [
        ({"clip": 1.0}, {}, "clip: 1.0 there, None here"),
        ({"optimizer": optim.AdamW}, {}, "optimizer: .*AdamW.* there, None here"),
        ({"optimizer": optim.AdamW}, {"optimizer": optim.NAdam}, "AdamW.* there, .*NAdam.* here"),
        (
            {"scheduler": SCHEDULES["cosine"]},
            {"scheduler": lambda o: lr_scheduler.CosineAnnealingLR(o, 41)},
            "'T_max': 40.* there, .*'T_max': 41.* here",
        ),
    ],
)
def test_other_settings_are_another_run(tmp_path, there, here, message):
    train(steps=5, checkpoint=tmp_path / "run", **there)
    with pytest.raises(ValueError, match=message):
        train(checkpoint=tmp_path / "run", **here)


class Lamb(optim.SGD):
    """A name of those that treat each layer for itself."""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip": 0.0}, "clip.*above 0, got 0.0"),
        ({"optimizer": "adam"}, "optimizer must be a function.*AdamW.*got 'adam'"),
        ({"optimizer": lambda p: None}, "optimizer must return one of torch's"),
        ({"optimizer": lambda p: optim.SGD(p[:1], 0.1)}, "all of them"),
        ({"optimizer": lambda p: Lamb(p, 0.1)}, "Lamb treats each layer for itself"),
        ({"optimizer": lambda p: optim.Adafactor(p)}, "Adafactor treats each layer for itself"),
        ({"optimizer": lambda p: optim.LBFGS(p[:1])}, "LBFGS asks"),
        ({"scheduler": lambda o: None}, "scheduler must be a function"),
        ({"scheduler": lr_scheduler.ReduceLROnPlateau}, "waits for a measure"),
        ({"scheduler": SCHEDULES["cosine"], "cooldown": 0.5}, "give one of them"),
        ({"callback": "early"}, "callback must be a function of a RunState, got 'e'"),
        ({"callback": 3}, "callback must be a function of a RunState, got 3"),
    ],
)
def test_what_cannot_be_used_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        train(**options)
