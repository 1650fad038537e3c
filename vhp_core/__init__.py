"""Learning hierarchical priors in VAEs: the method of Klushyn et al. (NeurIPS 2019) in PyTorch.

Import it as ``import vhp_core as vhp``. One module a concept: networks, priors, likelihoods, vae,
multipliers, training, evaluation, interpolation, principal; ``vhp.data`` has the data sets and
``vhp.plotting`` the figures.
"""

from . import data, evaluation, plotting, topology
from .convolutional import ConvDecoder, GaussianConv
from .interpolation import LatentGraph, compare_paths, resample, zeta_path
from .likelihoods import BernoulliLikelihood, GaussianLikelihood
from .multipliers import Geco, Rewo
from .networks import MLP, DiagonalNormal, GaussianMLP
from .principal import PrincipalAxes
from .priors import HierarchicalPrior, StandardNormal, VampPrior
from .starting import start_encoder, start_prior
from .training import History, fit, fit_iwae
from .vae import VAE, Terms, conv_vae, importance_weighted_bound, lagrangian, load, mlp_vae

__version__ = "0.1.0"

__all__ = [
    "MLP",
    "VAE",
    "BernoulliLikelihood",
    "ConvDecoder",
    "DiagonalNormal",
    "GaussianConv",
    "GaussianLikelihood",
    "GaussianMLP",
    "Geco",
    "HierarchicalPrior",
    "History",
    "LatentGraph",
    "PrincipalAxes",
    "Rewo",
    "StandardNormal",
    "Terms",
    "VampPrior",
    "compare_paths",
    "conv_vae",
    "data",
    "evaluation",
    "fit",
    "fit_iwae",
    "importance_weighted_bound",
    "lagrangian",
    "load",
    "mlp_vae",
    "plotting",
    "resample",
    "start_encoder",
    "start_prior",
    "topology",
    "zeta_path",
]
