"""The content policy lets a page show what it fetched, and nothing from elsewhere."""

from app.kit.headers import CONTENT_SECURITY_POLICY


def test_pages_play_and_show_what_they_fetched_themselves() -> None:
    rules = dict(each.strip().split(" ", 1) for each in CONTENT_SECURITY_POLICY.split(";"))
    assert "blob:" in rules["media-src"].split(), "recordings are fetched with the session and played from memory"
    assert "blob:" in rules["img-src"].split()
    assert rules["default-src"] == "'self'"
    assert not any(word.startswith(("http", "*", "'unsafe")) for rule in rules.values() for word in rule.split())
