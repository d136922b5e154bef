"""What is done about a change whose call was not plainly answered, case by case."""

import pytest

from proofdesk.core.effect_course import Course, CourseFacts, decide_course


@pytest.mark.parametrize(
    ("facts", "course"),
    [
        (CourseFacts(point="no_rules", fresh=True), "given_up"),
        (CourseFacts(point="no_rules", fresh=False), "uncertain"),
        (CourseFacts(point="before_call", fresh=True, idempotency="D"), "call"),
        (CourseFacts(point="before_call", fresh=False, idempotency="A"), "call"),
        (CourseFacts(point="before_call", fresh=False, idempotency="C"), "let_it_arrive"),
        (CourseFacts(point="before_call", fresh=False, idempotency="C", tries=1), "look"),
        (CourseFacts(point="refused", fresh=True), "refused"),
        (CourseFacts(point="refused", fresh=False), "look_last"),
        (CourseFacts(point="refused", fresh=False, tries=2), "refused"),
        (CourseFacts(point="refused", fresh=False, tries=2, in_doubt=True), "look_last"),
        (CourseFacts(point="unanswered", fresh=True, permanent=True), "given_up"),
        (CourseFacts(point="unanswered", fresh=True, permanent=True, uncertain=True), "look_last"),
        (CourseFacts(point="unanswered", fresh=False, permanent=True), "look_last"),
        (CourseFacts(point="unanswered", fresh=True, attempts=4, max_attempts=5), "repeat_later"),
        (CourseFacts(point="unanswered", fresh=True, attempts=5, max_attempts=5), "look_last"),
    ],
)
def test_each_case_has_its_course(facts: CourseFacts, course: Course) -> None:
    assert decide_course(facts) == course
