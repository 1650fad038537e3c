"""Write the known checksums of the CMU motion files from a folder that holds good copies.

``python scripts/make_cmu_checksums.py FOLDER``, where FOLDER holds subjects/<subject>/<file>.
"""

import json
import sys
from pathlib import Path

from vhp_core.data.cmu import FILES, checksum

subjects = Path(sys.argv[1]) / "subjects"
table = {file: checksum(subjects, file) for file in FILES}
target = Path(__file__).parents[1] / "vhp_core" / "data" / "cmu_checksums.json"
target.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
