"""Box's Python SDK (boxsdk 10) with boxd's tokens, for each line of stdin:  echo me | python3 boxsdk.py"""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading

from box_sdk_gen import AccessToken, Authentication, BaseUrls, BoxClient, BoxSDKError, NetworkSession

SOCKET = subprocess.check_output(["boxctl", "paths", "socket"], text=True).strip()


class Boxd(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


class BoxdAuth(Authentication):
    """Asks boxd for the token of every call, and tells it of one that Box refused."""

    def __init__(self, account=None):
        super().__init__()
        self.account = account
        self.last = threading.local()  # the generation that this thread is using

    def ask_boxd(self, **wish):
        boxd = Boxd("boxd")
        body = json.dumps({"account": self.account, **wish})
        boxd.request("POST", "/v1/token", body, {"Content-Type": "application/json"})
        answer = boxd.getresponse()
        token = json.load(answer)
        boxd.close()
        if answer.status != 200:
            raise BoxSDKError(message=f"{token['detail']}; next step: {token['next_step']}")
        return token

    def retrieve_token(self, *, network_session=None):
        token = self.ask_boxd()
        self.last.generation = token["generation"]
        return AccessToken(access_token=token["access_token"], expires_in=token["expires_in"])

    def retrieve_authorization_header(self, *, network_session=None):
        return f"Bearer {self.retrieve_token().access_token}"

    def refresh_token(self, *, network_session=None):  # the SDK calls this after a 401
        token = self.ask_boxd(rejected=getattr(self.last, "generation", None))
        return AccessToken(access_token=token["access_token"], expires_in=token["expires_in"])

    def downscope_token(self, scopes, *, resource=None, shared_link=None, network_session=None):
        token = self.ask_boxd(scope=scopes, resource=resource, shared_link=shared_link)
        return AccessToken(access_token=token["access_token"], expires_in=token["expires_in"])

    def revoke_token(self, *, network_session=None):
        raise BoxSDKError(message="other programs use this login too: `boxctl logout` ends it for all of them")


urls = BaseUrls(base_url=os.environ.get("BOX_API_URL", "https://api.box.com"))
client = BoxClient(auth=BoxdAuth(), network_session=NetworkSession(base_urls=urls))
for line in sys.stdin:
    print(client.users.get_user_by_id(line.strip()).login, flush=True)
