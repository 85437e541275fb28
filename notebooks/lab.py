"""
`import lab` in a notebook finds this file first, and gets the lab that lies beside this folder.

So a kernel of another environment, and one that has another project called
lab, get either this lab or one sentence that says what to choose. It decides
nothing else; older Pythons can read it.
"""

import importlib.util
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent.parent
_spec = importlib.util.spec_from_file_location("lab", str(_HERE / "lab" / "__init__.py"))
_lab = importlib.util.module_from_spec(_spec)
if sys.version_info < (3, 11) or importlib.util.find_spec("trustme") is None:
    raise ImportError(
        "this kernel's Python (%s) cannot run the lab: open the notebooks with `make lab`, "
        "or choose the Python in %s as the kernel" % (sys.executable, _HERE / ".venv")
    )
sys.modules["lab"] = _lab  # what the import that came here is given
_spec.loader.exec_module(_lab)
if __name__ == "__main__":  # `python -m lab` in this folder
    from lab.__main__ import program

    sys.exit(program())
