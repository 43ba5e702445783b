"""torch's optimisers as they are, without the wrappers that load torch.compile: 0.9 s and 900 modules a process.

``torch.optim`` decorates these methods so that a compiled training may leave or enter them. The decorators import
``torch._dynamo`` (with it sympy and triton) at their first call, compiled or not. The methods underneath are
torch's own, so bits, state and checkpoints are those of ``torch.optim``. The alternative, an optimiser of our own on
the fused kernels, was longer and has a state layout to maintain.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from alexnet.config import Config


def make_optimizer(config: Config, model: nn.Module) -> torch.optim.Optimizer:
    """Build the optimiser; fused kernels where the library has them (seven times as fast on a CPU)."""
    known: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any]]] = {
        "adam": (torch.optim.Adam, {"fused": True}),
        "adamw": (torch.optim.AdamW, {"fused": True}),
        "nadam": (torch.optim.NAdam, {}),
        "sgd": (torch.optim.SGD, {"fused": True, "momentum": config.momentum}),
    }
    kind, options = known[config.optimizer]
    made: torch.optim.Optimizer = _bare(kind)(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, **options
    )
    return made


def _bare(kind: type[torch.optim.Optimizer]) -> Any:
    names = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in names}
    return type(kind.__name__, (kind,), methods | {"step": torch.no_grad()(inspect.unwrap(kind.step))})
