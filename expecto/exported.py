"""Programs that `torch.export` wrote, read as data: nothing in a file is ever executed.

`torch.export.load` unpickles what it finds and evaluates expressions in the file as Python; `torch.jit.load` runs code
of the file while it loads it, code that can write files. A program is JSON and arrays of numbers. Here it is read as
that: a list of operators, each of PyTorch's core set, which compute with tensors and do nothing else. Shapes are fixed,
those that it was exported with.
"""

import copy
import io
import json
import re
import zipfile
from typing import NamedTuple

import torch

SCHEMA = 8
"""Major version of the form of these files; another one may mean something else by the same words."""

TARGET = re.compile(r"torch\.ops\.aten\.(\w+)\.(\w+)")
MODEL, WEIGHTS, CONSTANTS = "models/model.json", "data/weights/", "data/constants/"
TYPES = (
    *(None, "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"),
    *(None, None, None, "bool", "bfloat16"),
)
"""Types of numbers by what the files call them; complex ones are left out."""

MEMORY_FORMATS = (
    *(None, torch.contiguous_format, torch.channels_last, torch.channels_last_3d),
    torch.preserve_format,
)
STRIDED = 7
"""What the files call the one layout that is read here."""


class _Name(NamedTuple):
    """A tensor by its name in the program."""

    name: str


class _Step(NamedTuple):
    """One operator. given: argument -> value. results: names of what it computes. over: names not needed afterwards."""

    operator: torch._ops.OpOverload
    given: dict
    results: list[str]
    over: list[str]


class Program:
    """A network as a list of operators.

    sizes: shape of the input. Called with a tensor of this shape, it returns the output, a tensor.
    """

    def __init__(self, content):
        """content: of the file, bytes.

        Raises:
            ValueError: not such a file, or one with anything else in it than tensors and core operators.
        """
        with _archive(content) as archive:
            program = _json(archive, MODEL)
            version = program["schema_version"]["major"]
            if version != SCHEMA:
                raise ValueError(f"its form has version {version}; expected {SCHEMA}, as PyTorch 2.13 writes it")
            graph, signature = program["graph_module"]["graph"], program["graph_module"]["signature"]
            self._device = torch.device("cpu")
            self._values = {}
            payloads = _payloads(archive, WEIGHTS, "weights") | _payloads(archive, CONSTANTS, "constants")
            inputs = []
            for spec in signature["input_specs"]:
                ((kind, of),) = spec.items()
                if kind == "user_input":
                    inputs.append(of["arg"]["as_tensor"]["name"])
                elif kind in ("parameter", "buffer", "tensor_constant"):
                    self._values[of["arg"]["name"]] = payloads[of[f"{kind}_name"]]
                else:
                    raise ValueError(f"its input is {kind}; expected one tensor, weights and buffers")
            outputs = []
            for spec in signature["output_specs"]:
                ((kind, of),) = spec.items()
                if kind != "user_output":
                    raise ValueError(f"its output is {kind}; call eval() before it is exported")
                outputs.append(of["arg"]["as_tensor"]["name"])
            if len(inputs) != 1 or len(outputs) != 1:
                raise ValueError(f"{len(inputs)} inputs and {len(outputs)} outputs; expected a tensor each")
            (self._input,), (self._output,) = inputs, outputs
            sizes = graph["tensor_values"][self._input]["sizes"]
            if any("as_int" not in size for size in sizes):
                raise ValueError("its input has a size that may change; export it without dynamic_shapes")
            self.sizes = tuple(size["as_int"] for size in sizes)
            self._steps = _steps(graph["nodes"], {*self._values, self._output})

    def on(self, device):
        """The same program with its weights on a device of torch."""
        moved = copy.copy(self)
        moved._device = torch.device(device)
        moved._values = {name: values.to(device) for name, values in self._values.items()}
        return moved

    @torch.inference_mode()
    def __call__(self, given):
        return self.run(given)

    def run(self, given):
        """The same, in whatever mode of torch the caller is: gradients can be taken."""
        values = {**self._values, self._input: given}
        for operator, arguments, results, over in self._steps:
            found = operator(**{name: self._value(each, values) for name, each in arguments.items()})
            found = found if isinstance(found, tuple | list) else [found]
            values.update(zip(results, found, strict=True))
            for name in over:
                values.pop(name, None)
        return values[self._output]

    def _value(self, argument, values):
        """An argument with tensors in the place of their names, and the device that computes in that of any other."""
        if isinstance(argument, _Name):
            return values[argument.name]
        if isinstance(argument, list):
            return [self._value(each, values) for each in argument]
        return self._device if isinstance(argument, torch.device) else argument


def _archive(content):
    """The zip archive of a file, whose checksums fit."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        damaged = archive.testzip()
    except Exception as error:  # of zip and zlib, which fail on damaged bytes in as many ways
        raise ValueError(f"not a whole file of torch.export.save ({error})") from error
    if damaged:
        raise ValueError(f"the checksum of {damaged} does not fit")
    return archive


def _record(archive, name):
    """The content of a record, which lie in a folder of any name."""
    found = [each for each in archive.namelist() if each.partition("/")[2] == name]
    if len(found) != 1:
        raise ValueError(f"{len(found)} records {name} in it; expected one, as torch.export.save writes it")
    return archive.read(found[0])


def _json(archive, name):
    return json.loads(_record(archive, name))


def _payloads(archive, folder, kind):
    """Tensors of the archive by name. kind: "weights" or "constants"."""
    found = {}
    for name, payload in _json(archive, f"{folder}model_{kind}_config.json")["config"].items():
        if payload["use_pickle"]:
            raise ValueError(f"{name} is a Python object; expected plain tensors, nothing else is ever loaded")
        meta = payload["tensor_meta"]
        numbers = bytearray(_record(archive, folder + payload["path_name"]))
        dtype = _type(meta["dtype"])
        flat = torch.frombuffer(numbers, dtype=dtype) if numbers else torch.empty(0, dtype=dtype)
        sizes, strides = ([each["as_int"] for each in meta[part]] for part in ("sizes", "strides"))
        found[name] = flat.as_strided(sizes, strides, meta["storage_offset"]["as_int"]).clone()
    return found


def _type(number):
    name = TYPES[number] if 0 <= number < len(TYPES) else None
    if name is None:
        raise ValueError(f"numbers of type {number}; expected real ones of a usual type")
    return getattr(torch, name)


def _steps(nodes, kept):
    """The operators of a program, in order: list of _Step. kept: names of tensors that are needed to the end."""
    steps = []
    for node in nodes:
        given = {each["name"]: _argument(each["arg"]) for each in node["inputs"]}
        results = [name for each in node["outputs"] for name in _names(_argument(each))]
        steps.append(_Step(_operator(node["target"]), given, results, []))
    seen = {*kept}
    for step in reversed(steps):
        mine = {*step.results, *_names([*step.given.values()])}
        step.over.extend(sorted(mine - seen))
        seen |= mine
    return steps


def _operator(target):
    """The operator of a name, when it is of PyTorch's core set."""
    match = TARGET.fullmatch(target)
    packet = match and getattr(torch.ops.aten, match[1], None)
    operator = match and getattr(packet, match[2], None)
    if not isinstance(operator, torch._ops.OpOverload) or torch.Tag.core not in operator.tags:
        raise ValueError(
            f"it uses {target[:80]}, which is not of PyTorch's core operators; export it with run_decompositions()"
        )
    return operator


def _argument(argument):
    """An argument of an operator: a value, _Name of a tensor, or a list of them."""
    ((kind, value),) = argument.items()
    if kind not in ARGUMENTS or (kind == "as_layout" and value != STRIDED):
        raise ValueError(f"an argument of a kind that is not read here ({kind}); export it without dynamic_shapes")
    return ARGUMENTS[kind](value)


def _arguments(values):
    return [_argument(each) for each in values]


ARGUMENTS = {
    "as_none": lambda value: None,
    "as_tensor": lambda value: _Name(value["name"]),
    "as_tensors": lambda value: [_Name(each["name"]) for each in value],
    "as_optional_tensor": _argument,
    "as_optional_tensors": _arguments,
    "as_int": int,
    "as_ints": lambda value: [*map(int, value)],
    "as_sym_int": _argument,
    "as_sym_ints": _arguments,
    "as_float": float,  # of a text, where JSON has no word for the number
    "as_floats": lambda value: [*map(float, value)],
    "as_bool": bool,
    "as_bools": lambda value: [*map(bool, value)],
    "as_string": str,
    "as_scalar_type": _type,
    "as_memory_format": MEMORY_FORMATS.__getitem__,
    "as_layout": lambda value: torch.strided,
    "as_device": lambda value: torch.device("cpu"),  # a mark: the device that computes takes its place
}
"""Kinds of arguments, by what the files call them, and what makes a value of each."""


def _names(argument):
    """Names of the tensors in an argument, or a list of them."""
    if isinstance(argument, _Name):
        return [argument.name]
    return [name for each in argument for name in _names(each)] if isinstance(argument, list) else []
