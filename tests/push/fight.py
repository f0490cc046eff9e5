#!/usr/bin/env python3
"""An operator that sets a field of an object again and again, whatever push says.

    tests/push/fight.py KUBECONFIG PATH PATCH

PATH is that of the object in the API. PATCH is a JSON merge patch, in which `N` is another number each time. Its field
manager is `fight-operator`. Writes `begun` in the folder that it runs in.
"""

import itertools
import pathlib
import sys
import time

from api import Api

kubeconfig, path, patch = sys.argv[1:]
api = Api(kubeconfig)
for number in itertools.count():
    api.ask("PATCH", f"{path}?fieldManager=fight-operator", patch.replace("N", str(number)))
    pathlib.Path("begun").touch()
    time.sleep(0.02)
