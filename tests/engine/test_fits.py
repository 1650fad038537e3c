"""Several fits of a model, and of a constraint."""

import copy
import warnings

import pytest
import torch

import vhp_core as vhp

from .small_runs import assert_same, differ, fresh, raising, train


def test_a_second_fit_has_a_stream_of_its_own():
    """From the same weights and with the same seed, yet with other batches and noise."""
    parts = train()
    assert (parts[0].fits, parts[0].history.fits_before) == (1, 0)
    again = copy.deepcopy(parts)
    anew = copy.deepcopy(parts)
    anew[0].fits = 0
    train(again), train(anew)
    assert (again[0].fits, again[0].history.fits_before) == (2, 1)
    assert again[0].history.columns["error"] != anew[0].history.columns["error"]
    twin = copy.deepcopy(parts)
    assert_same(train(twin), again)


def test_the_bar_tells_which_fit_it_is(capsys):
    parts = train(steps=1)
    train(parts, steps=1, progress=True)
    assert "fit 2:" in capsys.readouterr().err


def test_many_short_fits_do_what_a_long_one_does():
    """100 of 10 steps, which once saw the same ten batches again and again."""
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(500, 2, generator=generator) @ torch.randn(2, 5, generator=generator)
    data = data + 0.5 * torch.randn(500, 5, generator=generator)
    x, test = data[:300], data[300:]

    def error(fits, steps):
        torch.manual_seed(0)
        model, constraint = vhp.mlp_vae(5, 2, (32,), num_importance_samples=2), vhp.Rewo(1.2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(fits):
                vhp.fit(model, x, constraint, steps, progress=False)
        assert model.fits == fits
        return vhp.evaluation.reconstruction_error(model, test, 10).mean().item()

    assert error(100, 10) == pytest.approx(error(1, 1000), rel=0.1)


def test_a_second_fit_that_was_interrupted_is_resumed_in_either_process(tmp_path):
    whole = train(train())
    for again in ("the same model", "another model"):
        path, parts = tmp_path / again, train()
        with pytest.raises(KeyboardInterrupt):
            train(parts, checkpoint=path, callback=raising(31))
        assert parts[0].fits == 2
        resumed = train(fresh() if again == "another model" else parts, checkpoint=path)
        assert_same(resumed, whole)
        assert (resumed[0].fits, resumed[0].history.fits_before) == (2, 1)


def test_a_checkpoint_of_an_earlier_fit_does_not_undo_later_ones(tmp_path):
    parts = train(checkpoint=tmp_path / "run")
    train(train(parts))
    with pytest.raises(ValueError, match="fit 1, but this model has had 3 fits"):
        train(parts, checkpoint=tmp_path / "run")


@pytest.mark.parametrize("kind", [vhp.Geco, vhp.Rewo])
def test_a_constraint_of_another_model_is_refused_until_it_is_reset(kind):
    first, second = fresh(), fresh()
    constraint = kind(kappa=1.2, nu=0.1, alpha=0.9, beta0=0.1)
    train((*first[:2], constraint))
    train((*first[:2], constraint))  # with the same model it goes on
    with pytest.raises(ValueError, match=rf"{kind.__name__}\(.*reset\(\).*deepcopy"):
        train((*second[:2], constraint))
    assert second[0].fits == 0
    moved = copy.deepcopy(constraint)
    constraint.reset()
    new = kind(kappa=1.2, nu=0.1, alpha=0.9, beta0=0.1)
    assert constraint.state_dict() == new.state_dict() and vars(constraint) == vars(new)
    assert_same(train((*second[:2], constraint)), train((*fresh()[:2], new)))
    train((*fresh()[:2], moved))  # whoever copies it wants its λ


def test_a_moved_constraint_may_be_set_by_a_checkpoint(tmp_path):
    first, second = fresh(), fresh()
    with pytest.raises(KeyboardInterrupt):
        train(first, checkpoint=tmp_path / "run", callback=raising(20))
    resumed = train((*second[:2], first[2]), checkpoint=tmp_path / "run")
    assert_same(resumed, train())


def test_another_beta0_is_another_run(tmp_path):
    model, x, _ = train(checkpoint=tmp_path / "run")
    other = vhp.Rewo(kappa=1.2, nu=0.1, alpha=0.9, beta0=0.2)
    with pytest.raises(ValueError, match=r"constraint:.*'beta0': 0.1"):
        train((model, x, other), checkpoint=tmp_path / "run")


def test_differing_runs_differ():
    assert differ(train(seed=1), train())
