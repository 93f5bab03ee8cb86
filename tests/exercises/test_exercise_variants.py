"""Each student's own numbers: different, equally hard, and no use to a neighbour."""

import math
import re
from collections import Counter

import pytest

from destructure.exercises import answer, exercise, sign_in
from destructure.exercises.catalogue import find, fits_classmate, varying
from destructure.exercises.draws import Draw
from destructure.exercises.workplace import current_student, student_problem
from destructure.structure import Structure

STUDENTS = [f"student-{number:04d}" for number in range(1000)]
VARYING = varying()
each = pytest.mark.parametrize("id", VARYING)


def numbers(text):
    return [float(number) for number in re.findall(r"\*\*(\d+(?:\.\d+)?)%?(?: m)?\*\*", text)]


def solve_hit(exercise):
    count, percent = numbers(exercise.question)
    fails = 1 - percent / 100  # 1
    none = fails**count  # 2
    return 100 * (1 - none), {"operations": 3, "numbers to read": 2}


def solve_fall(exercise):
    (height,) = numbers(exercise.question)
    twice = 2 * height  # 1
    squared = twice / 9.81  # 2
    return math.sqrt(squared), {"operations": 3, "numbers to read": 2}


def solve_share(exercise):
    encoder, decoder = numbers(exercise.question)
    inner = 4 + 8, 4 + 4 + 8  # one layer each: 2 operations
    whole = inner[0] * encoder + inner[1] * decoder  # 2
    return 100 * 4 * decoder / whole, {"operations": 6, "numbers to read": 2}


def solve_memory(exercise):
    """Compare the goal's description with that of each corner, as the drawings do; count the flips."""
    from destructure.exercises.drawings import structure_description

    goal = re.search(r'alt="Goal: ([^"]*)"', exercise.kind.control(live=True)).group(1).replace("&#x27;", "'")
    start = exercise.kind.front()["start"]
    (corner,) = [corner for corner in Structure.all() if structure_description(corner) == goal]
    flips = sum(getattr(corner, switch) != start[switch] for switch in Structure.SWITCHES)
    return corner, {"flips": flips}


def solve_shapes(exercise):
    sizes = re.search(
        r"batch of (\d+): inputs of (\d+) tokens, targets of (\d+).*width (\d+) and (\d+) heads",
        exercise.question,
    )
    batch, source, target, width, heads = map(int, sizes.groups())
    share = width // heads
    found = [
        (batch, source, width),
        (batch, heads, target, share),
        (batch, heads, source, share),
        (batch, heads, target, source),
        (batch, target, width),
    ]
    return found, {"shapes": len(found), "sizes": sum(map(len, found))}


def solve_pipeline(exercise):
    sizes = re.search(
        r"batch of (\d+) sentences, (\d+) tokens.* of (\d+) entries.*width (\d+)", exercise.question
    )
    batch, length, vocabulary, width = map(int, sizes.groups())
    vectors = (batch, length, width)
    found = [(batch, length), (batch, length, vocabulary), (vocabulary, width), vectors]
    found += [(batch, length, length), vectors]
    return found, {"shapes": len(found), "sizes": sum(map(len, found))}


def solve_pairs(exercise):
    (length,) = numbers(exercise.question)
    following = length + 1  # 1
    twice = length * following  # 2
    return twice / 2, {"operations": 3, "numbers to read": 1}  # 3


def solve_cache(exercise):
    layers, _heads, kv_heads, head_width, tokens = numbers(exercise.question)
    numbers_a_token = 2 * layers * kv_heads * head_width  # 3 operations
    return 2 * numbers_a_token * tokens / 2**20, {"operations": 6, "numbers to read": 5}


def solve_tokens(exercise):
    text, letters = numbers(exercise.question)
    more = letters + 1  # 1
    return 100 * more / text, {"operations": 3, "numbers to read": 2}  # 2


def solve_forensics(exercise):
    """Three findings, one after the other; count the flips from the start."""
    coefficient = int(re.search(r"about \*\*(\d+) · L · d²\*\*", exercise.question).group(1))
    cross, apart = {28: (True, True), 24: (False, True), 16: (True, False), 12: (False, False)}[coefficient]
    final = "target layer notices it" in exercise.question
    both_ways = "input token changes." in exercise.question
    found = Structure(cross, apart, final, both_ways)
    start = exercise.kind.front()["start"]
    flips = sum(getattr(found, switch) != start[switch] for switch in Structure.SWITCHES)
    return found, {"findings": 3, "flips": flips}


def solve_saving(exercise):
    source, target = numbers(exercise.question)[-2:]
    whole = 28 * source + 24 * target  # 3 operations
    return 100 * 4 * source / whole, {"operations": 6, "numbers to read": 2}  # 3 more


def solve_assumptions(exercise):
    """What each panel's description changes, and which structure that is about."""
    words = {"stands last": "S4", "layers": "S3", "nine input tokens": "S1", "German": "S2"}
    described = re.search(r'alt="(Dial A: [^"]*)"', exercise.kind.control(live=True)).group(1)
    found = {}
    for letter, text in re.findall(r"Dial (.): (.*?)\.(?: |$)", described):
        (found[letter],) = [structure for word, structure in words.items() if word in text]
    return found, {"pairs": len(found)}


SOLVERS = {
    "00.number.hit": solve_hit,
    "00.number.fall": solve_fall,
    "03.number.pairs": solve_pairs,
    "03.shapes.pipeline": solve_pipeline,
    "04.number.cross_share": solve_share,
    "04.switchboard.memory": solve_memory,
    "04.shapes.cross": solve_shapes,
    "05.number.tokens": solve_tokens,
    "06.number.cache_bytes": solve_cache,
    "07.switchboard.forensics": solve_forensics,
    "07.number.saving": solve_saving,
    "09.match.assumptions": solve_assumptions,
}


def test_at_least_two_exercises_vary_and_each_has_a_solver():
    assert len(VARYING) >= 2
    assert set(VARYING) == set(SOLVERS)


@each
def test_a_thousand_students_have_equally_hard_variants(id):
    """Each is solved from its question alone, in the same number of steps."""
    efforts = set()
    for student in STUDENTS:
        one = find(id, student)
        value, effort = SOLVERS[id](one)
        assert one.check(value).score == 1, (student, one.question)
        assert one.check(one.reference).score == 1
        efforts.add((*effort.items(), one.difficulty, one.minutes))
    assert len(efforts) == 1


@each
def test_a_copied_answer_shows(id):
    answers = [find(id, student).reference for student in STUDENTS[:200]]
    common = Counter(map(str, answers)).most_common(1)[0][1]
    assert common <= 0.25 * len(answers), "one answer fits too many students"
    scores = [find(id, mine).check(theirs).score for mine, theirs in zip(STUDENTS, answers[1:], strict=False)]
    assert sum(score == 1 for score in scores) < 0.2 * len(scores)


def test_copying_is_traced_to_a_classmate():
    id, classmates = "04.shapes.cross", STUDENTS[:30]
    mine = classmates[0]
    theirs = next(one for one in classmates if find(id, one).reference != find(id, mine).reference)
    copied = find(id, theirs).reference
    assert theirs in fits_classmate(id, copied, mine, classmates)
    assert fits_classmate(id, find(id, mine).reference, mine, classmates) == []


def test_draws_depend_on_student_exercise_course_and_label_only():
    values = range(10**6)
    draw = Draw("ada", "04.x.y", "2026")
    assert draw.pick("a", values) == Draw("ada", "04.x.y", "2026").pick("a", values)
    others = [
        Draw("bob", "04.x.y", "2026").pick("a", values),
        Draw("ada", "04.x.z", "2026").pick("a", values),
        Draw("ada", "04.x.y", "2027").pick("a", values),
        draw.pick("b", values),
    ]
    assert len({draw.pick("a", values), *others}) == 5
    assert Draw("", "04.x.y").pick("a", "xyz") == "x"


def test_draws_are_even():
    counts = Counter(Draw(student, "04.x.y").pick("a", "abcd") for student in STUDENTS)
    assert all(200 < count < 300 for count in counts.values())


def test_a_student_who_signed_in_gets_their_own_variant(work):
    default = exercise("04.shapes.cross").page
    sign_in("  ada ", "autumn")
    assert (current_student().id, current_student().course) == ("ada", "autumn")
    assert exercise("04.shapes.cross").page != default
    assert answer("04.shapes.cross", find("04.shapes.cross", "ada", "autumn").reference).score == 1
    assert answer("04.shapes.cross", find("04.shapes.cross").reference).score < 1


def test_environment_names_the_student_too(monkeypatch):
    monkeypatch.setenv("DESTRUCTURE_STUDENT", "bob")
    assert current_student().id == "bob"


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"student": ""}', '{"student": 5}', "\x00", '{"student": "a\\nb"}']
)
def test_a_damaged_student_file_means_nobody_and_says_so(work, text):
    work.mkdir()
    (work / "student.json").write_text(text)
    assert current_student().id == ""
    assert "student.json" in student_problem()
    assert exercise("04.shapes.cross").identity == "04.shapes.cross"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 200, 5, None])
def test_a_student_id_is_one_short_line(name):
    with pytest.raises(ValueError, match="student must"):
        sign_in(name)
