"""The measured peak of matrix products."""

import torch

from training.measures.peak import gemm_peak


def test_the_peak_is_a_rate() -> None:
    assert gemm_peak(torch.device("cpu"), torch.float32) > 1e8
