"""YAML 1.2 as plain values: dates stay text, and neither nesting nor aliases can make a small file a large one."""

from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode
from ruamel.yaml.resolver import VersionedResolver

MOST_DEPTH = 100  # levels; the documents have about six
MOST_REPEATED = 2_000_000  # values that aliases may add
_TAB = r"'\t'"  # as the parser writes it
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Resolver(VersionedResolver):
    """As YAML 1.2 has it: 2020-01-01 is text, since its core schema has no dates."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        tag = super().resolve(kind, value, implicit)
        return self.DEFAULT_SCALAR_TAG if str(tag) == _TIMESTAMP else tag


class _Constructor(SafeConstructor):
    """Builds nothing before aliases have been looked at."""

    def construct_document(self, node: Any) -> Any:
        _check_aliases(node)
        return super().construct_document(node)


def parse_yaml(text: str) -> Any:
    """The one document in `text`.

    An alias repeats what its anchor names, aliases of aliases multiply it: ten lines can stand for billions of values.
    So what all of them stand for is counted, once for each node, before anything is built from it.
    Raises ValueError: it is no YAML, it is nested too deeply, or its aliases stand for too much; the message says where
    and why.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver, yaml.Constructor = _Resolver, _Constructor
    yaml.max_depth = MOST_DEPTH
    yaml.composer.warn_double_anchors = False  # YAML lets a later anchor take the name of an earlier one
    try:
        return yaml.load(text)
    except MaxDepthExceededError:
        raise ValueError(f"is nested too deeply: more than {MOST_DEPTH} levels") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
        message = " ".join(str(error.problem or error.context).split())
        way_out = "; indent with blanks, YAML takes no tabs" if _TAB in message else ""
        raise ValueError(f"is not YAML: {message}{where}{way_out}") from None
    except _AliasError as error:
        raise ValueError(str(error)) from None
    except (YAMLError, ValueError, TypeError, AttributeError) as error:
        message = " ".join(str(error).split())[:200]
        raise ValueError(f"is not YAML: {message}") from None


class _AliasError(Exception):
    """Aliases stand for too much."""


def _check_aliases(root: Node) -> None:
    """Refuse a document whose aliases hold themselves, add too many values or nest too deeply. O(nodes)."""
    sizes: dict[int, tuple[int, int]] = {}  # node -> values in it and levels, written out
    open_nodes: set[int] = set()
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, is_done = stack.pop()
        key = id(node)
        if is_done:
            open_nodes.discard(key)
            inside = [sizes[id(child)] for child in _children(node)]
            sizes[key] = 1 + sum(size for size, _ in inside), 1 + max((levels for _, levels in inside), default=0)
            if sizes[key][1] > MOST_DEPTH:
                raise _AliasError(
                    f"is nested too deeply: more than {MOST_DEPTH} levels once its aliases are written out"
                )
        elif key in open_nodes:
            raise _AliasError(f"has an alias that holds itself, at line {node.start_mark.line + 1}")
        elif key not in sizes:
            open_nodes.add(key)
            stack.append((node, True))
            stack.extend((child, False) for child in _children(node))
    if sizes[id(root)][0] > len(sizes) + MOST_REPEATED:
        raise _AliasError(
            f"has aliases that stand for more than {MOST_REPEATED:,} values; write values out where they stand, or JSON"
        )


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, SequenceNode):
        yield from node.value
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield key
            yield value
