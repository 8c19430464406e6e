// Preloaded (`node --require`) into the real doctor: what is at 169.254.169.254, which a test cannot listen on and a build
// agent in Azure has for real. METADATA_SERVICE_PORT: that port of this machine; unset: there is no route, as on a laptop.
'use strict';
const { Socket } = require('node:net');

const ADDRESS = '169.254.169.254';
const port = process.env.METADATA_SERVICE_PORT;
const { connect } = Socket.prototype;

Socket.prototype.connect = function connectElsewhere(...args) {
  // Sockets of node:http come with arguments that are normalised already.
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (options?.host !== ADDRESS) return connect.apply(this, args);
  if (port !== undefined) return connect.call(this, { host: 'localhost', port: Number(port) });
  const error = Object.assign(new Error(`connect EHOSTUNREACH ${ADDRESS}:80`), { code: 'EHOSTUNREACH' });
  process.nextTick(() => this.destroy(error));
  return this;
};
