"""Text as a reader sees it: characters without width go, look-alike letters become what they look like."""

import re
import unicodedata

_WIDTHLESS = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
                        "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")  # fmt: skip
_JOINERS = re.compile("(?<=[\x20-\u024f])[\u200c\u200d]+(?=[\x20-\u024f])")
"""Zero-width joiners mean something in Persian, Indic scripts and emoji; between Latin letters they only hide."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STYLED = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff]+")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_TWINS = str.maketrans(
    "АВЕЗІЈКМНОРСТУХЅԚԜаеіјорсухѕԛԝһԁѵҮΑΒΕΖΗΙΚΜΝΟΡΤΥΧοινϲϳıɡɑ",
    "ABE3IJKMHOPCTYXSQWaeijopcyxsqwhdvYABEZHIKMNOPTYXoivcjiga",
)
"""Letters of other scripts that look like Latin ones (after Unicode UTS 39, confusables; the common ones)."""
WIDTHLESS, LOOK_ALIKE, CONTROL = "invisible characters", "look-alike characters", "control characters"


def clean(text: str) -> tuple[str, frozenset[str]]:
    """The text in NFC, and what was found wrong with it (names above)."""
    found = set()
    bare = _JOINERS.sub("", _WIDTHLESS.sub("", text))
    if len(bare) != len(text):
        found.add(WIDTHLESS)
    plain = _CONTROL.sub("", bare)
    if len(plain) != len(bare):
        found.add(CONTROL)
    latin = plain
    if not plain.isascii():
        latin = _STYLED.sub(lambda hit: unicodedata.normalize("NFKC", hit.group()), plain)
        latin = _WORD.sub(_unmixed, unicodedata.normalize("NFC", latin))
        if latin != unicodedata.normalize("NFC", plain):
            found.add(LOOK_ALIKE)
    return latin, frozenset(found)


def _unmixed(hit: re.Match[str]) -> str:
    """A word that mixes Latin letters with their twins from other scripts, in Latin."""
    word = hit.group()
    if word.isascii() or not _LATIN.search(word):
        return word
    return word.translate(_TWINS)
