"""joblib's Dask backend, mended where a study would hang or leave the cluster."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from joblib._dask import DaskDistributedBackend


class DaskBackend(DaskDistributedBackend):
    """joblib's own, in which a task whose workers died has a result, and one worker is enough.

    joblib 1.6 waits for ever for a task that Dask gave up because its workers died, and runs
    everything in the calling process when the cluster has but one thread.

    Args:
        client: a ``distributed.Client``.
        lost: called with a lost task's arguments and the error; what it returns is the result.
    """

    def __init__(self, *args: Any, lost: Callable | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lost = lost

    def effective_n_jobs(self, n_jobs: int = 1) -> int:
        """At least 2, which makes joblib submit. How much runs at once is Dask's to say."""
        return max(2, sum(self.client.ncores().values()))

    def submit(self, func: Any, callback: Callable | None = None) -> Future:
        """Hand a batch to Dask; ``callback`` gets its results in any case."""

        def settle(done: Future) -> None:
            if error := done.exception():
                callback([self.lost(args, error) for _, args, _ in func.items])

        future = super().submit(func, callback)
        future.add_done_callback(settle)
        return future
