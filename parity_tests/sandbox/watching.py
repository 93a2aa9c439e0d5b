"""Notes which of torch's functions and modules somebody's code calls.

A layer norm that calls torch's layer norm is nothing of one's own. What is called is noted on its way through
torch's functions and modules, and in what autograd remembers. While it is forbidden, torch's own kernel for
it is replaced by one that refuses, which holds for every thread and for functions that were imported before.

What remains: another kernel of torch that is built of the same formula and that no list names, such as a
softmax out of scaled dot-product attention, and code that undoes all this from within its own process.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode


class NotTheirOwnError(Exception):
    """What should be theirs is torch's."""


class Watch(TorchFunctionMode):
    """Notes every function of torch that is called; with `widen`, float64 stands in for float32."""

    def __init__(self, *, widen: bool) -> None:
        super().__init__()
        self.widen = widen
        self.seen: set[str] = set()

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        self.seen.add(name)
        if self.widen:
            if name == "float":
                return args[0].double()
            args = tuple(_wide(argument) for argument in args)
            kwargs = {key: _wide(argument) for key, argument in (kwargs or {}).items()}
        return func(*args, **(kwargs or {}))


def _wide(argument: Any) -> Any:
    return torch.float64 if argument is torch.float32 else argument


def operations(tensor: torch.Tensor) -> set[str]:
    """What a tensor was computed by, as autograd remembers it, whatever called it: "NativeLayerNorm", …"""
    names: set[str] = set()
    waiting, met = [tensor.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in met:
            continue
        met.add(node)
        if not isinstance(node, torch.autograd.function.BackwardCFunction):  # of their own
            names.add(re.sub(r"Backward\d*$", "", node.name()))
        waiting += [following for following, _ in node.next_functions]
    return names


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


@contextlib.contextmanager
def kernels_refused(names: Sequence[str], seen: set[str]) -> Iterator[None]:
    """Let torch's kernels of these names raise NotTheirOwnError, and note in `seen` which were called."""
    library = torch.library.Library("aten", "IMPL")

    def refusing(name: str) -> Any:
        def refuse(*args: Any, **kwargs: Any) -> Any:
            seen.add(name)
            raise NotTheirOwnError(f"it calls torch's own {name}")

        return refuse

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a kernel is replaced
        for name in names:
            packet = getattr(torch.ops.aten, name, None) if name.isidentifier() else None
            for overload in packet.overloads() if packet is not None else ():
                schema = getattr(packet, overload)._schema
                if any("Tensor" in str(argument.type) for argument in schema.arguments):
                    library.impl(
                        name if overload == "default" else f"{name}.{overload}", refusing(name), "CPU"
                    )
    try:
        yield
    finally:
        library._destroy()


@contextlib.contextmanager
def watched(algorithm: str, forbidden: Sequence[str], *, widen: bool) -> Iterator[Watch]:
    """Run somebody's code in float64. Raises NotTheirOwnError if it calls what is forbidden to it."""
    watch = Watch(widen=widen)

    def note(module: torch.nn.Module, _: Any) -> None:
        if str(type(module).forward.__module__).startswith("torch."):
            watch.seen.update(f"nn.{cls.__name__}" for cls in type(module).__mro__)

    before = torch.get_default_dtype()
    hook = register_module_forward_pre_hook(note)
    torch.set_default_dtype(torch.float64)
    failed: Exception | None = None
    try:
        with kernels_refused(forbidden, watch.seen), watch:
            yield watch
    except Exception as error:  # what refuses may have been called where errors get another name
        failed = error
    finally:
        torch.set_default_dtype(before)
        hook.remove()
    seen = set(map(_plain, watch.seen))
    called = next((name for name in forbidden if _plain(name) in seen), None)
    if called is not None:
        raise NotTheirOwnError(
            f"it calls torch's own {called}, so there is no {algorithm} of its own to check"
        ) from None
    if failed is not None:
        raise failed
