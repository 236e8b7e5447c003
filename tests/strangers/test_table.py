import subprocess
import sys

from strangers.programs import HERE


def test_the_table_in_the_readme_is_up_to_date() -> None:
    command = [sys.executable, str(HERE / "table.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
