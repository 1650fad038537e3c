import pytest
import torch
from safetensors.torch import save_file

import vhp_core as vhp
from vhp_core import PrincipalAxes


def pictures(n=60, rank=5, noise=0.0, seed=0):
    """(n, 1, 6, 4) on a plane of ``rank`` dimensions, with axes of falling variance."""
    generator = torch.Generator().manual_seed(seed)
    axes = torch.linalg.qr(torch.randn(24, 24, generator=generator))[0][:rank]
    scores = torch.randn(n, rank, generator=generator) * torch.arange(rank, 0, -1)
    x = 0.3 + scores @ axes + noise * torch.randn(n, 24, generator=generator)
    return x.view(n, 1, 6, 4)


def test_data_on_a_plane_come_back_up_to_half_precision():
    x = pictures(rank=5)
    axes = PrincipalAxes.fit(x, 5)
    y = axes.coordinates(x)
    assert y.shape == (60, 5)
    assert (axes.restore(y) - x).abs().max() < 0.02 * x.std()
    spread = y.var(0)
    assert (spread[:-1] > spread[1:]).all()  # the leading axis first
    assert torch.allclose(axes.axes @ axes.axes.T, torch.eye(5), atol=2e-3)


def test_squared_distances_within_the_plane_are_those_of_coordinates():
    x = pictures(rank=5)
    axes = PrincipalAxes.fit(x, 5)
    y = axes.coordinates(x)
    of_pictures = (x[:20] - x[20:40]).square().flatten(1).sum(1)
    of_coordinates = (y[:20] - y[20:40]).square().sum(1)
    assert torch.allclose(of_pictures, of_coordinates, rtol=0.01)


def test_fewer_axes_leave_out_the_variance_of_the_others():
    x = pictures(n=400, rank=5)
    axes = PrincipalAxes.fit(x, 3)
    flat = x.flatten(1)
    lost = (axes.restore(axes.coordinates(x)) - x).square().flatten(1).sum(1).mean()
    values = torch.linalg.eigvalsh((flat - flat.mean(0)).T @ (flat - flat.mean(0)) / len(x))
    assert lost == pytest.approx(values[:-3].sum().item(), rel=0.01)


def test_the_leading_axes_are_the_first_coordinates():
    x = pictures(noise=0.5)
    axes = PrincipalAxes.fit(x, 5)
    few = axes.leading(2)
    assert torch.allclose(few.coordinates(x), axes.coordinates(x)[:, :2], atol=1e-6)
    for number in (0, 6):
        with pytest.raises(ValueError, match=r"number must lie in 1 \.\. 5"):
            axes.leading(number)


def test_a_model_of_coordinates_becomes_one_of_pictures():
    x = pictures()
    axes = PrincipalAxes.fit(x, 5)
    torch.manual_seed(0)
    model = vhp.mlp_vae(5, 2, hidden=(8,), num_importance_samples=2)
    whole = axes.around(model)
    y = axes.coordinates(x)
    assert torch.allclose(whole.encode(x).mean, model.encode(y).mean, atol=1e-4)
    z = torch.randn(7, 3, 2)
    decoded = whole.decode(z).mean
    assert decoded.shape == (7, 3, 1, 6, 4)
    assert torch.allclose(decoded, axes.restore(model.decode(z).mean), atol=1e-5)
    assert whole.prior is model.prior and whole.x_shape == (1, 6, 4)
    assert whole.sample(3).shape == (3, 1, 6, 4)


def test_the_error_of_pictures_is_that_of_coordinates_and_what_is_left_out():
    x = pictures(n=200, rank=5, noise=0.1)
    axes = PrincipalAxes.fit(x, 3)
    torch.manual_seed(0)
    model = vhp.mlp_vae(3, 2, hidden=(8,), prior="normal")
    y = axes.coordinates(x)
    left_out = (axes.restore(y) - x).square().flatten(1).sum(1).mean().item()
    inside = vhp.evaluation.reconstruction_error(model, y, 2, seed=0).mean().item()
    whole = vhp.evaluation.reconstruction_error(axes.around(model), x, 2, seed=0).mean().item()
    assert whole == pytest.approx(inside + left_out, rel=0.01)


def test_training_the_model_of_pictures_leaves_the_axes_alone():
    x = pictures()
    axes = PrincipalAxes.fit(x, 5)
    model = vhp.mlp_vae(5, 2, hidden=(8,), prior="normal")
    whole, first = axes.around(model), model.likelihood.log_scale.clone()
    vhp.fit_iwae(whole, x, 1, steps=3, batch_size=8, progress=False)
    assert torch.equal(whole.encoder[1].weight, axes.axes)
    assert not torch.equal(first, whole.likelihood.log_scale)  # σ is learned, and shared
    assert whole.likelihood.log_scale is model.likelihood.log_scale
    assert not whole.decoder[-2].weight.requires_grad


def test_the_same_seed_gives_the_same_axes():
    x = pictures(noise=0.5)
    assert torch.equal(PrincipalAxes.fit(x, 4, seed=1).axes, PrincipalAxes.fit(x, 4, seed=1).axes)


def test_a_file_brings_them_back_exactly(tmp_path):
    axes = PrincipalAxes.fit(pictures(), 5)
    axes.save(tmp_path / "axes.safetensors")
    again = PrincipalAxes.load(tmp_path / "axes.safetensors")
    assert torch.equal(axes.axes, again.axes) and torch.equal(axes.mean, again.mean)
    assert again.shape == (1, 6, 4) and again.axes.dtype == torch.float32


def test_what_cannot_be_used_is_refused(tmp_path):
    x = pictures()
    for number in (0, 25):
        with pytest.raises(ValueError, match=r"number must lie in 1 \.\. 24"):
            PrincipalAxes.fit(x, number)
    with pytest.raises(ValueError, match="x must be finite"):
        PrincipalAxes.fit(torch.full((9, 4), torch.nan), 2)
    axes = PrincipalAxes.fit(x, 5)
    with pytest.raises(ValueError, match=r"x must have shape \(n, 1, 6, 4\)"):
        axes.coordinates(torch.zeros(3, 24))
    with pytest.raises(ValueError, match="one of 5 coordinates"):
        axes.around(vhp.mlp_vae(6, 2, hidden=(8,)))
    with pytest.raises(ValueError, match="must be a GaussianLikelihood"):
        axes.around(vhp.mlp_vae(5, 2, hidden=(8,), likelihood="bernoulli"))
    with pytest.raises(ValueError, match="need a mean of 4 entries"):
        PrincipalAxes(torch.zeros(3), torch.zeros(2, 4), (4,))


def test_a_missing_or_foreign_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file with principal axes"):
        PrincipalAxes.load(tmp_path / "none.safetensors")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"not this")
    with pytest.raises(ValueError, match="does not hold principal axes"):
        PrincipalAxes.load(damaged)
    save_file({"mean": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="its format is None"):
        PrincipalAxes.load(tmp_path / "other.safetensors")
