import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import path from 'node:path';
import { freePort } from '@keelson/testbed';
import { newDirectory, until, whenOver } from './keelson';

/** Debian keeps it where only root's PATH looks. */
const program = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].find((file) => existsSync(file));

/** Why there can be none here; undefined where there can. */
export const noSshServer = program === undefined ? 'there is no sshd: install openssh-server' : undefined;

/** Who comes, and which hosts they know. */
export type SshAccess = { key?: 'user' | 'stranger'; hosts?: 'known_hosts' | 'nobody_known' };

/** OpenSSH's own server on a loopback port, for whoever runs the tests, with keys made for it. It ends with the test. */
export class SshServer {
  private constructor(
    private readonly directory: string,
    private readonly port: number,
  ) {}

  static async start(): Promise<SshServer> {
    const server = new SshServer(newDirectory('ssh'), await freePort());
    for (const name of ['host', 'user', 'stranger']) server.#makeKey(name);
    writeFileSync(server.#file('authorized_keys'), server.#publicKey('user'));
    writeFileSync(server.#file('known_hosts'), `[127.0.0.1]:${server.port} ${server.#publicKey('host')}`);
    writeFileSync(server.#file('nobody_known'), '');
    writeFileSync(server.#file('sshd_config'), server.#configuration());
    await server.#run();
    return server;
  }

  url(repository: string): string {
    return `ssh://${userInfo().username}@127.0.0.1:${this.port}${repository}`;
  }

  /** What makes git come with this key, and trust these hosts. Nothing of whoever runs the tests is read. */
  environment({ key = 'user', hosts = 'known_hosts' }: SshAccess = {}) {
    const options = [
      `UserKnownHostsFile=${this.#file(hosts)}`,
      ...['GlobalKnownHostsFile=/dev/null', 'IdentitiesOnly=yes', 'IdentityAgent=none'],
    ];
    const all = options.map((option) => `-o ${option}`).join(' ');
    return { GIT_SSH_COMMAND: `ssh -F /dev/null -i ${this.#file(key)} ${all}` };
  }

  #file(name: string): string {
    return path.join(this.directory, name);
  }

  #makeKey(name: string): void {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', this.#file(name)]);
  }

  #publicKey(name: string): string {
    return readFileSync(this.#file(`${name}.pub`), 'utf8');
  }

  #configuration(): string {
    return [
      ...['ListenAddress 127.0.0.1', `Port ${this.port}`, `HostKey ${this.#file('host')}`, 'PidFile none'],
      ...[`AuthorizedKeysFile ${this.#file('authorized_keys')}`, 'StrictModes no', 'UsePAM no'],
      ...['PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PermitRootLogin prohibit-password', ''],
    ].join('\n');
  }

  async #run(): Promise<void> {
    // Debian's service makes this directory; sshd does not start as root without it.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const sshd = spawn(program ?? 'sshd', ['-D', '-e', '-f', this.#file('sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    sshd.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    whenOver(() => sshd.kill('SIGKILL'));
    await until(() => accepts(this.port), {
      what: () => `sshd on port ${this.port}: ${said}`,
      isOver: () => sshd.exitCode !== null,
    });
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
