import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

import vhp_core as vhp
from vhp_core import Entrywise
from vhp_core.starting import linear_kappa, linear_start, principal_map


def test_the_map_gives_whitened_principal_components():
    torch.manual_seed(0)
    x = torch.randn(300, 6) @ torch.randn(6, 6) + 4
    A, b = principal_map(x, 3)
    scores = (x.double() @ A.T + b).numpy()
    np.testing.assert_allclose(scores.T @ scores / 300, np.eye(3), atol=1e-10)
    np.testing.assert_allclose(scores.mean(0), 0, atol=1e-10)
    expected = PCA(3, svd_solver="full").fit_transform(x.double().numpy())
    cosines = (expected * scores).sum(0) / np.linalg.norm(expected, axis=0) / 300**0.5
    np.testing.assert_allclose(abs(cosines), 1, atol=1e-10)
    torch.testing.assert_close((A, b), principal_map(x.view(300, 2, 3), 3))
    assert (A.gather(1, A.abs().argmax(1, keepdim=True)) > 0).all()  # the sign is settled


def test_few_axes_of_wide_data_are_exact_enough():
    """They are found by a randomised algorithm there."""
    torch.manual_seed(0)
    x = torch.randn(700, 20, dtype=torch.float64) @ torch.randn(20, 1200, dtype=torch.float64)
    A, b = principal_map(x, 2)
    z = x @ A.T + b
    torch.testing.assert_close(z.T @ z / 700, torch.eye(2, dtype=torch.float64))
    assert torch.equal(A, principal_map(x, 2)[0])


def test_the_pendulums_codes_start_as_a_ring_in_the_order_of_the_angle():
    data = vhp.data.pendulum(400)
    model = vhp.mlp_vae(256, 2, hidden=(16, 16))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    linear_start(model, data.x, scale=0.2)
    moved = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
    assert moved == {"encoder.linear", "encoder.net.4.weight", "encoder.net.4.bias"}
    with torch.no_grad():
        q = model.encode(data.x)
    torch.testing.assert_close(q.scale, torch.full((400, 2), 0.2))
    torch.testing.assert_close(q.mean.T @ q.mean / 400, torch.eye(2), atol=1e-4, rtol=0)
    assert vhp.topology.ring_score(q.mean) > 10
    angle = torch.atan2(q.mean[:, 1], q.mean[:, 0])
    assert abs(vhp.topology.circular_correlation(angle, data.angle)) > 0.99


def test_an_encoder_of_images_starts_at_the_same_codes():
    x = vhp.data.pendulum(300).x
    flat, images = vhp.mlp_vae(256, 2, hidden=(8,)), vhp.conv_vae(16, 2, (4, 6), 8)
    linear_start(flat, x)
    linear_start(images, x.view(-1, 1, 16, 16))
    with torch.no_grad():
        q, same = flat.encode(x), images.encode(x.view(-1, 1, 16, 16))
    torch.testing.assert_close(same.mean, q.mean, atol=1e-4, rtol=0)
    torch.testing.assert_close(same.scale, q.scale)


def test_a_started_model_comes_back_from_its_file_and_trains(tmp_path):
    x = vhp.data.pendulum(100).x
    model = vhp.mlp_vae(256, 2, hidden=(8,), num_importance_samples=2)
    linear_start(model, x)
    model.save(tmp_path / "model.safetensors")
    again = vhp.load(tmp_path / "model.safetensors")
    torch.testing.assert_close(again.encode(x).mean, model.encode(x).mean)
    before = {name: value.clone() for name, value in model.named_parameters()}
    vhp.fit(model, x, vhp.Geco(kappa=8.0), steps=3, progress=False)
    for name, value in model.named_parameters():
        assert not torch.equal(value, before[name]), name


def test_an_encoder_in_double_precision_keeps_it():
    x = vhp.data.pendulum(100).x.double()
    model = vhp.mlp_vae(256, 2, hidden=(8,)).double()
    linear_start(model, x)
    q = model.encode(x)
    eye = torch.eye(2, dtype=torch.float64)
    torch.testing.assert_close(q.mean.T @ q.mean / 100, eye, atol=1e-9, rtol=0)
    torch.testing.assert_close(q.scale, torch.full_like(q.scale, 0.3), atol=1e-12, rtol=0)


def linear_data(n=4000, noise=0.3):
    """Two directions of variances 9 and 4, and noise in all of six."""
    generator = torch.Generator().manual_seed(0)
    axes = torch.linalg.qr(torch.randn(6, 6, generator=generator))[0]
    z = torch.randn(n, 2, generator=generator) * torch.tensor([3.0, 2.0])
    return z @ axes[:2] + noise * torch.randn(n, 6, generator=generator)


def test_kappa_of_linear_data_is_that_of_their_noise():
    x = linear_data()
    model = vhp.mlp_vae(6, 2, hidden=(4,))
    assert linear_kappa(model, x) ** 2 == pytest.approx(6 * 0.3**2, rel=0.02)
    assert linear_kappa(model, 10 * x) == pytest.approx(10 * linear_kappa(model, x), rel=1e-5)
    per_column = vhp.mlp_vae(6, 2, hidden=(4,), likelihood="gaussian_per_column")
    assert linear_kappa(per_column, x) == linear_kappa(model, x)
    one = vhp.mlp_vae(6, 1, hidden=(4,))  # the second direction counts as noise
    assert linear_kappa(one, x) ** 2 == pytest.approx(6 * (4 + 5 * 0.09) / 5, rel=0.05)


def test_kappa_of_data_with_gaps_and_of_a_file(tmp_path):
    x = linear_data()
    gaps = x.clone()
    gaps[torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) < 0.1] = torch.nan
    kappa = linear_kappa(vhp.mlp_vae(6, 2, hidden=(4,)), gaps, missing="model")
    assert 6 * 0.3**2 < kappa**2 < 0.2 * 13.5  # more than of all: filled entries are off the plane
    np.save(tmp_path / "x.npy", x.numpy())
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    model = vhp.mlp_vae(6, 2, hidden=(4,))
    assert linear_kappa(model, mapped) == pytest.approx(linear_kappa(model, x), rel=1e-6)


def test_kappa_has_no_rule_for_another_likelihood():
    model = vhp.mlp_vae(6, 2, hidden=(4,))
    model.likelihood = Entrywise()
    with pytest.raises(ValueError, match="there is no rule for a Entrywise; choose kappa"):
        linear_kappa(model, linear_data(50))


def test_unusable_arguments_are_refused():
    x = vhp.data.pendulum(50).x
    model = vhp.mlp_vae(256, 2, hidden=(8,))
    for scale in (0.0, -1.0, 1e-5, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="scale must be finite and above"):
            linear_start(model, x, scale)
    with pytest.raises(ValueError, match="columns"):
        linear_start(model, x[:, :7])
    with pytest.raises(ValueError, match=r"dim must lie in 1 \.\. 1"):
        linear_start(model, x[:2])
    with pytest.raises(ValueError, match="fewer than 2 axes"):
        principal_map(torch.arange(10.0)[:, None] * torch.ones(3), 2)
    model.encoder = torch.nn.Sequential(model.encoder)
    with pytest.raises(ValueError, match=r"GaussianMLP or GaussianConv.* got a Sequential"):
        linear_start(model, x)
