"""The matrix products of one VHP-VAE step, bare: no bias, no activation, nothing between them."""

import time
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch

from benchmarks import setting
from benchmarks.workers import serve


class Product(NamedTuple):
    """(rows, inner) times (inner, columns)."""

    kind: str
    rows: int
    inner: int
    columns: int

    @property
    def flops(self) -> int:
        """A multiplication and an addition for each of rows · inner · columns."""
        return 2 * self.rows * self.inner * self.columns


def mlp_products(rows: int, sizes: Sequence[int], input_gradient: bool) -> list[Product]:
    """Forward and backward of fully connected layers of these sizes on so many rows.

    Every layer has a forward product, one for the gradient of its weights, and one for that of
    its input; the first layer has the last only where its input is trained too.
    """
    products = []
    for number, (a, b) in enumerate(pairwise(sizes)):
        products.append(Product("forward", rows, a, b))
        products.append(Product("weight gradient", b, rows, a))
        if number or input_gradient:
            products.append(Product("input gradient", rows, b, a))
    return products


def step_products(
    x_dim: int = setting.X_DIM,
    z_dim: int = setting.Z_DIM,
    hidden: Sequence[int] = setting.HIDDEN,
    batch: int = setting.BATCH,
    K: int = setting.K,
) -> list[Product]:
    """All products of one step past the initial phase: every network is trained."""
    gaussian = [z_dim, *hidden, 2 * z_dim]  # a mean and a scale of z or ζ, which have equal sizes
    linear = [z_dim, z_dim]  # the map beside the network, of the mean alone
    return [
        *mlp_products(batch, [x_dim, *hidden, 2 * z_dim], input_gradient=False),  # encoder
        *mlp_products(batch, [x_dim, z_dim], input_gradient=False),
        *mlp_products(batch, [z_dim, *hidden, x_dim], input_gradient=True),  # decoder
        *mlp_products(batch, gaussian, input_gradient=True),  # q(ζ|z)
        *mlp_products(batch, linear, input_gradient=True),
        *mlp_products(batch * K, gaussian, input_gradient=True),  # p(z|ζ)
        *mlp_products(batch * K, linear, input_gradient=True),
    ]


def operands(product: Product) -> tuple[torch.Tensor, torch.Tensor]:
    """Two factors, laid out in memory as in the step of a layer whose weights are (out, in)."""
    _, rows, inner, columns = product
    if product.kind == "forward":  # x Wᵀ
        return torch.randn(rows, inner), torch.randn(columns, inner).T
    if product.kind == "weight gradient":  # gᵀ x
        return torch.randn(inner, rows).T, torch.randn(inner, columns)
    return torch.randn(rows, inner), torch.randn(inner, columns)  # g W


def measure(steps: int, few: int) -> dict:
    """Seconds for the products of one step, each result new, as an expression makes it."""
    pairs = [operands(product) for product in step_products()]
    start = 0.0
    for number in range(few + steps):
        if number == few:
            start = time.perf_counter()
        for a, b in pairs:
            torch.mm(a, b)
    return {"seconds": (time.perf_counter() - start) / steps}


def measure_in_place(steps: int, few: int) -> dict:
    """The same with every result written into memory that was taken before."""
    triples = [(a, b, a @ b) for a, b in map(operands, step_products())]
    start = 0.0
    for number in range(few + steps):
        if number == few:
            start = time.perf_counter()
        for a, b, result in triples:
            torch.mm(a, b, out=result)
    return {"seconds": (time.perf_counter() - start) / steps}


if __name__ == "__main__":
    torch.set_num_threads(setting.THREADS)
    serve({"products": measure, "products in place": measure_in_place})
