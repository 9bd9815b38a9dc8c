"""Write what the code says of itself into the documentation."""

import shutil
import tempfile
from pathlib import Path

from tests.documents import pages


def main() -> None:
    """The pictures of all pages."""
    for page in pages.PAGES:
        wanted = pages.pictures(page)
        with tempfile.TemporaryDirectory() as directory:
            pages.run(page, Path(directory))
            for picture in wanted:
                drawn = Path(directory, picture.name)
                if drawn.exists():
                    shutil.copy(drawn, picture)


if __name__ == "__main__":
    main()
