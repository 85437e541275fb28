"""
What people see: text for terminals, accessible HTML and drawings for notebooks.

Importing this room teaches the lab's values how to show themselves in a
notebook.
"""

from lab.observation import Showable
from lab.show import html, matrix, profiles, text
from lab.show.drawing import Path
from lab.show.sheet import shown_by
from lab.trials.alike import Alike
from lab.trials.matrix import Matrix
from lab.trials.trace import Trace
from lab.trials.trial import Trial

Showable.renderers[Matrix] = shown_by(matrix.sheet)
Showable.renderers[Trial] = {"text/plain": text.trial, "text/html": html.trial}
Showable.renderers[Trace] = {"text/plain": text.trace, "text/html": html.trace}
Showable.renderers[Alike] = {"text/plain": profiles.text, "text/html": profiles.html}
Showable.renderers[Path] = {"text/plain": Path.alt, "text/html": Path.html}
