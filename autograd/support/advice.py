"""Sentences that errors add where the mistake is a known one."""

from __future__ import annotations

from math import prod

__all__ = ["channels_last", "not_flat"]


def channels_last(shape: tuple[int, ...], channels: int, axes: int) -> str:
    """What to do about (N, H, W, C) where (N, C, H, W) is wanted; "" if x does not look like that.

    `axes` is how many axes follow the channels, `channels` how many there should be.

    >>> channels_last((4, 20, 20, 3), 3, 2)
    '; its last axis has 3 elements: if those are the channels, give x.transpose(0, 3, 1, 2)'
    """
    lead = len(shape) - axes - 1
    if lead not in (0, 1) or axes < 1 or shape[-1] != channels:
        return ""
    order = (*range(lead), len(shape) - 1, *range(lead, len(shape) - 1))
    return (
        f"; its last axis has {channels} elements: if those are the channels, "
        f"give x.transpose({', '.join(map(str, order))})"
    )


def not_flat(shape: tuple[int, ...], size: int) -> str:
    """What to do about (N, C, H, W) where rows of C·H·W are wanted; "" if x looks otherwise.

    >>> not_flat((4, 3, 8, 8), 192)
    '; each example has 192 elements: put nn.Flatten() before it, or give x.reshape(4, -1)'
    """
    if len(shape) < 3 or prod(shape[1:]) != size:
        return ""
    return (
        f"; each example has {size} elements: put nn.Flatten() before it, or give "
        f"x.reshape({shape[0]}, -1)"
    )
