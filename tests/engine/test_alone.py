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


@pytest.mark.parametrize("precision", ["bf16-true", "16-true", "64-true"])
def test_a_fabric_that_would_convert_the_weights_is_refused_with_the_mend(precision):
    from lightning_fabric import Fabric

    fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
    fabric.launch()
    model = vhp.mlp_vae(3, 1, hidden=(4,))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=r"call model.to\(torch\.\w+\) yourself, or take"):
        vhp.fit(model, torch.randn(9, 3), vhp.Geco(1.0), 1, fabric=fabric, progress=False)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("bf16-true", torch.bfloat16), ("64-true", torch.double), ("bf16-mixed", torch.float32)],
)
def test_precisions_that_run(precision, dtype):
    from lightning_fabric import Fabric

    fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
    fabric.launch()
    model, x = vhp.mlp_vae(3, 1, hidden=(4,), seed=0).to(dtype), torch.randn(40, 3)
    before = model.decoder[0].weight.clone()
    vhp.fit(model, x, vhp.Rewo(1.0), 3, 8, fabric=fabric, progress=False)
    assert model.decoder[0].weight.dtype == dtype
    assert not torch.equal(model.decoder[0].weight, before)
