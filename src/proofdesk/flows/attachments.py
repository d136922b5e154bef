"""What stands for a mail that says nothing itself: the names of what it brought."""

from proofdesk.connectors.channel.email.message import InboundMessage
from proofdesk.flows.talk import in_language

ONLY_FILES = {
    "en": "[No text. Attached: {names}]",
    "de": "[Kein Text. Im Anhang: {names}]",
    "fr": "[Sans texte. En pièce jointe : {names}]",
    "es": "[Sin texto. Adjunto: {names}]",
}
MORE = {"en": "{n} more", "de": "{n} weitere", "fr": "{n} de plus", "es": "{n} más"}
WHY_A_PERSON = "the mail says nothing in words; a person reads its attachments"


def only_files(message: InboundMessage, language: str) -> str:
    """One line that names the attachments, or their kind where they have no name."""
    names = [each.name or each.content_type for each in message.attachments]
    if message.attachments_omitted:
        names.append(in_language(MORE, language).replace("{n}", str(message.attachments_omitted)))
    return in_language(ONLY_FILES, language).replace("{names}", ", ".join(names))
