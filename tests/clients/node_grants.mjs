// Every grant of Box with its Node SDK (box-node-sdk 3) against a sandbox.
//
// usage: node_grants.mjs READY_LINE_FILE   (box-node-sdk is looked up from the working directory)

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import http from 'node:http';
import path from 'node:path';

const require = createRequire(path.join(process.cwd(), 'package.json'));
const BoxSDK = require('box-node-sdk');
// What the SDK itself signs with.
const jwt = require('jsonwebtoken');

const ready = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const redirectUri = 'http://localhost:3000/callback';

function check(what, holds) {
  if (!holds) {
    console.error(`FAIL box-node-sdk: ${what}`);
    process.exit(1);
  }
  console.log(`PASS box-node-sdk: ${what}`);
}

async function control(method, command, body) {
  const answer = await fetch(`${ready.control_url}/${command}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return answer.json();
}

const local = {
  apiRootURL: ready.url,
  authorizeRootURL: `${ready.url}/api`,
  uploadAPIRootURL: `${ready.url}/api`,
  request: { agentClass: http.Agent },
  retryIntervalMS: 1,
};

function sdk(more) {
  return new BoxSDK({ clientID: ready.client_id, clientSecret: ready.client_secret, ...local, ...more });
}

// The error and its description that a promise ends in.
async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    const body = error.response?.body ?? {};
    return `${body.error}: ${body.error_description}`;
  }
  return 'nothing';
}

const me = async (client) => (await client.users.get('me')).id;

async function downscoped(client, what) {
  const folder = `${ready.url}/2.0/folders/0`;
  const child = await client.exchangeToken(['item_preview', 'item_upload'], folder);
  check(`${what}: a downscoped token is long and cannot be refreshed`,
    child.accessToken.startsWith('1!') && !child.refreshToken);
  check(`${what}: it works`, (await me(sdk().getBasicClient(child.accessToken))) === (await me(client)));
  const wrong = await refused(client.exchangeToken('item_anything', folder));
  check(`${what}: an unknown scope is invalid_scope`, wrong.startsWith('invalid_scope') && wrong.includes('item_anything'));
  return child.accessToken;
}

// Authorization code, with the SDK's own URL.
{
  const box = sdk();
  const url = box.getAuthorizeURL({ response_type: 'code', redirect_uri: redirectUri, state: 'x=y' });
  check('the SDK builds the URL of the ready line', url.startsWith(`${ready.authorize_url}?`));
  const page = await (await fetch(url)).text();
  check('there is a consent page', page.includes('Grant access to Box') && page.includes(ready.users[1].login));

  const answer = await fetch(url, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams({ consent: 'grant', user: ready.users[1].id }),
  });
  const back = new URL(answer.headers.get('location'));
  check('it leads back with the state', back.href.startsWith(redirectUri) && back.searchParams.get('state') === 'x=y');
  const code = back.searchParams.get('code');
  const tokens = await box.getTokensAuthorizationCodeGrant(code);
  check('a code gives a pair', tokens.accessToken.length === 32 && tokens.refreshToken.length === 64);
  check('a code works once',
    (await refused(box.getTokensAuthorizationCodeGrant(code))).includes("Auth code doesn't exist"));
  const client = box.getPersistentClient(tokens);
  check('the token is of the user who consented', (await me(client)) === ready.users[1].id);
  const second = await box.getTokensRefreshGrant(tokens.refreshToken).catch((error) => error);
  check('the pair can be refreshed', second.refreshToken && second.refreshToken !== tokens.refreshToken);
  const newer = box.getPersistentClient(second);
  const child = await downscoped(newer, 'code');
  await box.revokeTokens(second.accessToken);
  check('revoking ends it', (await refused(box.getTokensRefreshGrant(second.refreshToken))).includes('Invalid refresh token'));
  const orphan = (await control('GET', 'tokens')).tokens.find((token) => token.token === child);
  check('and what was exchanged for it', !orphan.alive);

  const deny = await fetch(url, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams({ consent: 'deny' }),
  });
  const denied = new URL(deny.headers.get('location'));
  check('a denial is access_denied', denied.searchParams.get('error') === 'access_denied');
}

// CCG.
{
  const box = sdk({ enterpriseID: ready.enterprise_id });
  const enterprise = box.getAnonymousClient();
  check('CCG: an enterprise is its service account', (await me(enterprise)) === ready.service_account.id);
  const user = box.getCCGClientForUser(ready.app_users[1].id);
  check('CCG: a user is that user', (await me(user)) === ready.app_users[1].id);
  await downscoped(user, 'CCG');
  const nobody = await refused(me(box.getCCGClientForUser('1')));
  check('CCG: an unknown user is refused', nobody.includes('Grant credentials are invalid'));
}

// JWT, from the app settings file in each encrypted form of the key: the SDK takes no other.
for (const cipher of ['aes256', 'des3', 'legacy']) {
  const settings = await control('GET', `app-settings?cipher=${cipher}`);
  const box = BoxSDK.getPreconfiguredInstance(settings);
  box.configure(local);
  const client = box.getAppAuthClient('enterprise');
  check(`JWT: the service account, key ${cipher}`, (await me(client)) === ready.service_account.id);
  if (cipher !== 'aes256') continue;
  const user = box.getAppAuthClient('user', ready.users[0].id);
  check('JWT: a user', (await me(user)) === ready.users[0].id);
  await downscoped(user, 'JWT');
  await control('POST', 'clock', { advance_seconds: 100 });
  const late = await box.getAppAuthClient('enterprise').users.get('me');
  check('JWT: the SDK corrects its clock by the Date header', late.id === ready.service_account.id);
  await control('POST', 'clock', { advance_seconds: -100 });
}

// What must not pass.
{
  const { boxAppSettings: app } = await control('GET', 'app-settings?cipher=none');
  const sign = (claims) => jwt.sign(
    { box_sub_type: 'enterprise', exp: Math.floor(Date.now() / 1000) + 30, ...claims },
    app.appAuth.privateKey,
    {
      algorithm: 'RS512', audience: 'https://api.box.com/oauth2/token', issuer: app.clientID,
      subject: ready.enterprise_id, keyid: app.appAuth.publicKeyID, noTimestamp: true,
      jwtid: crypto.randomUUID(),
    },
  );
  const post = async (assertion) => {
    const answer = await fetch(ready.token_url, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion,
        client_id: ready.client_id, client_secret: ready.client_secret,
      }),
    });
    return { status: answer.status, text: (await answer.json()).error_description ?? '' };
  };
  const once = sign({});
  check('JWT: made by hand it is accepted too', (await post(once)).status === 200);
  check('JWT: a jti works once', (await post(once)).text.includes("A unique 'jti' value is required"));
  const [head, , signature] = sign({}).split('.');
  const forged = [head, sign({ name: 'other' }).split('.')[1], signature].join('.');
  const answer = await post(forged);
  check('JWT: changed claims are refused', answer.status === 400 && answer.text.startsWith('Signature verification error'));
}
