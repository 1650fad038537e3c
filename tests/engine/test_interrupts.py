import signal
import threading

import pytest

from vhp_core.engine.interrupts import Interrupts


@pytest.fixture(autouse=True)
def python_s_own_handler():
    """It is not in place where the tests run in a shell's background: SIGINT is ignored there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_it_waits_until_it_is_asked_for():
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        ctrl_c()
        still = "here"
        interrupts.check()
    assert still == "here"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_is_not_lost_at_the_end():
    with pytest.raises(KeyboardInterrupt), Interrupts():
        ctrl_c()


def test_a_second_one_does_not_wait():
    with Interrupts() as interrupts:
        ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()
        interrupts.check()  # it has been raised: nothing is left


def test_another_s_handler_and_other_threads_are_left_alone():
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        with Interrupts():
            ctrl_c()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [1]

    def elsewhere():
        with Interrupts() as interrupts:
            seen.append(interrupts.active)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [1, False]
