from . import missing, mixed, observations, rows, tables
from .missing import expect_missing
from .mixed import MixedLikelihood, MixedTable
from .observations import check_codes, check_data
from .rows import Rows
from .tables import as_frame

__all__ = [
    "MixedLikelihood",
    "MixedTable",
    "Rows",
    "as_frame",
    "check_codes",
    "check_data",
    "expect_missing",
    "missing",
    "mixed",
    "observations",
    "rows",
    "tables",
]
