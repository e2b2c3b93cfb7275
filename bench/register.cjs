// Lets node run the TypeScript of bench/ as it is: `node -r register.cjs main.ts`. What is measured is the compiled dist/ of each project.
const { transformSync } = require('@swc/core');
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

// The one project that is no package: what e2e/ shares with us imports it by this name.
const testbed = path.join(__dirname, '../testbed/index.ts');
const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => resolve(request === '@keelson/testbed' ? testbed : request, ...rest);

require.extensions['.ts'] = (module, file) => {
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    filename: file,
    configFile: false,
    swcrc: false,
    sourceMaps: 'inline',
    jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } },
    module: { type: 'commonjs', ignoreDynamic: true },
  });
  module._compile(code, file);
};
