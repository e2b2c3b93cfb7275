import { existsSync } from 'node:fs';
import { startPrivateMinio } from './private-minio';
import { startPrivateRabbitmq } from './private-rabbitmq';
import { startPrivateRegistry } from './private-registry';
import { describeWith } from './programs';

describeWith(['minio'])('a private MinIO', () => {
  it('comes back on its port, is gone when killed, silent when paused', async () => {
    const { server, endpoint } = await startPrivateMinio();
    const status = async (timeoutMs = 60_000) => {
      const asked = await fetch(`${endpoint}/minio/health/ready`, { signal: AbortSignal.timeout(timeoutMs) });
      return asked.status;
    };
    try {
      await server.kill();
      await expect(status()).rejects.toThrow('fetch failed');
      await server.start();
      expect(await status()).toBe(200);
      await server.restart();
      expect(await status()).toBe(200);
      await server.pause();
      await expect(status(300)).rejects.toThrow('timeout');
      server.resume();
      expect(await status()).toBe(200);
    } finally {
      await server.close();
    }
    await expect(status()).rejects.toThrow('fetch failed');
  });

  it('serves HTTPS that only its own certificate vouches for', async () => {
    const { server, endpoint, caFile } = await startPrivateMinio({ tls: true });
    try {
      expect(existsSync(caFile!)).toBe(true);
      await expect(fetch(endpoint)).rejects.toMatchObject({ cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
    } finally {
      await server.close();
    }
  });
});

describeWith(['registry'])('a private registry', () => {
  it('answers', async () => {
    const { server, address } = await startPrivateRegistry();
    try {
      expect((await fetch(`http://${address}/v2/`)).status).toBe(200);
    } finally {
      await server.close();
    }
  });
});

describeWith(['rabbitmq'])('a private RabbitMQ', () => {
  it('keeps what it was told over a crash, and obeys rabbitmqctl', async () => {
    const rabbit = await startPrivateRabbitmq({ settings: ['disk_free_limit.absolute = 1MB'] });
    try {
      await rabbit.ctl('add_vhost', 'one');
      await rabbit.server.kill();
      await rabbit.server.start();
      expect(await rabbit.ctl('list_vhosts', '--silent')).toMatch(/^one$/m);
      expect(await rabbit.ctl('eval', 'application:get_env(rabbit, disk_free_limit).')).toBe('{ok,"1MB"}\n');
      await rabbit.server.restart();
      expect(await rabbit.ctl('list_vhosts', '--silent')).toMatch(/^one$/m);
    } finally {
      await rabbit.close();
    }
  }, 600_000);
});
