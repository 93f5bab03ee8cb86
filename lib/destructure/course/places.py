"""Where the course's folders are: beside `lib/`, in the copy of the repository that was installed."""

from pathlib import Path


def course_folder() -> Path:
    """The repository's top folder.

    Raises:
        FileNotFoundError: if the package was installed without the course around it.
    """
    folder = Path(__file__).resolve().parents[3]
    if not (folder / "notebooks").is_dir():
        raise FileNotFoundError(
            f"The course's notebooks are not at {folder}; clone the repository and install it by `pip install -e .`."
        )
    return folder


def notebooks_folder() -> Path:
    """The folder of the notebooks."""
    return course_folder() / "notebooks"


def data_folder() -> Path:
    """The folder of the tables."""
    return course_folder() / "data"
