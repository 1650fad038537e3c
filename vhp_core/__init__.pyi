from . import book, data, evaluation, figures, page, plotting, topology
from . import builders as builders
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
from .builders import conv_vae, load, mlp_vae
from .interpolation import LatentGraph, compare_paths, resample, zeta_path
from .likelihoods import BernoulliLikelihood, GaussianLikelihood
from .multipliers import Geco, Rewo
from .networks import MLP, ConvDecoder, DiagonalNormal, GaussianConv, GaussianMLP
from .principal import PrincipalAxes
from .priors import HierarchicalPrior, StandardNormal, VampPrior
from .starting import start_encoder, start_prior
from .training import History, fit, fit_iwae
from .vae import VAE, Terms, importance_weighted_bound, lagrangian

__version__: str

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
    "book",
    "compare_paths",
    "conv_vae",
    "data",
    "evaluation",
    "figures",
    "fit",
    "fit_iwae",
    "importance_weighted_bound",
    "lagrangian",
    "load",
    "mlp_vae",
    "page",
    "plotting",
    "resample",
    "start_encoder",
    "start_prior",
    "topology",
    "zeta_path",
]
