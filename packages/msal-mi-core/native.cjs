'use strict';
// CommonJS on purpose: it knows its own folder. Lies beside src/, dist/ and dist-cjs/, so that '../../../../native.cjs' is
// right from platform/win32/native/ in all three. In an ESM bundle there is no __dirname: prebuilds/ is then looked for
// beside the application's main script.
// Not require(): an ESM bundle has none.
const { dirname, join } = process.getBuiltinModule('node:path');

exports.packageFolder = function packageFolder() {
  return typeof __dirname === 'string' ? __dirname : dirname(process.argv[1] ?? process.execPath);
};

exports.prebuiltAddonPath = function prebuiltAddonPath(platform, arch) {
  return join(exports.packageFolder(), 'prebuilds', `${platform}-${arch}`, 'msal-mi-core.node');
};

// process.dlopen is what require() uses for .node files; it needs no resolver and survives bundling.
exports.loadAddonFile = function loadAddonFile(file) {
  const addon = { exports: {} };
  process.dlopen(addon, file);
  return addon.exports;
};
