// Box's Node SDK (box-node-sdk 3) against a sandbox: a persistent session that refreshes, races and revokes.
//
// usage: node_refresh.mjs READY_LINE_FILE   (box-node-sdk is looked up from the working directory)

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import http from 'node:http';
import path from 'node:path';

const require = createRequire(path.join(process.cwd(), 'package.json'));
const BoxSDK = require('box-node-sdk');

const ready = JSON.parse(readFileSync(process.argv[2], 'utf8'));

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

const sdk = new BoxSDK({
  clientID: ready.client_id,
  clientSecret: ready.client_secret,
  apiRootURL: ready.url,
  authorizeRootURL: `${ready.url}/api`,
  uploadAPIRootURL: `${ready.url}/api`,
  request: { agentClass: http.Agent },
  retryIntervalMS: 1,
});

class Store {
  constructor(info) { this.info = info; }
  read(done) { done(null, this.info); }
  write(info, done) { this.info = info; done(); }
  clear(done) { this.info = null; done(); }
}

function session(refreshToken) {
  const info = { accessToken: 'long-gone', refreshToken, accessTokenTTLMS: 1000, acquiredAtMS: 1000 };
  const store = new Store(info);
  return { store, client: sdk.getPersistentClient(info, store) };
}

{
  const grant = await control('POST', 'grants', {});
  const { store, client } = session(grant.refresh_token);
  const [one, two] = await Promise.all([client.users.get('me'), client.users.get('me')]);
  check('users/me answers after a refresh', one.login === two.login && one.login.includes('@'));
  check('the new refresh token is stored', store.info.refreshToken !== grant.refresh_token);
  const seen = (await control('GET', 'grants')).grants.find((entry) => entry.grant === grant.grant);
  check('two calls at a time make one refresh', seen.refreshes === 1 && seen.max_in_flight === 1);

  await sdk.revokeTokens(store.info.refreshToken);
  const after = (await control('GET', 'grants')).grants.find((entry) => entry.grant === grant.grant);
  check('revoking the refresh token ends the grant', !after.alive && after.access_tokens.length === 0);
}

{
  const grant = await control('POST', 'grants', {});
  const { client } = session(grant.refresh_token);
  await control('POST', 'faults', { fault: 'status', status: 502, when: 'after' });
  await client.users.get('me');
  const seen = (await control('GET', 'grants')).grants.find((entry) => entry.grant === grant.grant);
  check('a 502 after the spend is made good by replay', seen.refreshes === 1 && seen.replays === 1);
}
