"""What only CPUs need: a 3x3 convolution and memory that is not given back."""

from __future__ import annotations

import ctypes
import functools

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.grad import conv2d_input

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # malloc.h


class _Conv3x3(torch.autograd.Function):
    """A 3x3 convolution (stride 1, padding 1) in bfloat16 whose weight gradient is one matrix product.

    oneDNN computes that gradient for small images at a fifth of the machine's matrix rate: 35-60 of a step's 330 ms
    per layer on one core with AMX. Forward and input gradient stay the library's.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        x = x.to(torch.bfloat16, memory_format=torch.channels_last)
        low = weight.to(torch.bfloat16)
        ctx.save_for_backward(x, low)
        return F.conv2d(x, low, bias.to(torch.bfloat16), padding=1)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:  # type: ignore[no-untyped-def]
        x, weight = ctx.saved_tensors
        n, inputs, height, width = x.shape
        outputs = weight.shape[0]
        grad = grad.contiguous(memory_format=torch.channels_last)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = conv2d_input(x.shape, weight, grad, padding=1)
        rows = grad.permute(0, 2, 3, 1).reshape(-1, outputs)  # (n*h*w, outputs), a view
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))  # (n, h+2, w+2, inputs)
        image, line, pixel, _ = padded.stride()
        patches = padded.as_strided((n, height, width, 3, 3, inputs), (image, line, pixel, line, pixel, 1))
        grad_weight = rows.t() @ patches.reshape(len(rows), 9 * inputs)  # (outputs, 9*inputs)
        grad_weight = grad_weight.float().view(outputs, 3, 3, inputs).permute(0, 3, 1, 2)
        return grad_x, grad_weight, rows.sum(0, dtype=torch.float32)


class Conv2d(nn.Conv2d):
    """A convolution that trains fast under bfloat16 autocast on a CPU, and ``nn.Conv2d`` everywhere else."""

    def forward(self, input: Tensor) -> Tensor:
        """(n, inputs, h, w) -> (n, outputs, h', w'), as ``nn.Conv2d`` does."""
        quick = input.device.type == "cpu" and torch.is_autocast_enabled("cpu") and torch.is_grad_enabled()
        if quick and self.stride == (1, 1) and self.bias is not None:
            with torch.autocast("cpu", enabled=False):
                out: Tensor = _Conv3x3.apply(input, self.weight, self.bias)
                return out
        return super().forward(input)


@functools.cache
def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory instead of returning it after every step: page faults cost ~10 % of a step.

    The same as the environment variables MALLOC_TRIM_THRESHOLD_ and friends, which need setting before the process
    starts. A C library without mallopt is left as it is.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(M_MMAP_MAX, 0)
    mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(M_TOP_PAD, 64 * 2**20)
