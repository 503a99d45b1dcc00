"""YAML as far as a configuration needs it: plain values, no name twice, nothing that stands for something else."""

from typing import Any, Final

import yaml

from driftd.errors import ConfigError, Mistake

LARGEST: Final = 1 << 20
"""Bytes of a file in YAML."""


_TEXT: Final = "tag:yaml.org,2002:str"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads what `yaml.SafeLoader` does, without aliases, which a small file can multiply by, and without twins."""

    def compose_node(self, parent: object, index: object) -> object:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()
            raise yaml.MarkedYAMLError(None, None, "aliases are not read: write it out", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> object:  # noqa: ANN401, FBT001, FBT002 - its own
        seen = set()
        for each, _ in node.value:
            if each.tag != _TEXT:
                raise yaml.MarkedYAMLError(None, None, "a name is no text: put it in quotes", each.start_mark)
            if each.value in seen:
                raise yaml.MarkedYAMLError(None, None, f'"{each.value}" is given twice', each.start_mark)
            seen.add(each.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(content: bytes, name: str) -> object:
    """Return the one document of a file; raises `ConfigError` naming the place where it is none."""
    if len(content) > LARGEST:
        raise ConfigError([Mistake(name, f"is longer than {LARGEST >> 20} MiB")])
    try:
        return yaml.load(content.decode("utf-8-sig"), _Loader)  # noqa: S506 - is a SafeLoader
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text (byte {error.start}): save it as UTF-8"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the end"
        message = f"is not YAML that can be read at {where}: {error.problem or error.context}"
    except yaml.YAMLError as error:
        message = f"is not YAML that can be read: {str(error).splitlines()[0]}"
    except RecursionError:
        message = "nests lists or tables too deeply"
    except ValueError as error:  # a date that is none, a number of many thousand digits
        message = f"holds a value that can be none: {error}"
    raise ConfigError([Mistake(name, message)])
