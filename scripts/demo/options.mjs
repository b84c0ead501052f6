import { parseArgs } from 'node:util';
import { Failure } from '../messages.mjs';

const USAGE = `Usage: npm run demo [-- options]
  --keep              leave servers and worker up
  --rows N            rows of the sample's table (default: the size of the reference job)
  --seed S            seed of the sample
  --dirty             add rows for every reason to be quarantined
  --migration NAME    what to migrate (default: case-states)
  --batch-rows N      rows per batch
  --concurrency N     batches in flight`;

/** The demo's options, or undefined when help was asked for and given. */
export function demoOptions(args) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        keep: flag, dirty: flag, help: flag, rows: text, seed: text,
        migration: { ...text, default: 'case-states' }, 'batch-rows': text, concurrency: text,
      }, // prettier-ignore
    }));
  } catch (error) {
    throw new Failure(`${error.message}\n${USAGE}`);
  }
  if (values.help) {
    console.log(USAGE);
    return undefined;
  }
  const wrong = ['rows', 'batch-rows', 'concurrency'].filter(
    (name) => values[name] && !/^[1-9]\d*$/.test(values[name]),
  );
  if (wrong.length > 0) throw new Failure(wrong.map((name) => `--${name} wants a whole number above 0.`).join('\n'));
  return values;
}

/** The same options as words for a child's command line, those of them that were given. */
export function pass(values, names) {
  return names.flatMap((name) => {
    if (values[name] === undefined || values[name] === false) return [];
    return values[name] === true ? [`--${name}`] : [`--${name}`, values[name]];
  });
}
