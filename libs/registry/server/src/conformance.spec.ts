import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { suiteWhere } from '@keelson/testbed';
import { goProgram } from './testing/go-program';
import { runProgram } from './testing/run-program';
import { temporaryDirectory, TestRegistry } from './testing/test-registry';

jest.setTimeout(600_000);

const suite = 'github.com/opencontainers/distribution-spec/conformance';
const workflows = goProgram('conformance', suite, 'test');
const features = goProgram('conformance-v1.1', suite, 'program');

type Case = { name: string; status: string };

/** The cases of a JUnit report, by name and status. */
function casesOf(junit: string): readonly Case[] {
  return [...junit.matchAll(/<testcase\s([^>]*)>/g)].map(([, attributes = '']) => ({
    name: /\bname="([^"]*)"/.exec(attributes)?.[1] ?? '',
    status: /\bstatus="([^"]*)"/.exec(attributes)?.[1] ?? '',
  }));
}

describe('OCI distribution conformance', () => {
  let registry: TestRegistry;
  let directory: string;
  beforeEach(async () => {
    registry = await TestRegistry.start();
    directory = await temporaryDirectory();
  });
  afterEach(async () => {
    await registry.close();
    await rm(directory, { recursive: true });
  });

  suiteWhere(workflows.missing)('the suite of workflows', () => {
    it('passes pull, push, content discovery and content management', async () => {
      const ran = await runProgram(workflows.path ?? '', [], {
        cwd: directory,
        env: {
          OCI_ROOT_URL: registry.url(''),
          OCI_NAMESPACE: 'conformance/one',
          OCI_CROSSMOUNT_NAMESPACE: 'conformance/two',
          OCI_AUTOMATIC_CROSSMOUNT: '1',
          OCI_TEST_PULL: '1',
          OCI_TEST_PUSH: '1',
          OCI_TEST_CONTENT_DISCOVERY: '1',
          OCI_TEST_CONTENT_MANAGEMENT: '1',
          OCI_REPORT_DIR: directory,
        },
      });
      const cases = casesOf(await readFile(path.join(directory, 'junit.xml'), 'utf8'));
      expect(cases.filter(({ status }) => !['passed', 'skipped'].includes(status))).toEqual([]);
      for (const [workflow, atLeast] of [
        ['Pull', 20],
        ['Push', 25],
        ['Content Discovery', 12],
        ['Content Management', 8],
      ] as const) {
        const own = cases.filter(({ name }) => name.includes(`Conformance Tests ${workflow} `));
        expect(own.filter(({ status }) => status === 'passed').length).toBeGreaterThanOrEqual(atLeast);
      }
      // Of the pairs of cases that exclude each other, and where the suite is told of content that is there already.
      expect(cases.filter(({ status }) => status === 'skipped').length).toBeLessThanOrEqual(4);
      expect(ran.code).toBe(0);
    });
  });

  suiteWhere(features.missing)('the suite of features', () => {
    it('passes 1.1 and what is to follow it, with nothing failed, skipped or unsupported', async () => {
      const { host, port } = registry.address;
      const ran = await runProgram(features.path ?? '', [], {
        cwd: directory,
        env: {
          OCI_REGISTRY: `${host}:${String(port)}`,
          OCI_TLS: 'disabled',
          OCI_VERSION: 'dev',
          OCI_RESULTS_DIR: directory,
        },
      });
      const cases = casesOf(await readFile(path.join(directory, 'junit.xml'), 'utf8'));
      expect(cases.filter(({ status }) => status !== 'passed')).toEqual([]);
      expect(cases.length).toBeGreaterThan(500);
      expect(ran.code).toBe(0);
    });
  });
});
