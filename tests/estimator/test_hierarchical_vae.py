import io
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

import vhp_core as vhp
from vhp_core.engine.seeding import seeded
from vhp_core.sklearn import HierarchicalVAE, hierarchical_vae

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of so few steps
TINY = {"hidden": (4,), "steps": 2, "batch_size": 8, "num_importance_samples": 2, "num_samples": 2}
IRIS = load_iris(as_frame=True).data
X = StandardScaler().fit_transform(IRIS).astype(np.float32)


def tiny(**other) -> HierarchicalVAE:
    return HierarchicalVAE(**({"random_state": 0} | TINY | other))


@pytest.fixture(scope="module")
def fitted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tiny(steps=20).fit(X)


@parametrize_with_checks([HierarchicalVAE(**TINY)])  # none is expected to fail
def test_conventions_of_scikit_learn(estimator, check):
    check(estimator)


def test_the_face_is_not_scikit_learn_itself():
    assert vhp.sklearn.HierarchicalVAE is HierarchicalVAE
    assert vhp.sklearn is not sklearn and hasattr(sklearn, "get_config")


@pytest.mark.parametrize("prior", ["hierarchical", "normal", "vamp"])
def test_fit_is_the_recipe_of_the_library(prior):
    estimator = tiny(prior=prior, kappa=0.5, random_state=3).fit(X)
    with seeded(3):
        model = vhp.mlp_vae(4, 2, (4,), prior, num_importance_samples=2)
        if prior == "vamp":
            model.prior.pseudo_inputs.data.copy_(torch.as_tensor(X)[torch.randperm(150)[:100]])
    vhp.linear_start(model, X)
    constraint = vhp.Rewo(kappa=0.5)
    history = vhp.fit(model, X, constraint, steps=2, batch_size=8, seed=3, progress=False)
    assert estimator.history_ == history
    for name, value in model.state_dict().items():
        assert torch.equal(estimator.model_.state_dict()[name], value), name
    assert (estimator.n_iter_, estimator.n_features_in_, estimator.kappa_) == (2, 4, 0.5)


def test_pseudo_inputs_are_no_more_than_the_observations():
    assert tiny(prior="vamp").fit(X[:30]).model_.prior.pseudo_inputs.shape == (30, 4)


def test_the_same_integer_gives_the_same_numbers_and_leaves_the_callers_state_alone():
    before, torch_before = np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    estimator = tiny(random_state=5).fit(X)
    first = estimator.transform(X), estimator.score_samples(X[:9]), estimator.sample(3)
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert torch.equal(torch_before, torch.get_rng_state())
    again = clone(estimator).fit(X)
    second = again.transform(X), again.score_samples(X[:9]), again.sample(3)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], tiny(random_state=6).fit(X).transform(X))


def test_without_an_integer_the_seed_comes_from_a_generator():
    codes = []
    for state in (np.random.RandomState(1), np.random.RandomState(1), np.random.RandomState(2)):
        codes.append(tiny(random_state=state).fit_transform(X))
    assert np.array_equal(codes[0], codes[1]) and not np.array_equal(codes[0], codes[2])
    assert not np.array_equal(*(tiny(random_state=None).fit_transform(X) for _ in range(2)))


def test_transform_and_back_are_the_models_means(fitted, monkeypatch):
    monkeypatch.setattr(hierarchical_vae, "_ROWS_AT_ONCE", 40)
    codes = fitted.transform(X)
    with torch.no_grad():
        expected = fitted.model_.encode(torch.as_tensor(X)).mean
        decoded = fitted.model_.decode(expected).mean
    assert codes.shape == (150, 2) and codes.dtype == np.float32
    np.testing.assert_allclose(codes, expected, atol=1e-6)
    np.testing.assert_allclose(fitted.inverse_transform(codes), decoded, atol=1e-6)


def test_log_likelihood_of_a_linear_model_is_that_of_probabilistic_pca():
    pca = PCA(2).fit(X)
    estimator = tiny(hidden=(), prior="normal", num_samples=3000).fit(X)
    layer, noise = estimator.model_.decoder[0], pca.noise_variance_
    W = pca.components_.T * np.sqrt(pca.explained_variance_ - noise)
    layer.weight.data, layer.bias.data = torch.as_tensor(W), torch.as_tensor(pca.mean_)
    estimator.model_.likelihood.set_scale(4 * noise, dim=4)
    scores = estimator.score_samples(X[:40])
    np.testing.assert_allclose(scores, pca.score_samples(X[:40]), atol=0.1)
    assert estimator.score(X[:40]) == pytest.approx(pca.score(X[:40]), abs=0.02)
    draws = estimator.sample(20_000)
    np.testing.assert_allclose(np.cov(draws.T), pca.get_covariance(), atol=0.05)


def test_a_row_has_the_same_score_alone_and_among_others(fitted):
    scores = fitted.score_samples(X[:20])
    np.testing.assert_array_equal(fitted.score_samples(X[[7, 3]]), scores[[7, 3]])
    assert fitted.score(X[:20]) == scores.mean()


@pytest.mark.parametrize(("z_dim", "axes"), [(1, 1), (2, 2), (3, 3), (4, 3)])
def test_kappa_tolerates_what_the_linear_vae_does(z_dim, axes):
    noise = PCA(axes).fit(X).noise_variance_ * 149 / 150
    assert tiny(z_dim=z_dim, steps=1).fit(X).kappa_ ** 2 == pytest.approx(4 * noise, rel=1e-3)


def test_kappa_of_data_on_a_plane_is_a_hundredth_of_their_variance():
    plane = X[:, :2] @ np.array([[1.0, 0, 1], [0, 1.0, 1]])
    assert tiny(steps=1).fit(plane).kappa_ ** 2 == pytest.approx(0.01 * plane.var(0).sum())


def test_kappa_for_a_bernoulli_likelihood_is_the_same_share_of_the_means_error():
    bits = (X > 0).astype(float)
    mean = bits.mean(0)
    entropy = -(mean * np.log(mean) + (1 - mean) * np.log(1 - mean)).sum()
    share = 4 * PCA(2).fit(bits).noise_variance_ * 149 / 150 / bits.var(0).sum()
    estimator = tiny(likelihood="bernoulli").fit(bits)
    assert estimator.kappa_**2 == pytest.approx(share * entropy, rel=1e-3)
    assert set(np.unique(estimator.sample(50))) == {0, 1}
    decoded = estimator.inverse_transform(estimator.transform(bits))
    assert decoded.min() > 0 and decoded.max() < 1


def test_grid_search_over_kappa_in_a_pipeline():
    pipeline = Pipeline([("scale", StandardScaler()), ("vae", tiny(steps=30))])
    search = GridSearchCV(pipeline, {"vae__kappa": [0.5, 20.0]}, cv=2, error_score="raise")
    search.fit(IRIS[::3])
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all() and scores[0] != scores[1]
    assert search.best_params_["vae__kappa"] == [0.5, 20.0][scores.argmax()]
    best = search.best_estimator_
    z = best.set_output(transform="pandas").transform(IRIS)
    assert z.columns.tolist() == ["hierarchicalvae0", "hierarchicalvae1"]
    assert best.inverse_transform(z).shape == IRIS.shape  # in the data's own unit
    assert best.score_samples(IRIS[:9]).shape == (9,)


def test_names_of_columns(fitted):
    frame = pd.DataFrame(X, columns=IRIS.columns, index=[f"flower {k}" for k in range(150)])
    estimator = tiny().set_output(transform="pandas").fit(frame)
    assert estimator.feature_names_in_.tolist() == IRIS.columns.tolist()
    assert estimator.get_feature_names_out().tolist() == ["hierarchicalvae0", "hierarchicalvae1"]
    codes = estimator.transform(frame)
    assert codes.index.equals(frame.index)
    assert estimator.inverse_transform(codes).shape == (150, 4)
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.score_samples(frame[frame.columns[::-1]])


def test_pickle_and_joblib_keep_a_fitted_estimator(fitted):
    file = io.BytesIO()
    joblib.dump(fitted, file)
    file.seek(0)
    for same in (pickle.loads(pickle.dumps(fitted)), joblib.load(file)):
        np.testing.assert_array_equal(same.score_samples(X[:5]), fitted.score_samples(X[:5]))
        assert same.history_.frame().equals(fitted.history_.frame())


def test_samples_are_repeated_with_the_same_seed_only(fitted):
    assert fitted.sample().shape == (1, 4)
    np.testing.assert_array_equal(fitted.sample(5), fitted.sample(5, random_state=0))
    assert not np.array_equal(fitted.sample(5), fitted.sample(5, random_state=1))


def test_progress_is_silent_unless_asked_for_and_warnings_pass(capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    with pytest.warns(UserWarning, match="the error never fell below kappa"):
        tiny(kappa=1e-3).fit(X)
    assert capsys.readouterr() == ("", "")
    tiny(verbose=True).fit(X)
    assert "step" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"z_dim": 0}, ValueError, "z_dim == 0"),
        ({"z_dim": 1.5}, TypeError, "z_dim must be an instance of int"),
        ({"z_dim": 5}, ValueError, "a minimum of 5 is required by HierarchicalVAE"),
        ({"steps": 0}, ValueError, "steps == 0"),
        ({"batch_size": None}, TypeError, "batch_size must be"),
        ({"num_samples": 0}, ValueError, "num_samples == 0"),
        ({"prior": "flow"}, ValueError, "prior must be one of"),
        ({"likelihood": "poisson"}, ValueError, "likelihood must be one of"),
        ({"likelihood": "bernoulli"}, ValueError, r"x must lie in \[0, 1\]"),
        ({"kappa": 0}, ValueError, "kappa must be finite and above 0"),
        ({"learning_rate": 0}, ValueError, "learning_rate must be"),
        ({"missing": "mean"}, ValueError, "missing must be None or 'model', got 'mean'"),
        ({"random_state": -1}, ValueError, "random_state == -1"),
    ],
)
def test_fit_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        tiny(**arguments).fit(X)


def test_missing_values_are_refused_unless_the_model_is_to_have_them():
    holed = X.copy()
    holed[3, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        tiny().fit(holed)
    assert not get_tags(tiny()).input_tags.allow_nan
    assert get_tags(tiny(missing="model")).input_tags.allow_nan


@pytest.mark.parametrize("prior", ["hierarchical", "vamp"])
def test_missing_values_are_modelled_where_they_are_asked_to_be(prior):
    holed = X.copy()
    holed[::3, 1] = np.nan
    mine = tiny(missing="model", prior=prior).fit(holed)
    assert np.isfinite(mine.transform(holed)).all() and np.isfinite(mine.score(holed))
    assert np.isfinite(mine.inverse_transform(mine.transform(holed))).all()
    filled = np.where(np.isnan(holed), mine.model_.fill.numpy(), holed)
    np.testing.assert_array_equal(mine.transform(holed), mine.transform(filled))
    assert mine.score(holed) != mine.score(filled)  # what is missing has no part in log p


def test_other_data_and_codes_are_refused(fitted):
    with pytest.raises(ValueError, match="X has 3 columns, a code of this HierarchicalVAE has 2"):
        fitted.inverse_transform(X[:, :3])
    with pytest.raises(ValueError, match="n_samples == 0"):
        fitted.sample(0)
    for method in ("inverse_transform", "score", "score_samples", "sample"):
        with pytest.raises(NotFittedError):
            getattr(tiny(), method)(2 if method == "sample" else X)
