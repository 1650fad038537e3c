"""What a training loop stands on: it knows tensors and modules, and nothing of VAEs.

- ``seeding``: random numbers from a seed, apart from the caller's own;
- ``arrays``: arrays of observations as tensors, and the refusal of those that are none;
- ``runs``: a run's batches, steps, history, progress bar and checkpoints;
- ``alone``: one process on one device; a Lightning Fabric stands in its place for more;
- ``flat``: many parameters as few vectors;
- ``checkpoints``: files of tensors, written atomically;
- ``extras``: packages that only a part of the library needs.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    ["alone", "arrays", "checkpoints", "extras", "flat", "runs", "seeding"],
)
