"""What training and measuring stand on: it knows tensors and modules, and nothing of VAEs.

- ``arguments``: numbers that a caller hands over, taken or refused by their name;
- ``axes``: the leading principal axes of data;
- ``seeding``: random numbers from a seed, apart from the caller's own;
- ``distributions``: the Gaussian of networks, with densities in few passes over memory;
- ``bound``: the bound of a hierarchical prior with its gradient written out;
- ``layers``: the networks that it goes through, forward and backward;
- ``memory``: what a step frees, kept for the next;
- ``images``: their shapes through convolutions;
- ``protocols``: what parts of a model that are a user's own have to have;
- ``entries``: sums over the entries of observations;
- ``structure``: what a module is beside its weights, compared and written down;
- ``units``: of networks, their activations by name, and those that no longer learn;
- ``paths``: points one after another, resampled and measured;
- ``runs``: a run's batches, steps, progress bar, and how it ends;
- ``history``, ``validation``, ``calls``: what is seen of it, held-out data, callbacks;
- ``ahead``: steps on an accelerator that nothing waits for;
- ``optimisers``: what takes its steps, with schedules and clipping;
- ``saving``, ``interrupts``: its checkpoint, and Ctrl-C that waits for the end of a step;
- ``owners``: which model a constraint was moved with;
- ``alone``: one process on one device; a Lightning Fabric stands in its place for more;
- ``first_format``: files of models as they were first written;
- ``objectives``: what a run minimises, as a module;
- ``flat``: many parameters as few vectors;
- ``checkpoints``: files of tensors, written atomically;
- ``extras``: packages that only a part of the library needs.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    [
        "ahead",
        "alone",
        "bound",
        "calls",
        "checkpoints",
        "distributions",
        "entries",
        "extras",
        "first_format",
        "flat",
        "history",
        "images",
        "interrupts",
        "layers",
        "memory",
        "objectives",
        "optimisers",
        "owners",
        "protocols",
        "runs",
        "saving",
        "seeding",
        "structure",
        "units",
        "validation",
    ],
)
