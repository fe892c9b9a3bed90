// Loaded into a client before its own code. It redirects every connection to the tests' server, as
// plain HTTP, whatever the host. So settings keep their addresses, and nothing leaves this machine.
// It also records the client's environment, and the length of stderr before the client starts.
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');

const { NEVER_WORSE_HTTP, NEVER_WORSE_HTTPS, NEVER_WORSE_GIVEN } = process.env;
if (!fs.existsSync(NEVER_WORSE_GIVEN)) {
  const given = { environment: process.env, said: fs.fstatSync(2).size };
  fs.writeFileSync(NEVER_WORSE_GIVEN, JSON.stringify(given));
}

const connect = net.Socket.prototype.connect;

function redirected(socket, port, args) {
  const called = args.flat().find((each) => typeof each === 'function');
  return connect.call(socket, { host: '127.0.0.1', port: Number(port) }, called);
}

net.Socket.prototype.connect = function (...args) {
  const first = args.flat()[0];
  const isLocalSocket = typeof first === 'string' || (first && first.path && !first.port);
  if (isLocalSocket) return connect.apply(this, args);
  return redirected(this, NEVER_WORSE_HTTP, args);
};

// The properties of a TLS socket that its callers read.
const SECURE = {
  encrypted: true,
  authorized: true,
  alpnProtocol: false,
  getPeerCertificate: () => ({}),
  getProtocol: () => 'TLSv1.3',
  getSession: () => undefined,
  isSessionReused: () => false,
  setServername: () => {},
};

tls.connect = function (...args) {
  const socket = Object.assign(new net.Socket(), SECURE);
  const called = args.find((each) => typeof each === 'function');
  socket.once('connect', () => {
    socket.emit('secureConnect');
    if (called) called();
  });
  return redirected(socket, NEVER_WORSE_HTTPS, []);
};
require('node:module').syncBuiltinESMExports();
