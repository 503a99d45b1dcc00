// An OAuth server of oidc-provider for tests: its first line of standard input says which client it knows, each further
// one what is done, and each is answered by a line of standard output. It ends with its standard input.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const kept = new Map(); // by model, by id
const counts = { asked: 0, granted: 0 };
let life = 600;

class Kept {
  constructor(model) {
    if (!kept.has(model)) kept.set(model, new Map());
    this.rows = kept.get(model);
  }
  async find(id) { return this.rows.get(id); }
  async upsert(id, payload) { this.rows.set(id, payload); }
  async destroy(id) { this.rows.delete(id); }
  async consume() {}
  async findByUid() {}
  async findByUserCode() {}
  async revokeByGrantId() {}
}

function known({ id, secret, scope }) {
  new Kept('Client').rows.set(id, {
    client_id: id,
    client_secret: secret,
    token_endpoint_auth_method: 'client_secret_basic', // and in the form: the library takes either
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    ...(scope ? { scope } : {}),
  });
}

function served(client, port) {
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    adapter: Kept,
    cookies: { keys: [client.secret] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: async () => true },
    },
    scopes: client.scopes,
    ttl: { ClientCredentials: () => life },
  });
  provider.on('grant.success', () => { counts.granted += 1; });
  return provider.callback();
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const client = JSON.parse((await lines.next()).value);
known(client);
known({ id: 'tenant', secret: client.tenant });
let answer = (_, response) => response.end();
const server = createServer((request, response) => {
  if (request.url === '/token') counts.asked += 1;
  if (request.url === '/token' && client.basic && !request.headers.authorization) {
    response.writeHead(401, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ error: 'invalid_client' })); // as servers that want Basic
    return;
  }
  answer(request, response);
});
server.listen(0, '127.0.0.1', async () => {
  answer = served(client, server.address().port);
  console.log(JSON.stringify({ port: server.address().port }));
  for await (const line of lines) {
    const told = JSON.parse(line);
    known(Object.assign(client, told.client));
    life = told.life ?? life;
    if (told.revoke) kept.get('ClientCredentials')?.clear();
    console.log(JSON.stringify(counts));
  }
  process.exit(0);
});
