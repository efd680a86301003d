// Calls Box's API with boxd's tokens, for each line of stdin:  echo /2.0/users/me | node node.mjs
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import readline from 'node:readline';
import { json } from 'node:stream/consumers';

const api = process.env.BOX_API_URL ?? 'https://api.box.com';
const socketPath = execFileSync('boxctl', ['paths', 'socket'], { encoding: 'utf8' }).trim();

async function askBoxd(wish = {}) {
  const headers = { 'Content-Type': 'application/json' };
  const request = http.request({ socketPath, method: 'POST', path: '/v1/token', headers });
  request.end(JSON.stringify(wish));
  const [answer] = await once(request, 'response');
  const body = await json(answer);
  if (answer.statusCode !== 200) throw new Error(`${body.detail}; next step: ${body.next_step}`);
  return body; // access_token, generation, expires_in and more
}

function get(path, token) {
  return fetch(api + path, { headers: { Authorization: `Bearer ${token.access_token}` } });
}

async function call(path) {
  const token = await askBoxd(); // each time anew: boxd answers from memory
  let answer = await get(path, token);
  if (answer.status === 401) answer = await get(path, await askBoxd({ rejected: token.generation }));
  if (!answer.ok) throw new Error(`${path}: Box answered ${answer.status}`);
  return answer.json();
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await call(line)));
}
