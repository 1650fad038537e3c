"""What training and measuring stand on: it knows tensors and modules, and nothing of VAEs.

- ``seeding``: random numbers from a seed, apart from the caller's own;
- ``arrays``: arrays of observations as tensors, and the refusal of those that are none;
- ``distributions``: the Gaussian of networks, with densities in few passes over memory;
- ``images``: their shapes through convolutions;
- ``entries``: sums over the entries of observations;
- ``units``: of networks, their activations by name, and those that no longer learn;
- ``paths``: points one after another, resampled and measured;
- ``runs``: a run's batches, steps, history, progress bar and checkpoints;
- ``alone``: one process on one device; a Lightning Fabric stands in its place for more;
- ``flat``: many parameters as few vectors;
- ``checkpoints``: files of tensors, written atomically;
- ``structure``: what a module is beside its weights, compared and written down;
- ``extras``: packages that only a part of the library needs.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    [
        "alone",
        "arrays",
        "checkpoints",
        "distributions",
        "entries",
        "extras",
        "flat",
        "images",
        "runs",
        "seeding",
        "structure",
        "units",
    ],
)
