"""Tables: their numbers, and what comes out of a model as one."""

import numpy as np
import pandas as pd
import pytest
import torch

from vhp_core.doors.tables import as_frame, values_of

TABLE = pd.DataFrame({"age": [1, None], "member": [True, False]}, index=["ann", "bob"])


def test_the_numbers_of_a_table():
    values = values_of(TABLE.astype({"age": "Int64", "member": "boolean"}))
    np.testing.assert_array_equal(values, [[1.0, 1.0], [np.nan, 0.0]])


def test_what_comes_out_has_the_columns_and_the_rows_of_the_table():
    samples = as_frame(torch.ones(5, 2, requires_grad=True), TABLE)
    assert samples.columns.tolist() == ["age", "member"] and samples.index.tolist() == [*range(5)]
    assert as_frame(np.zeros((2, 2)), TABLE).index.tolist() == ["ann", "bob"]
    assert as_frame(torch.zeros(2), TABLE).index.tolist() == ["ann", "bob"]


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2)])
def test_what_fits_neither_is_refused(shape):
    with pytest.raises(ValueError, match=r"shape \(m, 2\) or \(2,\)"):
        as_frame(np.zeros(shape), TABLE)
