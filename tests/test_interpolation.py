import math

import pytest
import torch

import vhp_core as vhp


class Cloud(torch.nn.Module):
    """A stand-in for a model whose prior's samples are given."""

    def __init__(self, points):
        super().__init__()
        self.prior = self
        self.points = points

    def sample(self, n):
        return self.points[:n]


def ring(n=400):
    angle = torch.linspace(0, 2 * math.pi, n + 1)[:-1]
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def test_path_follows_the_ring():
    graph = vhp.LatentGraph(Cloud(ring()), num_nodes=400, num_neighbors=4)
    start, end = torch.tensor([1.001, 0.0]), torch.tensor([-1.0, 0.01])
    path = graph.interpolate(start, end, num_points=60)
    assert path.shape == (60, 2)
    torch.testing.assert_close(path[0], start)
    torch.testing.assert_close(path[-1], end)
    assert (path.norm(dim=1) > 0.97).all()  # a straight line would pass through 0
    steps = path.diff(dim=0).norm(dim=1)
    assert steps.sum() == pytest.approx(math.pi, rel=0.02)
    assert steps.max() / steps.min() < 1.1


def test_shortest_of_two_ways():
    """With one neighbour each the edges are 0–1, 1–2 and 2–3; with two there is 0–3 as well."""
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 2.5]])
    for k, expected in [(1, 2 + math.sqrt(3.25)), (2, 2.5)]:
        graph = vhp.LatentGraph(Cloud(corners), num_nodes=4, num_neighbors=k)
        path = graph.shortest_path(corners[0], corners[3])
        assert path.diff(dim=0).norm(dim=1).sum().item() == pytest.approx(expected, rel=1e-6)


def test_squared_edges_keep_to_the_ring_where_lengths_cut_across():
    """Over a bridge of two samples the way is shorter, 2 against π, in edges of 2/3."""
    bridge = torch.tensor([[1 / 3, 0.0], [-1 / 3, 0.0]])
    cloud = Cloud(torch.cat([ring(40), bridge]))
    ends = torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 0.0])
    lengths = {}
    for power in (1, 2):
        graph = vhp.LatentGraph(cloud, num_nodes=42, num_neighbors=4, power=power)
        lengths[power] = graph.shortest_path(*ends).diff(dim=0).norm(dim=1).sum().item()
    assert lengths[1] < 2.2
    assert lengths[2] == pytest.approx(40 * math.sin(math.pi / 40), rel=0.01)


@pytest.mark.parametrize("power", [0.5, math.inf, math.nan])
def test_power_out_of_its_range_is_refused(power):
    with pytest.raises(ValueError, match="power must be finite and at least 1"):
        vhp.LatentGraph(Cloud(ring(10)), 10, 2, power=power)


def test_components_are_told_apart():
    islands = torch.cat([ring(50), ring(50) + 100, ring(50) - 100])
    graph = vhp.LatentGraph(Cloud(islands), num_nodes=150, num_neighbors=3)
    assert graph.num_components == 3
    with pytest.raises(ValueError, match="different components of the graph, which has 3"):
        graph.interpolate(torch.zeros(2), torch.full((2,), 100.0), 10)


def test_seed_decides():
    model = vhp.mlp_vae(5, 2, (8,))
    one, same, other = (vhp.LatentGraph(model, 50, 5, seed=s) for s in (3, 3, 4))
    assert torch.equal(one.nodes, same.nodes)
    assert not torch.equal(one.nodes, other.nodes)


def test_equal_ends_give_a_path_that_stays():
    graph = vhp.LatentGraph(Cloud(ring()), 400, 4)
    path = graph.interpolate(graph.nodes[5], graph.nodes[5], 7)
    torch.testing.assert_close(path, graph.nodes[5].repeat(7, 1))


def test_resample_by_hand():
    path = torch.tensor([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]])
    expected = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [3.0, 1.0]])
    torch.testing.assert_close(vhp.resample(path, 5), expected)
    repeated = torch.cat([path[:1], path[:2], path[1:]])
    torch.testing.assert_close(vhp.resample(repeated, 5), expected)


def test_compare_paths_measures_what_the_parts_measure():
    model = vhp.mlp_vae(5, 2, (8,))
    x = torch.randn(6, 5)
    graph = vhp.LatentGraph(model, 300, 8)
    table = vhp.compare_paths(model, graph, x[:2], x[2:4], x, num_points=20)
    assert table.path.tolist() == ["graph", "straight"] * 2
    assert table.pair.tolist() == [0, 0, 1, 1]
    with torch.no_grad():
        z = model.encode(x).mean
        for i in range(2):
            for j, path in enumerate(
                [graph.interpolate(z[i], z[2 + i], 20), vhp.resample(z[[i, 2 + i]], 20)]
            ):
                decoded = model.decode(path).mean
                row = table.iloc[2 * i + j]
                assert row.roughness == pytest.approx(vhp.evaluation.roughness(decoded))
                assert row.distance == pytest.approx(vhp.evaluation.distance_to_data(decoded, x))


def test_compare_paths_keeps_a_place_for_a_path_that_is_not_there():
    model = vhp.mlp_vae(5, 2, (8,))
    x = torch.randn(4, 5)
    with torch.no_grad():
        near, far = model.encode(x[:2]).mean
    islands = Cloud(torch.cat([near + 1e-3 * ring(50), far + 1e-3 * ring(50)]))
    graph = vhp.LatentGraph(islands, 100, 3)
    table = vhp.compare_paths(model, graph, x[:1], x[1:2], x).set_index("path")
    assert graph.num_components == 2
    assert table.loc["graph", ["roughness", "distance"]].isna().all()
    assert table.loc["straight", ["roughness", "distance"]].notna().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: vhp.LatentGraph(Cloud(ring()), 1, 1), "num_nodes"),
        (lambda g: vhp.LatentGraph(Cloud(ring()), 10, 10), "num_neighbors"),
        (lambda g: vhp.LatentGraph(Cloud(ring()), 10, 0), "num_neighbors"),
        (lambda g: g.interpolate(torch.zeros(3), torch.zeros(2)), "z_start must have shape"),
        (lambda g: g.interpolate(torch.zeros(2), torch.full((2,), math.nan)), "z_end is not"),
        (lambda g: g.interpolate(torch.zeros(2), torch.ones(2), 1), "num_points"),
        (lambda g: vhp.resample(torch.zeros(1, 2), 5), "path must have shape"),
    ],
)
def test_bad_input_is_refused(call, message):
    graph = vhp.LatentGraph(Cloud(ring()), 400, 4)
    with pytest.raises(ValueError, match=message):
        call(graph)


def linear_model():
    """p(z|ζ) = N(2ζ + 1, 0.5²) and q(ζ|z) = N((z − 1)/2, ·): a straight line stays one."""
    model = vhp.mlp_vae(3, 2, hidden=())
    eye = torch.eye(2)
    model.prior.conditional.set_affine(2 * eye, torch.ones(2), 0.5)
    model.prior.inference.set_affine(eye / 2, -torch.ones(2) / 2, 0.2)
    return model


def test_means_leave_the_noise_of_the_conditional_out():
    """Of a linear prior the samples' variance is 2² + 0.5², that of the means 2²."""
    model = linear_model()
    for nodes, variance in (("samples", 4.25), ("means", 4.0)):
        graph = vhp.LatentGraph(model, 20000, 5, seed=1, nodes=nodes)
        assert graph.nodes.var(0).mean() == pytest.approx(variance, rel=0.015)
        assert not graph.nodes.requires_grad


def test_a_path_straight_in_zeta_is_straight_under_a_linear_prior():
    ends = torch.tensor([[0.0, 1.0], [3.0, -2.0]])
    path = vhp.zeta_path(linear_model(), *ends, num_points=7)
    torch.testing.assert_close(path, vhp.resample(ends, 7), atol=1e-5, rtol=0)


def test_a_path_straight_in_zeta_follows_the_prior_s_curve():
    """p(z|ζ) with its mean on a bent line, by one ReLU: (ζ₁, |ζ₁|) = (ζ₁, 2 ReLU(ζ₁) − ζ₁)."""
    model = vhp.mlp_vae(3, 2, hidden=(3,), activation="relu")
    with torch.no_grad():
        for network in (model.prior.conditional, model.prior.inference):
            for parameter in network.parameters():
                parameter.zero_()
        first, _, last = model.prior.conditional.net
        first.weight[:3, 0] = torch.tensor([1.0, 1.0, -1.0])
        last.weight[0, :] = torch.tensor([1.0, 0.0, -1.0])
        last.weight[1, :] = torch.tensor([1.0, 0.0, 1.0])
        first, _, last = model.prior.inference.net
        first.weight[:3, 0] = torch.tensor([1.0, 1.0, -1.0])
        last.weight[0, :] = torch.tensor([1.0, 0.0, -1.0])
    path = vhp.zeta_path(model, torch.tensor([-1.0, 1.0]), torch.tensor([1.0, 1.0]), 21)
    torch.testing.assert_close(path[:, 1], path[:, 0].abs(), atol=0.01, rtol=0)
    assert path[10, 1] < 0.01  # through the corner, where a straight line would stay at 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: vhp.LatentGraph(m, 20, 3, nodes="means"), "must be a HierarchicalPrior"),
        (lambda m: vhp.LatentGraph(m, 20, 3, nodes="modes"), "nodes must be 'samples' or 'means'"),
        (lambda m: vhp.zeta_path(m, torch.zeros(2), torch.ones(2)), "must be a HierarchicalPrior"),
    ],
)
def test_a_prior_without_zeta_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(vhp.mlp_vae(3, 2, (8,), prior="normal"))
