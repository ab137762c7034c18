"""Texts in YAML that readers of YAML 1.1 and 1.2 take alike.

To the first, which many tools still are, `on`, `no` and `1_000` are no texts: as a key, `on` would be `true`.
"""

from typing import Any

from ruamel.yaml.representer import SafeRepresenter

from placement.documents.yaml_rows import scalar


class TextsInQuotes(SafeRepresenter):
    """Texts in double quotes, unless no reader could take them for something else."""

    def text(self, data: str) -> Any:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=None if scalar(data) == data else '"')


TextsInQuotes.add_representer(str, TextsInQuotes.text)
