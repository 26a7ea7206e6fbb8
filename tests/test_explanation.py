import re
from html.parser import HTMLParser

import numpy as np

from xalign.explanation import Explanation
from xalign.links import Alignment

SIMILARITY = np.array([[1.0, 0.0], [0.25, 0.5]], dtype=np.float32)
FORWARD = np.array([[True, False], [False, True]])
BACKWARD = np.array([[True, False], [True, False]])


def picture(source=("das", "Haus"), target=("the", "house")):
    return Explanation(source, target, SIMILARITY, FORWARD, BACKWARD, Alignment.of([(0, 0)]))._repr_html_()


def cells(text):
    return re.findall(r'<td title="([^"]*)" style="[^"]*rgba\(36,88,198,([\d.]+)\)">(.?)</td>', text)


def test_each_pair_of_units_has_its_similarity_and_its_directions():
    assert cells(picture()) == [
        ("das – the: 1.0000", "0.85", "●"),
        ("das – house: 0.0000", "0.00", ""),
        ("Haus – the: 0.2500", "0.21", "←"),
        ("Haus – house: 0.5000", "0.43", "→"),
    ]


def test_text_is_text_and_nothing_is_fetched_or_run():
    text = picture(('<script>alert("x")</script>', "a&b"), ('"><img src=x>', "'"))
    tags, attributes = set(), set()

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.add(tag)
            attributes.update(name for name, _ in attrs)

    Parser().feed(text)
    assert tags == {"table", "caption", "tr", "td", "th"}
    assert attributes == {"style", "title", "dir"}
    assert "http" not in text


def test_no_units_give_an_empty_table():
    none = np.zeros((0, 0))
    links = none.astype(bool)
    nothing = Explanation((), (), none.astype(np.float32), links, links, Alignment())
    assert cells(nothing._repr_html_()) == []
