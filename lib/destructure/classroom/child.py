"""Runs inside the sandbox: defines a submitted function and calls it on request, JSON lines in and out.

This file stands alone: the sandbox shows it the libraries that a homework may use, and none of the answers. Nothing
that it says is believed, it only returns what the submitted function returned; the grader compares.
"""

import builtins
import importlib
import json
import os
import sys
import traceback

CPU_SECONDS, MEMORY_BYTES, REPLY_BYTES = 30, 3 * 2**30, 4 * 2**20
LESS_THAN_ROOT = "--less-than-root"


def encode(value, depth=0):
    """A value as JSON holds it; of a type that is not known here, its name alone."""
    kind = type(value).__name__
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict) and depth < 8:
        return {"dict": [[encode(key, depth + 1), encode(one, depth + 1)] for key, one in value.items()]}
    if isinstance(value, list | tuple) and depth < 8:
        name = "tuple" if isinstance(value, tuple) else "list"
        return {name: [encode(one, depth + 1) for one in value]}
    if hasattr(value, "detach"):
        value, kind = value.detach().cpu(), "torch"
    elif type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        kind = "numpy"
    if kind in ("torch", "numpy"):
        dtype = str(value.dtype).removeprefix("torch.")
        wide = value.float() if dtype == "bfloat16" else value
        return {kind: wide.tolist(), "dtype": dtype, "shape": list(value.shape)}
    if hasattr(value, "as_integer_ratio"):  # fractions and decimals
        return float(value)
    if hasattr(value, "__next__"):
        return {"list": [encode(one, depth + 1) for one, _ in zip(value, range(10_000), strict=False)]}
    return {"other": kind}


def decode(value):
    """The value that `encode` was given (raises whatever a malformed text makes it raise)."""
    if not isinstance(value, dict):
        return value
    if "torch" in value:
        import torch

        return torch.tensor(value["torch"], dtype=getattr(torch, value["dtype"])).reshape(value["shape"])
    if "numpy" in value:
        import numpy

        return numpy.array(value["numpy"], dtype=value["dtype"]).reshape(value["shape"])
    if "dict" in value:
        return {decode(key): decode(one) for key, one in value["dict"]}
    if "tuple" in value:
        return tuple(map(decode, value["tuple"]))
    if "list" in value:
        return list(map(decode, value["list"]))
    return type(value["other"], (), {})()


def main():
    """Read requests from the standard input until it ends; reply to each with one line."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    function = None
    for line in requests:
        request = json.loads(line)
        try:
            if "source" in request:
                function = define(request)
                reply = {"defined": True}
            else:
                inputs = decode(request["call"])
                result = function(*inputs)
                reply = {"result": encode(result), "inputs": encode(inputs)}
        except NotImplementedError:
            reply = {"result": None, "inputs": request.get("call")}
        except BaseException as problem:
            told = traceback.TracebackException.from_exception(problem)  # whatever its class does when asked
            lines = [frame.lineno for frame in told.stack if frame.filename == "<answer>"]
            reply = {
                "raised": [type(problem).__name__, " ".join(str(told).split())[:200], (lines or [0])[-1]]
            }
        reply["number"] = request["number"]
        replies.write(json.dumps(reply).encode()[:REPLY_BYTES] + b"\n")
        replies.flush()


def define(request):
    """The submitted function, after the limits are set: its own import statements run under them, too."""
    modules = {alias: importlib.import_module(module) for alias, module in request["given"].items()}
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    limit()
    namespace = {"__name__": "answer", "__builtins__": builtins, **modules}
    exec(compile(request["source"], "<answer>", "exec"), namespace)
    return namespace[request["name"]]


def limit():
    """Processor time, memory, files and processes, for whatever follows; as an ordinary user, whoever called."""
    import resource

    if LESS_THAN_ROOT in sys.argv[1:] and os.geteuid() == 0:
        ordinary = 60_000 + int.from_bytes(os.urandom(2), "big") % 5_000
        os.setgroups([])
        os.setresgid(ordinary, ordinary, ordinary)
        os.setresuid(ordinary, ordinary, ordinary)
    used = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
    resource.setrlimit(resource.RLIMIT_NPROC, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
