// Box's Node SDK (box-node-sdk 10) with boxd's tokens, for each line of stdin:  echo me | node box-node-sdk.mjs
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import readline from 'node:readline';
import { json } from 'node:stream/consumers';
import { BoxClient } from 'box-node-sdk';
import { BaseUrls, NetworkSession } from 'box-node-sdk/networking';

const socketPath = execFileSync('boxctl', ['paths', 'socket'], { encoding: 'utf8' }).trim();

// Implements the SDK's interface `Authentication`: asks boxd for the token of every call.
export class BoxdAuth {
  constructor(account) {
    this.account = account;
  }

  async askBoxd(wish) {
    const headers = { 'Content-Type': 'application/json' };
    const request = http.request({ socketPath, method: 'POST', path: '/v1/token', headers });
    request.end(JSON.stringify({ account: this.account, ...wish }));
    const [answer] = await once(request, 'response');
    const body = await json(answer);
    if (answer.statusCode !== 200) throw new Error(`${body.detail}; next step: ${body.next_step}`);
    return { accessToken: body.access_token, expiresIn: body.expires_in, generation: body.generation };
  }

  async retrieveToken() {
    const token = await this.askBoxd({});
    this.generation = token.generation;
    return token;
  }

  async retrieveAuthorizationHeader() {
    return `Bearer ${(await this.retrieveToken()).accessToken}`;
  }

  // After a 401. Of calls at the same time one may have had an older token: then the present one will do.
  refreshToken() {
    return this.askBoxd({ rejected: this.generation }).catch(() => this.retrieveToken());
  }

  downscopeToken(scope, resource, sharedLink) {
    return this.askBoxd({ scope, resource, shared_link: sharedLink });
  }

  async revokeToken() {
    throw new Error('other programs use this login too: `boxctl logout` ends it for all of them');
  }
}

const baseUrls = new BaseUrls({ baseUrl: process.env.BOX_API_URL ?? 'https://api.box.com' });
const client = new BoxClient({ auth: new BoxdAuth(), networkSession: new NetworkSession({ baseUrls }) });
for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log((await client.users.getUserById(line)).login);
}
