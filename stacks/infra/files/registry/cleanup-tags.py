#!/usr/bin/env python3
"""Of every image in the pull-through registries, keep the newest tags and delete the older ones.

Works on the registries' files, so that a registry need not run; the blobs go with its next garbage collection.
"""
import argparse
import shutil
from pathlib import Path


def old_tags(tags, keep):
    """The tag folders beyond the newest `keep`, by the time of their last change."""
    return sorted((tag for tag in tags.iterdir() if tag.is_dir()), key=lambda tag: tag.stat().st_mtime)[:-keep]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default="/opt/registry/data", help="a folder for each registry")
    parser.add_argument("--keep", type=int, default=10, metavar="N", help="tags kept of each image (default 10)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be deleted")
    options = parser.parse_args()
    if options.keep < 1:
        parser.error("--keep must be at least 1")

    for registry in sorted(path for path in options.root.iterdir() if path.is_dir()):
        repositories = registry / "docker/registry/v2/repositories"
        for tags in sorted(repositories.rglob("_manifests/tags")):
            image = tags.parent.parent.relative_to(repositories)
            for tag in old_tags(tags, options.keep):
                print(f"{registry.name}: {image}:{tag.name}", flush=True)
                if not options.dry_run:
                    shutil.rmtree(tag)


if __name__ == "__main__":
    main()
