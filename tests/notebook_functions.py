"""What a notebook defines in its cells, to be tested outside of it."""

import ast

import nbformat

from destructure.files import notebooks_folder


def functions_of(number, **names):
    """Import what notebook `number` imports, define its functions and classes, and return all names.

    Args:
        names: what the functions take from other cells.
    """
    (path,) = notebooks_folder().glob(f"{number}_*.ipynb")
    code = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")
    kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    tree = ast.parse(code)
    tree.body = [node for node in tree.body if isinstance(node, kept)]
    exec(compile(tree, str(path), "exec"), names)
    return names
