# The worker. A glibc image: the Temporal SDK's native part is not built for musl.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# Compiles, and bundles the workflows: the bundler's memory is then not the worker's.
RUN npm run build

FROM node:22-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

FROM node:22-bookworm-slim
# As worker/process.json has it: flat memory.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY scripts/worker-health.mjs ./scripts/
# Reports go to a volume that the worker's own user can write.
RUN mkdir reports && chown node:node reports
USER node
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["node", "scripts/worker-health.mjs"]
CMD ["node", "--max-semi-space-size=4", "dist/worker/main.js"]
