"""What chapters need beside the method: training once, fingerprints, tables of studies."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
