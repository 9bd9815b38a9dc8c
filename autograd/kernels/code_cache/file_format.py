"""A compiled function as bytes, and back: plain data, of which nothing runs while it is read.

Numba's own files are pickles. Here a file is

    the format's name, a SHA-256 of the rest, the length of the header, the header, machine code,
    LLVM's intermediate code

where the header is JSON: names, and the type of the result. The types of the arguments are known
to whoever asks for the code. What does not fit, such as a result of a class of its own, is not
kept; it is compiled in each process.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from typing import Any

import numpy as np

__all__ = ["NotKeptError", "from_bytes", "to_bytes"]

_FORMAT = b"glassgrad-kernel-2\n"
_START = len(_FORMAT) + 32

# Results that are written by name.
_SCALARS = {
    *("none", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "complex64", "complex128"),
}


class NotKeptError(Exception):
    """Code that this format cannot hold."""


def to_bytes(compiled: Any) -> bytes:
    """The file of a compiled function. Raises `NotKeptError`."""
    plain = not (compiled.objectmode or compiled.lifted or compiled.reload_init)
    function = compiled.fndesc
    if not plain or tuple(compiled.signature.args) != tuple(function.argtypes):
        raise NotKeptError("it needs the interpreter")
    library, kind, (machine, intermediate) = compiled.library.serialize_using_object_code()
    if kind != "object":
        raise NotKeptError(f"it is kept as {kind}")
    header = {
        "library": library,
        "machine": len(machine),
        "module": function.modname,
        "qualname": function.qualname,
        "unique name": function.unique_name,
        "arguments": list(function.args),
        "result": _written_type(compiled.signature.return_type),
        "inline": bool(function.inline),
        "noalias": bool(function.noalias),
        "abi tags": list(function.abi_tags),
        "uid": function.uid,
        "mangled name": function.mangled_name,
        "environment": _written_environment(compiled.environment),
        "environments": [_written_environment(e) for e in compiled._find_referenced_environments()],
    }
    text = json.dumps(header).encode()
    rest = len(text).to_bytes(8, "little") + text + machine + intermediate
    return _FORMAT + hashlib.sha256(rest).digest() + rest


def from_bytes(content: bytes, signature: Any, target_context: Any) -> Any:
    """The compiled function for a signature. Raises ValueError and its like for a damaged file."""
    from numba.core import sigutils
    from numba.core.compiler import CompileResult
    from numba.core.funcdesc import PythonFunctionDescriptor
    from numba.core.typing.templates import Signature

    digest, rest = content[len(_FORMAT) : _START], content[_START:]
    if not content.startswith(_FORMAT) or hashlib.sha256(rest).digest() != digest:
        raise ValueError("the file is damaged")
    end = 8 + int.from_bytes(rest[:8], "little")
    header = json.loads(rest[8:end])
    machine, intermediate = rest[end : end + header["machine"]], rest[end + header["machine"] :]
    arguments, _ = sigutils.normalize_signature(signature)
    result = _read_type(header["result"])
    environment = _read_environment(header["environment"])
    function = PythonFunctionDescriptor(
        native=True,
        modname=header["module"],
        qualname=header["qualname"],
        unique_name=header["unique name"],
        doc="",
        typemap=None,
        restype=result,
        calltypes=None,
        args=tuple(header["arguments"]),
        kws=(),
        argtypes=tuple(arguments),
        inline=header["inline"],
        noalias=header["noalias"],
        env_name=environment.env_name,
        abi_tags=tuple(header["abi tags"]),
        uid=header["uid"],
    )
    if function.mangled_name != header["mangled name"]:
        raise ValueError("its code is for other arguments")
    referenced = [_read_environment(e) for e in header["environments"]]
    return CompileResult._rebuild(
        target_context,
        (header["library"], "object", (machine, intermediate)),
        function,
        environment,
        Signature(result, tuple(arguments), None),
        False,  # not in object mode
        (),  # no loops lifted out of it
        "",  # no annotation
        (),  # nothing to run first
        referenced,
    )


def _written_type(kind: Any) -> Any:
    from numba import types

    name = str(kind)
    if name in _SCALARS and getattr(types, "boolean" if name == "bool" else name) == kind:
        return name
    if type(kind) in (types.IntegerLiteral, types.BooleanLiteral):
        return {"literal": kind.literal_value}
    if type(kind) in (types.Tuple, types.UniTuple):
        return [_written_type(item) for item in kind]
    if type(kind) is types.Array:
        return {
            "dtype": _written_type(kind.dtype),
            "ndim": kind.ndim,
            "layout": kind.layout,
            "readonly": not kind.mutable,
            "aligned": kind.aligned,
        }
    raise NotKeptError(f"it returns {kind}")


def _read_type(written: Any) -> Any:
    from numba import types

    if isinstance(written, list):
        return types.Tuple([_read_type(item) for item in written])
    if isinstance(written, dict) and "literal" in written:
        return types.literal(written["literal"])
    if isinstance(written, dict):
        return types.Array(**{**written, "dtype": _read_type(written["dtype"])})
    if written not in _SCALARS:
        raise ValueError(f"an unknown type {written!r:.40}")
    return getattr(types, "boolean" if written == "bool" else written)


def _written_environment(environment: Any) -> dict[str, Any]:
    """The constants that compiled code takes from Python; there are hardly any."""
    constants = [_written_constant(value) for value in environment.consts]
    module = environment.globals.get("__name__")
    return {"module": module, "name": environment.env_name, "constants": constants}


def _written_constant(value: Any) -> Any:
    from numba import types

    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return {"float": value.hex()}
    if type(value) is tuple:
        return {"tuple": [_written_constant(item) for item in value]}
    if isinstance(value, np.dtype) and value.kind in "biufc":
        return {"dtype": value.str}
    if isinstance(value, type) and issubclass(value, np.number | np.bool_):
        return {"scalar": np.dtype(value).str}
    if isinstance(value, types.Type):
        return {"type": _written_type(value)}
    raise NotKeptError(f"it has a constant of type {type(value).__qualname__}")


def _read_constant(written: Any) -> Any:
    if not isinstance(written, dict):
        return written
    ((kind, content),) = written.items()
    if kind == "tuple":
        return tuple(_read_constant(item) for item in content)
    readers: dict[str, Any] = {
        "float": float.fromhex,
        "dtype": np.dtype,
        "scalar": lambda name: np.dtype(name).type,
        "type": _read_type,
    }
    return readers[kind](content)


def _read_environment(written: dict[str, Any]) -> Any:
    from numba.core.environment import Environment, lookup_environment

    known = lookup_environment(written["name"])
    if known is not None:
        return known
    module = written["module"]
    if module.partition(".")[0] == "numba":
        importlib.import_module(module)
    # The function's own module is there, and to import any other would run it.
    environment = Environment(sys.modules[module].__dict__)
    environment.consts[:] = [_read_constant(value) for value in written["constants"]]
    environment.env_name = written["name"]
    Environment._memo[written["name"]] = environment
    return environment
