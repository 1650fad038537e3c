"""The one door for data: what it takes, as which numbers, and how it refuses what is none."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import vhp_core as vhp
from vhp_core.doors import Rows, check_data

TABLE = np.array([[-5.0, 4, 3], [-2, -1, 5], [1, 2, 0], [4, 6, -3]])


def model(x_dim=3, **options):
    return vhp.mlp_vae(x_dim, 2, (4,), prior="normal", **options)


class Items(Dataset):
    """A data set whose items come with labels."""

    def __init__(self, x):
        self.x, self.read = x, []

    def __len__(self):
        return len(self.x)

    def __getitem__(self, row):
        self.read.append(row)
        return self.x[row], "label"


class Stream(IterableDataset):
    def __iter__(self):
        return iter([])


def frame(**columns):
    return pd.DataFrame({"age": [1, 2], "height": [1.5, 2.5], "member": [True, False]} | columns)


KINDS = {
    "double": TABLE,
    "half": TABLE.astype(np.float16),
    "whole": TABLE.astype(np.int8),
    "unsigned": (TABLE + 5).astype(np.uint16),
    "long double": TABLE.astype(np.longdouble),
    "other byte order": TABLE.astype(">f4"),
    "backwards": TABLE[::-1],
    "masked, nothing missing": np.ma.masked_array(TABLE, TABLE > 1e9),
    "list": TABLE.tolist(),
    "frame": pd.DataFrame(TABLE),
    "frame of nullable numbers": pd.DataFrame(TABLE).astype("Float64"),
    "sparse": scipy.sparse.coo_array(TABLE),
    "sparse matrix": scipy.sparse.csc_matrix(TABLE),
    "data set of tensors": TensorDataset(torch.as_tensor(TABLE)),
    "data set of arrays": Items(TABLE),
    "double tensor": torch.as_tensor(TABLE),
    "half tensor": torch.as_tensor(TABLE).bfloat16(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_numbers_and_goes_through_training_and_measuring(kind):
    x = KINDS[kind]
    values = np.asarray(TABLE[::-1] if kind == "backwards" else TABLE) + 5 * (kind == "unsigned")
    mine = model()
    taken = check_data(mine, x)
    assert len(taken) == 4 and taken.shape == (4, 3)
    np.testing.assert_array_equal(taken[:].numpy(), values.astype(np.float32))
    some = torch.tensor([3, 0, 3])
    np.testing.assert_array_equal(taken[some].numpy(), values[[3, 0, 3]].astype(np.float32))
    whole = torch.as_tensor(values, dtype=torch.float32)
    assert torch.equal(mine.encode(x).mean, mine.encode(whole).mean)
    error = vhp.evaluation.reconstruction_error
    assert torch.equal(error(mine, x), error(mine, whole))
    histories = []
    for data in (x, whole):
        torch.manual_seed(0)
        again = model()
        vhp.linear_start(again, data)
        histories.append(vhp.fit(again, data, vhp.Geco(kappa=90.0), 3, 8, progress=False).columns)
    assert histories[0] == histories[1]


def test_what_takes_fewer_bytes_stays_as_it_is_until_a_batch_needs_it():
    pixels = torch.randint(256, (6, 1, 4, 4), dtype=torch.uint8)
    mine = vhp.conv_vae(4, 2, (2,), 4, prior="normal", likelihood="bernoulli")
    taken = check_data(mine, pixels)
    assert isinstance(taken, Rows) and taken.held.data_ptr() == pixels.data_ptr()
    assert torch.equal(taken[:], pixels.float() / 255)  # grey levels
    assert torch.equal(check_data(mine, Items(pixels))[1:3], pixels[1:3].float() / 255)
    assert torch.equal(mine.encode(pixels).mean, mine.encode(pixels.float() / 255).mean)
    counts = torch.randint(256, (6, 3), dtype=torch.uint8)
    assert torch.equal(check_data(model(), counts)[:], counts.float())  # numbers, not pictures
    assert isinstance(check_data(model().double(), torch.zeros(2, 3)), Rows)


def test_a_data_set_is_read_by_the_batch():
    items = Items(TABLE)
    taken = check_data(model(), items)
    assert set(items.read) == {0}
    assert taken[torch.tensor([2, 2])].shape == (2, 3) and items.read[-2:] == [2, 2]
    assert check_data(model(), taken) is taken


def nan(value=math.nan):
    x = TABLE.copy()
    x[1, 2] = value
    return x


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (DataLoader(TensorDataset(torch.zeros(4, 3))), "DataLoader, but batches.*loader.dataset"),
        (Stream(), "Stream, but batches"),
        (TensorDataset(torch.zeros(4, 2)), "2 columns, the model was built for 3"),
        (TensorDataset(torch.zeros(0, 3)), "at least one observation"),
        (scipy.sparse.csr_array(np.zeros((2, 4))), "4 columns, the model was built for 3"),
        (scipy.sparse.csr_array(nan()), r"at index \(1, 2\)"),
        (torch.zeros(2, 3).to_sparse(), "to_dense"),
        (frame(age=["a", "b"]), r"not of real numbers: 'age'"),
        (frame(age=pd.Categorical(["a", "b"])), r"'age' \(category\)"),
        (frame(age=[1j, 2j]), r"'age' \(complex128\)"),
        (frame(age=[1.0, None]), r'row 1, column \'age\'.*missing="model"'),
        (frame(height=[math.inf, 1]), r"row 0, column 'height'; remove or fill these obs\w+$"),
        (np.ma.masked_array(TABLE, TABLE == 0), r'at index \(2, 2\).*missing="model"'),
        (nan(), 'missing="model"'),
        (frame()["age"], "must have 2 dimensions"),
        ([{"age": 1.0}, {"age": 2.0}], r"no numeric array.*give pandas.DataFrame\(x\)"),
        (frame(age=["a", "b"]), r"code the table by vhp_core.doors.MixedTable"),
    ],
)
def test_what_is_refused_and_how(x, message):
    with pytest.raises(ValueError, match=message):
        check_data(model(), x)


def test_an_item_of_a_data_set_is_looked_at_when_it_is_read():
    taken = check_data(model(), Items(nan()))
    assert taken[torch.tensor([0, 3])].isfinite().all()
    with pytest.raises(ValueError, match=r"first at index \(1, 2\)"):
        taken[torch.tensor([3, 1])]


def test_a_table_with_other_columns_than_the_fitted_one_is_refused():
    mine, x = model(), frame()
    started = vhp.mlp_vae(3, 1, (4,))
    vhp.linear_start(started, frame())
    assert started.columns == ("age", "height", "member")
    vhp.fit(mine, x, vhp.Geco(kappa=3.0), 2, 4, progress=False)
    with pytest.raises(ValueError, match=r"columns \['height', 'age', 'member'\], the model was"):
        mine.encode(x[["height", "age", "member"]])
    with pytest.raises(ValueError, match=r"give x\[list\(model.columns\)\]"):
        mine.encode(x[["height", "age", "member"]])
    assert mine.encode(x[["height", "age", "member"]][list(mine.columns)]).mean.shape == (2, 2)
    with pytest.raises(ValueError, match=r"'member'\]$"):  # no order of these would do
        mine.encode(x.rename(columns={"age": "years"}))
    assert mine.encode(x.to_numpy(float)).mean.shape == (2, 2)


def test_nothing_is_told_of_arrays_that_are_read_only():
    x = TABLE.copy()
    x.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_data(model(), x)


@pytest.mark.parametrize(
    ("shape", "x", "mend"),
    [
        ((3, 8, 6), np.zeros((2, 8, 6, 3)), r"move the channels, np.moveaxis\(x, -1, 1\)"),
        ((1, 8, 8), np.zeros((2, 8, 8)), r"give the one channel a dimension, x\[:, None\]"),
    ],
)
def test_pictures_whose_channels_are_elsewhere_are_refused_with_the_mend(shape, x, mend):
    pictures = vhp.conv_vae(shape, 2, channels=(2,), hidden=4, prior="normal")
    with pytest.raises(ValueError, match=mend):
        check_data(pictures, x)
    mended = np.moveaxis(x, -1, 1) if x.ndim == 4 else x[:, None]
    assert check_data(pictures, mended).shape == (2, *shape)


def test_decode_takes_arrays_and_tables():
    mine, z = model(), np.zeros((5, 2))
    wanted = mine.decode(torch.zeros(5, 2)).mean
    for codes in (z, z.tolist(), pd.DataFrame(z), torch.zeros(5, 2, dtype=torch.float64)):
        assert torch.equal(mine.decode(codes).mean, wanted)
    assert mine.decode(np.zeros((4, 5, 2))).mean.shape == (4, 5, 3)


@pytest.mark.parametrize("z", [np.zeros((5, 3)), torch.zeros(5, 1), torch.tensor(1.0)])
def test_codes_of_another_dimension_are_refused(z):
    with pytest.raises(ValueError, match=r"z must have shape \(\.\.\., 2\), d_z last, got"):
        model().decode(z)
    with pytest.raises(ValueError, match="z is no numeric array"):
        model().decode(["a", "b"])


def test_the_model_itself_takes_arrays():
    mine = model()
    assert mine(TABLE).error.shape == mine(torch.as_tensor(TABLE)).rate.shape == (4,)


def test_paths_and_axes_take_arrays():
    mine, x = model(), np.random.default_rng(0).standard_normal((20, 3))
    graph = vhp.LatentGraph(mine, 50, 5)
    paths = vhp.compare_paths(mine, graph, x[:2], x[2:4], data=x)
    assert len(paths) == 4 and paths.distance.notna().any()
    axes = vhp.PrincipalAxes.fit(x, 2)
    assert torch.equal(axes.coordinates(x), axes.coordinates(torch.as_tensor(x).float()))


class Several(Items):
    """Answers a whole batch at once, as torch's DataLoader asks for one."""

    def __init__(self, items):
        super().__init__(items)
        self.asked = []

    def __getitems__(self, rows):
        self.asked.append(rows)
        return [self[row] for row in rows]


@pytest.mark.parametrize("x", [TABLE, torch.as_tensor(TABLE), torch.as_tensor(TABLE).float()])
def test_data_set_is_asked_for_a_batch_at_once(x):
    data = Several(x)
    rows = check_data(model(), data)
    data.asked.clear()
    found = rows[torch.tensor([2, 0])]
    assert found.tolist() == TABLE[[2, 0]].tolist() and found.dtype == torch.float32
    assert data.asked == [[2, 0]]
