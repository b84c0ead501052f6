// One project per folder of test/, named by what its tests cost: the groups run alone with `npm run test:<group>`.
const group = (name, more = {}) => ({
  displayName: name,
  rootDir: __dirname,
  testEnvironment: 'node',
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.carryover'],
  ...more,
});

const servers = {
  globalSetup: '<rootDir>/test/support/start-servers.ts',
  globalTeardown: '<rootDir>/test/support/stop-servers.ts',
};

module.exports = {
  testTimeout: 60_000,
  projects: [
    group('unit'),
    ...['workflow', 'database', 'end-to-end', 'faults', 'long', 'recording'].map((name) => group(name, servers)),
  ],
};
