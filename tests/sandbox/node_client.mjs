// Calls methods of npm's crisp-api and says what became of each, one line of JSON a method.
// Reads from its input {host, tokens: {tier: [identifier, key]}, calls: [[service, method, args,
// tier]]}, where a method is named in lower case; first it says which methods the services have.

import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const { Crisp } = createRequire(`${process.cwd()}/`)("crisp-api");
const { host, tokens, calls } = JSON.parse(await text(process.stdin));
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const clients = {};
for (const [tier, [identifier, key]] of Object.entries(tokens)) {
  const client = new Crisp();
  client.setRestHost(host);
  client.authenticateTier(tier, identifier, key);
  clients[tier] = client;
}

const methods = {};
for (const service of ["website", "plugin", "plan", "media", "bucket"]) {
  for (const [name, method] of Object.entries(clients.user[service])) {
    if (typeof method === "function") {
      methods[`${service}.${name.toLowerCase()}`] = name;
    }
  }
}
say(Object.keys(methods));

for (const [service, name, args, tier] of calls) {
  try {
    await clients[tier][service][methods[`${service}.${name}`]](...args);
    say(null);
  } catch (error) {
    say(String(error.data?.message ?? error));
  }
}
