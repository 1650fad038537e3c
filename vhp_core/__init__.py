"""Learning hierarchical priors in VAEs: the method of Klushyn et al. (NeurIPS 2019) in PyTorch.

Import it as ``import vhp_core as vhp``. The modules of this folder are the method, one a concept:
networks, likelihoods, priors, vae, builders, starting, multipliers, training, evaluation,
diagnosis, topology, interpolation, principal. ``vhp.data`` has the data sets, ``vhp.doors`` what a
user's own data come in through, ``vhp.callbacks`` what watches a run, ``vhp.sklearn`` the estimator
for scikit-learn, ``vhp.plotting`` the figures, :mod:`vhp_core.page` what moves in a page,
:mod:`vhp_core.book` what chapters need, and :mod:`vhp_core.engine` what the training loop stands
on. Each is loaded when it is first used.
"""

import lazy_loader as lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
