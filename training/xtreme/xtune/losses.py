"""The two consistency terms of xTune: R1 over two views of an example, R2 with a frozen earlier model.

Zheng et al., "Consistency Regularization for Cross-Lingual Fine-Tuning" (2021), section 3; how the sums are divided
is in no formula there and follows the released code (bozheng-hit/xTune, `src/transformers/modeling_xlm_roberta.py`),
because λ1 and λ2 were chosen under it. A target distribution never gets a gradient.

Sentence pairs and words have rows of logits `[N, C]`; spans have a start and an end logit for each packed token,
`[T, 2]`, of sequences with `lengths`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def divergence(logits: Tensor, target: Tensor) -> Tensor:
    """Return KL(target || logits), float32, divided by the rows AND the classes, 0 without rows.

    `logits` and `target` are `[N, C]` before the softmax. The released `KL` leaves `F.kl_div` at its default reduction,
    the mean over all elements: λ = 5 means 5 / C beside a cross-entropy that is divided by the rows alone.
    """
    if not len(logits):
        return logits.float().sum()
    log_q, log_p = F.log_softmax(logits.float(), -1), F.log_softmax(target.detach().float(), -1)
    return (log_p.exp() * (log_p - log_q)).mean()


def consistency(first: Tensor, second: Tensor) -> Tensor:
    """Return R1 of two views of the same sentence pairs or words, logits `[N, C]` each: both directions, added."""
    return divergence(second, first) + divergence(first, second)


def agreement(logits: Tensor, teacher: Tensor, hard: bool) -> Tensor:
    """Return R2: how far logits `[N, C]` are from the frozen model's, or with `hard` from the labels it would give."""
    if not hard:
        return divergence(logits, teacher)
    if not len(logits):
        return logits.float().sum()
    return F.cross_entropy(logits.float(), teacher.argmax(-1))


def span_consistency(
    first: Tensor,
    second: Tensor,
    first_lengths: tuple[int, ...],
    second_lengths: tuple[int, ...],
    first_kept: Tensor,
    second_kept: Tensor,
) -> Tensor:
    """Return R1 of two views of the same N windows.

    `first_kept` and `second_kept` (int64 `[K]`, ascending) are the tokens that stand in both views, in the same order:
    <s> and those of unchanged words. All other tokens of a window share one residual probability. The divergences are
    summed over tokens and divided by N; the two directions are averaged, start and end are added.
    """
    ours = _pooled(first, first_lengths, first_kept)
    theirs = _pooled(second, second_lengths, second_kept)
    both = _summed_divergence(ours, theirs) + _summed_divergence(theirs, ours)
    return both / (2 * len(first_lengths))


def span_agreement(logits: Tensor, teacher: Tensor, lengths: tuple[int, ...], hard: bool) -> Tensor:
    """Return R2 of N windows: the divergence from the frozen model, summed over tokens and divided by N.

    Start and end are averaged. With `hard`, the cross-entropy with the frozen model's best start and best end.
    """
    if not lengths:
        return logits.float().sum()
    ours = log_probabilities(logits, lengths)
    if not hard:
        return _summed_divergence(ours, log_probabilities(teacher, lengths)) / (2 * len(lengths))
    begins = _begins(lengths, logits.device)
    best = torch.stack([row.argmax(0) for row in torch.split(teacher, list(lengths))]) + begins[:, None]
    return -ours.gather(0, best).mean()


def log_probabilities(logits: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """Return the log-softmax of each column of packed logits `[T, K]` within each sequence, float32 `[T, K]`."""
    logits = logits.float()
    sequence = _sequences(lengths, logits.device)
    index = sequence[:, None].expand_as(logits)
    none = torch.full((len(lengths), logits.shape[1]), -torch.inf, device=logits.device)
    highest = none.scatter_reduce(0, index, logits.detach(), "amax")[sequence]
    summed = _summed((logits - highest).exp(), sequence, len(lengths))
    return logits - highest - summed.log()[sequence]


def _pooled(logits: Tensor, lengths: tuple[int, ...], kept: Tensor) -> Tensor:
    """Return the log-probabilities of the kept tokens, then of the rest of each sequence: `[K + N, 2]`."""
    log_p = log_probabilities(logits, lengths)
    others = torch.ones(len(log_p), dtype=torch.bool, device=log_p.device)
    others[kept] = False
    rest = _summed(log_p[others].exp(), _sequences(lengths, log_p.device)[others], len(lengths))
    return torch.cat([log_p[kept], rest.clamp_min(torch.finfo(rest.dtype).tiny).log()])


def _summed_divergence(log_q: Tensor, log_p: Tensor) -> Tensor:
    """Return the sum of p · (log p − log q), with no gradient to p."""
    log_p = log_p.detach()
    return (log_p.exp() * (log_p - log_q)).sum()


def _summed(values: Tensor, sequence: Tensor, sequences: int) -> Tensor:
    return values.new_zeros(sequences, values.shape[1]).index_add(0, sequence, values)


def _sequences(lengths: tuple[int, ...], device: torch.device) -> Tensor:
    """Return which sequence each packed token is of, int64 `[T]`."""
    counts = torch.tensor(lengths, dtype=torch.int64, device=device)
    return torch.repeat_interleave(torch.arange(len(lengths), device=device), counts, output_size=sum(lengths))


def _begins(lengths: tuple[int, ...], device: torch.device) -> Tensor:
    counts = torch.tensor(lengths, dtype=torch.int64, device=device)
    return torch.cumsum(counts, 0) - counts
