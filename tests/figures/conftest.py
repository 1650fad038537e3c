import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest

from vhp_core import plotting


@pytest.fixture(autouse=True)
def theme():
    with plt.rc_context():
        plotting.set_theme()
        yield
    plt.close("all")
