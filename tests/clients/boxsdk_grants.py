"""Every grant of Box with its Python SDK (boxsdk >= 10, with its jwt extra) against a sandbox.

usage: boxsdk_grants.py READY_LINE_FILE
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import jwt
from box_sdk_gen import (
    BaseUrls,
    BoxAPIError,
    BoxCCGAuth,
    BoxClient,
    BoxJWTAuth,
    BoxOAuth,
    CCGConfig,
    JWTConfig,
    NetworkSession,
    OAuthConfig,
)
from box_sdk_gen.internal.utils import JwtAlgorithm
from box_sdk_gen.networking.retries import BoxRetryStrategy

with open(sys.argv[1], encoding="utf-8") as line:
    READY = json.load(line)

REDIRECT = "http://127.0.0.1:3000/callback"


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{READY['control_url']}/{path}", data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def session():
    base = READY["url"]
    return NetworkSession(
        base_urls=BaseUrls(base_url=base, upload_url=base + "/api", oauth_2_url=base + "/api/oauth2"),
        retry_strategy=BoxRetryStrategy(retry_base_interval=0.01),
    )


def check(what, holds):
    if not holds:
        sys.exit(f"FAIL boxsdk: {what}")
    print(f"PASS boxsdk: {what}")


def me(auth, network):
    return BoxClient(auth=auth, network_session=network).users.get_user_me().id


def refused(work):
    """The OAuth error that a call of the SDK ends in."""
    try:
        work()
    except BoxAPIError as error:
        body = error.response_info.body
        return body["error"], body["error_description"]
    return None


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def log_in(user):
    """What a browser does with the consent page, and the query of where it ends up."""
    query = urllib.parse.urlencode(
        {"response_type": "code", "client_id": READY["client_id"], "redirect_uri": REDIRECT, "state": "a b&c"}
    )
    form = urllib.parse.urlencode({"consent": "grant", "user": user}).encode()
    try:
        urllib.request.build_opener(NoRedirect).open(f"{READY['authorize_url']}?{query}", form, timeout=10)
    except urllib.error.HTTPError as answer:
        location = urllib.parse.urlparse(answer.headers["location"])
        return dict(urllib.parse.parse_qsl(location.query))
    return {}


def authorization_code():
    network = session()
    auth = BoxOAuth(OAuthConfig(READY["client_id"], READY["client_secret"]))
    back = log_in(READY["users"][1]["login"])
    check("the state comes back", back["state"] == "a b&c")
    first = auth.get_tokens_authorization_code_grant(back["code"], network_session=network)
    check("a code gives a pair", bool(first.access_token and first.refresh_token))
    check("the token is of the user who consented", me(auth, network) == READY["users"][1]["id"])
    again = refused(lambda: auth.get_tokens_authorization_code_grant(back["code"], network_session=network))
    check("a code works once", again == ("invalid_grant", "Auth code doesn't exist or is invalid for the client"))

    late = log_in(READY["users"][1]["login"])["code"]
    control("POST", "clock", {"advance_seconds": 30})
    error = refused(lambda: auth.get_tokens_authorization_code_grant(late, network_session=network))
    check("a code lives for 30 seconds", error == ("invalid_grant", "The authorization code has expired"))
    control("POST", "clock", {"advance_seconds": -30})

    second = auth.refresh_token(network_session=network)
    check("the pair can be refreshed", second.refresh_token != first.refresh_token)
    downscoped(auth, network)
    auth.revoke_token(network_session=network)
    auth.token_storage.store(second)
    error = refused(lambda: auth.refresh_token(network_session=network))
    check("revoking ends it", error == ("invalid_grant", "Invalid refresh token"))


def downscoped(auth, network):
    child = auth.downscope_token(
        ["item_preview", "item_download"],
        resource="https://api.box.com/2.0/files/123",
        network_session=network,
    )
    check("a downscoped token is long and cannot be refreshed", child.access_token[:2] == "1!" and not child.refresh_token)
    told = [(entry.scope.value, entry.object.type, entry.object.id) for entry in child.restricted_to]
    check(
        "it says what it is restricted to",
        told == [("item_preview", "file", "123"), ("item_download", "file", "123")],
    )
    check("it does not outlive its parent", child.expires_in <= 4200)
    error = refused(lambda: auth.downscope_token(["item_anything"], network_session=network))
    check("an unknown scope is invalid_scope, by name", error[0] == "invalid_scope" and "item_anything" in error[1])


def client_credentials():
    network = session()
    config = CCGConfig(READY["client_id"], READY["client_secret"], enterprise_id=READY["enterprise_id"])
    enterprise = BoxCCGAuth(config)
    check("CCG: an enterprise is its service account", me(enterprise, network) == READY["service_account"]["id"])
    first = enterprise.retrieve_token(network_session=network)
    check("CCG: no refresh token", first.refresh_token is None and 3600 <= first.expires_in <= 4200)
    enterprise.refresh_token(network_session=network)
    live = {entry["token"] for entry in control("GET", "tokens")["tokens"] if entry["alive"]}
    check("CCG: the earlier token lives on", first.access_token in live)
    user = enterprise.with_user_subject(READY["app_users"][0]["id"])
    check("CCG: a user is that user", me(user, network) == READY["app_users"][0]["id"])
    downscoped(user, network)
    user.revoke_token(network_session=network)

    invalid = ("invalid_grant", "Grant credentials are invalid")
    for change in ({"enterprise_id": "1"}, {"client_secret": "wrong"}):
        wrong = {"client_id": READY["client_id"], "client_secret": READY["client_secret"], "enterprise_id": READY["enterprise_id"]}
        auth = BoxCCGAuth(CCGConfig(**{**wrong, **change}))
        error = refused(lambda: auth.refresh_token(network_session=network))
        check(f"CCG: a wrong {next(iter(change))} is refused", error == invalid)


def jwt_bearer():
    network = session()
    # This SDK takes encrypted keys only.
    for cipher in ("aes256", "des3", "legacy"):
        settings = control("GET", f"app-settings?cipher={cipher}")
        config = JWTConfig.from_config_json_string(json.dumps(settings))
        auth = BoxJWTAuth(config)
        check(f"JWT: the service account, key {cipher}", me(auth, network) == READY["service_account"]["id"])
    for algorithm in (JwtAlgorithm.RS384, JwtAlgorithm.RS512):
        config.algorithm = algorithm
        user = BoxJWTAuth(config).with_user_subject(READY["users"][0]["id"])
        user.config.algorithm = algorithm
        check(f"JWT: a user, {algorithm.value}", me(user, network) == READY["users"][0]["id"])
    downscoped(auth, network)
    auth.revoke_token(network_session=network)


def assertion(**changes):
    """Like the SDK's, with changes to claims or header."""
    app = control("GET", "app-settings?cipher=none")["boxAppSettings"]
    claims = {
        "iss": app["clientID"],
        "sub": READY["enterprise_id"],
        "box_sub_type": "enterprise",
        "aud": "https://api.box.com/oauth2/token",
        "jti": uuid.uuid4().hex,
        "exp": int(time.time()) + 30,
    }
    kid = changes.pop("kid", app["appAuth"]["publicKeyID"])
    return jwt.encode({**claims, **changes}, app["appAuth"]["privateKey"], algorithm="RS256", headers={"kid": kid})


def exchange(token):
    form = urllib.parse.urlencode(
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": token,
            "client_id": READY["client_id"],
            "client_secret": READY["client_secret"],
        }
    ).encode()
    try:
        with urllib.request.urlopen(READY["token_url"], form, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        return answer.code, json.load(answer)["error_description"]


def bad_assertions():
    once = assertion()
    check("JWT: made by hand it is accepted too", exchange(once)[0] == 200)
    check("JWT: a jti works once", exchange(once) == (400, "Please check the 'jti' claim. A unique 'jti' value is required."))
    head, claims, signature = assertion().split(".")
    other = assertion(sub=READY["app_users"][0]["id"], box_sub_type="user").split(".")[1]
    wrong = 'Signature verification error. The public key identified by "kid" must correspond to the private key used for signing.'
    check("JWT: changed claims are refused", exchange(f"{head}.{other}.{signature}") == (400, wrong))
    flipped = ("B" if signature[10] == "A" else "A").join((signature[:10], signature[11:]))
    check("JWT: a changed signature is refused", exchange(f"{head}.{claims}.{flipped}") == (400, wrong))
    unsigned = jwt.encode({"iss": READY["client_id"]}, None, algorithm="none", headers={"kid": READY["public_key_id"]})
    check("JWT: no signature is refused", exchange(unsigned) == (400, wrong))


authorization_code()
client_credentials()
jwt_bearer()
bad_assertions()
