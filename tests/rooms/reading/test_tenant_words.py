from pathlib import Path

import pytest

from proofdesk.language.reading import WordFileError, load_tenant_words


def test_words_that_yaml_takes_for_truth_values_stay_words(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text("values:\n  on: [yes, 12]\npolarity:\n  tall: {option: height, direction: -1}\n", encoding="utf-8")
    words = load_tenant_words(file)
    assert words.values == {"on": ("yes", "12")}
    assert words.polarity["tall"].direction == -1


@pytest.mark.parametrize("text", ["products: [", "prodcts: {a: [b]}", "products: {a: b}", "- a"])
def test_a_wrong_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WordFileError, match=r"words\.yaml"):
        load_tenant_words(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordFileError, match="cannot be read"):
        load_tenant_words(tmp_path / "absent.yaml")
