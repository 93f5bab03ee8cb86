"""The exercise kit: questions answered in widgets (or by text), checked at once, kept safely.

In a notebook: `exercise("04.mask.decoder")` shows one, `answer("04.mask.decoder", value)` answers it by text,
`reveal(...)` shows the result of a prediction, `progress_panel()` what is done and what is open. Nothing here
needs torch, except the checks of code exercises while they run.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "catalogue": ["every", "find"],
        "draws": ["Variants"],
        "definition": ["Exercise"],
        "editions": ["solved"],
        "lesson": ["Answered", "answer", "exercise", "reveal"],
        "progress": ["progress_panel"],
        "store": ["AnswerStore", "NotSaved"],
        "summary": ["write_summary"],
        "verdict": ["Verdict"],
        "workplace": ["sign_in", "work_folder"],
    },
)
