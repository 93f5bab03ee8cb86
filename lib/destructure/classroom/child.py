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
_GROUPS = {"dict": dict, "tuple": tuple, "list": list}


def encode(value, depth=0):
    """A value as JSON holds it; of a type that is not known here, its name alone."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "__next__"):
        value = [one for one, _ in zip(value, range(10_000), strict=False)]
    for name, kind in _GROUPS.items():
        if isinstance(value, kind) and depth < 16:
            items = value.items() if kind is dict else value
            return {name: [encode(one, depth + 1) for one in items]}
    if hasattr(value, "detach"):
        value, library = value.detach().cpu(), "torch"
    elif type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        library = "numpy"
    elif hasattr(value, "as_integer_ratio"):  # fractions and decimals
        return float(value)
    else:
        return {"other": type(value).__name__}
    dtype = str(value.dtype).removeprefix("torch.")
    wide = value.float() if dtype == "bfloat16" else value
    return {library: wide.tolist(), "dtype": dtype, "shape": list(value.shape)}


def decode(value):
    """The value that `encode` was given (raises whatever a malformed text makes it raise)."""
    if not isinstance(value, dict):
        return value
    for library in {"torch", "numpy"} & value.keys():
        module = importlib.import_module(library)
        dtype = value["dtype"] if library == "numpy" else getattr(module, value["dtype"])
        return module.asarray(value[library], dtype=dtype).reshape(value["shape"])
    if "other" in value:
        return type(value["other"], (), {})()
    ((name, items),) = value.items()
    return _GROUPS[name](map(decode, items))


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
                function, reply = define(request), {}
            else:
                inputs = decode(request["call"])
                reply = {"result": encode(function(*inputs)), "inputs": encode(inputs)}
        except NotImplementedError:
            reply = {"result": None, "inputs": request.get("call")}
        except BaseException as problem:
            told = traceback.TracebackException.from_exception(problem)  # whatever its class does when asked
            lines = [frame.lineno for frame in told.stack if frame.filename == "<answer>"]
            where = f" (line {lines[-1]} of your code)" if lines else ""
            reply = {"raised": [type(problem).__name__, " ".join(str(told).split())[:200] + where]}
        replies.write(json.dumps(reply | {"number": request["number"]}).encode()[:REPLY_BYTES] + b"\n")
        replies.flush()


def define(request):
    """The submitted function, after the limits are set: its own import statements run under them, too."""
    import resource

    modules = {alias: importlib.import_module(module) for alias, module in request["given"].items()}
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    used = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS, resource.RLIM_INFINITY))
    for name, most in {"DATA": MEMORY_BYTES, "FSIZE": 2**20, "NPROC": 64, "CORE": 0}.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    namespace = {"__name__": "answer", "__builtins__": builtins, **modules}
    exec(compile(request["source"], "<answer>", "exec"), namespace)
    return namespace[request["name"]]


if __name__ == "__main__":
    main()
