"""The API of a kubeconfig, for programs beside a test."""

import http.client
import json
import ssl
import urllib.parse


class Api:
    def __init__(self, kubeconfig):
        config = json.load(open(kubeconfig))
        cluster = config["clusters"][0]["cluster"]
        server = urllib.parse.urlparse(cluster["server"])
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self.authorization = f"Bearer {config['users'][0]['user']['token']}"
        self.connection = http.client.HTTPSConnection(server.hostname, server.port, context=context)

    def ask(self, method, path, body=None):
        """The answer as it came; `body` is the text of a merge patch."""
        headers = {"Authorization": self.authorization, "Content-Type": "application/merge-patch+json"}
        self.connection.request(method, path, body, headers)
        return json.loads(self.connection.getresponse().read())
