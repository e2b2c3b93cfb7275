import { execFileSync, spawn } from 'node:child_process';
import { startRegistry } from '../registry';
import { MemoryStore } from './memory-store';
const run = (cmd: string, env: any) => new Promise<void>((res) => { const c = spawn(cmd, [], { env: { ...process.env, ...env }, stdio: 'inherit', cwd: '/tmp/gob' }); c.on('close', () => res()); });
it('x', async () => {
  const w: any[] = [];
  const r = await startRegistry({ store: new MemoryStore(), onWarning: (x) => w.push(x) });
  const root = `http://127.0.0.1:${r.address.port}`;
  await run('/tmp/gob/conformance.test', { OCI_ROOT_URL: root, OCI_NAMESPACE: 'c/one', OCI_CROSSMOUNT_NAMESPACE: 'c/two', OCI_TEST_PULL: '1', OCI_TEST_PUSH: '1', OCI_TEST_CONTENT_DISCOVERY: '1', OCI_TEST_CONTENT_MANAGEMENT: '1', OCI_AUTOMATIC_CROSSMOUNT: '1', OCI_REPORT_DIR: '/tmp/gob/rep' });
  await run('/tmp/gob/conformance11', { OCI_REGISTRY: `127.0.0.1:${r.address.port}`, OCI_TLS: 'disabled', OCI_VERSION: 'dev', OCI_RESULTS_DIR: '/tmp/gob/rep11' });
  await r.close();
  console.log(w);
}, 120000);
