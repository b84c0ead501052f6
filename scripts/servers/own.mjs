import { Failure, say } from '../messages.mjs';

/** The user's own servers, by the standard variables. A part that is undefined gets a private server. */
export function ownServers(env) {
  return {
    temporal: Boolean(env.TEMPORAL_ADDRESS || env.TEMPORAL_PROFILE || env.TEMPORAL_CONFIG_FILE),
    source: env.CARRYOVER_SOURCE_URL ? checkedUrl('CARRYOVER_SOURCE_URL', ['mysql:', 'mariadb:'], env) : undefined,
    target: env.CARRYOVER_TARGET_URL
      ? checkedUrl('CARRYOVER_TARGET_URL', ['postgres:', 'postgresql:'], env)
      : undefined,
  };
}

/** The value is never repeated: it holds a password. */
function checkedUrl(name, protocols, env) {
  let url;
  try {
    url = new URL(env[name]);
  } catch {
    throw new Failure(`${name} is not a URL. Expected: ${protocols[0]}//login:password@host:port/database`);
  }
  if (!protocols.includes(url.protocol)) {
    throw new Failure(`${name} begins with ${url.protocol}// where ${protocols.join('// or ')}// is expected.`);
  }
  return env[name];
}

/** Where the user's Temporal is, from its own variables and profile. */
export async function ownTemporal() {
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  let address;
  try {
    address = loadClientConnectConfig().connectionOptions.address;
  } catch (error) {
    // The first line alone: what follows quotes the TOML file, and so its API key.
    throw new Failure(`Temporal's settings cannot be read: ${error.message.split('\n')[0]}`);
  }
  const used = address ?? '127.0.0.1:7233';
  say(`Temporal: your own at ${used}.`);
  return { address: used, ui: await uiBeside(used) };
}

/** The dev server has its UI 1000 ports further on; where nothing answers there, only its owner knows where the UI is. */
async function uiBeside(address) {
  try {
    const { protocol, hostname, port } = new URL(`http://${address}`);
    const ui = `${protocol}//${hostname}:${Number(port) + 1000}`;
    const answer = await fetch(ui, { signal: AbortSignal.timeout(1_000) });
    return answer.ok && /temporal/i.test(await answer.text()) ? ui : undefined;
  } catch {
    return undefined;
  }
}

export async function ownSource(url) {
  say(`source: your own at ${new URL(url).host} (CARRYOVER_SOURCE_URL).`);
  const { createConnection } = await import('mysql2/promise');
  await reach('CARRYOVER_SOURCE_URL', async () => {
    await (await createConnection({ uri: url, connectTimeout: 10_000 })).end();
  });
  return { url };
}

export async function ownTarget(url) {
  say(`target: your own at ${new URL(url).host} (CARRYOVER_TARGET_URL).`);
  const { default: pg } = await import('pg');
  await reach('CARRYOVER_TARGET_URL', async () => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
    await client.connect();
    await client.end();
  });
  return { url };
}

async function reach(name, connect) {
  try {
    await connect();
  } catch (error) {
    throw new Failure(`the server of ${name} cannot be used: ${error.message || error.code}`);
  }
}
