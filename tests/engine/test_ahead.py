"""Steps that are read a block at a time are those that are read one by one."""

import warnings

import numpy as np
import pytest
import torch

import vhp_core as vhp
from vhp_core.engine.ahead import Ahead

CONSTRAINTS = {
    "rewo": lambda: vhp.Rewo(kappa=1.2, nu=0.1, alpha=0.9, beta0=0.1),
    "slack": lambda: vhp.Rewo(kappa=3.0, nu=0.1, alpha=0.5, beta0=0.1),
    "geco": lambda: vhp.Geco(kappa=1.2, nu=0.1, alpha=0.9, beta0=0.1),
    "limited": lambda: vhp.Geco(kappa=0.1, nu=30.0, max_log_step=5.0),  # λ reaches its guard
}


@pytest.fixture
def ahead(monkeypatch):
    """The path of a GPU, taken on this processor."""
    monkeypatch.setattr(Ahead, "devices", ("cpu", "cuda"))


def fresh():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(300, 1, generator=generator) + 0.3 * torch.randn(300, 4, generator=generator)
    torch.manual_seed(2)
    return vhp.mlp_vae(4, 1, (8,), num_importance_samples=3), x


def train(constraint="rewo", steps=240, **options):
    model, x = fresh()
    built = CONSTRAINTS[constraint]() if isinstance(constraint, str) else constraint
    given = {"steps": steps, "batch_size": 32, "progress": False, "learning_rate": 1e-2, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vhp.fit(model, x, built, **given)
    return model, built


def assert_close(one, other):
    frames = one[0].history.frame(), other[0].history.frame()
    assert list(frames[0]) == list(frames[1]) and len(frames[0]) == len(frames[1])
    np.testing.assert_allclose(*(frame.to_numpy(float) for frame in frames), rtol=2e-4, atol=1e-5)
    for a, b in zip(one[0].state_dict().values(), other[0].state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
    assert one[1].state_dict() == pytest.approx(other[1].state_dict(), rel=2e-4)


@pytest.mark.parametrize("steps", [240, 233, 3])
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_a_run_is_that_of_single_steps(constraint, steps, monkeypatch):
    one = train(constraint, steps)
    monkeypatch.setattr(Ahead, "devices", ("cpu",))
    assert_close(one, train(constraint, steps))


def test_nothing_is_read_within_a_block(ahead, monkeypatch):
    """Every way from a tensor to a number waits for the device."""
    read, step = [], []
    for name in ("item", "tolist", "__float__", "__bool__", "__int__", "cpu", "numpy", "nonzero"):
        original = getattr(torch.Tensor, name)

        def counted(self, *a, original=original, **k):
            read.append(len(step))
            return original(self, *a, **k)

        monkeypatch.setattr(torch.Tensor, name, counted)
    descend = Ahead.descend
    monkeypatch.setattr(Ahead, "descend", lambda *a: (step.append(1), descend(*a))[1])
    model, _ = train("geco", steps=150)
    assert len(step) == 149  # the steps 2 to 150: the first one makes Ĉ
    ends = {49, 99, 149}  # after so many of them a block is read
    assert {number for number in read if number > 0} == ends
    assert len(model.history) == 150


@pytest.mark.parametrize("every", [7, 50, 60])
def test_a_stopped_run_goes_on(ahead, tmp_path, every):
    whole = train(steps=240)
    train(steps=130, checkpoint=tmp_path / "run", checkpoint_every=every)
    again = train(steps=240, checkpoint=tmp_path / "run", checkpoint_every=every)
    assert again[0].history.resumed_at == 130
    assert_close(whole, again)


def test_a_run_that_diverges_does_so_in_the_same_step(monkeypatch):
    told = []
    # A step of a block that has diverged is taken again: of 101 to 150, which are the calls 151 on.
    for devices, bad in (("cuda", {130}), ("cpu", {130, 180})):
        monkeypatch.setattr(Ahead, "devices", (devices,))
        model, x = fresh()
        decoder, calls = model.decoder.forward, []

        def forward(z, decoder=decoder, calls=calls, bad=bad):
            calls.append(1)
            return decoder(z) * (float("nan") if len(calls) in bad else 1.0)

        monkeypatch.setattr(model.decoder, "forward", forward)
        with pytest.raises(ValueError, match="diverged") as error:
            vhp.fit(model, x, CONSTRAINTS["geco"](), 240, 32, 1e-2, progress=False)
        frame = model.history.frame()
        told.append((len(frame), frame, str(error.value.__notes__), model.state_dict()))
    assert told[0][0] == told[1][0] == 129
    np.testing.assert_allclose(
        told[0][1].to_numpy(float), told[1][1].to_numpy(float), rtol=2e-4, atol=1e-5
    )
    assert told[0][2] == told[1][2]
    for a, b in zip(told[0][3].values(), told[1][3].values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_an_interruption_within_a_block_goes_back_to_its_beginning(ahead, monkeypatch):
    descend = Ahead.descend

    def interrupted(self, *a):
        descend(self, *a)
        if self.run.step == 130:
            raise KeyboardInterrupt

    monkeypatch.setattr(Ahead, "descend", interrupted)
    model, x = fresh()
    constraint = CONSTRAINTS["geco"]()
    with pytest.raises(KeyboardInterrupt):
        vhp.fit(model, x, constraint, 240, 32, 1e-2, progress=False)
    monkeypatch.setattr(Ahead, "descend", descend)
    reference, moved = train("geco", steps=100)
    assert model.history.columns == reference.history.columns
    assert constraint.state_dict() == moved.state_dict()
    for name, value in model.prior.state_dict().items():
        assert torch.equal(value, reference.prior.state_dict()[name]), name


class Own(vhp.Geco):
    """A schedule that a user derived."""


@pytest.mark.parametrize("seen", ["callback", "validation", "subclass"])
def test_where_each_step_is_seen_none_is_taken_unread(ahead, monkeypatch, seen):
    monkeypatch.setattr(Ahead, "descend", lambda *a: pytest.fail("taken unread"))
    options = {
        "callback": {"callback": lambda state: None},
        "validation": {"validation": torch.randn(5, 4)},
        "subclass": {"constraint": Own(kappa=1.2, beta0=0.1)},
    }[seen]
    train(**{"constraint": "geco", "steps": 20, **options})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_nothing_waits_within_a_block(monkeypatch):
    descend, steps = Ahead.descend, []

    def strict(self, *a):
        steps.append(self.run.step)
        torch.cuda.set_sync_debug_mode("default" if self._due() else "error")
        try:
            descend(self, *a)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(Ahead, "descend", strict)
    train("geco", steps=150)
    assert len(steps) == 149
