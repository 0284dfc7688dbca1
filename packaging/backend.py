"""How pip builds dbguard from a checkout.

A hook manager installs a hook with `pip install .` in a clone of the revision it was told. Where that is a released one, its
wheel is taken as it was published, so that nobody waits for a compiler or needs one. Everything else is compiled by maturin.
"""

import os
import re
import subprocess
import sys

MATURIN = "maturin>=1.9,<2"


def _version():
    with open("Cargo.toml", encoding="utf-8") as manifest:
        return re.search(r'^version = "(.*)"$', manifest.read(), re.MULTILINE).group(1)


def _git(*arguments):
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _is_released():
    """Whether this is, unchanged, the commit that the place it was cloned from calls by its version."""
    # Untracked files change nothing here, and pre-commit puts its virtualenv into its clone.
    changed = _git("status", "--porcelain", "--untracked-files=no").strip()
    if _git("rev-parse", "--show-prefix").strip() or changed:
        return False
    head = _git("rev-parse", "HEAD").strip()
    tag = f"refs/tags/v{_version()}"
    tagged = _git("ls-remote", "origin", tag, tag + "^{}").split()[::2]
    return bool(head) and head in tagged


def get_requires_for_build_wheel(config_settings=None):
    return ["pip"] if _is_released() else [MATURIN]


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    if not _is_released():
        import maturin

        return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)
    before = set(os.listdir(wheel_directory))
    wanted = f"dbguard-cli=={_version()}"
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--dest", wheel_directory]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, wanted], check=True)
    return (set(os.listdir(wheel_directory)) - before).pop()


def get_requires_for_build_sdist(config_settings=None):
    return [MATURIN]


def build_sdist(sdist_directory, config_settings=None):
    import maturin

    return maturin.build_sdist(sdist_directory, config_settings)
