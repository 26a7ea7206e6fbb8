import pytest

from xalign.text.placeholders import is_placeholder, protected


@pytest.mark.parametrize(
    "word",
    ["{0}", "{user}", "{{ name }}", "${name}", "$HOME", "%s", "%1$s", "%(name)s", "%-5.2f", "%%APP%"[1:], "<b>", "</b>",
     "<br/>", "<a href='x>y'>", "<!-- note -->"],
)  # fmt: skip
def test_placeholders_and_tags_are_told(word):
    assert is_placeholder(word)
    assert [match[0] for match in protected(f"a {word} b")] == [word]


@pytest.mark.parametrize(
    "text", ["5 < 6", "100 % sure", "20%", "5%d", "a {b c} d", "$5", "R & D", "x <3 y", "a@b"]
)
def test_signs_of_ordinary_text_are_not(text):
    assert list(protected(text)) == []


@pytest.mark.parametrize(
    "text", ["see https://x.org/a?b=1&c=2.", "write to a.b@c.de, please", "&nbsp;x", "www.x.org!"]
)
def test_addresses_and_entities_end_before_punctuation(text):
    [match] = protected(text)
    assert match[0] in ("https://x.org/a?b=1&c=2", "a.b@c.de", "&nbsp;", "www.x.org")
    assert not is_placeholder(match[0])


@pytest.mark.parametrize(
    "text", ["<!--", "<a ", '<a "', "a", "{{", "%(a", "$a", "http://", "@a", "<?", "&a", "a@"]
)
def test_hostile_lines_come_to_an_end(text):
    list(protected(text * (200_000 // len(text)) + "@"))
