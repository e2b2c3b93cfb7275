import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import tseslint from 'typescript-eslint';
import { readFileSync } from 'node:fs';
import { mayImport } from './tools/layers.mjs';
import { projectDirs } from './tools/prepare.mjs';

const projects = projectDirs().map((dir) => {
  const manifest = JSON.parse(readFileSync(`${dir}/package.json`, 'utf8'));
  return { dir, name: manifest.name, layer: manifest.nx.tags.find((tag) => tag.startsWith('layer:')) };
});

/** Each project may import only the projects below it, by their barrel; Nest only at the edge. */
const boundaries = projects.map(({ dir, name, layer }) => {
  const forbidden = projects.filter((other) => other.name !== name && !mayImport[layer].includes(other.layer));
  return {
    files: [`${dir}/src/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            ...forbidden.map((other) => ({ name: other.name, message: `${layer} may not import ${other.layer}.` })),
            { name, message: 'Inside a project import files, never its own barrel.' },
          ],
          patterns: [
            { group: ['@keelson/*/*'], message: 'Across projects import the barrel, never files.' },
            ...(layer === 'layer:service' || layer === 'layer:app' || layer === 'layer:command'
              ? []
              : [{ group: ['@nestjs/*'], message: 'Nest only at the edge.' }]),
          ],
        },
      ],
    },
  };
});

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', '**/testdata/**', '**/.tmp/**'] },
  js.configs.recommended,
  { files: ['**/*.ts'], extends: [tseslint.configs.strict, tseslint.configs.stylistic] },
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver({ project: './tsconfig.json' })] },
    rules: {
      'max-lines': ['error', { max: 250 }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 3],
      'max-depth': ['error', 3],
      complexity: ['error', 10],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // `for await (const _ of hints)` counts, and looks at nothing.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_' }],
      'no-console': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what is exported; no export *.' },
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'The environment is read in config.ts only.',
        },
        { selector: "CallExpression[callee.object.name='jest'][callee.property.name='mock']", message: 'No mocks.' },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', '**/*.contract.ts', 'e2e/**/*.ts', 'bench/**/*.ts', 'testbed/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'max-params': 'off', // the rows of a table
      'no-restricted-syntax': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['**/config.ts', 'libs/config/src/**/*.ts'], rules: { 'no-restricted-syntax': 'off' } },
  ...boundaries,
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        __dirname: 'readonly',
        require: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        performance: 'readonly',
        fetch: 'readonly',
        AbortSignal: 'readonly',
      },
    },
  },
);
