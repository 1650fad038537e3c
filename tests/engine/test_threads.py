"""A run is the same alone and beside others, and the caller's random numbers go on."""

import sys
import threading

import pytest
import torch

from vhp_core.engine.seeding import draws_by_itself

from .small_runs import assert_same, fresh, train


def in_threads(*calls):
    results = [None] * len(calls)

    def run(number, call):
        results[number] = call()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("prior", ["hierarchical", "vamp"])
@pytest.mark.parametrize("method", ["fit", "fit_iwae"])
def test_two_runs_in_threads_are_each_what_one_is_alone(method, prior):
    options = {"validation": fresh()[1][:40], "validate_every": 10}
    alone = train(fresh(prior), method, **options)
    calls = [lambda: train(fresh_parts.pop(), method, **options)] * 2
    fresh_parts = [fresh(prior), fresh(prior)]  # their first weights come from the global state
    torch.manual_seed(7)
    before, pause = torch.get_rng_state(), sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        both = in_threads(*calls)
    finally:
        sys.setswitchinterval(pause)
    for one in both:
        assert_same(one, alone)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_a_thread_draws_meanwhile_is_its_own():
    alone = train()
    parts = fresh()
    torch.manual_seed(7)
    expected = [torch.randn(3) for _ in range(200)]
    torch.manual_seed(7)
    run, drawn = in_threads(lambda: train(parts), lambda: [torch.randn(3) for _ in range(200)])
    assert_same(run, alone)
    assert all(torch.equal(a, b) for a, b in zip(drawn, expected, strict=True))


def test_a_callback_draws_from_the_caller_s_state_and_does_not_change_the_run():
    def drawing(numbers):
        return lambda state: numbers.extend([torch.rand(1), state.model.sample(2)])

    def dropping():
        model, x, constraint = fresh()
        model.decoder.insert(1, torch.nn.Dropout(0.2))
        assert draws_by_itself(model)
        return model, x, constraint

    for parts in (fresh, dropping):
        model = parts()
        torch.manual_seed(7)
        expected = torch.rand(1)
        torch.manual_seed(7)
        numbers = []
        run = train(model, callback=drawing(numbers))
        assert torch.equal(numbers[0], expected)
        torch.manual_seed(8)  # in another state of the caller
        assert_same(train(parts(), callback=drawing([])), run)
        assert_same(train(parts()), run)


def test_a_model_with_dropout_leaves_the_caller_s_state_alone():
    parts = fresh()
    parts[0].decoder.insert(1, torch.nn.Dropout(0.2))
    torch.manual_seed(7)
    before = torch.get_rng_state()
    train(parts)
    assert torch.equal(torch.get_rng_state(), before)
