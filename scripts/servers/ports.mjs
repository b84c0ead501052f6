import { createServer } from 'node:net';
import { Failure } from '../messages.mjs';

// Below the range from which systems take the ports of outgoing connections, so that one stays free between stop and
// start and the addresses stay the same.
const FIRST = 17_000;
const COUNT = 12_000;

/** Free ports on 127.0.0.1: those of last time when they are still free, else others. */
export async function freePorts(count, wanted = []) {
  const held = [];
  const known = wanted.filter((port) => port !== undefined).slice(0, count);
  try {
    for (const port of known) await hold(port, held);
    for (let tries = 0; held.length < count && tries < 500; tries++) {
      await hold(FIRST + Math.floor(Math.random() * COUNT), held);
    }
    if (held.length < count) throw new Failure('No free ports were found on 127.0.0.1.');
    return held.map((server) => server.address().port);
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/** Takes the port if nobody has it, so that the same one is not given twice. */
function hold(port, held) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve());
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      held.push(server);
      resolve();
    });
  });
}
