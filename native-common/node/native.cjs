'use strict';
// Where the addon of this package is looked for, for CommonJS. Lies beside package.json, so that __dirname is the folder
// of the package; in a bundle it is the folder of the bundle, or whatever the bundler put in its place.
//
// In the forms that tracers of files know (@vercel/nft, and what builds on it): a plain require('node:path'), and join()
// on __dirname, which makes them take the whole of prebuilds/ along.
const { join } = require('node:path');

exports.ownFolder = () => (typeof __dirname === 'string' ? __dirname : undefined);

exports.prebuiltAddon = (target, name) => join(__dirname, 'prebuilds', target, `${name}.node`);

exports.nodeGypBuild = () => require('node-gyp-build');
