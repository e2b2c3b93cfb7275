const esmOnly = [
  '@nestjs',
  '@kubernetes/client-node',
  'openid-client',
  'oauth4webapi',
  'jose',
  'file-type',
  'strtok3',
  'token-types',
  'uint8array-extras',
  '@tokenizer',
  '@borewit',
  'load-esm',
];

/** @param ignoreDynamic whether `import()` stays as it is; in what jest cannot load as ESM it becomes `require` */
const swc = ({ ignoreDynamic }) => [
  '@swc/jest',
  {
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, useDefineForClassFields: true },
    },
    module: { type: 'commonjs', ignoreDynamic },
  },
];

/** `npm test` runs the suites that need the servers to themselves by themselves; jest alone takes whatever it is asked for. */
const alone = '\\.alone\\.spec\\.ts$';
const suites = process.env.KEELSON_SUITES;

/** @type {import('jest').Config} */
module.exports = {
  rootDir: __dirname,
  testMatch: [`<rootDir>/{libs,apps,e2e,tools,bench,testbed}/**/*${suites === 'alone' ? '.alone' : ''}.spec.ts`],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', ...(suites === 'together' ? [alone] : [])],
  modulePathIgnorePatterns: ['/dist/'],
  transform: { '\\.ts$': swc({ ignoreDynamic: true }), '\\.m?js$': swc({ ignoreDynamic: false }) },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  moduleNameMapper: {
    '^@keelson/registry-server$': '<rootDir>/libs/registry/server/src/index.ts',
    '^@keelson/testbed$': '<rootDir>/testbed/index.ts',
    '^@keelson/work-testing$': '<rootDir>/libs/work/src/testing/testing.contract.ts',
    '^@keelson/app-(.*)$': '<rootDir>/apps/$1/src/app.ts',
    '^@keelson/([^/]*)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // It bounds a test that is stuck, on a machine that does much else; it measures nothing.
  testTimeout: 600_000,
  maxWorkers: suites === 'alone' ? 1 : 2,
  reporters: ['default', '<rootDir>/tools/summary-reporter.cjs'],
};
