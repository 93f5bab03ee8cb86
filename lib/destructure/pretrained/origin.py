"""The line under a result that says whether it was computed just now."""

import html

import ipywidgets


class Origin(ipywidgets.HTML):
    """Says how a result came about, in a form that tests of notebooks do not compare.

    It is stored in a notebook as the same words whatever it says; what it says is the widget's `value`.
    """

    def __init__(self, line: str):
        super().__init__(f"<em>{html.escape(line)}</em>")

    def __repr__(self) -> str:
        return "<Origin: whether this result was computed just now>"

    def _repr_mimebundle_(self, **keywords):
        bundle = super()._repr_mimebundle_(**keywords)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data["text/plain"] = repr(self)
        data["text/html"] = (
            "<p><em>In JupyterLab, with the notebook running, a line here says whether this result was computed just "
            "now or is the stored one.</em></p>"
        )
        return bundle
