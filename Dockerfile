# moorage as a container image: production dependencies and compiled code, run by an unprivileged user.
#
#   docker build -t moorage .
#   docker run -p 127.0.0.1:5000:5000 -v moorage:/var/lib/moorage moorage
#
# Needs BuildKit (docker 23 and later, or DOCKER_BUILDKIT=1), podman or buildah. Behind a mirror of the package
# registry, hand over npm's configuration as a secret, which no layer keeps: --secret id=npmrc,src=$HOME/.npmrc
# podman and buildah keep the health check with --format docker only.

# Any image with node, npm and a shell.
ARG NODE_IMAGE=node:26-slim

FROM ${NODE_IMAGE} AS sources
WORKDIR /opt/moorage
COPY package.json package-lock.json ./

FROM sources AS build
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build && mkdir -p /volume/moorage

FROM sources AS dependencies
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="moorage" \
      org.opencontainers.image.description="An OCI registry whose database is a directory of plain OCI image layouts" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    MOORAGE_SERVER_LISTEN=:5000 \
    MOORAGE_STORAGE_ROOT=/var/lib/moorage
WORKDIR /opt/moorage
COPY package.json LICENSE ./
COPY --from=dependencies /opt/moorage/node_modules ./node_modules
COPY --from=build /opt/moorage/dist ./dist
# The directory exists before the volume does, so that a new volume belongs to the user below.
COPY --from=build --chown=65532:65532 /volume/moorage /var/lib/moorage
USER 65532:65532
VOLUME /var/lib/moorage
EXPOSE 5000
# Asks the port the server was told to listen on, by HTTP and then by HTTPS, whatever the name in the certificate: it asks itself. A server on one
# named address only needs a check of its own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["node", "-e", "const port = process.env.MOORAGE_SERVER_LISTEN.split(':').pop(); const asks = (scheme) => new Promise((answered) => { require(scheme).get({ host: '127.0.0.1', port, path: '/livez', rejectUnauthorized: false }, (answer) => answered(answer.statusCode === 200)).on('error', () => answered(false)); }); asks('http').then(async (isUp) => process.exit(isUp || (await asks('https')) ? 0 : 1));"]
ENTRYPOINT ["node", "/opt/moorage/dist/main.js"]
CMD ["serve"]
