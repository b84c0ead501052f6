import { rangeOfBucket } from '../../database/verify/buckets';

/** Keys of a range. */
const keysOf = ({ after, to }: { after: readonly string[] | null; to: readonly string[] | null }): bigint[] => {
  const keys: bigint[] = [];
  for (let key = BigInt(after![0]!) + 1n; key <= BigInt(to![0]!); key += 1n) keys.push(key);
  return keys;
};

describe('the keys of a bucket', () => {
  it.each([-3, -1, 0, 1, 4])('%i are those whose quotient it is', (bucket) => {
    const keys = keysOf(rangeOfBucket({ after: null, to: null }, String(bucket), '7'));
    const all = Array.from({ length: 101 }, (_, index) => BigInt(index - 50));
    // BigInt divides as both servers do: what is over is cut off.
    expect(keys).toEqual(all.filter((key) => key / 7n === BigInt(bucket)));
  });

  it('end where their range does', () => {
    expect(rangeOfBucket({ after: ['15'], to: ['18'] }, '2', '7')).toEqual({ after: ['15'], to: ['18'] });
    expect(rangeOfBucket({ after: ['2'], to: ['99'] }, '2', '7')).toEqual({ after: ['13'], to: ['20'] });
  });
});
