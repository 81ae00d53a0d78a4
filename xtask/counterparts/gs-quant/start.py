"""gs_quant, driven from outside: runs the driver by the Python that has it."""

import os
import sys

python = os.environ.get("COUNTERPART_PYTHON")
if python is None:
    sys.exit("COUNTERPART_PYTHON says which Python has the packages of requirements.txt: cargo xtask up gs-quant")
os.execv(python, [python, os.path.join(os.path.dirname(os.path.abspath(__file__)), "driver.py")])
