from types import SimpleNamespace

import pytest
import torch

import vhp_core as vhp
from vhp_core.engine.alone import Alone


@pytest.mark.parametrize(
    ("home", "found", "dtype", "expected"),
    [
        ("cpu", None, torch.float32, "cpu"),
        ("cpu", "cuda", torch.float64, "cuda"),
        ("cuda:1", "cuda", torch.float32, "cuda:1"),  # and not on the first one
        ("cpu", "mps", torch.float32, "mps"),
        ("cpu", "mps", torch.float64, "cpu"),  # which has no double precision
    ],
)
def test_where_a_run_goes(monkeypatch, home, found, dtype, expected):
    device = None if found is None else torch.device(found)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: device)
    assert Alone(torch.device(home), dtype).device == torch.device(expected)


def test_double_precision_on_apples_gpu_is_refused_with_the_mend():
    fabric = SimpleNamespace(
        world_size=1, global_rank=0, is_global_zero=True, device=torch.device("mps:0")
    )
    model = vhp.mlp_vae(3, 1, hidden=(4,)).double()
    with pytest.raises(ValueError, match=r"no double precision: call model.float\(\)"):
        vhp.fit(model, torch.randn(9, 3), vhp.Geco(1.0), 1, fabric=fabric, progress=False)
