import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { servers } from '@keelson/testbed';
import { GitHttpServer } from '../../../libs/git/src/testing/git-http-server';
import { TestRepository } from '../../support/repository';

/** A repository that pods can fetch over http, from git's own http-backend on this machine. */
export class ServedRepository extends TestRepository {
  #server: GitHttpServer | undefined;
  readonly #root: string;

  /** @param name of the bare repository that is served */
  constructor(readonly name: string) {
    const root = mkdtempSync(path.join(tmpdir(), 'keelson-served-'));
    super(path.join(root, 'working-copy'));
    this.#root = path.join(root, 'served');
    this.git('init', '-q', '--bare', '-b', 'main', this.bare);
    this.git('remote', 'add', 'origin', this.bare);
  }

  get bare(): string {
    return path.join(this.#root, `${this.name}.git`);
  }

  /** @returns the URL as pods and this machine know it */
  async serve(): Promise<string> {
    this.#server = await GitHttpServer.start({ root: this.#root, host: servers.hostIp });
    return this.#server.url(`${this.name}.git`, servers.hostIp);
  }

  /** Commits everything there is, and pushes it. Returns the commit id. */
  push(message = 'change'): string {
    const commit = this.commit(message);
    this.git('push', '-q', 'origin', 'HEAD:main');
    return commit;
  }

  /** A pipeline for a cluster: the test is this shell script, in an image that has a shell. */
  clusterPipeline(script: string, more = ''): void {
    this.write('ci.sh', `#!/bin/sh\n${script}\n`, 0o755);
    this.write(
      '.keelson.yaml',
      `image: { name: ${this.name}, base: '${servers.registry}/busybox:1' }\ntest:\n  command: ["./ci.sh"]\n${more}`,
    );
  }

  async close(): Promise<void> {
    await this.#server?.stop();
    rmSync(path.dirname(this.#root), { recursive: true, force: true });
  }
}
