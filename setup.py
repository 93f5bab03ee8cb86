"""A wheel carries the course beside the code, so that it is found where there is no clone: on a hub, for example."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

NOT_SHIPPED = shutil.ignore_patterns(".*", "__pycache__", "work")


class BuildWithTheCourse(build_py):
    """Copies notebooks, exercises and tables to where `destructure.files.course_folder` looks for them."""

    def run(self):
        """Build as always, then copy."""
        super().run()
        if not self.editable_mode:
            shipped = Path(self.build_lib, "destructure", "shipped")
            shutil.rmtree(shipped, ignore_errors=True)
            for folder in ("notebooks", "data"):
                shutil.copytree(folder, shipped / folder, ignore=NOT_SHIPPED)
            shutil.copy("constraints.txt", shipped)


setup(cmdclass={"build_py": BuildWithTheCourse})
