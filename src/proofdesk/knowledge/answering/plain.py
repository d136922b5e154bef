"""Words that questions are made of and that say nothing about what is asked."""

from proofdesk.knowledge.retrieval.words import words

_PLAIN = """
a an and any anybody anyone are as at be been by but can could did do does don't for from get give given go goes got had
has have hello help hey hi hallo how i i'd i'm i've if in into is it it's its just know let like long make many may me
mean mine much must my need needs of on one or our out please possible question regarding say should so some somebody
someone still such take tell thank thanks that the their them then there these they thing this those to told too
understand up us use want wants was way we were what what's when where whether which who whom whose why will wish with
within work works would you your yours about after again also am because before being between both during each few
happen happens he her here him his more most not now off only other over own same she than through under until very
while actually currently exactly really wonder wondering explain
aber alle als am an auch auf aus bei bin bis bitte da dann das dass dein dem den der des die dies du ein eine einem
einen einer er es euch für gibt habe haben hat ich ihr im in ist ja kann kein können man mein mich mir mit möchte muss
nach nicht noch nur oder ob sie sich sind so über um und uns von vor wann warum was wenn wer werden wie wie lange wird
wir wo zu zum zur viel viele
à au aux avec ce ces comment dans de des du elle en est et être il je la le les leur ma mais me mes mon ne nous on ou où
par pas peut peux plus pour pourquoi puis-je quand que quel quelle qui sa se ses son sont sur ta te tu un une vos votre
vous combien
al con cómo como cuál cuándo cuando cuánto de del dónde donde el ella en es eso esta este está hay la las lo los me mi
mis muy no nos o para pero por porque puede puedo que qué quién se ser si sin sobre son su sus tengo tu un una y yo
"""
PLAIN = frozenset(words(_PLAIN))
_CONSONANTS = frozenset("bdfgklmnprt")
MIN_CHARS = 4


def telling(text: str) -> tuple[str, ...]:
    """The words of a question that say what it is about, in order, each once, as the index knows them."""
    return tuple(dict.fromkeys(word for word in words(text) if word not in PLAIN and len(word) > 1))


def bare(word: str) -> str:
    """Cut further than for the index, so that cancel and cancelled, price and prices, delivery and deliveries meet."""
    if len(word) <= MIN_CHARS:
        return word
    if word[-1] == word[-2] and word[-1] in _CONSONANTS:
        return word[:-1]
    return f"{word[:-1]}i" if word[-1] == "y" else word[:-1] if word[-1] == "e" else word


def bare_words(text: str) -> frozenset[str]:
    return frozenset(bare(word) for word in words(text))
