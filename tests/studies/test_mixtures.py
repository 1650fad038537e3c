import torch

import vhp_core as vhp
from studies.mixtures import ProductVampPrior


def priors(dim=4, components=30):
    torch.manual_seed(0)
    encoder = vhp.GaussianMLP(6, dim, hidden=(16,))
    inputs = 3 * torch.randn(components, 6)
    return vhp.VampPrior(encoder, inputs), ProductVampPrior(encoder, inputs)


def test_density_is_the_librarys_also_far_away():
    library, ours = priors()
    z = torch.cat([torch.randn(20, 4), 30 + torch.randn(20, 4)])
    torch.testing.assert_close(ours.log_prob(z), library.log_prob(z), rtol=1e-5, atol=1e-5)
    assert ours.log_prob(z.unflatten(0, (5, 8))).shape == (5, 8)


def test_narrow_components_do_not_cancel():
    library, ours = priors()
    for prior in (library, ours):
        prior._encoder = (lambda u: vhp.DiagonalNormal(u[:, :4] + 50, u[:, :4].abs() * 0 + 1e-3),)
    z = library.pseudo_inputs[:, :4].detach() + 50 + 1e-3 * torch.randn(30, 4)
    exact = vhp.DiagonalNormal(
        library.pseudo_inputs[:, :4].double() + 50, torch.full((30, 4), 1e-3).double()
    ).log_prob(z.double().unsqueeze(-2))
    exact = exact.logsumexp(-1) - torch.tensor(30.0).log()
    torch.testing.assert_close(ours.log_prob(z).double(), exact, rtol=1e-2, atol=0.2)


def test_gradients_are_the_librarys():
    found = []
    for prior in priors():
        encoder = prior._encoder[0]
        encoder.zero_grad()
        prior.log_prob(torch.ones(3, 4)).sum().backward()
        found.append([p.grad.clone() for p in (prior.pseudo_inputs, *encoder.parameters())])
    for library, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, library, rtol=1e-4, atol=1e-5)


def test_state_fits_the_librarys_class():
    library, ours = priors()
    assert list(ours.state_dict()) == list(library.state_dict())
