// Starts a server in the directory it is given, prints its process id, and waits to be killed.
import { PrivateServer } from '../private-server';

const [directory = ''] = process.argv.slice(2);
const server: PrivateServer = new PrivateServer({
  name: 'a sleeper',
  command: ['/bin/sh', '-c', 'sleep 1000 & echo $!; wait'],
  directory,
  answers: async () => (await server.log()) !== '',
  startWithinMs: 60_000,
});

server
  .start()
  .then(() => server.log())
  .then((pid) => process.stdout.write(pid));
