"""Box's Python SDK (boxsdk >= 10) against a sandbox: the SDK is the judge of whether we behave like Box.

usage: boxsdk_refresh.py READY_LINE_FILE
"""

import json
import sys
import urllib.request

from box_sdk_gen import (
    AccessToken,
    BaseUrls,
    BoxAPIError,
    BoxClient,
    BoxOAuth,
    NetworkSession,
    OAuthConfig,
)
from box_sdk_gen.box.token_storage import InMemoryTokenStorage
from box_sdk_gen.networking.retries import BoxRetryStrategy


def control(ready, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{ready['control_url']}/{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def sdk(ready, refresh_token):
    base = ready["url"]
    session = NetworkSession(
        base_urls=BaseUrls(base_url=base, upload_url=base + "/api", oauth_2_url=base + "/api/oauth2"),
        retry_strategy=BoxRetryStrategy(retry_base_interval=0.01),
    )
    storage = InMemoryTokenStorage()
    storage.store(AccessToken(access_token="long-gone", refresh_token=refresh_token, expires_in=0))
    auth = BoxOAuth(OAuthConfig(ready["client_id"], ready["client_secret"], token_storage=storage))
    return auth, session, BoxClient(auth=auth, network_session=session)


def check(what, holds):
    if not holds:
        sys.exit(f"FAIL boxsdk: {what}")
    print(f"PASS boxsdk: {what}")


def new_grant(ready):
    return control(ready, "POST", "grants", {})


def refreshes_and_rotates(ready):
    auth, session, client = sdk(ready, new_grant(ready)["refresh_token"])
    seen = set()
    for _ in range(3):
        token = auth.refresh_token(network_session=session)
        seen.add((token.access_token, token.refresh_token))
        login = client.users.get_user_me().login
    check("three refreshes give three pairs, and users/me answers", len(seen) == 3 and "@" in login)


def renews_after_expiry(ready):
    auth, session, client = sdk(ready, new_grant(ready)["refresh_token"])
    before = auth.refresh_token(network_session=session)
    control(ready, "POST", "clock", {"advance_seconds": 2 * 3600})
    client.users.get_user_me()
    after = auth.token_storage.get()
    check("a 401 makes the SDK refresh by itself", before.refresh_token != after.refresh_token)


def survives_a_lost_answer(ready):
    grant = new_grant(ready)
    auth, session, client = sdk(ready, grant["refresh_token"])
    control(ready, "POST", "faults", {"fault": "drop", "when": "after"})
    auth.refresh_token(network_session=session)
    client.users.get_user_me()
    now = next(g for g in control(ready, "GET", "grants")["grants"] if g["grant"] == grant["grant"])
    check("an answer lost after the spend is had again by replay", (now["refreshes"], now["replays"]) == (1, 1))


def is_told_that_a_used_token_is_dead(ready):
    refresh_token = new_grant(ready)["refresh_token"]
    auth, session, client = sdk(ready, refresh_token)
    auth.refresh_token(network_session=session)
    client.users.get_user_me()
    stale, session, _ = sdk(ready, refresh_token)
    try:
        stale.refresh_token(network_session=session)
    except BoxAPIError as error:
        body = error.response_info.body
        check("a used refresh token is invalid_grant", body["error"] == "invalid_grant")
        check("with Box's description", body["error_description"] == "Invalid refresh token")
    else:
        check("a used refresh token is refused", False)


def revokes(ready):
    grant = new_grant(ready)
    auth, session, _ = sdk(ready, grant["refresh_token"])
    auth.refresh_token(network_session=session)
    auth.revoke_token(network_session=session)
    now = next(g for g in control(ready, "GET", "grants")["grants"] if g["grant"] == grant["grant"])
    check("revoking the access token ends the grant", not now["alive"] and not now["access_tokens"])


def main():
    with open(sys.argv[1], encoding="utf-8") as line:
        ready = json.load(line)
    refreshes_and_rotates(ready)
    renews_after_expiry(ready)
    survives_a_lost_answer(ready)
    is_told_that_a_used_token_is_dead(ready)
    revokes(ready)


main()
