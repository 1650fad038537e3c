import sys
from types import ModuleType

import pytest

import vhp_core as vhp
from vhp_core.callbacks import tensorboard
from vhp_core.engine import extras

from ..engine.small_runs import assert_same, fresh, raising, train


@pytest.fixture
def written(monkeypatch):
    """What is written, by a writer that stands in for the package's."""
    log = []

    class SummaryWriter:
        def __init__(self, folder, purge_step):
            log.append(("open", folder, purge_step))

        def add_scalar(self, name, value, step):
            log.append((name, value, step))

        def close(self):
            log.append(("close",))

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = SummaryWriter
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    monkeypatch.setattr(tensorboard, "require", lambda *names: None)
    return log


def test_the_history_is_written_and_the_run_is_the_same(written):
    board = vhp.callbacks.TensorBoard("folder", every=20)
    options = {"validation": fresh()[1][:40], "validate_every": 30}
    run = train(callback=board, **options)
    assert_same(run, train(**options))
    assert written[0] == ("open", "folder", 1) and written[-1] == ("close",)
    frame = run[0].history.frame().set_index("step")
    scalars = written[1:-1]
    assert all(value == frame.loc[step, name] for name, value, step in scalars)
    steps = {name: [s for n, _, s in scalars if n == name] for name, _, _ in scalars}
    assert steps.pop("validation_bound") == [30, 60]
    assert steps.pop("validation_error") == steps.pop("validation_rate") == [30, 60]
    assert steps == {name: [20, 40, 60] for name in frame.columns[:5]}


def test_an_interrupted_run_is_written_out_and_goes_on(written, tmp_path):
    path = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        callback = [vhp.callbacks.TensorBoard("folder"), raising(25)]
        train(checkpoint=path, callback=callback)
    assert written[-1] == ("close",)
    train(checkpoint=path, callback=vhp.callbacks.TensorBoard("folder"))
    opened = [entry[2] for entry in written if entry[0] == "open"]
    assert opened[0] == 1 and opened[1] in (25, 26)


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'vhp_core\[tensorboard\]'"):
        vhp.callbacks.TensorBoard("folder")


def test_every_is_checked(written):
    with pytest.raises(ValueError, match="every"):
        vhp.callbacks.TensorBoard("folder", every=0)


def test_the_package_reads_what_was_written(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = train(callback=vhp.callbacks.TensorBoard(tmp_path / "runs", every=10))
    events = EventAccumulator(str(tmp_path / "runs")).Reload()
    errors = {event.step: event.value for event in events.Scalars("error")}
    frame = run[0].history.frame().set_index("step")
    assert errors == pytest.approx(frame.error[9::10].to_dict(), rel=1e-6)


def test_a_folder_with_another_runs_curves_is_refused(written, tmp_path):
    folder, path = tmp_path / "curves", tmp_path / "run"
    folder.mkdir()
    board = vhp.callbacks.TensorBoard(folder)
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=path, callback=[board, raising(30)])
    (folder / "events.out.tfevents.1").touch()  # as the package's own writer would have
    train(checkpoint=path, callback=vhp.callbacks.TensorBoard(folder))  # it goes on there
    with pytest.raises(ValueError, match="curves of another run: name a folder for this one"):
        train(callback=vhp.callbacks.TensorBoard(folder))


def test_the_class_in_the_place_of_an_object_is_refused():
    with pytest.raises(ValueError, match=r"must be an object: EarlyStopping\(...\), got the class"):
        train(callback=vhp.callbacks.EarlyStopping)
