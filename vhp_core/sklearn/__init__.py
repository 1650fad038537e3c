"""The method as an estimator of scikit-learn, for pipelines and grid searches.

Inside this package ``sklearn`` is scikit-learn itself: imports of it are absolute.
"""

from .hierarchical_vae import HierarchicalVAE

__all__ = ["HierarchicalVAE"]
