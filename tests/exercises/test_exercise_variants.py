"""Each student's own numbers: different, equally hard, and no use to a neighbour."""

import itertools
import math
import re
from collections import Counter

import pytest

from destructure.exercises import answer, exercise, sign_in
from destructure.exercises.catalogue import find, fits_classmate, varying
from destructure.exercises.draws import Draw
from destructure.exercises.workplace import current_student, student_problem
from destructure.show.structure_sketches import structure_description
from destructure.structure import Structure

STUDENTS = [f"student-{number:04d}" for number in range(1000)]
VARYING = varying()
each = pytest.mark.parametrize("id", VARYING)


def numbers(text):
    return [float(number) for number in re.findall(r"\*\*(\d+(?:\.\d+)?)%?(?: m)?\*\*", text)]


def sizes(pattern, exercise):
    return map(int, re.search(pattern, exercise.question).groups())


def solve_hit(exercise):
    count, percent = numbers(exercise.question)
    return 100 * (1 - (1 - percent / 100) ** count)


def solve_fall(exercise):
    (height,) = numbers(exercise.question)
    return math.sqrt(2 * height / 9.81)


def solve_share(exercise):
    encoder, decoder = numbers(exercise.question)
    return 100 * 4 * decoder / ((4 + 8) * encoder + (4 + 4 + 8) * decoder)


def solve_memory(exercise):
    """Compare the goal's description with that of each corner, as the drawings do."""
    goal = re.search(r'alt="Goal: ([^"]*)"', exercise.kind.control(live=True)).group(1).replace("&#x27;", "'")
    (corner,) = [corner for corner in Structure.all() if structure_description(corner) == goal]
    return corner


def solve_shapes(exercise):
    pattern = r"batch of (\d+): inputs of (\d+) tokens, targets of (\d+).*width (\d+) and (\d+) heads"
    batch, source, target, width, heads = sizes(pattern, exercise)
    share = width // heads
    memory, output = (batch, source, width), (batch, target, width)
    queries, keys = (batch, heads, target, share), (batch, heads, source, share)
    return [memory, queries, keys, (batch, heads, target, source), output]


def solve_pipeline(exercise):
    pattern = r"batch of (\d+) sentences, (\d+) tokens.* of (\d+) entries.*width (\d+)"
    batch, length, vocabulary, width = sizes(pattern, exercise)
    vectors = (batch, length, width)
    ids, one_hot = (batch, length), (batch, length, vocabulary)
    return [ids, one_hot, (vocabulary, width), vectors, (batch, length, length), vectors]


def solve_pairs(exercise):
    (length,) = numbers(exercise.question)
    return length * (length + 1) / 2


def solve_cache(exercise):
    layers, _heads, kv_heads, head_width, tokens = numbers(exercise.question)
    return 2 * 2 * layers * kv_heads * head_width * tokens / 2**20


def solve_tokens(exercise):
    text, letters = numbers(exercise.question)
    return 100 * (letters + 1) / text


def solve_forensics(exercise):
    """Three findings, one after the other."""
    coefficient = int(re.search(r"about \*\*(\d+) · L · d²\*\*", exercise.question).group(1))
    cross, apart = {28: (True, True), 24: (False, True), 16: (True, False), 12: (False, False)}[coefficient]
    final = "target layer notices it" in exercise.question
    return Structure(cross, apart, final, "input token changes." in exercise.question)


def solve_saving(exercise):
    source, target = numbers(exercise.question)[-2:]
    return 100 * 4 * source / (28 * source + 24 * target)


def solve_assumptions(exercise):
    """What each panel's description changes, and which structure that is about."""
    words = {"stands last": "S4", "layers": "S3", "nine input tokens": "S1", "German": "S2"}
    described = re.search(r'alt="(Dial A: [^"]*)"', exercise.kind.control(live=True)).group(1)
    panels = re.findall(r"Dial (.): (.*?)\.(?: |$)", described)
    return {letter: next(words[word] for word in words if word in text) for letter, text in panels}


def solve_chat(exercise, power):
    turns, tokens = map(int, numbers(exercise.question)[:2])
    return sum((turn * tokens) ** power for turn in range(1, turns + 1))


def solve_bags(exercise):
    """Count them: words of the same letters are one bag."""
    length, letters = map(int, numbers(exercise.question)[:2])
    words = list(itertools.product(range(letters), repeat=length))
    return 100 * len({tuple(sorted(word)) for word in words}) / len(words)


def solve_table(exercise):
    length, heads = map(int, numbers(exercise.question.replace(",", ""))[:2])
    return 2 * heads * length * length / 2**30


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
    "10.number.tokens": lambda one: solve_chat(one, 1),
    "10.number.pairs": lambda one: solve_chat(one, 2),
    "11.number.bags": solve_bags,
    "11.number.table": solve_table,
}


def work_to_do(exercise):
    """What a student has to read and to do, counted in the question and in the control."""
    plain = re.sub(r"[\d.]+", "1", exercise.question)
    shapes = [len(shape) for shape in exercise.reference.values()] if exercise.kind.name == "shapes" else []
    start = exercise.kind.start.code if exercise.kind.name == "switchboard" else ""
    flips = sum(
        was != wanted for was, wanted in zip(start.split(), str(exercise.reference).split(), strict=False)
    )
    return len(numbers(plain)), plain.count("1"), tuple(shapes), flips, exercise.difficulty, exercise.minutes


def test_each_exercise_that_varies_has_a_solver():
    assert set(VARYING) == set(SOLVERS)


@pytest.mark.slow
@each
def test_a_thousand_students_have_equally_hard_variants(id):
    """Each is solved from its question alone, and each asks for as much."""
    efforts = set()
    for student in STUDENTS:
        one = find(id, student)
        assert one.check(SOLVERS[id](one)).score == 1, (student, one.question)
        assert one.check(one.reference).score == 1
        efforts.add(work_to_do(one))
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
