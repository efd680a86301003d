"""Calls Box's API with boxd's tokens, for each line of stdin:  echo /2.0/users/me | python3 python.py"""

import http.client
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request

API = os.environ.get("BOX_API_URL", "https://api.box.com")
SOCKET = subprocess.check_output(["boxctl", "paths", "socket"], text=True).strip()


class Boxd(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


def ask_boxd(**wish):
    boxd = Boxd("boxd")
    boxd.request("POST", "/v1/token", json.dumps(wish), {"Content-Type": "application/json"})
    answer = boxd.getresponse()
    body = json.load(answer)
    boxd.close()
    if answer.status != 200:
        raise RuntimeError(f"{body['detail']}; next step: {body['next_step']}")
    return body  # access_token, generation, expires_in and more


def get(path, token):
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    with urllib.request.urlopen(urllib.request.Request(API + path, headers=headers), timeout=60) as answer:
        return json.load(answer)


def call(path):
    token = ask_boxd()  # each time anew: boxd answers from memory
    try:
        return get(path, token)
    except urllib.error.HTTPError as error:
        if error.code != 401:
            raise
        return get(path, ask_boxd(rejected=token["generation"]))


for line in sys.stdin:
    print(json.dumps(call(line.strip())), flush=True)
