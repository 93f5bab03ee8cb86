"""Where the course's folders are: beside `lib/`, in the copy of the repository that was installed."""

from pathlib import Path


def course_folder() -> Path:
    """The repository's top folder.

    Raises:
        ValueError: if the package was installed or copied without the course around it.
    """
    folder = Path(__file__).resolve().parents[2]
    if not (folder / "notebooks").is_dir() or not (folder / "data").is_dir():
        raise ValueError(
            f"The course's notebooks and tables were not found in {folder}; install the course from a copy of its "
            "repository (pip install -e .) and keep the folders notebooks and data beside the folder lib."
        )
    return folder


def notebooks_folder() -> Path:
    """The folder of the notebooks."""
    return course_folder() / "notebooks"


def data_folder() -> Path:
    """The folder of the tables."""
    return course_folder() / "data"
