# idgen as an image: emitted JavaScript, no development tools, no embedded database, not root.
#   docker build --tag idgen .
#   docker run --env IDGEN_DATABASE_URL=postgres://… --publish 8080:8080 --publish 50051:50051 idgen
# As exact as `node` in package.json; for the bytes of one build give a digest: --build-arg BASE_IMAGE=node@sha256:…
ARG BASE_IMAGE=node:24.21.0-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# The pinned Node.js of the `node` package is for machines without Node 24; here the base image has it.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY service service
COPY operator operator
COPY migrations migrations
RUN node_modules/.bin/tsc -p tsconfig.build.json
RUN npm ci --omit=dev --omit=optional --ignore-scripts && rm -rf node_modules/node node_modules/.bin/node

FROM ${BASE_IMAGE}
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
COPY bin bin
USER 65532:65532
EXPOSE 8080 8443 50051 6399 9464
# The default address of /livez, over TLS where it speaks that (it asks itself, so with any certificate); orchestrators have probes of
# their own.
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "const ask = (how, otherwise) => require(how).get({ host: '127.0.0.1', port: 9464, path: '/livez', rejectUnauthorized: false }, ({ statusCode }) => (statusCode === 200 ? process.exit(0) : otherwise())).on('error', otherwise); ask('http', () => ask('https', () => process.exit(1)))"]
ENTRYPOINT ["/app/bin/idgen"]
CMD ["serve"]
