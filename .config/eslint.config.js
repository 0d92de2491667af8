// Lint rules: what a machine can hold of how this code should read. Run by scripts/lint.mjs from the repository's root.
import { builtinModules } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import reactHooks from 'eslint-plugin-react-hooks'
import typescript from 'typescript-eslint'
import { layers } from './layers.js'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

const bareBuiltins = builtinModules
  .filter((name) => !name.startsWith('_') && !name.includes('/'))
  .map((name) => ({ name, message: `Write node:${name}.` }))

const namedExports = {
  selector: 'ExportDefaultDeclaration',
  message: 'Exports have names.',
}

const environment = [
  { object: 'process', property: 'env', message: 'Only ts/bin reads the environment.' },
  { object: 'process', property: 'argv', message: 'Only ts/bin reads arguments.' },
]

const processImports = { name: 'node:process', message: 'process is a global; only ts/bin reads env and argv.' }

export default typescript.config(
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  // Functions as their authors write them, packed on a line.
  { ignores: ['ts/test/corpus/handlers/**', 'ts/test/hostile/cases/**', 'ts/test/hostile/storm.js'] },
  {
    files: ['ts/**/*.ts', 'ui/**/*.{ts,tsx}'],
    extends: [typescript.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json', './ui/tsconfig.json'], tsconfigRootDir: ROOT },
    },
    plugins: { project: { rules: { layers } } },
    rules: {
      'project/layers': 'error',
      'no-restricted-imports': ['error', { paths: [...bareBuiltins, processImports] }],
      'no-restricted-properties': ['error', ...environment],
      'no-restricted-syntax': ['error', namedExports],
      eqeqeq: 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Handlers of one shape are async whether or not each of them waits.
      '@typescript-eslint/require-await': 'off',
      // Node's and the web's own functions are taken apart freely: Promise.withResolvers(), test contexts.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
  // The programs are where the environment comes in; tests start programs.
  { files: ['ts/bin/**', 'ts/test/**'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['ts/test/**/*.ts', 'ui/**/*.test.ts'],
    rules: {
      // test() and describe() return promises that the runner awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] }] },
      ],
    },
  },
  {
    files: ['ui/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: { 'react-hooks/rules-of-hooks': 'error', 'react-hooks/exhaustive-deps': 'error' },
  },
  // Vite loads its configuration by the default export; packages that have one are described as they are.
  { files: ['ui/vite.config.ts', 'ts/types/**'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['bin/*.js', 'bench/**/*.mjs', 'scripts/**/*.mjs', '.config/*.js'],
    rules: {
      'no-restricted-imports': ['error', { paths: bareBuiltins }],
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-undef-init': 'error',
      eqeqeq: 'error',
    },
  },
)
