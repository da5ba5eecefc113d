"""Several processes that train one network, as `torchrun` starts them; without it there is one.

Each works on its shards of every batch, and the gradients are summed before each step, so that all have the same
network all the time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

WAIT = timedelta(days=7)  # for the first process to read the clips


@contextmanager
def joined() -> Iterator[None]:
    """Meet the other processes that torchrun started, for as long as this lasts."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or distributed.is_initialized():
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=WAIT)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def size() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def first() -> bool:
    """Whether this process is the one that writes."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


@contextmanager
def first_before_others() -> Iterator[None]:
    """What the first process finds here is there when the others come."""
    if size() > 1 and not first():
        distributed.barrier()
    yield
    if size() > 1 and first():
        distributed.barrier()


def alone(shard: int) -> bool:
    """Whether a shard is for this process and no other."""
    return size() == 1 or shard % size() == distributed.get_rank()


def summed(network: nn.Module, loss: Tensor) -> Tensor:
    """Add up the gradients of all processes in each, and the losses ()."""
    if size() == 1:
        return loss
    parameters = [p for p in network.parameters() if p.requires_grad]
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = torch.cat([*(part.flatten() for part in parts), loss.to(parts[0]).reshape(1)])
    distributed.all_reduce(flat)
    sizes = [parameter.numel() for parameter in parameters]
    for parameter, part in zip(parameters, torch.split(flat[:-1], sizes), strict=True):
        parameter.grad = part.reshape(parameter.shape)
    return flat[-1]
