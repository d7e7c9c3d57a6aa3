"""The page that goes through one explanation shows every member of it, as the broker tells it now."""

from docs.reading import PAGE, reading_page, unread


def test_the_page_shows_what_is_told() -> None:
    assert PAGE.read_text("utf-8") == reading_page()


def test_no_member_is_left_out() -> None:
    assert unread() == []
