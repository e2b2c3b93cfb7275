import { imageName } from './image-name';

describe("an image's full name", () => {
  const digest = `sha256:${'a'.repeat(64)}`;

  it.each([
    ['node', 'docker.io/library/node:latest'],
    ['node:20', 'docker.io/library/node:20'],
    ['docker.io/node:20', 'docker.io/library/node:20'],
    ['index.docker.io/library/node:20', 'docker.io/library/node:20'],
    ['team/base', 'docker.io/team/base:latest'],
    ['localhost/base', 'localhost/base:latest'],
    ['Registry.example/base:1', 'registry.example/base:1'],
    ['198.18.0.1:5000/busybox', '198.18.0.1:5000/busybox:latest'],
    [`node@${digest}`, `docker.io/library/node@${digest}`],
    [`node:20@${digest}`, `docker.io/library/node:20@${digest}`],
  ])('of %s is %s', (written, full) => {
    expect(imageName(written)).toBe(full);
    expect(imageName(full)).toBe(full);
  });
});
