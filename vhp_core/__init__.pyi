from . import (
    book,
    callbacks,
    data,
    doors,
    evaluation,
    figures,
    page,
    plotting,
    sklearn,
    topology,
)
from . import builders as builders
from . import diagnosis as diagnosis
from . import engine as engine
from . import interpolation as interpolation
from . import likelihoods as likelihoods
from . import multipliers as multipliers
from . import networks as networks
from . import principal as principal
from . import priors as priors
from . import starting as starting
from . import training as training
from . import vae as vae
from .builders import build, conv_vae, load, mlp_vae
from .engine.distributions import DiagonalNormal
from .engine.entries import Entrywise
from .engine.protocols import Likelihood, Prior
from .interpolation import LatentGraph, compare_paths, resample, zeta_path
from .likelihoods import (
    BernoulliLikelihood,
    GaussianLikelihood,
    GaussianPerColumnLikelihood,
)
from .multipliers import Geco, Rewo
from .networks import MLP, ConvDecoder, GaussianAroundLinear, GaussianConv, GaussianMLP
from .principal import PrincipalAxes
from .priors import HierarchicalPrior, StandardNormal, VampPrior
from .starting import linear_kappa, linear_start
from .training import History, fit, fit_iwae
from .vae import VAE, Terms, importance_weighted_bound, lagrangian

__version__: str

__all__ = [
    "MLP",
    "VAE",
    "BernoulliLikelihood",
    "ConvDecoder",
    "DiagonalNormal",
    "Entrywise",
    "GaussianAroundLinear",
    "GaussianConv",
    "GaussianLikelihood",
    "GaussianMLP",
    "GaussianPerColumnLikelihood",
    "Geco",
    "HierarchicalPrior",
    "History",
    "LatentGraph",
    "Likelihood",
    "PrincipalAxes",
    "Prior",
    "Rewo",
    "StandardNormal",
    "Terms",
    "VampPrior",
    "book",
    "build",
    "callbacks",
    "compare_paths",
    "conv_vae",
    "data",
    "doors",
    "evaluation",
    "figures",
    "fit",
    "fit_iwae",
    "importance_weighted_bound",
    "lagrangian",
    "linear_kappa",
    "linear_start",
    "load",
    "mlp_vae",
    "page",
    "plotting",
    "resample",
    "sklearn",
    "topology",
    "zeta_path",
]
