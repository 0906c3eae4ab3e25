// SPDX-License-Identifier: Apache-2.0
// Through a gateway to a Unix socket of the target, with ssh2 as it is: says "ping" and prints what comes back.
'use strict';

const fs = require('fs');
const {createRequire} = require('module');

const [modules, port, user, keyFile, path] = process.argv.slice(2);
const {Client} = createRequire(modules + '/')('ssh2');

const fail = (error) => {
  console.error(error.message);
  process.exit(1);
};
const client = new Client();
client.on('error', fail).on('ready', () => {
  client.openssh_forwardOutStreamLocal(path, (error, stream) => {
    if (error) return fail(error);
    stream.on('data', (data) => {
      process.stdout.write(data);
      client.end();
    });
    stream.end('ping');
  });
}).connect({host: '127.0.0.1', port: Number(port), username: user, privateKey: fs.readFileSync(keyFile), readyTimeout: 30000});
