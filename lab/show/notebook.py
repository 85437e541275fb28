"""
The verbs that a notebook uses: run, draw, predict, compare.

Each takes names, as a learner writes them, and returns a value that shows
itself. It decides nothing: clients and scenes are where they always were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509

from lab.naming import alike
from lab.observation import Certificate, Observation, Outcome, Progress, untold
from lab.pki.pins import seen
from lab.policy.clients import Client
from lab.policy.clients import chosen as clients
from lab.scenes.catalogue import SLIPS, Case, usually
from lab.scenes.catalogue import chosen as cases
from lab.show.drawing import Path
from lab.show.sheet import Row, Sheet, Tabled
from lab.trials import matrix as matrices
from lab.trials import trace as traces
from lab.trials import trial as trials
from lab.trials.alike import Alike
from lab.trials.letters import lettered
from lab.trials.matrix import Matrix
from lab.trials.trace import Trace
from lab.trials.trial import Trial


def matrix(of: str | Iterable[str | Client] = "story", scenes: str | Iterable[str | Case] | None = None) -> Matrix:
    """Run these clients through these scenes over real TLS; without scenes through those that tell them apart."""
    return matrices.matrix(clients(of), None if scenes is None else cases(scenes))


def profiles(scenes: str | Iterable[str | Case] | None = None, progress: Progress = untold) -> Alike:
    """Run the profiles of real implementations through these scenes, and put like to like."""
    rows = clients("profiles")
    shown = [one for one in (*usually(()), *SLIPS.values()) if not one.repeats] if scenes is None else cases(scenes)
    return Alike(matrices.matrix(rows, shown, progress))


def trial(client: str | Client, scene: str | Case) -> Trial:
    """Take one client through one scene."""
    return trials.trial(clients([client])[0], cases([scene])[0])


def trace(client: str | Client, scene: str | Case) -> Trace:
    """The same, with a second opinion and what would flip the outcome; the first call takes about a second."""
    return traces.trace(clients([client])[0], cases([scene])[0])


Drawable = Observation | Trial | Sequence[Certificate] | Sequence[x509.Certificate]


def draw(what: Drawable, pinned: Mapping[str, str] | None = None, title: str = "path", beside: Drawable = ()) -> Path:
    """
    A path as a drawing: root on the left, leaf on the right.

    `pinned` maps a pin to the word that marks its certificate. A trial is drawn
    as the path of the meeting that its cell shows, with the letters that its
    keys have in the trial. Elsewhere keys are lettered from the leaf on: first
    those of the path that this one stands `beside`, then what is new.
    """
    drawn = _drawn(what)
    letters = what.letters if isinstance(what, Trial) else lettered(one.pin for one in (*_drawn(beside), *drawn))
    return Path(drawn, dict(pinned or {}), letters, title)


def _drawn(what: Drawable) -> tuple[Certificate, ...]:
    if isinstance(what, Trial):
        what = what.shown.observation
    if isinstance(what, Observation):
        what = what.path or what.presented
    return tuple(one if isinstance(one, Certificate) else seen(one) for one in what)


# ---- predict, run, explain -----------------------------------------------------------------------

BLANK = "?"


@dataclass(frozen=True)
class Prediction:
    """
    What was `asked`, the `guess`, and what happened: any of `found` is right.

    `options` are the words that could be an answer; empty where any word could.
    """

    asked: str
    guess: str
    found: tuple[str, ...]
    options: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether the guess agrees with what happened."""
        return self.guess in self.found

    @property
    def mark(self) -> str:
        """Whether it is right, in a word with a sign; a word that is no answer here is told the nearest that is one."""
        if self.guess == BLANK:
            return "blank"
        if self.right:
            return "✓ right"
        if self.options and self.guess not in self.options:
            return f"? no answer here; {' or '.join(alike(self.guess, self.options) or self.options)}"
        return "✗ look again"


@dataclass(frozen=True)
class Comparison(Tabled):
    """Guesses beside what happened; `problem` is why there is nothing to compare, in a sentence."""

    rows: tuple[Prediction, ...]
    problem: str = ""

    @property
    def right(self) -> int:
        """How many guesses agree with what happened."""
        return sum(one.right for one in self.rows)

    @property
    def blank(self) -> int:
        """How many guesses were not made."""
        return sum(one.guess == BLANK for one in self.rows)

    @property
    def sum(self) -> str:
        """How many guesses agree, in a sentence."""
        made = len(self.rows) - self.blank
        if self.problem or not made:
            return self.problem or "no prediction yet: here is what happened"
        return f"{self.right} of {made} predictions right" + (f", {self.blank} left blank" if self.blank else "")

    def sheet(self) -> Sheet:
        """The guesses beside what happened, as a table."""
        rows = [Row(one.asked, (one.guess, " or ".join(one.found), one.mark)) for one in self.rows]
        return Sheet(self.sum, ("asked", "you", "run", "prediction"), rows)


def compare(guesses: Mapping[str, object], found: Mapping[str, object] | Matrix | Trial) -> Comparison:
    """
    Hold guesses against a run; a blank (``"?"``), a word that is no answer, an answer to another question never raises.

    `found` is a mapping with the same keys, or a matrix of one scene (then the
    guesses are by client name). A set in it is a question with several right answers.
    """
    if isinstance(found, Trial):
        found = {found.client.name: found.outcome}
    if isinstance(found, Matrix):
        only = found.cases[0]
        found = {one.name: found.cell(one.name, only.name).outcome for one in found.clients}
    if not isinstance(guesses, Mapping) or (elsewhere := [str(key) for key in guesses if key not in found]):
        what = f"about {', '.join(elsewhere)}" if isinstance(guesses, Mapping) else "no dictionary"
        return Comparison((), f"these guesses are {what}, which is not asked here; run the cell with the guesses first")
    return Comparison(tuple(_prediction(key, guesses.get(key), value) for key, value in found.items()))


def _prediction(asked: str, guess: object, value: object) -> Prediction:
    several = tuple(value) if isinstance(value, (set, frozenset)) else (value,)
    outcomes = tuple(one.value for one in Outcome) if all(isinstance(one, Outcome) for one in several) else ()
    return Prediction(asked, BLANK if guess is None else _word(guess), tuple(sorted(map(_word, several))), outcomes)


def _word(value: object) -> str:
    if isinstance(value, Outcome):
        return value.value
    word = str(value).strip().lower()
    return word or BLANK
