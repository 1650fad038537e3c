from .annealing import annealed_log_likelihood
from .caching import cached
from .claims import Claim, Claims
from .effects import Effect, clustered_effect, mean_effect, paired_effect, row_effect
from .fingerprints import DATA_SETS, fingerprint, source_hash
from .numerics import PROFILE, numerical_profile
from .studies import KeptModels, Study, is_current, read_models, read_study, study_file
from .tables import over_seeds, worded

__all__ = [
    "DATA_SETS",
    "PROFILE",
    "Claim",
    "Claims",
    "Effect",
    "KeptModels",
    "Study",
    "annealed_log_likelihood",
    "cached",
    "clustered_effect",
    "fingerprint",
    "is_current",
    "mean_effect",
    "numerical_profile",
    "over_seeds",
    "paired_effect",
    "read_models",
    "read_study",
    "row_effect",
    "source_hash",
    "study_file",
    "worded",
]
