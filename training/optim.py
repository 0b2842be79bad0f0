"""AdamW with decay groups, and the learning rate's schedule."""

from torch import nn
from torch.optim import AdamW

from training.config.optimizer import OptimizerSection


def adamw(modules: list[nn.Module], optimizer: OptimizerSection) -> AdamW:
    """Return fused AdamW over all trained weights: matrices decay, biases and LayerNorms do not."""
    parameters = {id(p): p for module in modules for p in module.parameters() if p.requires_grad}.values()
    return AdamW(
        [
            {"params": [p for p in parameters if p.dim() > 1], "weight_decay": optimizer.weight_decay},
            {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=optimizer.learning_rate,
        betas=optimizer.betas,
        eps=optimizer.epsilon,
        fused=True,
    )


def learning_rate(optimizer: OptimizerSection, step: int, steps: int) -> float:
    """Return the learning rate of a step, counted from 0: linear up, then linear down to its final share."""
    if step < optimizer.warmup_steps:
        return optimizer.learning_rate * (step + 1) / optimizer.warmup_steps
    left = (steps - step) / max(1, steps - optimizer.warmup_steps)
    return optimizer.learning_rate * (optimizer.final_share + (1.0 - optimizer.final_share) * left)
