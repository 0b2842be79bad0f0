"""How much of each language training reads."""

import numpy as np
import pytest

from training.data.sampling import language_entropy


def test_entropy_by_hand() -> None:
    assert language_entropy(np.array([4, 4, 4])) == 0.0
    assert language_entropy(np.array([[0, 1], [2, 3]])) == pytest.approx(np.log(4))
    # shares 3/4 and 1/4
    assert language_entropy(np.array([0, 0, 0, 9])) == pytest.approx(0.75 * np.log(4 / 3) + 0.25 * np.log(4))
