"""The page of what was answered, predicted and written: all of it, and nothing that a learner typed is run."""

from html.parser import HTMLParser

import pytest
from markupsafe import escape
from typer.testing import CliRunner

from destructure.cli import app
from destructure.exercises import AnswerStore, answer, find, reveal, sign_in, write_summary

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'</blockquote>{{ 7 * 7 }}"


class Tags(HTMLParser):
    """The tags of a page, which must close in order, and its attributes' names."""

    def __init__(self, page):
        super().__init__()
        self.open, self.names, self.attributes = [], set(), set()
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page(work):
    return (work / "my_course.html").read_text(encoding="utf-8")


def test_one_sentence_while_there_is_nothing(work):
    assert write_summary().startswith("Nothing is answered yet")
    assert not (work / "my_course.html").exists()
    answer("04.mask.decoder", "")  # no answer
    assert CliRunner().invoke(app, ["summary"]).output.startswith("Nothing is answered yet")


def test_the_page_holds_answers_predictions_and_texts(work):
    answer("04.mask.decoder", find("04.mask.decoder").reference)
    answer("00.prediction.paper", (2, 1, 4))
    answer("04.prediction.unseen", (20, 10, 30))
    reveal("00.prediction.paper", 1.87)
    reveal("04.prediction.unseen", 97)
    reveal("02.prediction.window", 9).click("show")
    answer("02.prediction.window", find("02.prediction.window").reference)
    answer("01.prediction.tenfold", find("01.prediction.tenfold").reference)  # not shown yet
    answer("12.written.next", find("12.written.next").reference)
    assert "my_course.html, in your work folder" in write_summary()
    text = page(work)
    for part in (
        "4 committed; of 2 that came before their results, 1 held: 50%.",
        "<td>result opened before</td>",
        "<td>1.87 s</td><td>inside</td>",
        "<td>outside</td>",
        "not shown yet: run notebook 01",
        find("12.written.next").title,
        escape(find("04.mask.decoder").title),
        "■",
    ):
        assert part in text
    assert {"script", "iframe", "link"} & Tags(text).names == set()


def test_an_outcome_is_kept_only_with_a_prediction(work):
    reveal("00.prediction.paper", 1.87)
    assert AnswerStore().record("00.prediction.paper").outcome is None
    answer("00.prediction.paper", (2, 1, 4))
    widget = reveal("00.prediction.paper", 1.87)
    assert widget.shown
    assert AnswerStore().record("00.prediction.paper").outcome == 1.87


def test_what_a_learner_typed_is_shown_and_not_run(work):
    sign_in("<b>Ada</b>", "{{ course }}")
    one = find("12.written.next")
    answer(one.id, f"{HOSTILE} {one.reference}")
    answer("00.code.fallen", f"def distance_fallen(time, terminal_speed):\n    return {HOSTILE!r}")
    answer("04.mask.decoder", "1000\n1100\n1110\n1111")
    write_summary()
    tags = Tags(page(work))
    assert {"script", "img"} & tags.names == set()
    assert not any(name.startswith("on") for name in tags.attributes)
    assert page(work).count("&lt;script&gt;") == 2
    assert "{{ 7 * 7 }}" in page(work)
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page(work)


def test_a_folder_that_cannot_be_written_gets_one_sentence(work, monkeypatch):
    answer("04.mask.decoder", "1000\n1100\n1110\n1111")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("destructure.exercises.summary.write_atomically", full)
    with pytest.raises(
        ValueError, match=r"my_course.html cannot be written .*No space left.*DESTRUCTURE_WORK"
    ):
        write_summary()
