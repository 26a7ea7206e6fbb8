import sys

import pytest

from xalign.errors import InputError, OptionError
from xalign.text.line_filter import WHOLE, commands_of, filtered, located
from xalign.text.sentences import SentencePair

# A tokenizer that, as most programs, keeps what it writes until it has much or its input ends.
SPLIT = f"{sys.executable} -c \"import sys; [sys.stdout.write(l.replace('.', ' .')) for l in sys.stdin]\""


def pairs(*texts):
    return iter([SentencePair.of(*each, WHOLE) for each in texts])


def test_a_command_makes_words_of_lines():
    found = list(filtered(pairs(("a b.", "c."), ("", "d\ne")), ("sed 's/[.]/ ./'", "cat")))
    assert [(pair.source, pair.target) for pair in found] == [(("a", "b", "."), ("c.",)), ((), ("d", "e"))]
    assert found[0].source.spans == ((0, 1), (2, 3), (3, 4))


def test_words_that_are_given_are_left_as_they_are():
    assert list(filtered(iter([SentencePair(("a.",), ("New York",))]), ("cat", "false"))) == [
        SentencePair(("a.",), ("New York",))
    ]


@pytest.mark.parametrize(
    "commands", [("cat", SPLIT), (SPLIT, "cat"), ("sort", "cat")], ids=["1", "2", "all first"]
)
def test_a_command_may_keep_back_what_it_writes(commands):
    number = 30_000  # more lines than may wait
    found = filtered(pairs(*[(f"{k:05}.", f"{k:05}.") for k in range(number)]), commands)
    assert sum(pair.source[0][:5] == pair.target[0][:5] for pair in found) == number


def test_a_reader_that_stops_early_ends_the_commands():
    found = filtered(pairs(*[("a", "b")] * 100_000), ("cat", "cat"))
    next(found)
    found.close()


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("head -n 1", r"'head -n 1' ended before it wrote line 2 \(exit status 0\)"),
        ("exit 3", r"ended before it wrote line 1 \(exit status 3\)"),
        ("sed s/a/x/", "line 1: 'sed s/a/x/' writes 'x' where the text has 'a'"),
        ("sed 's/ .*//'", "line 2: .* leaves out 'd'"),
        ("sed p", "line 2: .* writes 'a'|writes more lines than it reads"),
    ],
)
def test_a_command_that_does_not_do_that_is_told(command, complaint):
    with pytest.raises(InputError, match=complaint):
        list(filtered(pairs(("a", "a"), ("c d", "b")), (command, "cat")))


def test_what_ends_the_text_is_told_after_the_pairs_before_it():
    def broken():
        yield from pairs(("a", "b"))
        raise InputError("line 2 is broken")

    found = filtered(broken(), ("cat", "cat"))
    assert next(found) == SentencePair(("a",), ("b",))
    with pytest.raises(InputError, match="line 2 is broken"):
        next(found)


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ('"R&D"', "&quot; R&amp;D &quot;", ('"', "R&D", '"')),
        ('"a (b)"', "`` a -LRB- b -RRB- ''", ('"', "a", "(", "b", ")", '"')),
        ("a-b", "a @-@ b", ("a", "-", "b")),
        ("Das Haus.", "das haus ￭.", ("Das", "Haus", ".")),
        ("a\u00a0 b\u200b", "a b", ("a", "b")),
    ],
)
def test_words_are_those_of_the_text_however_a_tokenizer_writes_them(text, line, expected):
    assert located(text, line) == expected


def test_commands_are_for_both_sides_or_one_each():
    assert commands_of(["cat"], None, None) == ("cat", "cat")
    assert commands_of(["a {lang}", "b"], "de", None) == ("a de", "b")
    for commands in ([], ["a", "b", "c"], ["a {lang}"]):
        with pytest.raises(OptionError):
            commands_of(commands, None, "en")
