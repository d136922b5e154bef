"""kpi.yaml: the thresholds a person signs before anything may act."""

from pathlib import Path

from proofdesk.connectors.yamlfile import YamlFile
from proofdesk.core.gate import KpiContract


def read_kpi(path: Path) -> KpiContract:
    """Raises yamlfile.FileError."""
    file = YamlFile.read(path)
    return file.convert(file.data, KpiContract)
