"""Write what the code says of itself into the documentation."""

import shutil
import tempfile
from pathlib import Path

from tests.documents import names, pages, spellings


def main() -> None:
    """The lists, then the pictures of all pages."""
    for part in (names, spellings):
        part.PATH.write_text(part.text(), encoding="utf-8")
    for page in pages.PAGES:
        with tempfile.TemporaryDirectory() as directory:
            pages.run(page, Path(directory))
            for picture in pages.pictures(page):
                drawn = Path(directory, picture.name)
                if drawn.exists():
                    shutil.copy(drawn, picture)


if __name__ == "__main__":
    main()
