// Lets a child process of a test run the sources as they are: `node -r register.cjs child.ts`.
const { transformSync } = require('@swc/core');
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const libs = path.resolve(__dirname, '..', '..');
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  const name = /^@keelson\/([a-z-]+)$/.exec(request)?.[1];
  return resolveFilename.call(this, name ? path.join(libs, name, 'src', 'index.ts') : request, ...rest);
};
require.extensions['.ts'] = (module, file) => {
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    filename: file,
    configFile: false,
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } },
    module: { type: 'commonjs', ignoreDynamic: true },
  });
  module._compile(code, file);
};
