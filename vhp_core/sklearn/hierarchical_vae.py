"""A VAE as a scikit-learn transformer and density estimator."""

import hashlib
from collections.abc import Callable, Sequence
from numbers import Integral

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    DensityMixin,
    TransformerMixin,
)
from sklearn.utils import Tags, check_array, check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from ..builders import mlp_vae
from ..engine.seeding import seeded
from ..evaluation import check_data, log_likelihood
from ..multipliers import Rewo
from ..priors import VampPrior
from ..starting import linear_kappa, linear_start
from ..training import fit
from ..vae import VAE

__all__ = ["HierarchicalVAE"]

_ROWS_AT_ONCE = 1 << 13  # that pass through a network together


class HierarchicalVAE(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, DensityMixin, BaseEstimator
):
    r"""A VAE with a learned prior as a step of a scikit-learn pipeline.

    ``fit`` builds a model by :func:`vhp_core.mlp_vae`, puts its encoder on the principal axes
    (:func:`vhp_core.linear_start`) and trains it under the constraint E[C] ≤ κ² with
    :class:`vhp_core.Rewo` (:func:`vhp_core.fit`). It computes in single precision. Columns of
    different units need a step before it that scales them, such as scikit-learn's StandardScaler;
    κ and log-likelihoods are then those of the scaled columns.

    If κ is not given, it is that of :func:`vhp_core.linear_kappa`: the constraint tolerates what
    the linear VAE with as many latent dimensions leaves. A grid search over multiples of
    ``kappa_`` can do better.

    Args:
        z_dim: d_z, the dimension of the latent variable, at most the number of columns.
        prior: "hierarchical", "normal" or "vamp", whose pseudo-inputs begin as observations.
        likelihood: "gaussian", or "bernoulli" for data in [0, 1].
        kappa: κ, in the data's unit; None for that rule.
        hidden: widths of the hidden layers of all networks.
        num_importance_samples: K of the hierarchical prior's bound in training.
        steps: of training.
        batch_size: observations a step, drawn with replacement.
        learning_rate: of Adam.
        num_samples: of the importance-weighted log-likelihood, for each observation.
        missing: None refuses NaN; "model" hands it on to the model.
        random_state: seed of first weights, batches and noise. With the same integer ``fit``
            gives the same numbers on the same machine, those of ``vhp.fit`` with that seed. A
            generator, or numpy's own for None, is asked for one integer.
        verbose: show a progress bar.

    Attributes:
        model_: the trained :class:`vhp_core.VAE`, for all else that the library does with one.
        history_: the :class:`vhp_core.History` of the run.
        kappa_: κ of the run.
        n_iter_: steps done.
        n_features_in_: D, the number of columns.
        feature_names_in_: their names, where ``fit`` saw a data frame.

    Raises:
        ValueError: in ``fit`` if an argument is out of its range, there are not more observations
            than latent dimensions, or the data cannot be used. Other methods refuse data of other
            columns than those of ``fit``, and raise scikit-learn's NotFittedError before it.
        TypeError: in ``fit`` if a number that counts is no integer.

    Warns:
        UserWarning: in ``fit``, as :func:`vhp_core.fit`.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn.preprocessing import StandardScaler
        >>> small = {"hidden": (16,), "steps": 20, "num_samples": 10, "random_state": 0}
        >>> vae = vhp.sklearn.HierarchicalVAE(**small)
        >>> pipeline = make_pipeline(StandardScaler(), vae).set_output(transform="pandas")
        >>> x = load_iris(as_frame=True).data
        >>> pipeline.fit_transform(x).columns.tolist()
        ['hierarchicalvae0', 'hierarchicalvae1']
        >>> pipeline.score_samples(x).shape, vae.sample(3).shape
        ((150,), (3, 4))
    """

    def __init__(
        self,
        z_dim: int = 2,
        *,
        prior: str = "hierarchical",
        likelihood: str = "gaussian",
        kappa: float | None = None,
        hidden: Sequence[int] = (64, 64),
        num_importance_samples: int = 16,
        steps: int = 2000,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        num_samples: int = 100,
        missing: str | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ):
        self.z_dim = z_dim
        self.prior = prior
        self.likelihood = likelihood
        self.kappa = kappa
        self.hidden = hidden
        self.num_importance_samples = num_importance_samples
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.num_samples = num_samples
        self.missing = missing
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> "HierarchicalVAE":
        """Train a new model on X, (n, D). ``y`` is not used. Returns the estimator."""
        counts = ("z_dim", "num_importance_samples", "steps", "batch_size", "num_samples")
        for name in counts:
            check_scalar(getattr(self, name), name, Integral, min_val=1)
        if self.missing not in (None, "model"):
            raise ValueError(f"missing must be None or 'model', got {self.missing!r}")
        z_dim = int(self.z_dim)
        x = self._observations(X, True, ensure_min_samples=z_dim + 1, ensure_min_features=z_dim)
        seed = _seed(self.random_state)
        with seeded(seed):
            model = mlp_vae(
                x.shape[1],
                z_dim,
                hidden=self.hidden,
                prior=self.prior,
                likelihood=self.likelihood,
                num_importance_samples=int(self.num_importance_samples),
                num_pseudo_inputs=min(100, len(x)),
            )
            linear_start(model, x, missing=self.missing)
            if isinstance(model.prior, VampPrior):
                some = torch.randperm(len(x))[: len(model.prior.pseudo_inputs)]
                model.prior.pseudo_inputs.data.copy_(_filled(model, x[some]))
        constraint = Rewo(linear_kappa(model, x) if self.kappa is None else self.kappa)
        self.history_ = fit(
            model,
            x,
            constraint,
            steps=int(self.steps),
            batch_size=int(self.batch_size),
            learning_rate=self.learning_rate,
            seed=seed,
            progress=bool(self.verbose),
            missing=self.missing,
        )
        self.model_, self.kappa_, self.n_iter_ = model, constraint.kappa, int(self.steps)
        self._n_features_out = z_dim
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """The means of q(z|x), (n, D) -> (n, d_z)."""
        x = self._observations(X)
        return _in_parts(lambda part: self.model_.encode(part).mean, x)

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """The means of p(x|z) for codes z, (n, d_z) -> (n, D); of a Bernoulli's, probabilities."""
        check_is_fitted(self)
        z = torch.as_tensor(check_array(X, dtype=np.float32, input_name="X"))
        if z.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {z.shape[1]} columns, a code of this {type(self).__name__} has "
                f"{self._n_features_out}"
            )
        return _in_parts(lambda part: self.model_.decode(part).mean, z)

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """Importance-weighted estimate of log p(x) in nats, (n, D) -> (n,).

        It is :func:`vhp_core.evaluation.log_likelihood` with ``num_samples`` draws. An
        observation's noise has a seed made of its values, so that it gets the same number alone and
        among others.
        """
        x = self._observations(X)
        scores = [
            log_likelihood(self.model_, row[None], int(self.num_samples), seed=_seed_of_row(row))
            for row in x
        ]
        return torch.cat(scores).double().numpy()

    def score(self, X: ArrayLike, y: object = None) -> float:
        """The mean of :meth:`score_samples`, in nats an observation. ``y`` is not used."""
        return float(self.score_samples(X).mean())

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None
    ) -> np.ndarray:
        """Draws of p(x), (n_samples, D): of z, then of p(x|z), noise included.

        With ``random_state`` None they have the estimator's own, so that an integer given there
        repeats them at each call.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        with seeded(_seed(self.random_state if random_state is None else random_state)):
            return self.model_.sample(int(n_samples), noise=True).numpy()

    def _observations(self, X: ArrayLike, reset: bool = False, **least: int) -> Tensor:
        """X as scikit-learn wants it checked, and then as the model does."""
        if not reset:
            check_is_fitted(self)
        finite = "allow-nan" if self.missing == "model" else True
        options = {"dtype": np.float32, "ensure_all_finite": finite, "reset": reset}
        x = validate_data(self, X, **options, **least)
        return torch.as_tensor(np.ascontiguousarray(x)) if reset else check_data(self.model_, x)[:]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.input_tags.allow_nan = self.missing == "model"
        tags.input_tags.positive_only = self.likelihood == "bernoulli"
        return tags


def _seed(random_state: int | Integral | np.random.RandomState | None) -> int:
    """An integer as it is; of a generator, or of numpy's own for None, one draw."""
    if isinstance(random_state, Integral):
        return int(check_scalar(random_state, "random_state", Integral, min_val=0))
    return int(check_random_state(random_state).randint(2**31 - 1))


def _seed_of_row(row: Tensor) -> int:
    return int.from_bytes(hashlib.blake2b(row.numpy().tobytes(), digest_size=8).digest(), "big")


@torch.no_grad()
def _in_parts(function: Callable[[Tensor], Tensor], rows: Tensor) -> np.ndarray:
    return torch.cat([function(part) for part in rows.split(_ROWS_AT_ONCE)]).numpy()


def _filled(model: VAE, x: Tensor) -> Tensor:
    return x if model.fill is None else torch.where(x.isnan(), model.fill, x)
