import { runPreflight } from '../../database/preflight/run-preflight';
import { caseStates } from '../../mappings/case-states';

afterEach(() => {
  jest.useRealTimers();
});

const silent = { query: (): Promise<never> => new Promise(() => undefined) };
const urls = { sourceUrl: 'mysql://reader@127.0.0.1/clinic', targetUrl: 'postgres://worker@127.0.0.1/clinic' };

it.each([
  ['source', 'SourceUnavailable'],
  ['target', 'TargetUnavailable'],
])('a %s that does not answer is away, and no fault of the mapping', async (side, type) => {
  jest.useFakeTimers();
  const refuses = { query: (): Promise<never> => Promise.reject(new Error('not asked here')) };
  const servers = { source: refuses, target: refuses, [side]: silent };
  const result = runPreflight({ ...servers, ...urls, mapping: caseStates });
  await jest.advanceTimersByTimeAsync(10_000);
  const { lost, problems } = await result;
  expect(problems.join('\n')).toContain('the server did not answer in time (ETIMEDOUT)');
  expect(lost).toMatchObject({ type, retry: 'always' });
  expect(lost!.message).toContain('did not answer within 10 s');
});
