"""Whether DeepStream would understand a configuration: by `deepstream_configs/schema`. Pure but for reading that.

DeepStream itself prints a line about an unknown key and goes on without it; here it is an error before anything starts.
"""

import fnmatch
import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from app.kit.errors import BadInputError, SetupError

CONFIGS: Final = Path(__file__).resolve().parents[3] / "deepstream_configs"
_FIELD: Final = re.compile(r"(\d+) (?:(repeated) )?(map<(\w+), ([\w.]+)>|[\w.]+)(?: in (\w+))?")
_Proto = descriptor_pb2.FieldDescriptorProto


def _table(name: str) -> dict[str, Any]:
    path = CONFIGS / "schema" / name
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path} cannot be read ({error!r}); restore it from the repository.") from error


@functools.cache
def plugin_control() -> type[Any]:
    """The message class of a whole nvinferserver configuration."""
    table = _table("nvdsinferserver.toml")
    file = descriptor_pb2.FileDescriptorProto(name="nvdsinferserver.proto", package=table["package"], syntax="proto3")
    made: dict[str, descriptor_pb2.DescriptorProto] = {}
    for name in sorted(table["message"], key=lambda each: each.count(".")):
        outer, _, inner = name.rpartition(".")
        made[name] = (made[outer].nested_type if outer else file.message_type).add(name=inner)
    for name, values in table["enum"].items():
        outer, _, inner = name.rpartition(".")
        enum = (made[outer].enum_type if outer else file.enum_type).add(name=inner)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for name, fields in table["message"].items():
        for field, text in fields.items():
            _add_field(made[name], f".{table['package']}", name, field, text, set(table["enum"]))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName(f"{table['package']}.{table['root']}")
    root: type[Any] = message_factory.GetMessageClass(found)
    return root


def _add_field(message: descriptor_pb2.DescriptorProto, package: str, owner: str, name: str, text: str, enums: set[str]) -> None:
    matched = _FIELD.fullmatch(text)
    if matched is None:
        raise SetupError(f"deepstream_configs/schema: {owner}.{name} = {text!r} is not understood.")
    number, repeated, kind, key, value, oneof = matched.groups()
    field = message.field.add(
        name=name, number=int(number), label=_Proto.LABEL_REPEATED if repeated or key else _Proto.LABEL_OPTIONAL
    )
    if key:
        entry = message.nested_type.add(name="".join(part.capitalize() for part in name.split("_")) + "Entry")
        entry.options.map_entry = True
        for each, number_of, kind_of in (("key", 1, key), ("value", 2, value)):
            _set_type(entry.field.add(name=each, number=number_of, label=_Proto.LABEL_OPTIONAL), package, kind_of, enums)
        field.type, field.type_name = _Proto.TYPE_MESSAGE, f"{package}.{owner}.{entry.name}"
        return
    _set_type(field, package, kind, enums)
    if oneof:
        names = [each.name for each in message.oneof_decl]
        if oneof not in names:
            message.oneof_decl.add(name=oneof)
            names.append(oneof)
        field.oneof_index = names.index(oneof)


def _set_type(field: Any, package: str, kind: str, enums: set[str]) -> None:
    scalar = getattr(_Proto, f"TYPE_{kind.upper()}", None)
    if scalar is not None:
        field.type = scalar
        return
    field.type = _Proto.TYPE_ENUM if kind in enums else _Proto.TYPE_MESSAGE
    field.type_name = f"{package}.{kind}"


def parse_inference(text: str, where: str = "nvinferserver's configuration") -> Any:
    """The `PluginControl` that a file of nvinferserver says.

    Raises:
        BadInputError: an unknown field, a value of another type, two fields of a oneof; names line and field.
    """
    try:
        return text_format.Parse(text, plugin_control()())
    except text_format.ParseError as error:
        raise BadInputError(f"{where}: {str(error)[:300]}") from error


def ini_groups(text: str, where: str) -> dict[str, dict[str, str]]:
    """Group to key to value of GLib's key file format. BadInputError for anything else."""
    found: dict[str, dict[str, str]] = {}
    keys: dict[str, str] | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            keys = found.setdefault(line[1:-1], {})
            continue
        key, equals, value = line.partition("=")
        if not equals or keys is None:
            raise BadInputError(f"{where}, line {number}: neither a [group] nor key=value.")
        keys[key.strip()] = value.strip()
    return found


def yaml_groups(text: str, where: str) -> dict[str, dict[str, str]]:
    """Group to key to value of a tracker's file: two levels, scalars. BadInputError for anything else."""
    found: dict[str, dict[str, str]] = {}
    keys: dict[str, str] | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#", 1)[0].rstrip()
        if not line or line.startswith("%YAML") or line == "---":
            continue
        key, colon, value = line.partition(":")
        if not colon or (line.startswith(" ") and keys is None):
            raise BadInputError(f"{where}, line {number}: neither a group nor key: value.")
        if line.startswith(" "):
            assert keys is not None  # noqa: S101 - looked at above
            keys[key.strip()] = value.strip()
        else:
            keys = found.setdefault(key.strip(), {})
    return found


def check_keys(kind: str, groups: Mapping[str, Mapping[str, str]], where: str) -> None:
    """Hold a file's groups against the key list of `nvstreammux`, `nvdsanalytics` or `tracker`.

    Raises:
        BadInputError: an unknown group or key, a missing one, corners that are no whole non-negative numbers.
    """
    known = _table("keys.toml")[kind]
    for group, keys in groups.items():
        rules = next((rules for pattern, rules in known.items() if fnmatch.fnmatchcase(group, pattern)), None)
        if rules is None:
            raise BadInputError(f"{where}: {kind} knows no group {group!r}.")
        for key, value in keys.items():
            if not any(fnmatch.fnmatchcase(key, pattern) for pattern in rules["keys"]):
                raise BadInputError(f"{where}: {kind} knows no key {key!r} in {group!r}.")
            if fnmatch.fnmatchcase(key, rules.get("points", "")):
                _check_points(value, f"{where}: {group}.{key}", exactly=0 if key.startswith("roi-") else 8)
        if missing := [key for key in rules.get("required", ()) if key not in keys]:
            raise BadInputError(f"{where}: {group!r} lacks {', '.join(missing)}.")
    for group, rules in known.items():
        if rules.get("required") and "*" not in group and group not in groups:
            raise BadInputError(f"{where}: the group {group!r} is missing.")


def _check_points(value: str, where: str, exactly: int) -> None:
    numbers = value.split(";")
    if not all(number.isdigit() for number in numbers) or len(numbers) % 2 or len(numbers) < 6:
        raise BadInputError(f"{where} must be x;y pairs of whole numbers that are not negative.")
    if exactly and len(numbers) != exactly:
        raise BadInputError(f"{where} must be {exactly // 2} points.")


def check_file(name: str, text: str) -> None:
    """Hold one file of a rendered or an operator's own folder against its description. BadInputError names file and key."""
    for kind, groups in _groups_of(name, text):
        check_keys(kind, groups, name)
    if name.startswith("config_infer"):
        parse_inference(text, name)


def _groups_of(name: str, text: str) -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    if name.startswith("config_tracker"):
        yield "tracker", yaml_groups(text, name)
    elif name.startswith("config_nvstreammux"):
        yield "nvstreammux", ini_groups(text, name)
    elif name.startswith("config_nvdsanalytics"):
        yield "nvdsanalytics", ini_groups(text, name)
