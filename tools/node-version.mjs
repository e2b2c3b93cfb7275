// Says so when this Node cannot run Keelson. Imported first, and plain enough for old versions.
const [major, minor] = process.versions.node.split('.').map(Number);
if (!(major === 20 ? minor >= 19 : major > 22 || (major === 22 && minor >= 13))) {
  process.stderr.write(
    `keelson: Node ${process.versions.node} cannot run Keelson: install 22.13 or later, or a 20 from 20.19 on (https://nodejs.org)\n`,
  );
  process.exit(2);
}
